package workflows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"

	"herald/models"
)

// Execution is what Temporal knows of a campaign's workflow.
type Execution struct {
	WorkflowID string
	RunID      string          // empty when Temporal does not answer
	Status     ExecutionStatus // of the newest run
	Progress   *Progress       // nil when no worker answers in time
}

// ExecutionStatus is how a workflow stands (contract 12.5).
type ExecutionStatus string

// The execution statuses.
const (
	ExecutionRunning    ExecutionStatus = "running"
	ExecutionCompleted  ExecutionStatus = "completed"
	ExecutionFailed     ExecutionStatus = "failed"
	ExecutionCanceled   ExecutionStatus = "canceled"
	ExecutionTerminated ExecutionStatus = "terminated"
	ExecutionTimedOut   ExecutionStatus = "timed_out"
	ExecutionUnknown    ExecutionStatus = "unknown" // Temporal does not answer, or has forgotten the workflow
)

var executionStatuses = map[enums.WorkflowExecutionStatus]ExecutionStatus{
	enums.WORKFLOW_EXECUTION_STATUS_RUNNING:          ExecutionRunning,
	enums.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW: ExecutionRunning,
	enums.WORKFLOW_EXECUTION_STATUS_PAUSED:           ExecutionRunning, // Temporal's own pause
	enums.WORKFLOW_EXECUTION_STATUS_COMPLETED:        ExecutionCompleted,
	enums.WORKFLOW_EXECUTION_STATUS_FAILED:           ExecutionFailed,
	enums.WORKFLOW_EXECUTION_STATUS_CANCELED:         ExecutionCanceled,
	enums.WORKFLOW_EXECUTION_STATUS_TERMINATED:       ExecutionTerminated,
	enums.WORKFLOW_EXECUTION_STATUS_TIMED_OUT:        ExecutionTimedOut,
}

// executionPatience is how long each of Temporal and a worker may take to answer.
const executionPatience = 2 * time.Second

// Execution asks Temporal how a campaign's workflow stands, and the workflow itself how far it is. What does not answer
// is left out, so there is no error.
func (l Launcher) Execution(ctx context.Context, c models.Campaign) Execution {
	e := Execution{WorkflowID: CampaignWorkflowID(c.AppPK, c.ID), Status: ExecutionUnknown}
	asking, cancel := context.WithTimeout(ctx, executionPatience)
	defer cancel()
	described, err := l.Client.DescribeWorkflowExecution(asking, e.WorkflowID, "")
	if err != nil {
		return e
	}
	info := described.GetWorkflowExecutionInfo()
	e.RunID = info.GetExecution().GetRunId()
	if status, ok := executionStatuses[info.GetStatus()]; ok {
		e.Status = status
	}
	asking, cancel = context.WithTimeout(ctx, executionPatience)
	defer cancel()
	answer, err := l.Client.QueryWorkflow(asking, e.WorkflowID, e.RunID, QueryProgress)
	if err != nil {
		return e
	}
	var p Progress
	if answer.Get(&p) == nil {
		e.Progress = &p
	}
	return e
}

// clockSkew is how far the clocks of Temporal and Postgres may be apart.
const clockSkew = 10 * time.Second

// Standing asks Temporal how a campaign's workflow stands. ExecutionUnknown means that Temporal knows of none: a run
// from before the campaign was created belonged to a deleted one of the same id.
func (l Launcher) Standing(ctx context.Context, c models.Campaign) (ExecutionStatus, error) {
	return l.standing(ctx, CampaignWorkflowID(c.AppPK, c.ID), c.CreatedAt)
}

// TaskStanding asks Temporal how a task's workflow stands. ExecutionUnknown means that Temporal knows of none.
func (l Launcher) TaskStanding(ctx context.Context, task models.Task) (ExecutionStatus, error) {
	return l.standing(ctx, TaskWorkflowID(task.AppPK, task.ID), task.CreatedAt)
}

func (l Launcher) standing(ctx context.Context, id string, since time.Time) (ExecutionStatus, error) {
	asking, cancel := context.WithTimeout(ctx, executionPatience)
	defer cancel()
	described, err := l.Client.DescribeWorkflowExecution(asking, id, "")
	var unknown *serviceerror.NotFound
	if errors.As(err, &unknown) {
		return ExecutionUnknown, nil
	}
	if err != nil {
		return ExecutionUnknown, fmt.Errorf("ask after the workflow %s: %w", id, err)
	}
	info := described.GetWorkflowExecutionInfo()
	status, ok := executionStatuses[info.GetStatus()]
	switch {
	case !ok:
		return ExecutionUnknown, fmt.Errorf("ask after the workflow %s: status %s", id, info.GetStatus())
	case status != ExecutionRunning && info.GetStartTime().AsTime().Before(since.Add(-clockSkew)):
		return ExecutionUnknown, nil
	default:
		return status, nil
	}
}
