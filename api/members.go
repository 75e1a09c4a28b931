package api

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"herald/api/request"
	"herald/filter"
	"herald/models"
	"herald/models/store"
	"herald/wire"
)

// Limits of QueryMembers (contract 16.2).
const (
	defaultMembersPerPage = 100
	maxMembersPerPage     = 300
)

func (s *Server) memberRoutes() []route {
	return []route{
		{operation: "QueryMembers", method: http.MethodGet, path: "/members", usersToo: true, handle: s.queryMembers},
		{
			operation: "UpdateMemberPartial", method: http.MethodPatch, path: "/channels/:type/:id/member",
			usersToo: true, handle: s.updateMemberOfQuery,
		},
		{
			operation: "UpdateMemberPartial", method: http.MethodPatch, path: "/channels/:type/:id/member/:user_id",
			v1Only: true, usersToo: true, handle: s.updateMemberOfPath,
		},
		{operation: "HideChannel", method: http.MethodPost, path: "/channels/:type/:id/hide", usersToo: true, handle: s.hideChannel},
		{operation: "ShowChannel", method: http.MethodPost, path: "/channels/:type/:id/show", usersToo: true, handle: s.showChannel},
	}
}

func (s *Server) queryMembers(ctx context.Context, c *call) (*wire.Object, error) {
	f, err := c.payload()
	if err != nil {
		return nil, err
	}
	f.Require("type", "id")
	cid := models.CID(f.String("type"), f.String("id"))
	q := store.MemberQuery{
		Limit:  readLimit(f, "limit", defaultMembersPerPage, maxMembersPerPage),
		Offset: f.Int("offset", 0, maxOffset),
	}
	q.Filter, q.Sort = readQuery(f, filter.Members, "filter_conditions")
	if err := f.Err(); err != nil {
		return nil, err
	}
	channel, err := s.store.Channel(ctx, c.app.PK, cid)
	if err != nil {
		return nil, err
	}
	if _, err := s.membership(ctx, c, cid); err != nil {
		return nil, err
	}
	members, err := s.store.QueryMembers(ctx, c.app.PK, cid, q)
	if err != nil {
		return nil, err
	}
	users, err := s.store.Users(ctx, c.app.PK, memberIDs(members))
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("members", wire.Each(members, func(m models.Member) *wire.Object { return wire.Member(m, channel, users) })), nil
}

// updateMemberOfPath updates the member that the path names.
func (s *Server) updateMemberOfPath(ctx context.Context, c *call) (*wire.Object, error) {
	channel, err := s.pathChannel(ctx, c)
	if err != nil {
		return nil, err
	}
	userID := c.param("user_id")
	if c.user != nil && userID != c.user.ID {
		return nil, denied("a token of user %q cannot act as user %q", c.user.ID, userID)
	}
	if _, err := s.membership(ctx, c, channel.CID); err != nil {
		return nil, err
	}
	return s.updateMember(ctx, c, channel, userID)
}

// updateMemberOfQuery updates the member that the query string names, with a user token its user.
func (s *Server) updateMemberOfQuery(ctx context.Context, c *call) (*wire.Object, error) {
	channel, err := s.pathChannel(ctx, c)
	if err != nil {
		return nil, err
	}
	if _, err := s.membership(ctx, c, channel.CID); err != nil {
		return nil, err
	}
	q := c.query()
	user, err := s.queryUser(ctx, c, q)
	if err == nil {
		err = q.Err()
	}
	if err != nil {
		return nil, err
	}
	o, err := s.updateMember(ctx, c, channel, user.ID)
	if models.ErrorCode(err) == models.CodeNotFound {
		return nil, notAMember(user.ID)
	}
	return o, err
}

func notAMember(userID string) error {
	return models.InvalidField("user_id", "names the user %q, who is not a member of the channel", userID)
}

// memberKeysToSet are keys of a member that only requests have.
var memberKeysToSet = []string{"archived", "pinned"}

func (s *Server) updateMember(ctx context.Context, c *call, channel models.Channel, userID string) (*wire.Object, error) {
	f := c.fields()
	set, builtin := f.Object("set"), slices.Concat(wire.MemberKeys, memberKeysToSet)
	archived, pinned := set.OptionalBool("archived"), set.OptionalBool("pinned")
	custom, unset := set.Custom(builtin...), f.Strings("unset", maxUnset)
	if err := f.Err(); err != nil {
		return nil, err
	}
	for _, name := range unset {
		switch no := false; strings.ToLower(name) {
		case "archived":
			archived = first(archived, &no)
		case "pinned":
			pinned = first(pinned, &no)
		}
	}
	now := s.now().UTC()
	member, err := s.store.ChangeMember(ctx, c.app.PK, channel.CID, userID, func(m *models.Member) []models.FieldError {
		m.ArchivedAt = since(m.ArchivedAt, archived, now)
		m.PinnedAt = since(m.PinnedAt, pinned, now)
		m.Custom = editCustom(set, m.Custom, custom, unset, builtin)
		return fieldErrors(f)
	})
	if err != nil {
		return nil, err
	}
	users, err := s.store.Users(ctx, c.app.PK, []string{userID})
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("channel_member", wire.Member(member, channel, users)), nil
}

func first[T any](a, b *T) *T {
	if a != nil {
		return a
	}
	return b
}

// since is when something was switched on: as before unless it is switched.
func since(before *time.Time, on *bool, now time.Time) *time.Time {
	switch {
	case on == nil || *on && before != nil:
		return before
	case *on:
		return &now
	default:
		return nil
	}
}

func (s *Server) hideChannel(ctx context.Context, c *call) (*wire.Object, error) {
	f := c.fields()
	clearHistory := f.Bool("clear_history", false)
	m, err := s.actingMember(ctx, c, f)
	if err != nil {
		return nil, err
	}
	if c.carriedOut() {
		return wire.NewObject(), nil
	}
	return wire.NewObject(), s.store.HideChannel(ctx, c.app.PK, m.CID, m.UserID, clearHistory)
}

func (s *Server) showChannel(ctx context.Context, c *call) (*wire.Object, error) {
	m, err := s.actingMember(ctx, c, c.fields())
	if err != nil {
		return nil, err
	}
	if c.carriedOut() {
		return wire.NewObject(), nil
	}
	return wire.NewObject(), s.store.ShowChannel(ctx, c.app.PK, m.CID, m.UserID)
}

// actingMember gives the member for whom a body acts in the channel of the path: the token's user or, with a server token,
// the one it names. The body must be read by then: what is invalid in it comes before who is no member.
func (s *Server) actingMember(ctx context.Context, c *call, f *request.Object) (models.Member, error) {
	channel, err := s.pathChannel(ctx, c)
	if err != nil {
		return models.Member{}, err
	}
	if _, err := s.membership(ctx, c, channel.CID); err != nil {
		return models.Member{}, err
	}
	user, err := s.actingUser(ctx, c, f)
	if err == nil {
		err = f.Err()
	}
	if err != nil {
		return models.Member{}, err
	}
	m, err := s.store.Member(ctx, c.app.PK, channel.CID, user.ID)
	if models.ErrorCode(err) == models.CodeNotFound {
		err = notAMember(user.ID)
	}
	return m, err
}
