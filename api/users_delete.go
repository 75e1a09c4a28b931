package api

import (
	"context"

	"herald/api/request"
	"herald/models"
	"herald/wire"
)

// readIDs reads the users or channels that a deletion or (de)activation names: 1 to models.MaxIDsPerDeletion.
func readIDs(f *request.Object, name string) []string {
	f.Require(name)
	ids := f.Strings(name, models.MaxIDsPerDeletion)
	if ids != nil && len(ids) == 0 {
		f.Invalid(name, "must have 1 to %d elements", models.MaxIDsPerDeletion)
	}
	return ids
}

func (s *Server) deleteUsers(ctx context.Context, c *call) (*wire.Object, error) {
	const soft, pruning, hard = string(models.DeleteSoft), string(models.DeletePruning), string(models.DeleteHard)
	f := c.fields()
	d := models.UserDeletion{
		UserIDs:       readIDs(f, "user_ids"),
		User:          models.Deletion(f.String("user", request.OneOf("", soft, pruning, hard))),
		Messages:      models.Deletion(f.String("messages", request.OneOf("", soft, pruning, hard))),
		Conversations: models.Deletion(f.String("conversations", request.OneOf("", soft, hard))),
		NewOwner:      f.String("new_channel_owner_id"),
	}
	if d.User == "" {
		d.User = models.DeleteSoft
	}
	if d.User == models.DeleteHard && d.Messages != models.DeleteHard {
		f.Invalid("messages", "must be %q where user is", hard)
	}
	if d.User == models.DeleteHard && d.Conversations != models.DeleteHard {
		f.Invalid("conversations", "must be %q where user is", hard)
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	task, err := s.taskOf(ctx, c, func() (models.Task, error) {
		_, task, err := s.store.DeleteUsers(ctx, c.app.PK, d)
		return task, err
	})
	if err != nil {
		return nil, err
	}
	s.startTask(ctx, task)
	return wire.NewObject().Set("task_id", task.ID), nil
}

func (s *Server) deleteUser(ctx context.Context, c *call) (*wire.Object, error) {
	user, err := s.store.User(ctx, c.app.PK, c.param("id"))
	if err == nil && user.DeletedAt != nil {
		err = models.NotFound("user", user.ID)
	}
	if err != nil {
		return nil, err
	}
	q := c.query()
	d := models.UserDeletion{UserIDs: []string{user.ID}, User: models.DeleteSoft}
	if q.Bool("mark_messages_deleted") {
		d.Messages = models.DeleteSoft
	}
	if q.Bool("hard_delete") {
		d.User, d.Messages, d.Conversations = models.DeleteHard, models.DeleteHard, models.DeleteHard
	}
	if err := q.Err(); err != nil {
		return nil, err
	}
	users, task, err := s.store.DeleteUsers(ctx, c.app.PK, d)
	if err != nil {
		return nil, err
	}
	s.startTask(ctx, task)
	return wire.NewObject().Set("user", wire.User(users[0])), nil
}
