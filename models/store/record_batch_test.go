package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/models/store"
)

// A batch is told by one row for each hook that wants any of its events, and one for push.
func TestRecordBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withPush()
	w.hooks(everything("a"), hookFor("campaigns", "campaign.completed"), hookFor("joins", "member.added"))
	w.users("ann", "bob", "carl", "mod")
	w.channel("messaging:ann", "ann")
	w.channel("messaging:bob", "bob", sender)
	w.exec(`UPDATE channel_members SET hidden = true WHERE user_id IN ('ann', $1)`, sender)
	c := w.running("c")
	w.told()
	d := delivery(c, store.ChannelRule{Create: true, Show: true, IncludeSender: true, Members: []store.RuleMember{{UserID: "mod"}, {UserID: sender}}}, "ann", "bob", "carl")
	d.After = "a"
	w.deliver(d)
	const want = "batch c by boss (a ~] created messaging:carl members mod,boss joined messaging:ann shown messaging:ann,ann"
	w.tells(" batch c by boss (a ~]", "a "+want, "joins "+want)
	if at := one[bool](w, `SELECT count(DISTINCT created_at) = 1 FROM messages`); !at {
		t.Error("messages of a batch have several times")
	}

	w.deliver(d) // again: nobody is claimed
	w.tells()

	overlap := delivery(c, bossOnly, "bob", "carl", "dan") // of another segment
	overlap.Source = 1
	w.deliver(overlap)
	const only = "batch c by boss ( ~] created messaging:dan members boss"
	rows := w.outbox()
	w.tells(" batch c by boss ( ~]", "a "+only, "joins "+only)
	at := body[models.BatchEvents](w, rows[0]).At
	if got := query[string](w, `SELECT recipient FROM messages WHERE created_at = $1`, at); !cmp.Equal(got, []string{"dan"}) {
		t.Errorf("messages of the batch's time are to %v", got)
	}

	nobody := delivery(c, bossOnly)
	nobody.Outcomes = []models.Outcome{models.NewOutcome("zoe", models.UnknownUser, "no zoe")}
	w.deliver(nobody)
	w.tells()

	w.channel("messaging:x", "ann", "bob", "carl")
	w.exec(`UPDATE channel_members SET hidden = true WHERE cid = 'messaging:x' AND user_id <> 'bob'`)
	channels := w.running("channels")
	w.told()
	w.hooks(everything("a"))
	w.deliver(toChannels(channels, store.ChannelRule{Show: true}, "messaging:x"))
	w.tells(" batch channels by boss ( ~]", "a batch channels by boss ( ~] shown messaging:x,ann shown messaging:x,carl")
}

func TestRecordBatchThatIsSkipped(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withPush()
	w.hooks(everything("a"))
	for _, tc := range []struct {
		id            string
		webhook, push bool // skipped
		batch, trial  []string
	}{
		{"none", false, false,
			[]string{" batch none by boss ( ~]", "a batch none by boss ( ~] created messaging:none members boss"},
			[]string{" batch none by boss ( ] tests none-test", "a batch none by boss ( ] tests none-test"}},
		{"webhook", true, false, []string{" batch webhook by boss ( ~]"}, []string{" batch webhook by boss ( ] tests webhook-test"}},
		{"push", false, true,
			[]string{"a batch push by boss ( ~] created messaging:push members boss"}, []string{"a batch push by boss ( ] tests push-test"}},
		{"both", true, true, nil, nil},
	} {
		c := w.running(tc.id, func(c *models.Campaign) { c.SkipWebhook, c.SkipPush = tc.webhook, tc.push })
		w.tells("a campaign.created "+tc.id+"/1", "a campaign.updated "+tc.id+"/2", "a campaign.started "+tc.id+"/3", "a campaign.updated "+tc.id+"/4")
		w.deliver(delivery(c, bossOnly, tc.id))
		w.tells(tc.batch...)
		trial := delivery(c, bossOnly, tc.id)
		trial.Through, trial.Messages[0].ID = "", tc.id+"-test"
		w.test(trial)
		w.tells(tc.trial...)
	}
	s, err := store.Open(t.Context(), w.url, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Deliver(t.Context(), delivery(w.read("none"), bossOnly, "ann")); err != nil {
		t.Fatal(err)
	}
	w.tells("a batch none by boss ( ~] created messaging:ann members boss")
}

// Channels that a test creates are told of too, and their members.
func TestRecordTest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(everything("a"))
	c := w.draft("c")
	w.told()
	d := delivery(c, bossOnly, "ann", "bob")
	d.Through, d.Messages[0].ID, d.Messages[1].ID = "", "one", "two"
	w.test(d)
	w.tells("a batch c by boss ( ] created messaging:ann,messaging:bob members boss tests one,two")
}

