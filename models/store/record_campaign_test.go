package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"herald/models"
	"herald/models/store"
)

func noChange(*models.Campaign) []models.FieldError { return nil }

func noCheck(models.Campaign) []models.FieldError { return nil }

// A campaign's life, event by event.
func TestRecordMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(everything("a"), hookFor("b"), hookFor("p", "campaign.paused"))
	move := func(action models.Action, ctl store.Control) {
		t.Helper()
		ctl.Action = action
		if _, _, err := w.Control(t.Context(), w.app, "c", ctl); err != nil {
			t.Fatal(err)
		}
	}
	later := store.Control{ScheduledFor: pointer(time.Now().Add(time.Hour))}
	w.draft("c")
	w.tells("a campaign.created c/1")
	if _, err := w.UpdateCampaign(t.Context(), w.app, "c", noChange, noCheck); err != nil {
		t.Fatal(err)
	}
	w.tells("a campaign.updated c/2")
	move(models.ActionSchedule, later)
	w.tells("a campaign.scheduled c/3", "a campaign.updated c/4")
	move(models.ActionSchedule, later)
	w.tells("a campaign.scheduled c/5", "a campaign.updated c/6")
	move(models.ActionPause, store.Control{})
	w.tells("a campaign.paused c/7", "p campaign.paused c/7", "a campaign.updated c/8")
	move(models.ActionPause, store.Control{})
	w.tells()
	move(models.ActionStart, store.Control{})
	w.tells("a campaign.scheduled c/9", "a campaign.updated c/10")
	move(models.ActionResume, store.Control{})
	w.tells("a campaign.resumed c/11", "a campaign.updated c/12")
	move(models.ActionResume, store.Control{})
	w.tells()
	move(models.ActionStart, store.Control{})
	w.tells("a campaign.updated c/13")
	move(models.ActionBegin, store.Control{})
	w.tells("a campaign.started c/14", "b campaign.started c/14", "a campaign.updated c/15")
	move(models.ActionBegin, store.Control{}) // its answer was lost
	w.tells()
	if err := w.SetRecipients(t.Context(), w.app, "c", 5); err != nil {
		t.Fatal(err)
	}
	w.tells()
	move(models.ActionComplete, store.Control{})
	w.tells("a campaign.completed c/16", "b campaign.completed c/16", "a campaign.updated c/17")
	move(models.ActionStop, store.Control{})
	w.tells()
	move(models.ActionDelete, store.Control{})
	w.tells("a campaign.deleted c/18")

	w.running("d")
	w.told()
	w.control("d", models.ActionExpire)
	w.tells("a campaign.stopped d/5", "a campaign.updated d/6")
	w.control("d", models.ActionExpire)
	w.tells()
}

// A campaign whose sender is gone begins and is paused.
func TestRecordABeginThatHolds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(everything("a"))
	w.draft("c")
	w.control("c", models.ActionStart)
	w.exec(`UPDATE users SET deactivated_at = now() WHERE id = $1`, sender)
	w.told()
	c := w.control("c", models.ActionBegin)
	rows := w.outbox()
	w.tells("a campaign.started c/3", "a campaign.paused c/4", "a campaign.updated c/5")
	for _, r := range rows {
		if s := body[models.CampaignSnapshot](w, r); s.Campaign.HoldReason != models.ReasonSenderUnavailable || !s.At.Equal(c.UpdatedAt) {
			t.Errorf("%s: %+v", r.EventType, s)
		}
	}
	w.exec(`UPDATE users SET deactivated_at = NULL WHERE id = $1`, sender)
	w.control("c", models.ActionResume)
	w.tells("a campaign.resumed c/6", "a campaign.updated c/7")
	w.control("c", models.ActionBegin)
	w.tells()
}

