package activities_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"herald/models"
	"herald/models/store"
	"herald/workflows"
)

func (w *world) plan(users int64) {
	w.t.Helper()
	if err := w.UpdateApp(w.t.Context(), w.app, store.AppChange{MAUPlan: &users}); err != nil {
		w.t.Fatal(err)
	}
}

func TestCapacityRunsOutMidway(t *testing.T) {
	w := newWorld(t)
	ids := numbered(30)
	w.ids(ids...)
	w.plan(5)
	c, _ := w.begun("c", to(ids...))
	for range 2 {
		res := send(w, all(c, 10))
		row := w.read("c")
		if row.HoldReason != models.ReasonMessageCapacity || !row.Paused() || row.Status != models.StatusInProgress {
			t.Errorf("the campaign is %s, %s for %q", row.Status, row.Hold, row.HoldReason)
		}
		if diff := cmp.Diff(row.State(), res.State); !res.Held || diff != "" {
			t.Errorf("held %v by (-row +got):\n%s", res.Held, diff)
		}
		if n := len(w.settled("c")); n != 15 {
			t.Errorf("%d messages, want 15", n)
		}
	}
	if diff := cmp.Diff([]told{{"pause", "c", c.ControlSeq + 1}}, w.launcher.calls); diff != "" {
		t.Errorf("the launcher was told (-want +got):\n%s", diff)
	}
	resume := workflows.ControlInput{Ref: ref(c), Action: models.ActionResume, Cause: models.Cause{Via: models.ViaSignal}}
	if res := ran[workflows.StepResult](w, workflows.ActivityControl, resume); res.Done || res.State.Hold != models.HoldPaused {
		t.Errorf("a signal resumed it without capacity: %+v", res)
	}
	w.plan(10)
	if res := ran[workflows.StepResult](w, workflows.ActivityControl, resume); !res.Done || !res.State.Open() {
		t.Errorf("a signal did not resume it: %+v", res)
	}
	res := send(w, all(c, 10))
	if diff := cmp.Diff(models.Counts{Sent: 30, ChannelsCreated: 30, UsersSent: 30}, res.Counts); diff != "" || res.Held {
		t.Errorf("resumed: held %v (-want +got):\n%s", res.Held, diff)
	}
	if n := len(w.settled("c")); n != 30 {
		t.Errorf("%d messages, want 30", n)
	}
}

// Who raised the plan and resumed the campaign while a batch found nothing left is not met by that batch's pause.
func TestCapacityRaisedMeanwhile(t *testing.T) {
	w := newWorld(t)
	ids := numbered(10)
	w.ids(ids...)
	w.plan(1)
	c, _ := w.begun("c", to(ids...))
	var row models.Campaign
	w.hooks.afterDeliver = func(n int) {
		if n == 1 {
			w.plan(100)
			w.control("c", models.ActionPause)
			row = w.control("c", models.ActionResume)
		}
	}
	res := send(w, all(c, 10))
	if diff := cmp.Diff(row.State(), res.State); !res.Held || diff != "" || w.read("c").Paused() {
		t.Errorf("held %v (-want +got):\n%s", res.Held, diff)
	}
	if res := send(w, all(c, 10)); res.Held || res.Counts.Sent != 10 {
		t.Errorf("sent again: %+v", res)
	}
}

func TestBeginWithoutCapacity(t *testing.T) {
	w := newWorld(t)
	ids := numbered(3)
	w.ids(ids...)
	w.plan(1)
	late := w.started("late", to(ids...))
	first, _ := w.begun("first", to(ids...))
	if res := send(w, all(first, 10)); res.Held || res.Counts.Sent != 3 {
		t.Fatalf("%+v", res)
	}
	res := ran[workflows.BeginResult](w, workflows.ActivityBegin, workflows.StepInput{Ref: ref(late), Seen: late.ControlSeq})
	want := workflows.BeginResult{StepResult: workflows.StepResult{State: models.State{
		ControlSeq: late.ControlSeq + 1, Status: models.StatusInProgress, Hold: models.HoldPaused, HoldReason: models.ReasonMessageCapacity,
	}}}
	if diff := cmp.Diff(want, res, cmpopts.IgnoreFields(models.State{}, "HeldAt")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
