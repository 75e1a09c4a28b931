package workflows_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"herald/models"
	"herald/workflows"
)

// Pages of one recipient that take no time: what counts is how many there are.
func TestContinuesAsNewAfter500Pages(t *testing.T) {
	all := people(520)
	tr := newTrial(t, newRow(all[:10], all[10:]))
	tr.row.batchSize, tr.row.perPage, tr.instant = 1, 1, true
	start := tr.row.startAt(nil, in(day))
	got := tr.run()
	if want := (workflows.CampaignResult{Status: models.StatusCompleted, Pages: 520, Counts: models.Counts{Sent: 520}}); got != want {
		t.Error(cmp.Diff(want, got))
	}
	if len(tr.inputs) != 2 {
		t.Fatalf("%d runs, want 2", len(tr.inputs))
	}
	want := workflows.CampaignInput{
		Ref: ref, Name: "Spring | sale", State: start,
		Carried: &workflows.Carried{
			Plan:   workflows.Plan{Sources: 2, Recipients: 520, PageSize: 1, BatchSize: 1, CommitSize: 1, Target: models.SegmentUser},
			Cursor: workflows.Cursor{Source: 1, After: all[509]}, // the ten pages of the first segment, then twenty at a time
			Pages:  510, Done: 500, Numbers: 500, Counts: models.Counts{Sent: 500}, Acked: start.ControlSeq,
		},
	}
	for _, key := range all[500:510] {
		want.Carried.Queue = append(want.Carried.Queue, workflows.PageRange{
			Source: 1, After: all[slices.Index(all, key)-1], Batches: []workflows.BatchBound{{Through: key, Count: 1}},
		})
	}
	if diff := cmp.Diff(want, tr.inputs[1]); diff != "" {
		t.Error(diff)
	}
	if n := tr.row.calls(workflows.ActivityBegin); n != 1 {
		t.Errorf("begun %d times", n)
	}
}

// suggest has the server suggest a new run, in the first run only.
func suggest(tr *trial, after time.Duration) {
	tr.at(after, func() { tr.env.SetContinueAsNewSuggested(true) })
}

func TestContinuesAsNewWhenSuggested(t *testing.T) {
	tr := newTrial(t, newRow(people(200)))
	tr.row.startAt(nil, nil)
	suggest(tr, 1500*time.Millisecond)
	if got := tr.run(); got.Pages != 50 || got.Counts.Sent != 200 {
		t.Errorf("ended as %+v", got)
	}
	if len(tr.inputs) != 2 {
		t.Fatalf("%d runs, want 2", len(tr.inputs))
	}
	if c := tr.inputs[1].Carried; c.Done != 20 || c.Pages != 40 || len(c.Queue) != 20 {
		t.Errorf("carried %+v", c)
	}
	expectEnded(t, tr.row, models.StatusCompleted, 5*time.Second)
}

// A run that has to end waits for its window to empty. What happens meanwhile is carried over or done.
func TestControlsWhileTheWindowEmpties(t *testing.T) {
	for name, way := range steers {
		t.Run(name, func(t *testing.T) {
			t.Run("paused and resumed", func(t *testing.T) {
				tr := newTrial(t, newRow(people(200)))
				tr.row.perPage = 4
				tr.row.startAt(nil, nil)
				suggest(tr, 100*time.Millisecond)
				tr.at(1500*time.Millisecond, func() { way(tr, control{action: models.ActionPause}) })
				var runs int
				tr.at(day, func() {
					runs = len(tr.inputs)
					way(tr, control{action: models.ActionResume})
				})
				if got := tr.run(); got.Pages != 25 || got.Counts.Sent != 200 {
					t.Errorf("ended as %+v", got)
				}
				if runs != 1 || len(tr.inputs) != 2 {
					t.Errorf("%d runs when resumed, %d in all", runs, len(tr.inputs))
				}
			})
			t.Run("stopped", func(t *testing.T) {
				tr := newTrial(t, newRow(people(200)))
				tr.row.perPage = 4
				tr.row.startAt(nil, nil)
				suggest(tr, 100*time.Millisecond)
				tr.at(1500*time.Millisecond, func() { way(tr, control{action: models.ActionStop}) })
				if got := tr.run(); got.Status != models.StatusStopped || got.Counts.Sent != 40 {
					t.Errorf("ended as %+v", got)
				}
			})
		})
	}
}

