package store_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/models/store"
)

// shape is a campaign's state with times reduced to whether they are set.
type shape struct {
	Status                    models.Status
	Hold                      models.Hold
	Seq                       int64
	By, Reason                string
	ScheduledFor, StopAt      *time.Time
	Held, Began, Ended, Exist bool
}

func shapeOf(c models.Campaign) shape {
	return shape{
		c.Status, c.Hold, c.ControlSeq, c.HeldBy, c.HoldReason, c.ScheduledFor, c.StopAt,
		c.HeldAt != nil, c.StartedAt != nil, c.CompletedAt != nil, c.DeletedAt == nil,
	}
}

var states = []struct {
	status models.Status
	hold   models.Hold
}{
	{models.StatusDraft, models.HoldNone},
	{models.StatusScheduled, models.HoldNone},
	{models.StatusScheduled, models.HoldPaused},
	{models.StatusInProgress, models.HoldNone},
	{models.StatusInProgress, models.HoldPaused},
	{models.StatusStopped, models.HoldStopped},
	{models.StatusCompleted, models.HoldNone},
}

// put brings a campaign into a state, whatever way leads there.
func (w *world) put(id string, status models.Status, hold models.Hold) {
	w.tb.Helper()
	w.exec(`UPDATE campaigns SET status = $3, hold = $4, control_seq = 7, deleted_at = NULL,
		held_at = CASE WHEN $4 <> 'none' THEN now() END,
		held_by = CASE WHEN $4 <> 'none' THEN 'bob' ELSE '' END, hold_reason = CASE WHEN $4 <> 'none' THEN 'before' ELSE '' END,
		started_at = CASE WHEN $3 IN ('in_progress', 'stopped', 'completed') THEN now() END,
		completed_at = CASE WHEN $3 IN ('stopped', 'completed') THEN now() END,
		scheduled_for = '2026-01-01', stop_at = '2026-01-02'
		WHERE app_pk = $1 AND id = $2`, w.app, id, string(status), string(hold))
}

func TestControlFollowsTheTableOfMoves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.draft("c")
	scheduled, stop := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 2, 0, 0, 0, 0, time.UTC)
	for _, s := range states {
		for _, action := range models.Actions {
			w.put("c", s.status, s.hold)
			before := w.read("c")
			want := shapeOf(before)
			move, refused := models.NextMove(s.status, s.hold, action)
			moved := refused == nil && !move.Noop
			if moved {
				want.Status, want.Hold = move.Status, move.Hold
				if action != models.ActionBegin && action != models.ActionComplete {
					want.Seq++
				}
				if action == models.ActionStart || action == models.ActionSchedule {
					want.ScheduledFor, want.StopAt = &scheduled, &stop
				}
				want.Held = move.Hold != models.HoldNone
				switch {
				case !want.Held:
					want.By, want.Reason = "", ""
				case s.hold != move.Hold:
					want.By, want.Reason = "ann", "now"
				}
				want.Began = want.Began || action == models.ActionBegin
				want.Ended = want.Ended || want.Began && (move.Status == models.StatusStopped || move.Status == models.StatusCompleted)
				want.Exist = action != models.ActionDelete
			}
			t.Run(fmt.Sprintf("%s/%s/%s", s.status, s.hold, action), func(t *testing.T) {
				got, changed, err := w.Control(t.Context(), w.app, "c", store.Control{Action: action, ScheduledFor: &scheduled, StopAt: &stop, Cause: models.Cause{Via: models.ViaAPI, By: "ann", Reason: "now"}})
				if refused != nil && (models.ErrorCode(err) != models.CodeInvalid || err.Error() != refused.Error()) || refused == nil && err != nil {
					t.Errorf("error %v, want %v", err, refused)
				}
				if changed != moved {
					t.Errorf("changed = %v, want %v", changed, moved)
				}
				if diff := cmp.Diff(want, shapeOf(got)); diff != "" {
					t.Errorf("returned row (-want +got):\n%s", diff)
				}
				stored, err := w.Campaign(t.Context(), w.app, "c")
				switch {
				case !want.Exist:
					if models.ErrorCode(err) != models.CodeNotFound {
						t.Errorf("a deleted campaign is read: %v", err)
					}
				case err != nil:
					t.Error(err)
				default:
					if diff := cmp.Diff(got, stored); diff != "" {
						t.Errorf("the row differs from what was returned (-returned +stored):\n%s", diff)
					}
					if !moved {
						if diff := cmp.Diff(before, stored); diff != "" {
							t.Errorf("nothing moved, but the row changed:\n%s", diff)
						}
					}
				}
			})
		}
	}
}

func TestControlTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.draft("c")
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	control := func(ctl store.Control) models.Campaign {
		t.Helper()
		c, changed, err := w.Control(t.Context(), w.app, "c", ctl)
		if err != nil || !changed {
			t.Fatalf("%s: changed %v, error %v", ctl.Action, changed, err)
		}
		return c
	}
	check := func(what string, c models.Campaign, scheduled, stop *time.Time) {
		t.Helper()
		if diff := cmp.Diff([]*time.Time{scheduled, stop}, []*time.Time{c.ScheduledFor, c.StopAt}); diff != "" {
			t.Errorf("%s: times (-want +got):\n%s", what, diff)
		}
	}
	check("schedule", control(store.Control{Action: models.ActionSchedule, ScheduledFor: &at, StopAt: pointer(at.Add(time.Hour))}), &at, pointer(at.Add(time.Hour)))
	later := at.Add(24 * time.Hour)
	check("schedule again without stop_at", control(store.Control{Action: models.ActionSchedule, ScheduledFor: &later}), &later, nil)
	paused := control(store.Control{Action: models.ActionPause, Cause: models.Cause{By: "ann", Reason: "wait"}})
	check("pause", paused, &later, nil)

	again, changed, err := w.Control(t.Context(), w.app, "c", store.Control{Action: models.ActionPause, Cause: models.Cause{By: "bob", Reason: "other"}})
	if diff := cmp.Diff(paused, again); diff != "" || changed || err != nil {
		t.Errorf("a repeated pause: changed %v, error %v, row (-want +got):\n%s", changed, err, diff)
	}
	moved := control(store.Control{Action: models.ActionSchedule, ScheduledFor: &at})
	if moved.HoldReason != "wait" || moved.HeldBy != "ann" || !cmp.Equal(moved.HeldAt, paused.HeldAt) || moved.Hold != models.HoldPaused {
		t.Errorf("rescheduled while paused: %s since %v for %q", moved.Hold, moved.HeldAt, moved.HoldReason)
	}
	check("start while paused", control(store.Control{Action: models.ActionStart}), nil, nil)
	if c := w.read("c"); c.Status != models.StatusScheduled || c.Hold != models.HoldPaused {
		t.Errorf("started while paused: %s, %s", c.Status, c.Hold)
	}
	control(store.Control{Action: models.ActionResume})
	c := control(store.Control{Action: models.ActionStop})
	if c.CompletedAt != nil || c.StartedAt != nil {
		t.Errorf("stopped before it began: started %v, completed %v", c.StartedAt, c.CompletedAt)
	}
}

func TestControlSeen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.draft("c")
	w.control("c", models.ActionStart)
	paused := w.control("c", models.ActionPause)
	for _, tt := range []struct {
		seen   int64
		action models.Action
		moves  bool
	}{
		{paused.ControlSeq - 1, models.ActionComplete, false},
		{paused.ControlSeq - 1, models.ActionBegin, false},
		{paused.ControlSeq - 1, models.ActionStart, false}, // refused anyway, but the stale view is the better answer
		{paused.ControlSeq + 1, models.ActionStop, false},
		{paused.ControlSeq, models.ActionStop, true},
	} {
		got, changed, err := w.Control(t.Context(), w.app, "c", store.Control{Action: tt.action, Seen: &tt.seen})
		if err != nil || changed != tt.moves {
			t.Errorf("%s having seen %d of %d: changed %v, error %v", tt.action, tt.seen, paused.ControlSeq, changed, err)
		}
		if diff := cmp.Diff(paused, got); !tt.moves && diff != "" {
			t.Errorf("%s having seen %d of %d (-want +got):\n%s", tt.action, tt.seen, paused.ControlSeq, diff)
		}
	}
}

