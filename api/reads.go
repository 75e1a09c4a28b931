package api

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"herald/api/request"
	"herald/models"
	"herald/wire"
)

// Limits of what one request marks or counts (contract 16.6).
const (
	maxChannelsMarked = 30
	maxUsersCounted   = 100
)

func (s *Server) readRoutes() []route {
	return []route{
		{operation: "MarkRead", method: http.MethodPost, path: "/channels/:type/:id/read", usersToo: true, handle: s.markRead},
		{operation: "MarkChannelsRead", method: http.MethodPost, path: "/channels/read", usersToo: true, handle: s.markChannelsRead},
		{operation: "UnreadCounts", method: http.MethodGet, path: "/unread", usersToo: true, handle: s.unreadCounts},
		{operation: "UnreadCountsBatch", method: http.MethodPost, path: "/unread_batch", handle: s.unreadCountsBatch},
	}
}

func (s *Server) markRead(ctx context.Context, c *call) (*wire.Object, error) {
	channel, err := s.pathChannel(ctx, c)
	if err != nil {
		return nil, err
	}
	if _, err := s.membership(ctx, c, channel.CID); err != nil {
		return nil, err
	}
	f := c.fields()
	messageID := f.String("message_id")
	reader, err := s.actingUser(ctx, c, f)
	if err != nil {
		return nil, err
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	read, err := s.store.MarkRead(ctx, c.app.PK, channel.CID, reader.ID, messageID)
	if models.ErrorCode(err) == models.CodeNotFound {
		return nil, notAMember(reader.ID)
	}
	if err != nil {
		return nil, err
	}
	channelType, id, _ := models.SplitCID(channel.CID)
	event := wire.NewObject().Set("type", eventRead).Set("cid", channel.CID).Set("channel_id", id).Set("channel_type", channelType).
		Set("user", wire.User(reader))
	wire.Optional(event, "last_read_message_id", read.LastReadMessageID)
	return wire.NewObject().Set("event", event.Set("created_at", s.eventTime())), nil
}

// eventTime is the present in the resolution of all times of the API.
func (s *Server) eventTime() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// eventRead is the type of the event that tells of a marker that moved.
const eventRead = "message.read"

func (s *Server) markChannelsRead(ctx context.Context, c *call) (*wire.Object, error) {
	f := c.fields()
	reader, err := s.actingUser(ctx, c, f)
	if err != nil {
		return nil, err
	}
	some := f.Has("read_by_channel")
	upTo := map[string]string{}
	for _, t := range f.Texts("read_by_channel", maxChannelsMarked) {
		upTo[t.Key] = t.Value
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := s.checkMemberships(ctx, c, f.Object("read_by_channel"), reader.ID, upTo); err != nil {
		return nil, err
	}
	if some {
		err = s.store.MarkChannelsRead(ctx, c.app.PK, reader.ID, upTo)
	} else {
		err = s.store.MarkAllRead(ctx, c.app.PK, reader.ID)
	}
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("event", wire.NewObject().Set("type", eventRead).Set("user", wire.User(reader)).Set("created_at", s.eventTime())), nil
}

// checkMemberships refuses channels that are not there or of which the reader is no member.
func (s *Server) checkMemberships(ctx context.Context, c *call, f *request.Object, userID string, upTo map[string]string) error {
	cids := slices.Sorted(maps.Keys(upTo))
	joined, err := s.store.Joined(ctx, c.app.PK, userID, cids)
	if err != nil {
		return err
	}
	for _, cid := range cids {
		switch {
		case joined[cid]:
		case c.user != nil:
			return denied("user %q is not a member of the channel %q", userID, cid)
		default:
			f.Invalid(cid, "is no channel of which the user %q is a member", userID)
		}
	}
	return f.Err()
}

func (s *Server) unreadCounts(ctx context.Context, c *call) (*wire.Object, error) {
	q := c.query()
	reader, err := s.queryUser(ctx, c, q)
	if err != nil {
		return nil, err
	}
	if err := q.Err(); err != nil {
		return nil, err
	}
	unread, err := s.store.Unread(ctx, c.app.PK, []string{reader.ID})
	if err != nil {
		return nil, err
	}
	return encodeUnread(unread[reader.ID]), nil
}

// unreadCountsBatch counts for many users; those who don't exist are left out.
func (s *Server) unreadCountsBatch(ctx context.Context, c *call) (*wire.Object, error) {
	f := c.fields()
	f.Require("user_ids")
	ids := unrepeated(f.Strings("user_ids", maxUsersCounted))
	if f.Has("user_ids") && len(ids) == 0 {
		f.Invalid("user_ids", "must have 1 to %d users", maxUsersCounted)
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	users, err := s.store.Users(ctx, c.app.PK, ids)
	if err != nil {
		return nil, err
	}
	unread, err := s.store.Unread(ctx, c.app.PK, ids)
	if err != nil {
		return nil, err
	}
	byUser := wire.NewObject()
	for _, id := range ids {
		if exists(users, id) {
			byUser.Set(id, encodeUnread(unread[id]))
		}
	}
	return wire.NewObject().Set("counts_by_user", byUser), nil
}

// unreadOfType sums up the channels of one type.
type unreadOfType struct {
	name               string
	channels, messages int
}

// encodeUnread is what a user has not read (contract 16.6), without duration.
func encodeUnread(reads []models.Read) *wire.Object {
	total := 0
	var types []unreadOfType // reads come in order of cid, so those of one type follow each other
	for _, r := range reads {
		total += r.Unread
		channelType, _, _ := models.SplitCID(r.CID)
		if n := len(types); n == 0 || types[n-1].name != channelType {
			types = append(types, unreadOfType{name: channelType})
		}
		last := &types[len(types)-1]
		last.channels++
		last.messages += r.Unread
	}
	return wire.NewObject().Set("total_unread_count", total).Set("total_unread_threads_count", 0).
		Set("channels", wire.Each(reads, func(r models.Read) *wire.Object {
			return wire.NewObject().Set("channel_id", r.CID).Set("unread_count", r.Unread).Set("last_read", r.LastRead)
		})).
		Set("channel_type", wire.Each(types, func(t unreadOfType) *wire.Object {
			return wire.NewObject().Set("channel_type", t.name).Set("channel_count", t.channels).Set("unread_count", t.messages)
		})).
		Set("threads", []string{})
}