// The deadline's timer is set again in each run.
func TestDeadlineInALaterRun(t *testing.T) {
	tr := newTrial(t, newRow(people(400)))
	tr.row.startAt(nil, in(3500*time.Millisecond))
	suggest(tr, 500*time.Millisecond)
	tr.run()
	if len(tr.inputs) != 2 {
		t.Fatalf("%d runs, want 2", len(tr.inputs))
	}
	expectEnded(t, tr.row, models.StatusStopped, 3500*time.Millisecond)
}

// A signal may arrive in the very workflow task in which the run finds that it has to end. The root coroutine runs
// first in a task: without the yield it builds the next run's input before the signal's receiver has run, and the
// signal is lost with the run.
func TestSignalInTheTaskThatEndsTheRun(t *testing.T) {
	signals := map[string]struct {
		action models.Action
		send   func(tr *trial, ctl control)
	}{
		"pause by API": {models.ActionPause, unnoticed(true)},
		"bare pause":   {models.ActionPause, unnoticed(false)},
		"stop by API":  {models.ActionStop, unnoticed(true)},
		"bare stop":    {models.ActionStop, unnoticed(false)},
	}
	ends := map[string]func(tr *trial, signal func()){
		"with the campaign begun": func(tr *trial, signal func()) {
			tr.prepare = func(env *testsuite.TestWorkflowEnvironment) {
				env.OnActivity(workflows.ActivityBegin, mock.Anything, mock.Anything).After(time.Second).Return(
					func(ctx context.Context, in workflows.BeginInput) (workflows.BeginResult, error) {
						defer signal()
						return tr.row.Begin(ctx, in)
					})
			}
		},
		"with the window's last page": func(tr *trial, signal func()) {
			tr.pageEnd = func(ctx workflow.Context, number int) {
				if number == window {
					sleep(ctx, time.Minute)
					signal()
				}
			}
		},
	}
	for end, arrange := range ends {
		for name, s := range signals {
			t.Run(end+"/"+name, func(t *testing.T) {
				tr := newTrial(t, newRow(people(200)))
				tr.row.startAt(nil, nil)
				suggest(tr, 100*time.Millisecond)
				var once sync.Once
				arrange(tr, func() { once.Do(func() { s.send(tr, control{action: s.action}) }) })
				tr.at(day, func() {
					if s.action == models.ActionPause {
						tr.api(control{action: models.ActionResume})
					}
				})
				tr.run()
				if s.action == models.ActionStop {
					if status := tr.row.state.Status; status != models.StatusStopped {
						t.Errorf("ended as %s", status)
					}
					return
				}
				if len(tr.inputs) != 2 {
					t.Fatalf("%d runs, want 2", len(tr.inputs))
				}
				if got := tr.inputs[1].State; got.ControlSeq != 2 || got.Hold != models.HoldPaused {
					t.Errorf("the next run knows %+v, want the pause", got)
				}
			})
		}
	}
}

// unnoticed is a control whose signal waits for the next workflow task.
func unnoticed(byAPI bool) steer {
	return func(tr *trial, ctl control) {
		var body any
		if byAPI {
			body = workflows.ControlSignal{State: ptr(tr.row.must(ctl))}
		}
		tr.env.SignalWorkflowSkippingWorkflowTask(signalNames[ctl.action], body)
	}
}

// The same at a campaign's end: the signal's control is written, if only to be refused.
func TestSignalInTheTaskThatEndsTheCampaign(t *testing.T) {
	tr := newTrial(t, newRow(people(4)))
	tr.row.startAt(nil, nil)
	tr.row.lastStep = func() { unnoticed(false)(tr, control{action: models.ActionStop}) }
	if got := tr.run(); got.Status != models.StatusCompleted {
		t.Errorf("ended as %+v", got)
	}
	if want := []models.Action{models.ActionStop}; !slices.Equal(tr.row.asked, want) {
		t.Errorf("asked for %v, want %v", tr.row.asked, want)
	}
}