// What holds a batch back, or makes it begin anew, leaves no events of it.
func TestRecordNothingOfABatchThatIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t).withPush()
	w.hooks(everything("a"))
	c := w.running("c")
	w.channel("messaging:ann", "ann")
	w.told()

	out := w.deliver(delivery(c, store.ChannelRule{}, "ann", "bob"))
	if !out.ChannelsGone {
		t.Errorf("a batch to a channel that is gone: %+v", out)
	}
	w.tells()

	w.exec(`UPDATE users SET deactivated_at = now() WHERE id = $1`, sender)
	if out := w.deliver(delivery(c, bossOnly, "ann")); !out.SenderGone {
		t.Errorf("a batch without a sender: %+v", out)
	}
	if out := w.test(delivery(c, bossOnly, "ann")); !out.SenderGone {
		t.Errorf("a test without a sender: %+v", out)
	}
	w.tells()
	w.exec(`UPDATE users SET deactivated_at = NULL WHERE id = $1`, sender)

	w.plan(1) // three messages: the first run finds that four are too many, the second sends three
	out = w.deliver(delivery(c, bossOnly, "ann", "bob", "carl", "dan"))
	if !out.NoCapacity || out.Counts.Sent != 3 {
		t.Errorf("a batch beyond the plan: %+v", out)
	}
	w.tells(" batch c by boss ( ~]", "a batch c by boss ( ~] created messaging:bob,messaging:carl members boss")

	w.control("c", models.ActionPause)
	w.told()
	if out := w.deliver(delivery(c, bossOnly, "eve")); !out.Held {
		t.Errorf("a batch of a paused campaign: %+v", out)
	}
	w.tells()
}

// Messages that a batch moves behind the creation of their channel have another time than the batch.
func TestRecordLateMessages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(everything("a"))
	w.users("ann", "bob")
	c := w.running("c")
	w.told()
	tx, err := w.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context()) //nolint:errcheck // it was committed if all went well
	if _, err := tx.Exec(t.Context(), `INSERT INTO channels (app_pk, cid, created_by, created_at, updated_at) VALUES ($1, 'messaging:ann', 'x', now(), now())`, w.app); err != nil {
		t.Fatal(err)
	}
	batch := w.deliverInBackground(w.Store, delivery(c, bossOnly, "ann", "bob"))
	w.untilBlocked(1, "INSERT INTO channels")
	if _, err := tx.Exec(t.Context(), `UPDATE channels SET created_at = clock_timestamp()`); err != nil {
		t.Fatal(err)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if out := receive(t, "the batch", batch); out.err != nil || out.Counts.Sent != 2 {
		t.Fatalf("%+v", out)
	}
	rows := w.outbox()
	w.tells("a batch c by boss ( ~] late ann created messaging:bob members boss")
	e := body[models.BatchEvents](w, rows[0])
	if got := query[string](w, `SELECT recipient FROM messages WHERE created_at = $1`, e.At); !cmp.Equal(got, []string{"bob"}) {
		t.Errorf("messages of the batch's time are to %v", got)
	}
}
