package api

import (
	"context"
	"slices"
	"strings"

	"herald/api/request"
	"herald/models"
	"herald/models/store"
	"herald/wire"
)

// pathChannel gives the channel that the path names.
func (s *Server) pathChannel(ctx context.Context, c *call) (models.Channel, error) {
	return s.store.Channel(ctx, c.app.PK, models.CID(c.param("type"), c.param("id")))
}

func (s *Server) updateChannel(ctx context.Context, c *call) (*wire.Object, error) {
	channel, err := s.pathChannel(ctx, c)
	if err != nil {
		return nil, err
	}
	f := c.fields()
	update := store.ChannelUpdate{Add: readMembers(f, "add_members"), Remove: memberIDs(readMembers(f, "remove_members"))}
	for _, m := range update.Add {
		if slices.Contains(update.Remove, m.UserID) {
			f.Invalid("remove_members", "names the user %q, and add_members does too", m.UserID)
		}
	}
	if f.Has("data") {
		data := readChannelData(f.Object("data"))
		update.Change = func(ch *models.Channel) []models.FieldError {
			data.replace(ch)
			return nil
		}
	}
	if f.Has("message") {
		if update.Message, err = s.readChannelMessage(ctx, c, f.Object("message"), channel.CID); err != nil {
			return nil, err
		}
	}
	if err := s.checkUpdate(ctx, c, f, update); err != nil {
		return nil, err
	}
	if c.carriedOut() {
		if update.Message != nil {
			if *update.Message, _, err = s.store.Message(ctx, c.app.PK, update.Message.ID); err != nil {
				return nil, err
			}
		}
		return s.showChannelUpdate(ctx, c, channel, update.Message)
	}
	return s.applyChannelUpdate(ctx, c, channel.CID, update)
}

// readChannelMessage reads the message that tells members of an update. Unless it says otherwise it is a system message.
func (s *Server) readChannelMessage(ctx context.Context, c *call, f *request.Object, cid string) (*models.Message, error) {
	m := readMessage(f, c)
	m.CID = cid
	if f.String("type") == "" {
		m.Type = models.MessageSystem
	}
	sender, err := s.actingUser(ctx, c, f)
	if err != nil {
		return nil, err
	}
	m.UserID = sender.ID
	return &m, s.checkPoll(ctx, m, f)
}

// checkUpdate refuses an update that names users who don't exist or has other invalid fields, and then one whose message
// is too long.
func (s *Server) checkUpdate(ctx context.Context, c *call, f *request.Object, update store.ChannelUpdate) error {
	users, err := s.store.Users(ctx, c.app.PK, memberIDs(update.Add))
	if err != nil {
		return err
	}
	if unknown := unknownMembers(users, update.Add); len(unknown) > 0 {
		f.Invalid("add_members", "names users who don't exist: %v", unknown)
	}
	if err := f.Err(); err != nil || update.Message == nil {
		return err
	}
	return checkLength(*update.Message)
}

func (s *Server) updateChannelPartial(ctx context.Context, c *call) (*wire.Object, error) {
	channel, err := s.pathChannel(ctx, c)
	if err != nil {
		return nil, err
	}
	f := c.fields()
	set := f.Object("set")
	data, unset := readChannelData(set), f.Strings("unset", maxUnset)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.applyChannelUpdate(ctx, c, channel.CID, store.ChannelUpdate{Change: func(ch *models.Channel) []models.FieldError {
		data.edit(ch, set, unset)
		return fieldErrors(f)
	}})
}

// edit changes of a channel what the data says, and takes back to its default what is to be unset. What cannot be done is
// noted in set.
func (d channelData) edit(ch *models.Channel, set *request.Object, unset []string) {
	for _, name := range unset {
		switch strings.ToLower(name) {
		case "team":
			ch.Team = nil
		case "frozen":
			ch.Frozen = false
		case "disabled":
			ch.Disabled = false
		}
	}
	replace(&ch.Team, d.team)
	if d.frozen != nil {
		ch.Frozen = *d.frozen
	}
	if d.disabled != nil {
		ch.Disabled = *d.disabled
	}
	ch.Custom = editCustom(set, ch.Custom, d.custom, unset, wire.ChannelKeys)
}

func (s *Server) applyChannelUpdate(ctx context.Context, c *call, cid string, update store.ChannelUpdate) (*wire.Object, error) {
	updated, message, err := s.store.UpdateChannel(ctx, c.app.PK, cid, update)
	if err != nil {
		return nil, err
	}
	return s.showChannelUpdate(ctx, c, updated, message)
}

// showChannelUpdate is the answer of an update of a channel, with the message that was sent with it, if any.
func (s *Server) showChannelUpdate(ctx context.Context, c *call, updated models.Channel, message *models.Message) (*wire.Object, error) {
	states, users, err := s.store.ChannelStates(ctx, c.app.PK, []models.Channel{updated}, store.ChannelView{Members: maxMembers})
	if err != nil {
		return nil, err
	}
	o := wire.NewObject().Set("channel", wire.Channel(updated, users, wire.Viewer{})).
		Set("members", wire.Each(states[0].Members, func(m models.Member) *wire.Object { return wire.Member(m, updated, users) }))
	if message == nil {
		return o, nil
	}
	messages := []models.Message{*message}
	related, err := s.related(ctx, c, messages, message.UserID)
	if err != nil {
		return nil, err
	}
	return o.Set("message", wire.Message(messages[0], related)), nil
}