func TestControlStartChecksWhatIsNamed(t *testing.T) {
	t.Parallel()
	for _, action := range []models.Action{models.ActionStart, models.ActionSchedule} {
		for name, tt := range map[string]struct {
			spoil string
			path  string
		}{
			"all there":          {`SELECT`, ""},
			"sender deactivated": {`UPDATE users SET deactivated_at = now() WHERE id = 'boss'`, "sender_id"},
			"sender deleted":     {`UPDATE users SET deleted_at = now() WHERE id = 'boss'`, "sender_id"},
			"sender gone":        {`DELETE FROM users WHERE id = 'boss'`, "sender_id"},
			"segment deleted":    {`UPDATE segments SET deleted_at = now() WHERE id = 'b'`, "segment_ids"},
		} {
			t.Run(string(action)+"/"+name, func(t *testing.T) {
				w := newWorld(t)
				w.segment(models.Segment{ID: "a", Type: models.SegmentUser})
				w.segment(models.Segment{ID: "b", Type: models.SegmentUser})
				before := w.draft("c", func(c *models.Campaign) { c.SegmentIDs = []string{"b", "a"} })
				w.exec(tt.spoil)
				_, changed, err := w.Control(t.Context(), w.app, "c", store.Control{Action: action})
				var paths []string
				if e, ok := err.(*models.Error); ok { //nolint:errorlint // what a client sees must not be wrapped
					for _, f := range e.Fields {
						paths = append(paths, f.Path)
					}
				}
				if tt.path == "" {
					if err != nil || !changed {
						t.Errorf("changed %v, error %v", changed, err)
					}
					return
				}
				if changed || models.ErrorCode(err) != models.CodeInvalid || !slices.Equal(paths, []string{tt.path}) {
					t.Errorf("changed %v, error %v about %q, want one about %s", changed, err, paths, tt.path)
				}
				if diff := cmp.Diff(before, w.read("c")); diff != "" {
					t.Errorf("the refused start changed the row:\n%s", diff)
				}
			})
		}
	}
}

func TestControlBeginWithoutSender(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.draft("c")
	seen := w.control("c", models.ActionStart).ControlSeq
	w.exec(`UPDATE users SET deactivated_at = now() WHERE id = $1`, sender)
	begin := store.Control{Action: models.ActionBegin, Seen: &seen}
	c, changed, err := w.Control(t.Context(), w.app, "c", begin)
	if err != nil || !changed {
		t.Fatalf("changed %v, error %v", changed, err)
	}
	want := shape{Status: models.StatusInProgress, Hold: models.HoldPaused, Seq: seen + 1, Reason: models.ReasonSenderUnavailable, Held: true, Began: true, Exist: true}
	if diff := cmp.Diff(want, shapeOf(c)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	again, changed, err := w.Control(t.Context(), w.app, "c", begin)
	if diff := cmp.Diff(c, again); err != nil || changed || diff != "" {
		t.Errorf("begun again: changed %v, error %v, row (-want +got):\n%s", changed, err, diff)
	}
	w.exec(`UPDATE users SET deactivated_at = NULL WHERE id = $1`, sender)
	w.control("c", models.ActionResume)
	if got := w.control("c", models.ActionBegin); !cmp.Equal(got.StartedAt, c.StartedAt) || !got.State().Open() {
		t.Errorf("begun after the resume: started %v, before %v, state %+v", got.StartedAt, c.StartedAt, got.State())
	}
}

func TestControlNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.draft("c")
	w.draft("gone")
	w.control("gone", models.ActionDelete)
	for name, tt := range map[string]struct {
		app int64
		id  string
	}{
		"unknown": {w.app, "nothing"}, "of another app": {w.app + 1, "c"}, "deleted": {w.app, "gone"},
	} {
		for _, action := range []models.Action{models.ActionStart, models.ActionStop, models.ActionBegin, models.ActionDelete} {
			if _, changed, err := w.Control(t.Context(), tt.app, tt.id, store.Control{Action: action}); models.ErrorCode(err) != models.CodeNotFound || changed {
				t.Errorf("%s %s: changed %v, error %v", action, name, changed, err)
			}
		}
	}
}

