package api

import "context"

func (s *Server) deactivateUser(ctx context.Context, c *call) (*object, error) {
	user, err := s.store.DeactivateUser(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	return newObject().set("user", encodeUser(user)), nil
}

func (s *Server) reactivateUser(ctx context.Context, c *call) (*object, error) {
	user, err := s.store.ReactivateUser(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	return newObject().set("user", encodeUser(user)), nil
}

func (s *Server) deactivateUsers(ctx context.Context, c *call) (*object, error) {
	return s.setUsersActive(ctx, c, false)
}

func (s *Server) reactivateUsers(ctx context.Context, c *call) (*object, error) {
	return s.setUsersActive(ctx, c, true)
}

func (s *Server) setUsersActive(ctx context.Context, c *call, active bool) (*object, error) {
	f := c.fields()
	ids := readIDs(f, "user_ids")
	if err := f.Err(); err != nil {
		return nil, err
	}
	task, err := s.store.SetUsersActive(ctx, c.app.PK, ids, active)
	if err != nil {
		return nil, err
	}
	return newObject().set("task_id", task.ID), nil
}
