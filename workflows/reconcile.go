package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"herald/models"
)

// ReconcileEvery is how often the schedule runs Reconcile.
const ReconcileEvery = time.Minute

// ReconcileInput is the input of the activity Reconcile.
type ReconcileInput struct {
	After models.Position `json:"after"` // where the last run came to in asking after workflows
}

// ReconcileResult says what was repaired.
type ReconcileResult struct {
	Repeated int              `json:"repeated"`          // signals sent again
	Started  int              `json:"started,omitempty"` // workflows started because there was none
	Closed   []ClosedCampaign `json:"closed,omitempty"`  // campaigns stopped because their workflow had ended
	Failed   int              `json:"failed,omitempty"`  // campaigns and tasks that could not be helped this time; the worker's log says why
	Next     models.Position  `json:"next"`              // where the next run goes on; zero: from the beginning

	TasksStarted int `json:"tasks_started,omitempty"` // workflows of tasks started because there was none
	TasksFailed  int `json:"tasks_failed,omitempty"`  // tasks failed because somebody had ended their workflow
}

// ClosedCampaign is a campaign that was stopped because its workflow had ended without it.
type ClosedCampaign struct {
	Ref
	Workflow ExecutionStatus `json:"workflow"` // how it ended
}

// Reconcile repairs what came apart between Postgres and Temporal. A campaign's row and its workflow cannot be written in
// one transaction: a start or a signal that did not arrive shows by a control that the workflow has not acknowledged. And
// people end workflows by hand: that shows only by asking after them, which the runs of the schedule do in turn, each
// going on where the last one came to. Tasks come apart in the same ways.
func Reconcile(ctx workflow.Context) (ReconcileResult, error) {
	var last ReconcileResult
	if workflow.HasLastCompletionResult(ctx) {
		if err := workflow.GetLastCompletionResult(ctx, &last); err != nil {
			workflow.GetLogger(ctx).Warn("The last run's result is not readable, asking from the beginning", "error", err)
			last = ReconcileResult{}
		}
	}
	var res ReconcileResult
	err := workflow.ExecuteActivity(steps(ctx, "compare rows with workflows"), ActivityReconcile, ReconcileInput{After: last.Next}).Get(ctx, &res)
	workflow.SetCurrentDetails(ctx, res.details())
	return res, err
}

// details is what the Web UI shows of a run.
func (r ReconcileResult) details() string {
	lines := []string{fmt.Sprintf("%d signals repeated, %d workflows started, %d campaigns stopped, %d failures\n", r.Repeated, r.Started, len(r.Closed), r.Failed)}
	for _, c := range r.Closed {
		lines = append(lines, fmt.Sprintf("- stopped campaign `%s` of app %d: its workflow's status is %s", c.CampaignID, c.AppPK, c.Workflow))
	}
	if r.TasksStarted > 0 || r.TasksFailed > 0 {
		lines = append(lines, fmt.Sprintf("- %d tasks started, %d failed", r.TasksStarted, r.TasksFailed))
	}
	return strings.Join(lines, "\n")
}
