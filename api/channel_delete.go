package api

import (
	"context"

	"herald/models"
	"herald/wire"
)

func (s *Server) deleteChannel(ctx context.Context, c *call) (*wire.Object, error) {
	channel, err := s.pathChannel(ctx, c)
	if err != nil {
		return nil, err
	}
	q := c.query()
	hard := q.Bool("hard_delete")
	if err := q.Err(); err != nil {
		return nil, err
	}
	deleted, task, err := s.store.DeleteChannels(ctx, c.app.PK, []string{channel.CID}, hard)
	if err != nil {
		return nil, err
	}
	s.startTask(ctx, task)
	users, err := s.store.Users(ctx, c.app.PK, []string{channel.CreatedBy})
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("channel", wire.Channel(deleted[0], users, wire.Viewer{})), nil
}

func (s *Server) deleteChannels(ctx context.Context, c *call) (*wire.Object, error) {
	f := c.fields()
	cids := readIDs(f, "cids")
	hard := f.Bool("hard_delete", false)
	if err := f.Err(); err != nil {
		return nil, err
	}
	task, err := s.taskOf(ctx, c, func() (models.Task, error) {
		_, task, err := s.store.DeleteChannels(ctx, c.app.PK, cids, hard)
		return task, err
	})
	if err != nil {
		return nil, err
	}
	s.startTask(ctx, task)
	return wire.NewObject().Set("task_id", task.ID).Set("result", wire.NewObject()), nil
}
