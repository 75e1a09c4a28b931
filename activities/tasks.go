package activities

import (
	"context"
	"encoding/json"
	"fmt"

	"go.temporal.io/sdk/activity"

	"herald/models"
	"herald/workflows"
)

// RunTask does what a pending task says and completes it. It may be repeated, by several workers at once too: what is
// done is found done.
func (a *Activities) RunTask(ctx context.Context, in workflows.TaskInput) error {
	defer alive(ctx)()
	ctx, cancel := untilStop(ctx)
	defer cancel()
	task, err := a.Store.Task(ctx, in.AppPK, in.TaskID)
	if isCode(err, models.CodeNotFound) || err == nil && task.Status != models.TaskPending {
		return nil
	}
	if err != nil {
		return err
	}
	about, err := a.work(ctx, task)
	if err != nil {
		return fmt.Errorf("task %d/%s: %w", task.AppPK, task.ID, err)
	}
	return a.Store.CompleteTask(ctx, task.AppPK, task.ID, about)
}

// untilStop gives a context that ends when the worker is told to stop: a task may take hours, and another worker goes on
// with it.
func untilStop(ctx context.Context) (context.Context, context.CancelFunc) {
	stop := activity.GetWorkerStopChannel(ctx)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// work does a task, and gives the ids it was about.
func (a *Activities) work(ctx context.Context, task models.Task) ([]string, error) {
	switch task.Kind {
	case models.TaskDeleteUsers:
		var d models.UserDeletion
		if err := json.Unmarshal(task.Args, &d); err != nil {
			return nil, fmt.Errorf("read its arguments: %w", err)
		}
		return d.UserIDs, a.Store.FinishDeletingUsers(ctx, task.AppPK, d, task.CreatedAt)
	case models.TaskDeleteChannels:
		var d models.ChannelDeletion
		if err := json.Unmarshal(task.Args, &d); err != nil {
			return nil, fmt.Errorf("read its arguments: %w", err)
		}
		return d.CIDs, a.Store.FinishDeletingChannels(ctx, task.AppPK, d.CIDs, task.CreatedAt)
	default: // of a newer version, whose worker will take it up
		return nil, fmt.Errorf("this version cannot do %q", task.Kind)
	}
}
