package api

import (
	"context"
	"encoding/json"
	"net/http"

	"herald/api/request"
	"herald/filter"
	"herald/models"
	"herald/models/store"
	"herald/wire"
)

const (
	defaultListLimit = 30 // contract 7.4 and 9.2
	maxListLimit     = 100
)

func (s *Server) segmentRoutes() []route {
	return []route{
		{operation: "CreateSegment", method: http.MethodPost, path: "/segments", handle: s.createSegment},
		{operation: "QuerySegments", method: http.MethodPost, path: "/segments/query", handle: s.querySegments},
		{operation: "GetSegment", method: http.MethodGet, path: "/segments/:id", handle: s.getSegment},
		{operation: "UpdateSegment", method: http.MethodPut, path: "/segments/:id", handle: s.updateSegment},
		{operation: "DeleteSegment", method: http.MethodDelete, path: "/segments/:id", handle: s.deleteSegment},
		{operation: "AddSegmentTargets", method: http.MethodPost, path: "/segments/:id/addtargets", handle: s.addTargets},
		{operation: "DeleteSegmentTargets", method: http.MethodPost, path: "/segments/:id/deletetargets", handle: s.deleteTargets},
		{operation: "SegmentTargetExists", method: http.MethodGet, path: "/segments/:id/target/:target", handle: s.targetExists},
		{operation: "QuerySegmentTargets", method: http.MethodPost, path: "/segments/:id/targets/query", handle: s.queryTargets},
	}
}

// unwrapped gives the body, or the object in it that older SDKs wrap everything in: {"segment": {...}} (contract 13).
// beside is the key that tells a body which is no wrapper.
func unwrapped(f *request.Object, wrapper, beside string) *request.Object {
	if f.Has(wrapper) && !f.Has(beside) {
		return f.Object(wrapper)
	}
	return f
}

func (s *Server) createSegment(ctx context.Context, c *call) (*wire.Object, error) {
	f := unwrapped(c.fields(), "segment", "type")
	f.Require("type")
	seg := models.Segment{
		AppPK:             c.app.PK,
		ID:                newID(f),
		Type:              f.String("type", request.OneOf(models.SegmentUser, models.SegmentChannel)),
		Name:              f.String("name", request.MaxChars(models.MaxSegmentNameLength)),
		Description:       f.String("description", request.MaxChars(models.MaxSegmentDescriptionLength)),
		AllUsers:          f.Bool("all_users", false),
		AllSenderChannels: f.Bool("all_sender_channels", false),
	}
	seg.Filter = readSegmentFilter(f, seg.Type)
	if seg.AllUsers && seg.Type == models.SegmentChannel {
		f.Invalid("all_users", "is for segments of type user only")
	}
	if seg.AllSenderChannels && seg.Type == models.SegmentUser {
		f.Invalid("all_sender_channels", "is for segments of type channel only")
	}
	if f.Has("filter") && (seg.AllUsers || seg.AllSenderChannels) {
		f.Invalid("filter", "can't be given together with all_users or all_sender_channels")
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if seg.ID == "" {
		seg.ID = c.newID("segment")
	}
	if c.carriedOut() {
		return s.showSegment(ctx, c, seg.ID)
	}
	created, err := s.store.CreateSegment(ctx, seg)
	if err != nil {
		return nil, err
	}
	s.sizes.RequestStale(created, s.now())
	return segmentAnswer(created), nil
}

// readSegmentFilter reads the filter of a segment of this type; nil when absent.
func readSegmentFilter(f *request.Object, segmentType string) json.RawMessage {
	raw := f.Raw("filter")
	if raw == nil {
		return nil
	}
	entity := filter.Users
	switch segmentType {
	case models.SegmentUser:
	case models.SegmentChannel:
		entity = filter.Channels
	default:
		return nil // the type is invalid, and what its filter may say unknown
	}
	parsed, err := filter.Parse(entity, "filter", raw)
	noteErrors(f, err)
	if err == nil && parsed.Empty() {
		f.Invalid("filter", "must have at least one key; all_users and all_sender_channels leave nobody out")
	}
	return raw
}

func (s *Server) getSegment(ctx context.Context, c *call) (*wire.Object, error) {
	return s.showSegment(ctx, c, c.param("id"))
}

func (s *Server) showSegment(ctx context.Context, c *call, id string) (*wire.Object, error) {
	seg, err := s.store.Segment(ctx, c.app.PK, id)
	if err != nil {
		return nil, err
	}
	s.sizes.RequestStale(seg, s.now())
	return segmentAnswer(seg), nil
}

func (s *Server) updateSegment(ctx context.Context, c *call) (*wire.Object, error) {
	seg, err := s.store.Segment(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	f := unwrapped(c.fields(), "segment", "type")
	change := store.SegmentChange{
		Name:        f.OptionalString("name", request.MaxChars(models.MaxSegmentNameLength)),
		Description: f.OptionalString("description", request.MaxChars(models.MaxSegmentDescriptionLength)),
		Filter:      readSegmentFilter(f, seg.Type),
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	updated, err := s.store.UpdateSegment(ctx, c.app.PK, seg.ID, change)
	if err != nil {
		return nil, err
	}
	if change.Filter != nil {
		s.sizes.Request(updated.AppPK, updated.PK)
	}
	return segmentAnswer(updated), nil
}

func (s *Server) deleteSegment(ctx context.Context, c *call) (*wire.Object, error) {
	return wire.NewObject(), s.store.DeleteSegment(ctx, c.app.PK, c.param("id"))
}

func (s *Server) querySegments(ctx context.Context, c *call) (*wire.Object, error) {
	f := c.fields()
	q := readList(c, f, filter.Segments, "QuerySegments", defaultListLimit, maxListLimit)
	if err := f.Err(); err != nil {
		return nil, err
	}
	page, err := s.store.QuerySegments(ctx, c.app.PK, q.Query)
	if err != nil {
		return nil, badCursor(err)
	}
	list := make([]*wire.Object, len(page.Rows))
	for i, seg := range page.Rows {
		list[i] = wire.Segment(seg)
	}
	return q.setPager(wire.NewObject().Set("segments", list), page.Prev, page.Next), nil
}

func segmentAnswer(seg models.Segment) *wire.Object {
	return wire.NewObject().Set("segment", wire.Segment(seg))
}
