package store_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/models/store"
)

func (w *world) test(d store.Delivery) store.Tested {
	w.tb.Helper()
	out, err := w.DeliverTest(w.tb.Context(), d)
	if err != nil {
		w.tb.Fatal(err)
	}
	return out
}

func TestDeliverTestWritesMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.draft("c")
	d := delivery(c, bossOnly, "ann", "bob", "carl")
	d.Attachments, d.Custom, d.PollID = []byte(`[{"type": "image"}]`), []byte(`{"n": 1.50}`), pointer("poll")
	d.Messages[1].Attachments, d.Messages[1].Custom = []byte(`[]`), []byte(`{"own": true}`)
	d.Outcomes = []models.Outcome{models.NewOutcome("zoe", models.UnknownUser, "no zoe")}
	d.Pace = store.Pace{PerSecond: 1, InFlight: 1}
	out := w.test(d)
	got := query[string](w, `
		SELECT concat_ws('|', id, cid, user_id, text, type, attachments, custom, mentioned_users, poll_id, silent, campaign_id, recipient, created_at = $2 AND updated_at = $2, deleted_at)
		FROM messages WHERE app_pk = $1 ORDER BY cid`, w.app, out.SentAt)
	want := []string{
		d.Messages[0].ID + `|messaging:ann|boss|Hello ann|regular|[{"type": "image"}]|{"n": 1.50}|poll|f|c|t`,
		d.Messages[1].ID + `|messaging:bob|boss|Hello bob|regular|[]|{"own": true}|poll|f|c|t`,
		d.Messages[2].ID + `|messaging:carl|boss|Hello carl|regular|[{"type": "image"}]|{"n": 1.50}|poll|f|c|t`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	for _, table := range []string{"campaign_outcomes", "campaign_batches", "campaign_controls", "campaign_moves"} {
		if n := one[int](w, `SELECT count(*) FROM `+table); n != 0 {
			t.Errorf("%d rows of %s", n, table)
		}
	}
	if diff := cmp.Diff(c, w.read("c")); diff != "" {
		t.Errorf("the campaign (-before +after):\n%s", diff)
	}
}

// A test claims nobody: it sends again, and the campaign sends to everybody who was tested.
func TestDeliverTestClaimsNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.running("c")
	again := func() store.Delivery { return delivery(c, bossOnly, "ann", "bob") }
	w.test(again())
	w.delivers(again(), models.Counts{Sent: 2, UsersSent: 2})
	w.test(again())
	w.control("c", models.ActionPause) // a test does not care
	w.test(again())
	if n := one[int](w, `SELECT count(*) FROM messages WHERE campaign_id = 'c' AND recipient IS NULL`); n != 6 {
		t.Errorf("%d test messages, want 6", n)
	}
	stats, err := w.Stats(t.Context(), w.app, "c")
	if err != nil {
		t.Fatal(err)
	}
	if got := stats["c"]; got.MessagesSent != 2 || got.ChannelsCreated != 0 || got.UsersSent != 2 {
		t.Errorf("stats %+v", got)
	}
	page, err := w.Recipients(t.Context(), c, store.RecipientQuery{Limit: 10})
	if err != nil || len(page.Rows) != 2 {
		t.Errorf("%d recipients, %v", len(page.Rows), err)
	}
	w.checkChannels(
		channelRow{CID: "messaging:ann", Custom: "{}", CreatedBy: sender, MemberCount: 2, Members: []string{"ann", sender}, Renewed: true, Sent: true},
		channelRow{CID: "messaging:bob", Custom: "{}", CreatedBy: sender, MemberCount: 2, Members: []string{"bob", sender}, Renewed: true, Sent: true},
	)
}

