package api

import (
	"context"
	"net/http"

	"herald/api/request"
	"herald/filter"
	"herald/models"
	"herald/models/store"
	"herald/wire"
)

// Limits of what a request for channels may ask for, and what it gets when it does not say (contract 16.2 and 16.3).
const (
	defaultChannelsPerPage = 10
	maxChannelsPerPage     = 30
	defaultMessages        = 25
	maxMessages            = 300
	defaultMembers         = 100
	maxMembers             = 100
)

func (s *Server) channelRoutes() []route {
	return []route{
		{
			operation: "GetOrCreateChannel", method: http.MethodPost, path: "/channels/:type/:id/query",
			usersToo: true, handle: s.getOrCreateChannel,
		},
		{
			operation: "GetOrCreateDistinctChannel", method: http.MethodPost, path: "/channels/:type/query",
			usersToo: true, handle: s.getOrCreateDistinctChannel,
		},
		{operation: "QueryChannels", method: http.MethodPost, path: "/channels", usersToo: true, handle: s.queryChannels},
		{operation: "DeleteChannels", method: http.MethodPost, path: "/channels/delete", handle: s.deleteChannels},
		{operation: "UpdateChannel", method: http.MethodPost, path: "/channels/:type/:id", handle: s.updateChannel},
		{operation: "UpdateChannelPartial", method: http.MethodPatch, path: "/channels/:type/:id", handle: s.updateChannelPartial},
		{operation: "DeleteChannel", method: http.MethodDelete, path: "/channels/:type/:id", handle: s.deleteChannel},
	}
}

// readLimit reads how many of something to give; 0 and absent are the default.
func readLimit(f *request.Object, name string, otherwise, most int) int {
	if n := f.Int(name, 0, most); n > 0 {
		return n
	}
	return otherwise
}

// viewer is the user for whom a request reads channels, if it names one, who must exist.
func (s *Server) viewer(ctx context.Context, c *call, f *request.Object) (wire.Viewer, error) {
	id, err := c.actor(f)
	if err != nil || c.user != nil {
		return wire.Viewer{ID: id, OwnToken: true}, err
	}
	if id != "" {
		users, err := s.store.Users(ctx, c.app.PK, []string{id})
		if err != nil {
			return wire.Viewer{}, err
		}
		if !exists(users, id) {
			f.Invalid("user_id", "names the user %q, who doesn't exist", id)
		}
	}
	return wire.Viewer{ID: id}, nil
}

// exists says whether a user is there and not deleted.
func exists(users map[string]models.User, id string) bool {
	u, ok := users[id]
	return ok && u.DeletedAt == nil
}

// membership gives what a user token's user is in a channel, and refuses those who are no member. It is nil with a server
// token.
func (s *Server) membership(ctx context.Context, c *call, cid string) (*models.Member, error) {
	if c.user == nil {
		return nil, nil
	}
	m, err := s.store.Member(ctx, c.app.PK, cid, c.user.ID)
	if models.ErrorCode(err) == models.CodeNotFound {
		return nil, denied("user %q is not a member of the channel %q", c.user.ID, cid)
	}
	return &m, err
}

func (s *Server) queryChannels(ctx context.Context, c *call) (*wire.Object, error) {
	f := c.fields()
	v, err := s.viewer(ctx, c, f)
	if err != nil {
		return nil, err
	}
	q := store.ChannelQuery{
		Limit:  readLimit(f, "limit", defaultChannelsPerPage, maxChannelsPerPage),
		Offset: f.Int("offset", 0, maxOffset),
		Viewer: v.ID,
		Joined: c.user != nil,
	}
	var opts []filter.Option
	if v.ID != "" {
		opts = append(opts, filter.WithMember(v.ID))
	}
	q.Filter, q.Sort = readQuery(f, filter.Channels, "filter_conditions", opts...)
	view := store.ChannelView{
		Viewer:   v.ID,
		Messages: readLimit(f, "message_limit", defaultMessages, maxMessages),
		Members:  readLimit(f, "member_limit", defaultMembers, maxMembers),
	}
	if !f.Bool("state", true) {
		view = store.ChannelView{Viewer: v.ID}
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	channels, err := s.store.QueryChannels(ctx, c.app.PK, q)
	if err != nil {
		return nil, err
	}
	states, users, err := s.store.ChannelStates(ctx, c.app.PK, channels, view)
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("channels", wire.Each(states, func(st store.ChannelState) *wire.Object {
		return wire.ChannelState(st, users, v)
	})), nil
}
