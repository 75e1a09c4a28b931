package activities

import (
	"context"
	"fmt"

	"herald/models"
	"herald/workflows"
)

// reconcileTasks sees to tasks that are pending for longer than a start takes: most are at work. The workflow of one
// whose start was lost is started; one whose workflow somebody ended has failed.
func (a *Activities) reconcileTasks(ctx context.Context, res *workflows.ReconcileResult) error {
	tasks, err := a.Store.PendingTasks(ctx, reconcileGrace, reconcileLimit)
	if err != nil {
		return err
	}
	for _, task := range tasks {
		if err := a.reconcileTask(ctx, task, res); err != nil {
			res.Failed++
			a.Log.ErrorContext(ctx, "a task could not be reconciled with its workflow", "app", task.AppPK, "task", task.ID, "error", err)
		}
	}
	return nil
}

// errorTypeWorkflow is the type of the error of a task whose workflow has ended without it.
const errorTypeWorkflow = "workflow_ended"

func (a *Activities) reconcileTask(ctx context.Context, task models.Task, res *workflows.ReconcileResult) error {
	standing, err := a.Launcher.TaskStanding(ctx, task)
	if err != nil {
		return err
	}
	switch standing {
	case workflows.ExecutionRunning:
		return nil
	case workflows.ExecutionTerminated, workflows.ExecutionFailed, workflows.ExecutionTimedOut, workflows.ExecutionCanceled:
		if err := a.Store.FailTask(ctx, task.AppPK, task.ID, errorTypeWorkflow, fmt.Sprintf("the workflow of the task was ended: %s", standing)); err != nil {
			return err
		}
		res.TasksFailed++
		a.Log.WarnContext(ctx, "failed a task whose workflow has ended without it", "app", task.AppPK, "task", task.ID, "workflow", standing)
		return nil
	default:
		if err := a.Launcher.StartTask(ctx, task); err != nil {
			return err
		}
		res.TasksStarted++
		a.Log.WarnContext(ctx, "started the workflow of a task that had none", "app", task.AppPK, "task", task.ID, "workflow", standing)
		return nil
	}
}
