package api

import (
	"context"

	"herald/api/request"
	"herald/filter"
	"herald/models"
	"herald/wire"
)

func (s *Server) addTargets(ctx context.Context, c *call) (*wire.Object, error) {
	return s.changeTargets(ctx, c, models.MaxTargetsPerAdd, s.store.AddTargets, targetRule)
}

func (s *Server) deleteTargets(ctx context.Context, c *call) (*wire.Object, error) {
	return s.changeTargets(ctx, c, models.MaxTargetsPerDelete, s.store.DeleteTargets)
}

var targetRule = request.Matching(models.ValidTarget, "must be 1 to 255 characters, none of them a control character")

type targetChange func(ctx context.Context, appPK int64, segmentID string, targetIDs []string) error

func (s *Server) changeTargets(ctx context.Context, c *call, limit int, change targetChange, rules ...request.Rule) (*wire.Object, error) {
	seg, err := s.store.Segment(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	f := c.fields()
	f.Require("target_ids")
	ids := f.Strings("target_ids", limit, rules...)
	if f.Has("target_ids") && !nonEmptyList(f, "target_ids") {
		f.Invalid("target_ids", "must have 1 to %d elements", limit)
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if c.carriedOut() {
		return wire.NewObject(), nil
	}
	return wire.NewObject(), change(ctx, c.app.PK, seg.ID, ids)
}

func (s *Server) targetExists(ctx context.Context, c *call) (*wire.Object, error) {
	exists, err := s.store.TargetExists(ctx, c.app.PK, c.param("id"), c.param("target"))
	if err != nil {
		return nil, err
	}
	if !exists {
		return nil, models.NotFound("target", c.param("target"))
	}
	return wire.NewObject(), nil
}

const maxTargetsLimit = 10_000 // contract 9.2

func (s *Server) queryTargets(ctx context.Context, c *call) (*wire.Object, error) {
	seg, err := s.store.Segment(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	f := c.fields()
	q := readList(c, f, filter.Targets, "QuerySegmentTargets/"+seg.ID, defaultListLimit, maxTargetsLimit)
	if err := f.Err(); err != nil {
		return nil, err
	}
	page, err := s.store.QueryTargets(ctx, seg, q.Query)
	if err != nil {
		return nil, badCursor(err)
	}
	list := make([]*wire.Object, len(page.Rows))
	for i, t := range page.Rows {
		list[i] = wire.Target(c.app.PK, seg.ID, t)
	}
	return q.setPager(wire.NewObject().Set("targets", list), page.Prev, page.Next), nil
}