// Channels are as after a real message: those of a test and those of a campaign by the same rule do not differ.
func TestDeliverTestFollowsTheChannelRules(t *testing.T) {
	t.Parallel()
	for i, rule := range []store.ChannelRule{
		bossOnly,
		{Create: true},
		{Create: true, Team: pointer("red"), IncludeSender: true, Show: true, Members: []store.RuleMember{{UserID: sender, Hidden: true}, {UserID: "mod", ChannelRole: pointer("vip")}}},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			var seen [2][]channelRow
			for trial := range seen {
				w := newWorld(t)
				for _, cid := range []string{"messaging:bob", "messaging:carl"} {
					w.channel(cid, "ann", "bob", "carl")
				}
				w.exec(`UPDATE channel_members SET hidden = true`)
				w.exec(`UPDATE channels SET deleted_at = now() WHERE cid = 'messaging:carl'`)
				users, channels := delivery(w.running("c"), rule, "ann", "bob", "carl"), toChannels(w.running("d"), rule, "messaging:bob")
				users.Messages[0].ChannelCustom = []byte(`{"n": 1}`)
				if trial == 0 {
					w.deliver(users)
					w.deliver(channels)
				} else {
					w.test(users)
					w.test(channels)
				}
				seen[trial] = w.channels()
			}
			if diff := cmp.Diff(seen[0], seen[1]); diff != "" || len(seen[0]) != 3 {
				t.Errorf("%d channels (-campaign +test):\n%s", len(seen[0]), diff)
			}
		})
	}
}

func TestDeliverTestRefuses(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		spoil string
		rule  store.ChannelRule
		want  store.Tested
		code  models.Code
	}{
		"sender deactivated": {`UPDATE users SET deactivated_at = now() WHERE id = 'boss'`, bossOnly, store.Tested{SenderGone: true}, 0},
		"sender deleted":     {`UPDATE users SET deleted_at = now() WHERE id = 'boss'`, bossOnly, store.Tested{SenderGone: true}, 0},
		"channel gone":       {`UPDATE channels SET deleted_at = now()`, store.ChannelRule{}, store.Tested{ChannelsChanged: true}, 0},
		"campaign deleted":   {`UPDATE campaigns SET deleted_at = now()`, bossOnly, store.Tested{}, models.CodeNotFound},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.channel("messaging:ann", "ann")
			d := delivery(w.draft("c"), tt.rule, "ann")
			w.exec(tt.spoil)
			out, err := w.DeliverTest(t.Context(), d)
			if tt.code == 0 && err != nil || tt.code != 0 && models.ErrorCode(err) != tt.code {
				t.Fatal(err)
			}
			if out.ChannelsChanged {
				out.SentAt = tt.want.SentAt
			}
			if diff := cmp.Diff(tt.want, out); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if n := one[int](w, `SELECT count(*) FROM messages`); n != 0 {
				t.Errorf("%d messages", n)
			}
			if n := one[int](w, `SELECT count(*) FROM channels WHERE last_message_at IS NOT NULL`); n != 0 {
				t.Error("a channel was touched")
			}
		})
	}
}

// A channel that somebody else creates meanwhile is younger than the test, whose messages would not be shown in it.
func TestDeliverTestMeetsANewChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := delivery(w.draft("c"), bossOnly, "ann")
	tx, err := w.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `INSERT INTO channels (app_pk, cid, created_by, created_at, updated_at) VALUES ($1, 'messaging:ann', 'x', now(), now())`, w.app); err != nil {
		t.Fatal(err)
	}
	type answer struct {
		store.Tested
		error
	}
	answers := make(chan answer, 1)
	go func() {
		out, err := w.DeliverTest(t.Context(), d)
		answers <- answer{out, err}
	}()
	w.untilBlocked(1, "INSERT INTO channels")
	if _, err := tx.Exec(t.Context(), `UPDATE channels SET created_at = clock_timestamp()`); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := <-answers; a.error != nil || !a.ChannelsChanged {
		t.Errorf("%+v", a)
	}
	if n := one[int](w, `SELECT count(*) FROM messages`); n != 0 {
		t.Errorf("%d messages", n)
	}
	// Within the first millisecond of the channel's life the test is refused again.
	w.until("a test after the channel was created", func() bool { return !w.test(d).ChannelsChanged })
	if n := one[int](w, `SELECT count(*) FROM messages AS m JOIN channels AS ch USING (cid) WHERE m.created_at > ch.created_at`); n != 1 {
		t.Errorf("%d messages are shown", n)
	}
}

func TestMemberIDs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.channel("messaging:a", "bob", "ann", "Carl")
	w.channel("messaging:b", "ann")
	w.channel("messaging:c", "zoe")
	got, err := w.MemberIDs(t.Context(), w.app, []string{"messaging:b", "messaging:a", "messaging:none"}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{"messaging:a": {"Carl", "ann"}, "messaging:b": {"ann"}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got, err := w.MemberIDs(t.Context(), w.app, nil, 2); err != nil || len(got) != 0 {
		t.Errorf("of no channels: %v, %v", got, err)
	}
}
