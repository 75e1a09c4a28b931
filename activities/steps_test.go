package activities_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/workflows"
)

// beginning is what a workflow that knows a control asks of Begin.
func beginning(c models.Campaign, seen int64) workflows.BeginInput {
	return workflows.BeginInput{StepInput: workflows.StepInput{Ref: ref(c), Seen: seen}, Limit: 20}
}

func TestBegin(t *testing.T) {
	w := newWorld(t)
	w.ids("ann", "bob")
	w.segment(models.Segment{ID: "all", Type: models.SegmentUser, AllUsers: true})
	w.segment(models.Segment{ID: "list", Type: models.SegmentUser}, "ann", "nobody")
	c := w.started("c", func(c *models.Campaign) { c.SegmentIDs = []string{"all", "list"} })
	in := beginning(c, c.ControlSeq)
	var first workflows.BeginResult
	for i := range 2 { // the second is a repetition whose first result was lost
		res := ran[workflows.BeginResult](w, workflows.ActivityBegin, in)
		row := w.read("c")
		want := workflows.BeginResult{
			StepResult: workflows.StepResult{Done: true, State: row.State()},
			Plan:       workflows.Plan{Sources: 2, Recipients: 5, PageSize: 5000, BatchSize: 500, CommitSize: 500, Target: models.SegmentUser, Queue: workflows.QueueSmall},
			First: workflows.PlanResult{Cursor: workflows.Cursor{Source: 1}, Pages: []workflows.PageRange{
				{Batches: []workflows.BatchBound{{Through: "boss", Count: 3}}},
			}},
		}
		if diff := cmp.Diff(want, res); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if sizes := query[int](w, `SELECT size FROM segments ORDER BY id`); !cmp.Equal(sizes, []int{3, 2}) {
			t.Errorf("the segments have the sizes %v", sizes)
		}
		if row.RecipientsTotal != 5 || row.StartedAt == nil || !row.State().Open() || row.ControlSeq != in.Seen {
			t.Errorf("row: %d recipients, started %v, %+v", row.RecipientsTotal, row.StartedAt, row.State())
		}
		if i == 0 {
			first = res
		} else if diff := cmp.Diff(first, res); diff != "" {
			t.Errorf("the repetition differs:\n%s", diff)
		}
	}
	in.Limit = 0
	if res := ran[workflows.BeginResult](w, workflows.ActivityBegin, in); !res.Done || !cmp.Equal(res.First, workflows.PlanResult{}) {
		t.Errorf("asked for no pages, it gives %+v", res)
	}
}

func TestBeginWhereSomethingStandsInTheWay(t *testing.T) {
	for name, tt := range map[string]struct {
		before func(w *world)
		gone   bool
		state  models.State // what matters of it
	}{
		"paused":      {func(w *world) { w.control("c", models.ActionPause) }, false, models.State{ControlSeq: 2, Status: models.StatusInProgress, Hold: models.HoldPaused}},
		"stopped":     {func(w *world) { w.control("c", models.ActionStop) }, false, models.State{ControlSeq: 2, Status: models.StatusStopped, Hold: models.HoldStopped}},
		"deleted":     {func(w *world) { w.control("c", models.ActionStop); w.control("c", models.ActionDelete) }, true, models.State{}},
		"sender gone": {func(w *world) { w.exec(`UPDATE users SET deleted_at = now() WHERE id = 'boss'`) }, false, models.State{ControlSeq: 2, Status: models.StatusInProgress, Hold: models.HoldPaused, HoldReason: models.ReasonSenderUnavailable}},
	} {
		for _, seen := range []int64{1, 2} { // a stale view, and the newest
			t.Run(fmt.Sprintf("%s, seen %d", name, seen), func(t *testing.T) {
				if name == "sender gone" && seen == 2 {
					t.Skip("there is no second control")
				}
				w := newWorld(t)
				c := w.started("c", func(c *models.Campaign) { c.UserIDs = []string{"ann"} })
				tt.before(w)
				res := ran[workflows.BeginResult](w, workflows.ActivityBegin, beginning(c, seen))
				res.State.HeldAt = nil
				want := workflows.BeginResult{StepResult: workflows.StepResult{Gone: tt.gone, State: tt.state}}
				if diff := cmp.Diff(want, res); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

func TestComplete(t *testing.T) {
	w := newWorld(t)
	c, _ := w.begun("c", func(c *models.Campaign) { c.UserIDs = []string{"ann"} })
	stale := workflows.StepInput{Ref: ref(c), Seen: c.ControlSeq}
	paused := w.control("c", models.ActionPause)
	for _, in := range []workflows.StepInput{stale, {Ref: ref(c), Seen: paused.ControlSeq}} {
		if diff := cmp.Diff(workflows.StepResult{State: paused.State()}, ran[workflows.StepResult](w, workflows.ActivityComplete, in)); diff != "" {
			t.Errorf("while paused, seen %d (-want +got):\n%s", in.Seen, diff)
		}
	}
	in := workflows.StepInput{Ref: ref(c), Seen: w.control("c", models.ActionResume).ControlSeq}
	res := ran[workflows.StepResult](w, workflows.ActivityComplete, in)
	row := w.read("c")
	if diff := cmp.Diff(workflows.StepResult{Done: true, State: row.State()}, res); diff != "" || row.Status != models.StatusCompleted || row.CompletedAt == nil {
		t.Errorf("row %+v (-want +got):\n%s", row.State(), diff)
	}
	// Run again, it finds a state that says the same.
	if again := ran[workflows.StepResult](w, workflows.ActivityComplete, in); again.State.Status != models.StatusCompleted || again.Gone {
		t.Errorf("again: %+v", again)
	}
}

func TestControlActivity(t *testing.T) {
	w := newWorld(t)
	c, _ := w.begun("c", func(c *models.Campaign) { c.UserIDs = []string{"ann"} })
	control := func(in workflows.ControlInput) workflows.StepResult {
		t.Helper()
		if in.CampaignID == "" {
			in.Ref = ref(c)
		}
		return ran[workflows.StepResult](w, workflows.ActivityControl, in)
	}
	res := control(workflows.ControlInput{Action: models.ActionPause, Cause: models.Cause{Reason: "\x00" + strings.Repeat("ä", 300)}})
	if !res.Done || res.State.HoldReason != strings.Repeat("ä", models.MaxReasonLength) {
		t.Errorf("pause: %+v", res)
	}
	row := w.read("c").State()
	for name, tt := range map[string]struct {
		in   workflows.ControlInput
		want workflows.StepResult
	}{
		"repeated":     {workflows.ControlInput{Action: models.ActionPause}, workflows.StepResult{State: row}},
		"refused":      {workflows.ControlInput{Action: models.ActionSchedule}, workflows.StepResult{State: row}},
		"out of date":  {workflows.ControlInput{Action: models.ActionStop, Seen: pointer(row.ControlSeq - 1)}, workflows.StepResult{State: row}},
		"no such":      {workflows.ControlInput{Action: models.ActionStop, Ref: workflows.Ref{AppPK: w.app, CampaignID: "nothing"}}, workflows.StepResult{Gone: true}},
		"no such here": {workflows.ControlInput{Action: models.ActionStop, Ref: workflows.Ref{AppPK: w.app + 1, CampaignID: "c"}}, workflows.StepResult{Gone: true}},
	} {
		if diff := cmp.Diff(tt.want, control(tt.in)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if res := control(workflows.ControlInput{Action: models.ActionStop, Seen: pointer(row.ControlSeq)}); !res.Done || res.State.Status != models.StatusStopped {
		t.Errorf("stop: %+v", res)
	}
}
