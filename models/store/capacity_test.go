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

// plan sets the app's plan: three messages a month for each user of it.
func (w *world) plan(users int64) {
	w.tb.Helper()
	w.change(store.AppChange{MAUPlan: &users})
}

func (w *world) used() int64 {
	w.tb.Helper()
	return w.settings().Capacity.Used
}

// lastMonth moves everything that was sent so far into the month before.
func (w *world) lastMonth() {
	w.tb.Helper()
	w.exec(`UPDATE campaign_usage SET month = month - interval '1 month'`)
	w.exec(`UPDATE campaign_batches SET committed_at = committed_at - interval '1 month'`)
}

// A batch of more messages than are left sends exactly those that are left; when there is more again, the same batch
// sends the rest.
func TestBatchSendsWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.plan(1)
	c := w.running("c")
	d := delivery(c, bossOnly, "a", "b", "c", "d", "e")
	d.Outcomes = []models.Outcome{models.NewOutcome("x", models.UnknownUser, "unknown")}
	d.Recipients = 6
	want := store.Delivered{State: c.State(), Counts: models.Counts{Sent: 3, Skipped: 1, ChannelsCreated: 3, UsersSent: 3}, NoCapacity: true}
	for range 2 {
		if diff := cmp.Diff(want, w.deliver(d)); diff != "" {
			t.Fatalf("with 3 messages left, or none (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"a", "b", "c"}, w.recipients("c")); diff != "" {
			t.Fatalf("recipients (-want +got):\n%s", diff)
		}
		if n := one[int](w, `SELECT sum(recipients) FROM campaign_batches`); n != 4 {
			t.Errorf("%d recipients are worked off, want 4", n)
		}
	}
	if _, err := w.DeleteMessage(t.Context(), w.app, d.Messages[0].ID, true); err != nil {
		t.Fatal(err)
	}
	if out := w.deliver(d); !out.NoCapacity || w.used() != 3 {
		t.Errorf("a deleted message gave capacity back: %+v, %d used", out, w.used())
	}
	w.plan(2)
	all := models.Counts{Sent: 5, Skipped: 1, ChannelsCreated: 5, UsersSent: 5}
	w.delivers(d, all)
	w.delivers(d, all)
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "e"}, w.recipients("c")); diff != "" {
		t.Errorf("recipients (-want +got):\n%s", diff)
	}
	if n := one[int](w, `SELECT sum(recipients) FROM campaign_batches`); n != 6 || w.used() != 5 {
		t.Errorf("%d recipients are worked off and %d messages used, want 6 and 5", n, w.used())
	}
}

// A batch that was committed by the last messages of the month is not short of any when it is repeated.
func TestRepeatedBatchNeedsNoCapacity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.plan(1)
	d := delivery(w.running("c"), bossOnly, "a", "b", "c")
	for range 2 {
		w.delivers(d, models.Counts{Sent: 3, ChannelsCreated: 3, UsersSent: 3})
	}
	if w.used() != 3 {
		t.Errorf("%d used", w.used())
	}
}

// Two campaigns with many batches at once use the capacity up to the last message and never exceed it. Their recipients
// and channels are the same, so that their batches wait for each other's rows too.
func TestRacingCampaignsShareTheCapacity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const batches, size, allowance = 8, 50, 501
	w.plan(allowance / 3)
	var all []store.Delivery
	for n := range batches {
		for _, id := range []string{"one", "two"} {
			c := models.Campaign{AppPK: w.app, ID: id, SenderID: sender}
			if n == 0 {
				w.running(id)
			}
			d := delivery(c, bossOnly, numbered(fmt.Sprintf("%02d-", n), size)...)
			d.After = fmt.Sprint(n)
			all = append(all, d)
		}
	}
	race := func() (short int) {
		t.Helper()
		var group sync.WaitGroup
		outs, errs := make([]store.Delivered, len(all)), make([]error, len(all))
		for i, d := range all {
			group.Go(func() { outs[i], errs[i] = w.Deliver(t.Context(), d) })
		}
		group.Wait()
		for i := range all {
			if errs[i] != nil {
				t.Fatal(errs[i])
			}
			if outs[i].NoCapacity {
				short++
			}
		}
		return short
	}
	for range 2 {
		short := race()
		if sent := one[int](w, `SELECT count(*) FROM messages`); sent != allowance || w.used() != allowance {
			t.Fatalf("%d messages, %d used, want %d", sent, w.used(), allowance)
		}
		if short == 0 {
			t.Error("no batch was short of capacity")
		}
	}
	w.plan(0)
	if short := race(); short != 0 {
		t.Errorf("%d batches were short of capacity without a plan", short)
	}
	for _, id := range []string{"one", "two"} {
		if got := w.recipients(id); len(got) != batches*size || len(slices.Compact(got)) != batches*size {
			t.Errorf("%s has %d messages to %d recipients, want %d", id, len(got), len(slices.Compact(got)), batches*size)
		}
	}
	if sent := one[int](w, `SELECT sum(sent) FROM campaign_batches`); sent != 2*batches*size || w.used() != 2*batches*size {
		t.Errorf("%d are counted as sent and %d as used, want %d", sent, w.used(), 2*batches*size)
	}
}

