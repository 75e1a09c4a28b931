package api

import (
	"context"
	"net/http"

	"herald/models"
	"herald/wire"
)

func (s *Server) taskRoutes() []route {
	return []route{{operation: "GetTask", method: http.MethodGet, path: "/tasks/:id", handle: s.getTask}}
}

func (s *Server) getTask(ctx context.Context, c *call) (*wire.Object, error) {
	task, err := s.store.Task(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	o := wire.NewObject().Set("task_id", task.ID).Set("status", string(task.Status)).
		Set("created_at", task.CreatedAt).Set("updated_at", task.UpdatedAt)
	if len(task.Result) > 0 {
		o.Set("result", task.Result)
	}
	if task.Status == models.TaskFailed {
		o.Set("error", wire.NewObject().Set("type", task.ErrorType).Set("description", task.ErrorDescription))
	}
	return o, nil
}

// taskOf gives the task that a call begins, or began in an earlier attempt.
func (s *Server) taskOf(ctx context.Context, c *call, begin func() (models.Task, error)) (models.Task, error) {
	if c.carriedOut() {
		return s.store.Task(ctx, c.app.PK, c.claim.TaskID())
	}
	return begin()
}

// startTask has a task carried out that was recorded, even where the client has gone away meanwhile.
func (s *Server) startTask(ctx context.Context, task models.Task) {
	if task.Status != models.TaskPending {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), runsTimeout)
	defer cancel()
	if err := s.runs.StartTask(ctx, task); err != nil {
		s.log.WarnContext(ctx, "a task's workflow was not started; the reconciler will", "app", task.AppPK, "task", task.ID, "error", err)
	}
}
