package api

import (
	"context"

	"herald/models"
	"herald/wire"
)

func (s *Server) deactivateUser(ctx context.Context, c *call) (*wire.Object, error) {
	return s.setUserActive(ctx, c, s.store.DeactivateUser)
}

func (s *Server) reactivateUser(ctx context.Context, c *call) (*wire.Object, error) {
	return s.setUserActive(ctx, c, s.store.ReactivateUser)
}

func (s *Server) setUserActive(ctx context.Context, c *call, set func(ctx context.Context, appPK int64, id string) (models.User, error)) (*wire.Object, error) {
	if c.carriedOut() {
		set = s.store.User
	}
	user, err := set(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("user", wire.User(user)), nil
}

func (s *Server) deactivateUsers(ctx context.Context, c *call) (*wire.Object, error) {
	return s.setUsersActive(ctx, c, false)
}

func (s *Server) reactivateUsers(ctx context.Context, c *call) (*wire.Object, error) {
	return s.setUsersActive(ctx, c, true)
}

func (s *Server) setUsersActive(ctx context.Context, c *call, active bool) (*wire.Object, error) {
	f := c.fields()
	ids := readIDs(f, "user_ids")
	if err := f.Err(); err != nil {
		return nil, err
	}
	task, err := s.taskOf(ctx, c, func() (models.Task, error) {
		return s.store.SetUsersActive(ctx, c.app.PK, ids, active)
	})
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("task_id", task.ID), nil
}