// Every refused action, and every one that changes nothing, leaves no event and no number.
func TestRecordNothingOfWhatIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(everything("a"))
	w.draft("c")
	w.told()
	number := func() int64 { return one[int64](w, `SELECT seq FROM campaign_events`) }
	for _, s := range states {
		for _, action := range models.Actions {
			move, refused := models.NextMove(s.status, s.hold, action)
			if refused == nil && !move.Noop {
				continue
			}
			w.put("c", s.status, s.hold)
			before := number()
			if _, _, err := w.Control(t.Context(), w.app, "c", store.Control{Action: action}); (err != nil) != (refused != nil) {
				t.Errorf("%s of %s/%s: %v", action, s.status, s.hold, err)
			}
			if told := w.told(); len(told) > 0 || number() != before {
				t.Errorf("%s of %s/%s told %q", action, s.status, s.hold, told)
			}
		}
	}
	w.put("c", models.StatusScheduled, models.HoldNone)
	w.exec(`UPDATE users SET deactivated_at = now() WHERE id = $1`, sender)
	before := number()
	if _, _, err := w.Control(t.Context(), w.app, "c", store.Control{Action: models.ActionStart}); err == nil {
		t.Error("a campaign without a sender was started")
	}
	if _, err := w.UpdateCampaign(t.Context(), w.app, "c", noChange, noCheck); err == nil {
		t.Error("a campaign without a sender was updated")
	}
	if _, _, err := w.Control(t.Context(), w.app, "c", store.Control{Action: models.ActionPause, Seen: pointer(int64(1))}); err != nil {
		t.Error(err)
	}
	c := models.Campaign{AppPK: w.app, ID: "c", SenderID: sender, UserIDs: []string{"ann"}}
	if _, err := w.CreateCampaign(t.Context(), c, nil, noCheck); err == nil {
		t.Error("an id was taken twice")
	}
	if told := w.told(); len(told) > 0 || number() != before {
		t.Errorf("told %q", told)
	}
}

// The last step of a move is its events: where they can't be written, there was no move.
func TestMovesAndEventsAreOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(everything("a"))
	c := w.running("c")
	w.told()
	w.exec(`ALTER TABLE outbox ADD CONSTRAINT full_up CHECK (false) NOT VALID`)
	if _, _, err := w.Control(t.Context(), w.app, "c", store.Control{Action: models.ActionPause}); err == nil {
		t.Error("a pause without its events")
	}
	if _, err := w.Deliver(t.Context(), delivery(c, bossOnly, "ann")); err == nil {
		t.Error("a batch without its events")
	}
	if diff := cmp.Diff(c, w.read("c")); diff != "" {
		t.Errorf("the campaign (-before +after):\n%s", diff)
	}
	if n, seq := one[int](w, `SELECT count(*) FROM messages`), one[int](w, `SELECT seq FROM campaign_events`); n != 0 || seq != 4 {
		t.Errorf("%d messages, seq %d", n, seq)
	}
}

// seq counts whatever hooks exist, and nothing but it is written without them.
func TestNumbersGoOnWithoutHooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.running("c")
	w.deliver(delivery(c, bossOnly, "ann"))
	w.hooks(hookFor("chat", "message.new"))
	w.control("c", models.ActionPause)
	w.tells()
	w.hooks(everything("a"))
	w.control("c", models.ActionResume)
	w.tells("a campaign.resumed c/7", "a campaign.updated c/8")
}