// A plan counts what was sent before it was set, a batch that is under way then included.
func TestPlanCountsWhatWasSentBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.running("c")
	w.deliver(delivery(c, bossOnly, "a", "b"))
	if n := one[int](w, `SELECT count(*) FROM campaign_usage`); n != 0 || w.used() != 2 {
		t.Errorf("without a plan: %d rows of usage, %d used", n, w.used())
	}
	w.channel("messaging:d")
	release := w.hold(`SELECT FROM channels WHERE cid = 'messaging:d' FOR UPDATE`) // a batch waits for this one midway
	late := delivery(c, bossOnly, "c", "d")
	late.After = "late"
	batch := w.deliverInBackground(w.Store, late)
	w.untilBlocked(1, "channels")
	plan := inBackground(func() error {
		return w.UpdateApp(t.Context(), w.app, store.AppChange{MAUPlan: pointer(int64(1))})
	})
	w.untilBlocked(1, "pg_advisory_xact_lock")
	release()
	if out := receive(t, "the batch", batch); out.err != nil || out.Counts.Sent != 2 {
		t.Fatalf("%+v, %v", out.Delivered, out.err)
	}
	if err := receive(t, "the plan", plan); err != nil {
		t.Fatal(err)
	}
	if got := w.used(); got != 4 {
		t.Errorf("%d used, want 4", got)
	}
	if out := w.deliver(delivery(c, bossOnly, "e")); !out.NoCapacity {
		t.Errorf("more than 3 were sent already: %+v", out)
	}
	w.plan(0)
	w.delivers(delivery(c, bossOnly, "e"), models.Counts{Sent: 3, ChannelsCreated: 3, UsersSent: 3})
	w.plan(1)
	if got := w.used(); got != 5 {
		t.Errorf("%d used after a time without a plan, want 5", got)
	}
}

func TestCapacityIsOfTheMonthAndTheApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, err := w.CreateApp(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	w.plan(1)
	c := w.running("c")
	d := delivery(c, bossOnly, "a", "b", "c", "d")
	if out := w.deliver(d); !out.NoCapacity {
		t.Fatalf("%+v", out)
	}
	w.lastMonth()
	w.delivers(d, models.Counts{Sent: 4, ChannelsCreated: 4, UsersSent: 4}) // the row of the batch now has both months
	for _, plan := range []int64{1, 0, 2} {
		w.plan(plan)
		if got := w.used(); got != 1 {
			t.Errorf("%d used in the new month with plan %d, want 1", got, plan)
		}
	}
	w.lastMonth()
	w.delivers(d, models.Counts{Sent: 4, ChannelsCreated: 4, UsersSent: 4})
	w.plan(0)
	if got := w.used(); got != 0 {
		t.Errorf("%d used in the month after, want 0", got)
	}
	if a, err := w.AppSettings(t.Context(), other.PK); err != nil || a.Capacity.Used != 0 || a.Capacity.Plan != 0 {
		t.Errorf("the other app: %+v, %v", a.Capacity, err)
	}
}

func TestMovesNeedCapacity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.plan(1)
	w.draft("draft")
	w.draft("due")
	w.draft("begun")
	w.draft("later")
	w.control("begun", models.ActionStart)
	w.control("due", models.ActionSchedule) // at no time: at once
	w.control("due", models.ActionPause)
	later := store.Control{Action: models.ActionSchedule, ScheduledFor: pointer(time.Now().Add(time.Hour))}
	if _, _, err := w.Control(t.Context(), w.app, "later", later); err != nil {
		t.Fatal(err)
	}
	w.control("later", models.ActionPause)
	running := w.running("running")
	w.control("running", models.ActionResume)
	if out := w.deliver(delivery(running, bossOnly, "a", "b", "c")); out.Counts.Sent != 3 {
		t.Fatalf("%+v", out)
	}
	w.control("running", models.ActionPause)

	refused := func(id string, ctl store.Control) {
		t.Helper()
		before := w.read(id)
		_, changed, err := w.Control(t.Context(), w.app, id, ctl)
		if changed || models.ErrorCode(err) != models.CodeNotAllowed || err.Error() != "monthly campaign message capacity of 3 is used up" {
			t.Errorf("%s %s: changed %v, error %v", ctl.Action, id, changed, err)
		}
		if diff := cmp.Diff(before, w.read(id)); diff != "" {
			t.Errorf("the refused %s changed %s:\n%s", ctl.Action, id, diff)
		}
	}
	refused("draft", store.Control{Action: models.ActionStart})
	refused("due", store.Control{Action: models.ActionResume})
	refused("running", store.Control{Action: models.ActionResume})
	w.control("later", models.ActionResume)
	w.control("later", models.ActionResume) // changes nothing
	w.control("later", models.ActionPause)
	w.control("later", models.ActionStart) // its times alone
	if _, _, err := w.Control(t.Context(), w.app, "draft", later); err != nil {
		t.Errorf("a start in the future: %v", err)
	}
	c := w.control("begun", models.ActionBegin)
	want := models.State{ControlSeq: c.ControlSeq, Status: models.StatusInProgress, Hold: models.HoldPaused, HoldReason: models.ReasonMessageCapacity}
	if diff := cmp.Diff(want, c.State(), cmpopts.IgnoreFields(models.State{}, "HeldAt")); diff != "" {
		t.Errorf("begun without capacity (-want +got):\n%s", diff)
	}
	refused("begun", store.Control{Action: models.ActionResume})
	w.lastMonth()
	for _, id := range []string{"begun", "running", "due"} {
		if c := w.control(id, models.ActionResume); c.Paused() {
			t.Errorf("%s is paused in the new month", id)
		}
	}
	w.deliver(delivery(w.running("new"), bossOnly, "a", "b", "c"))
	if c := w.control("running", models.ActionBegin); c.Paused() {
		t.Error("a campaign that began before, and may have nothing left to send, was paused when it began again")
	}
}
