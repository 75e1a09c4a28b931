package workflows

import (
	"go.temporal.io/sdk/workflow"

	"herald/models"
)

// TaskInput is the input of Task and of the activity RunTask.
type TaskInput struct {
	AppPK  int64           `json:"app_pk"`
	TaskID string          `json:"task_id"`
	Kind   models.TaskKind `json:"kind"`
}

// Task carries out what a request began and did not wait for, say the deletion of a user with a million messages. The
// task's row says what is to be done, and in the end that it was; the workflow only sees to it that somebody does it,
// however often a worker is killed meanwhile. Whoever ends the workflow by hand fails the task, once the reconciler comes
// by; what was done until then stays done.
func Task(ctx workflow.Context, in TaskInput) error {
	return workflow.ExecuteActivity(works(ctx, string(in.Kind)), ActivityRunTask, in).Get(ctx, nil)
}