// Whatever arrives at once, the row goes through states that the table allows, one at a time.
func TestControlsAtOnce(t *testing.T) {
	t.Parallel()
	const controls = 100
	w := newWorld(t)
	first := w.draft("c")
	type change struct {
		action models.Action
		c      models.Campaign
	}
	var mu sync.Mutex
	var changes []change
	var wg sync.WaitGroup
	for i := range controls {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(i)))
			// The first ones make sure that there is something to see.
			action := models.Actions[random.IntN(len(models.Actions)-1)] // no delete
			if i%4 != 0 && (action == models.ActionStop || action == models.ActionExpire || action == models.ActionComplete) {
				action = models.ActionPause
			}
			c, changed, err := w.Control(t.Context(), w.app, "c", store.Control{Action: action})
			if err != nil && models.ErrorCode(err) != models.CodeInvalid {
				t.Errorf("%s: %v", action, err)
			}
			if changed {
				mu.Lock()
				changes = append(changes, change{action, c})
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	slices.SortFunc(changes, func(a, b change) int { return a.c.UpdatedAt.Compare(b.c.UpdatedAt) })
	now, seq := first, first.ControlSeq
	for _, ch := range changes {
		move, err := models.NextMove(now.Status, now.Hold, ch.action)
		if err != nil || move.Noop {
			t.Fatalf("%s changed a campaign that is %s, %s: %v", ch.action, now.Status, now.Hold, err)
		}
		if ch.action != models.ActionBegin && ch.action != models.ActionComplete {
			seq++
		}
		if ch.c.Status != move.Status || ch.c.Hold != move.Hold || ch.c.ControlSeq != seq {
			t.Fatalf("%s made of %s, %s: %s, %s, control_seq %d; want %+v, %d", ch.action, now.Status, now.Hold, ch.c.Status, ch.c.Hold, ch.c.ControlSeq, move, seq)
		}
		now = ch.c
	}
	if diff := cmp.Diff(now, w.read("c")); diff != "" {
		t.Errorf("the row is not as the last change left it (-want +got):\n%s", diff)
	}
	t.Logf("%d of %d controls changed the row, which ended %s, %s", len(changes), controls, now.Status, now.Hold)
}

// A start and the deletion of its segment: one waits for the other and then finds that it may not.
func TestStartAndDeletionOfItsSegment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	segment := func(id string) {
		w.segment(models.Segment{ID: id, Type: models.SegmentUser})
		w.draft(id, func(c *models.Campaign) { c.SegmentIDs = []string{id} })
	}
	segment("deleted first")
	tx, err := w.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(context.Background()) //nolint:errcheck // it was committed, or the test has failed
	if _, err := tx.Exec(t.Context(), `UPDATE segments SET deleted_at = now()`); err != nil {
		t.Fatal(err)
	}
	start := w.controlInBackground("deleted first", models.ActionStart)
	w.untilBlocked(1, "FROM segments")
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, "the start", start); models.ErrorCode(got.err) != models.CodeInvalid || got.changed {
		t.Errorf("started although its segment was being deleted: changed %v, error %v", got.changed, got.err)
	}

	segment("started first")
	release := w.hold(`SELECT FROM campaigns WHERE id = 'started first' FOR UPDATE`)
	start = w.controlInBackground("started first", models.ActionStart)
	w.untilBlocked(1, "FOR UPDATE")
	deletion := inBackground(func() error { return w.DeleteSegment(t.Context(), w.app, "started first") })
	release()
	started, deleted := receive(t, "the start", start).err, receive(t, "the deletion", deletion)
	if (started == nil) == (deleted == nil) {
		t.Errorf("start: %v; deletion of its segment: %v; exactly one must win", started, deleted)
	}
}

func TestSetRecipients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.running("c")
	if err := w.SetRecipients(t.Context(), w.app, "c", 3_000_000_000); err != nil {
		t.Fatal(err)
	}
	before.RecipientsTotal = 3_000_000_000
	if diff := cmp.Diff(before, w.read("c")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if err := w.SetRecipients(t.Context(), w.app, "nothing", 1); models.ErrorCode(err) != models.CodeNotFound {
		t.Errorf("an unknown campaign: %v", err)
	}
}
