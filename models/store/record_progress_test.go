package store_test

import (
	"testing"

	"herald/models"
)

// progresses expects RecordProgress to tell of so many campaigns.
func (w *world) progresses(want int) {
	w.tb.Helper()
	got, err := w.RecordProgress(w.tb.Context(), 10)
	if err != nil || got != want {
		w.tb.Errorf("progress of %d campaigns is recorded, want %d: %v", got, want, err)
	}
}

// ago has the last look at progress be so long ago.
func (w *world) ago(interval string) {
	w.tb.Helper()
	w.exec(`UPDATE campaign_events SET progress_at = clock_timestamp() - $1::interval`, interval)
}

func TestRecordProgress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(everything("a"), hookFor("b", "campaign.updated"), hookFor("standard"))
	c := w.running("c")
	w.told()
	w.progresses(0) // nothing was done
	w.ago("11 seconds")
	w.deliver(delivery(c, bossOnly, "ann"))
	w.exec(`DELETE FROM outbox`)
	w.progresses(1)
	w.tells("a campaign.updated c/5 progress", "b campaign.updated c/5 progress")

	second := delivery(c, bossOnly, "bob")
	second.After = "ann"
	w.deliver(second)
	w.exec(`DELETE FROM outbox`)
	w.ago("9 seconds")
	w.progresses(0) // too early
	w.ago("11 seconds")
	w.progresses(1)
	w.ago("11 seconds")
	w.progresses(0) // nothing has changed
	rows := w.outbox()
	w.tells("a campaign.updated c/6 progress", "b campaign.updated c/6 progress")
	if s := body[models.CampaignSnapshot](w, rows[0]); s.Stats.MessagesSent != 2 || s.Campaign.Status != models.StatusInProgress {
		t.Errorf("snapshot %+v", s)
	}
	w.control("c", models.ActionPause)
	w.tells("a campaign.paused c/7", "a campaign.updated c/8", "b campaign.updated c/8")
}

// Progress is told of campaigns that are sending, where a hook wants it.
func TestRecordProgressOfWhatSends(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(everything("a"))
	c := w.running("c")
	w.deliver(delivery(c, bossOnly, "ann"))
	w.told()
	for _, action := range []models.Action{models.ActionPause, models.ActionStop} {
		w.control("c", action)
		w.told()
		w.ago("1 hour")
		w.progresses(0)
	}
	d := w.running("d")
	w.deliver(delivery(d, bossOnly, "ann"))
	w.hooks(hookFor("standard"))
	w.progresses(0)
	if told := w.told(); len(told) > 0 {
		t.Errorf("told %q", told)
	}
	w.hooks(everything("a"))
	w.progresses(1)
}

// What waits untried is replaced by the newest; what a relay works on, or has tried, stays.
func TestRecordProgressReplacesWhatWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(everything("claimed"), everything("disabled"), everything("tried"), everything("waits"))
	c := w.running("c")
	advance := func(recipient string) {
		t.Helper()
		d := delivery(c, bossOnly, recipient)
		d.After = recipient
		w.deliver(d)
		w.ago("11 seconds")
		w.progresses(1)
		w.exec(`DELETE FROM outbox WHERE kind = 'batch'`)
	}
	w.told()
	advance("ann")
	w.exec(`UPDATE outbox SET claim = gen_random_uuid() WHERE hook_id = 'claimed'`)
	w.exec(`UPDATE outbox SET attempts = 1 WHERE hook_id = 'tried'`)
	disabled := everything("disabled")
	disabled.Enabled = false
	w.hooks(everything("claimed"), disabled, everything("tried"), everything("waits"))
	advance("bob")
	advance("carl")
	w.exec(`UPDATE outbox SET attempts = 0`)
	w.tells(
		"claimed campaign.updated c/5 progress", "disabled campaign.updated c/5 progress", "tried campaign.updated c/5 progress",
		"claimed campaign.updated c/7 progress", "tried campaign.updated c/7 progress", "waits campaign.updated c/7 progress",
	)
}

// Progress waits for neither batches nor moves, and never comes behind the end of the campaign.
func TestRecordProgressWaitsForNobody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(everything("a"))
	c := w.running("c")
	w.deliver(delivery(c, bossOnly, "ann"))
	w.told()

	// The campaign's row is held as by a batch, and a completion waits for it.
	release := w.hold(`SELECT FROM campaigns FOR SHARE`)
	completed := w.controlInBackground("c", models.ActionComplete)
	w.untilBlocked(1, "FROM campaigns")
	w.progresses(1)
	w.tells("a campaign.updated c/5 progress")
	release()
	if got := receive(t, "the completion", completed); got.err != nil || !got.changed {
		t.Fatalf("%+v", got)
	}
	w.tells("a campaign.completed c/6", "a campaign.updated c/7")

	// A move that has numbered its events is not waited for.
	d := w.running("d")
	w.deliver(delivery(d, bossOnly, "ann"))
	w.told()
	release = w.hold(`UPDATE campaign_events SET seq = seq + 1`)
	w.progresses(0)
	release()
	w.progresses(1)
}

// Several relays look at once: each change is told once.
func TestRecordProgressAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(everything("a"))
	const campaigns, relays = 5, 4
	for i := range campaigns {
		w.deliver(delivery(w.running(string(rune('a'+i))), bossOnly, "ann"))
	}
	w.told()
	type result struct {
		n   int
		err error
	}
	var results []<-chan result
	for range relays {
		results = append(results, inBackground(func() result {
			n, err := w.RecordProgress(t.Context(), campaigns)
			return result{n, err}
		}))
	}
	total := 0
	for _, c := range results {
		r := receive(t, "the progress", c)
		if r.err != nil {
			t.Error(r.err)
		}
		total += r.n
	}
	if told := w.told(); total != campaigns || len(told) != campaigns {
		t.Errorf("%d recorded, told %q", total, told)
	}
	if n, err := w.RecordProgress(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("again: %d, %v", n, err)
	}
}
