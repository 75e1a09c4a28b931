package api_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"go.temporal.io/sdk/testsuite"

	"herald/activities"
	"herald/models"
	"herald/workflows"
)

// worker runs the activities that send campaigns, without Temporal: what is committed is the same.
type worker struct {
	h   *harness
	env *testsuite.TestActivityEnvironment
}

func (h *harness) worker() *worker {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(noLog{})
	w := &worker{h: h, env: suite.NewTestActivityEnvironment()}
	acts := activities.New(activities.Config{Store: h.store, Launcher: noTemporal{}, Log: slog.New(slog.DiscardHandler)})
	acts.RegisterSteps(w.env)
	acts.RegisterSending(w.env)
	return w
}

// deliver starts a campaign and sends all its messages.
func (w *worker) deliver(t *testing.T, id string) {
	t.Helper()
	w.h.mustCall(t, 201, "POST", "/campaigns/"+id+"/start", nil)
	c, err := w.h.store.Campaign(t.Context(), w.h.app.PK, id)
	if err != nil {
		t.Fatal(err)
	}
	ref := workflows.Ref{AppPK: c.AppPK, CampaignID: c.ID}
	begun := execute[workflows.BeginResult](t, w, workflows.ActivityBegin, workflows.BeginInput{StepInput: workflows.StepInput{Ref: ref, Seen: c.ControlSeq}})
	for source := range begun.Plan.Sources {
		const last = "\U0010FFFF" // past every key
		in := workflows.BatchInput{Ref: ref, Source: source, Through: last, Size: begun.Plan.CommitSize}
		if res := execute[workflows.BatchResult](t, w, workflows.ActivitySendBatch, in); res.Held {
			t.Fatalf("campaign %s is held: %+v", id, res)
		}
	}
}

func execute[T any](t *testing.T, w *worker, activity string, in any) T {
	t.Helper()
	var out T
	value, err := w.env.ExecuteActivity(activity, in)
	if err == nil {
		err = value.Get(&out)
	}
	if err != nil {
		t.Fatalf("%s: %v", activity, err)
	}
	return out
}

// noTemporal is a Temporal that does not answer; to send, none is asked.
type noTemporal struct{}

var errNoTemporal = errors.New("there is no Temporal here")

func (noTemporal) Start(context.Context, models.Campaign) error { return errNoTemporal }
func (noTemporal) Control(context.Context, models.Campaign, models.Action) error {
	return errNoTemporal
}
func (noTemporal) StartTask(context.Context, models.Task) error { return errNoTemporal }
func (noTemporal) Standing(context.Context, models.Campaign) (workflows.ExecutionStatus, error) {
	return workflows.ExecutionUnknown, errNoTemporal
}

func (noTemporal) TaskStanding(context.Context, models.Task) (workflows.ExecutionStatus, error) {
	return workflows.ExecutionUnknown, errNoTemporal
}

type noLog struct{}

func (noLog) Debug(string, ...any) {}
func (noLog) Info(string, ...any)  {}
func (noLog) Warn(string, ...any)  {}
func (noLog) Error(string, ...any) {}