// The snapshot is what the API would show at that moment, and survives the way through the database.
func TestRecordSnapshot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`UPDATE users SET name = 'The Boss', custom = '{"n": 1.50}', teams = '{red}' WHERE id = $1`, sender)
	list := w.segment(models.Segment{ID: "list", Type: models.SegmentUser, Name: "List"}, "u0001")
	filter := w.segment(models.Segment{ID: "filter", Type: models.SegmentUser, Filter: []byte(`{"country": "US"}`)})
	w.draft("c", func(c *models.Campaign) {
		c.SegmentIDs, c.UserIDs = []string{"list", "filter"}, numbered("u", models.MaxEventUserIDs+20)
		c.MessageTemplate.Custom, c.MessagesPerSecond, c.SkipWebhook = []byte(`{"a": 1.0}`), pointer(7), true
		c.ChannelTemplate = &models.ChannelTemplate{Type: "messaging", MembersTemplate: []models.MemberTemplate{{UserID: sender}}}
	})
	w.control("c", models.ActionStart)
	c := w.control("c", models.ActionBegin)
	w.deliver(delivery(c, bossOnly, "ann", "bob"))
	w.hooks(hookFor("a", "campaign.stopped"))
	stopped, _, err := w.Control(t.Context(), w.app, "c", store.Control{Action: models.ActionStop, Cause: models.Cause{By: "ann", Reason: "enough"}})
	if err != nil {
		t.Fatal(err)
	}
	rows := w.outbox()
	if len(rows) != 1 {
		t.Fatalf("%d rows", len(rows))
	}
	got := body[models.CampaignSnapshot](w, rows[0])
	details, err := w.CampaignDetails(t.Context(), w.app, []models.Campaign{stopped}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := models.CampaignSnapshot{
		At: stopped.UpdatedAt, Campaign: stopped, UserIDs: stopped.UserIDs[:models.MaxEventUserIDs],
		Users: details.Users, Segments: map[int64]models.Segment{list.PK: details.Segments[list.PK], filter.PK: details.Segments[filter.PK]}, Stats: details.Stats["c"],
	}
	want.Campaign.UserIDs = nil
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("snapshot (-want +got):\n%s", diff)
	}
	if got.Stats.MessagesSent != 2 || got.Users[sender].ID != sender || !got.Segments[list.PK].Manual() {
		t.Errorf("snapshot %+v", got)
	}
}

// An id that is used again begins at 1, behind what waits of the campaign that had it.
func TestRecordAnIDUsedAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(everything("a"))
	for range 2 {
		w.draft("c")
		w.control("c", models.ActionDelete)
	}
	w.tells("a campaign.created c/1", "a campaign.deleted c/2", "a campaign.created c/1", "a campaign.deleted c/2")
}

// Of moves that meet, the order of the rows is that of the numbers, and no number is missing.
func TestNumbersOfMovesThatMeet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(everything("a"), everything("b"))
	c := w.running("c")
	const workers, rounds = 4, 15
	var group sync.WaitGroup
	for i := range workers {
		group.Go(func() {
			for n := range rounds {
				action := models.ActionPause
				if (n+i)%2 == 0 {
					action = models.ActionResume
				}
				if _, _, err := w.Control(t.Context(), w.app, "c", store.Control{Action: action}); err != nil {
					t.Error(err)
				}
				d := delivery(c, bossOnly, fmt.Sprintf("u%d-%d", i, n))
				d.Source = i
				if _, err := w.Deliver(t.Context(), d); err != nil {
					t.Error(err)
				}
				w.exec(`UPDATE campaign_events SET progress_at = '-infinity'`)
				if _, err := w.RecordProgress(t.Context(), 1); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	last := one[int64](w, `SELECT seq FROM campaign_events`)
	for _, id := range []string{"a", "b"} {
		seqs := query[int64](w, `SELECT seq FROM outbox WHERE hook_id = $1 AND kind = 'campaign' ORDER BY id`, id)
		gaps := query[int64](w, `SELECT n FROM generate_series(1, $2::bigint) AS n WHERE NOT EXISTS (SELECT FROM outbox WHERE hook_id = $1 AND seq = n)`, id, last)
		if !slices.IsSorted(seqs) || len(seqs)+len(gaps) != int(last) || len(seqs) < 10 {
			t.Errorf("hook %s: numbers %v of %d", id, seqs, last)
		}
		if waiting := one[int](w, `SELECT count(*) FROM outbox WHERE hook_id = $1 AND progress`, id); waiting > 1 {
			t.Errorf("hook %s: %d rows of progress wait", id, waiting)
		}
	}
	moves := query[int64](w, `SELECT seq FROM outbox WHERE hook_id = 'a' AND event_type = 'campaign.updated' AND NOT progress ORDER BY id`)
	if changes := one[int](w, `SELECT count(*) FROM campaign_moves`); len(moves) != changes {
		t.Errorf("%d moves, %d are told", changes, len(moves))
	}
}
