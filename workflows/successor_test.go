package workflows_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"herald/models"
	"herald/workflows"
)

// A workflow that hears late of its campaign's deletion, when there is a draft of the same id, ends. The draft is not
// its own, and nothing that it could do to it succeeds.
func TestDraftOfTheSameID(t *testing.T) {
	tr := newTrial(t, newRow(people(4)))
	tr.row.startAt(in(day), nil)
	begins := 0
	tr.prepare = func(env *testsuite.TestWorkflowEnvironment) {
		env.OnActivity(workflows.ActivityBegin, mock.Anything, mock.Anything).Return(
			func(context.Context, workflows.BeginInput) (workflows.BeginResult, error) {
				begins++
				if begins > 3 { // it would go on for ever
					return workflows.BeginResult{}, temporal.NewNonRetryableApplicationError("again and again", "test", nil)
				}
				return workflows.BeginResult{StepResult: workflows.StepResult{State: tr.row.snapshot()}}, nil
			}).Maybe()
	}
	tr.at(time.Hour, func() {
		tr.row.must(control{action: models.ActionDelete})
		tr.row.createAgain()
		tr.signal(workflows.SignalResume, nil)
	})
	tr.run()
	if begins != 0 || tr.env.Now().Sub(morning) > 2*time.Hour {
		t.Errorf("it began %d times, and ended %v after the start", begins, tr.env.Now().Sub(morning))
	}
}

// A campaign that is created and started under the id of a deleted one, while the workflow of that one is about to end,
// is sent by it.
func TestStartOfTheSameID(t *testing.T) {
	for name, end := range map[string]func(tr *trial){
		"the deletion was heard of": func(tr *trial) {
			tr.api(control{action: models.ActionDelete})
			tr.row.createAgain()
		},
		"a draft was found": func(tr *trial) {
			tr.row.must(control{action: models.ActionDelete})
			tr.row.createAgain()
			tr.signal(workflows.SignalResume, nil)
		},
		"nothing was found": func(tr *trial) {
			tr.row.must(control{action: models.ActionDelete})
			tr.signal(workflows.SignalPause, nil)
			tr.signal(workflows.SignalResume, nil)
			tr.env.RegisterDelayedCallback(tr.row.createAgain, 15*time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			tr := newTrial(t, newRow(people(4)))
			tr.row.startAt(in(day), in(2*day))
			tr.prepare = func(env *testsuite.TestWorkflowEnvironment) { // time enough to be started
				env.OnActivity(workflows.ActivityAcknowledge, mock.Anything, mock.Anything).After(time.Minute).Return(tr.row.Acknowledge)
				env.OnActivity(workflows.ActivityControl, mock.Anything, mock.Anything).After(10 * time.Second).Return(tr.row.Control)
			}
			tr.at(time.Hour, func() { end(tr) })
			tr.at(time.Hour+18*time.Second, func() {
				tr.api(control{action: models.ActionSchedule, scheduledFor: in(3 * day)})
			})
			got := tr.run()
			if got.Status != models.StatusCompleted || got.Counts.Sent != 4 || len(tr.inputs) != 2 {
				t.Errorf("%+v after %d runs", got, len(tr.inputs))
			}
			if began := tr.row.began; len(began) != 1 || began[0].Before(morning.Add(3*day)) {
				t.Errorf("it began at %v", began)
			}
		})
	}
}
