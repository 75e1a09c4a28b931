package api

import (
	"context"
	"fmt"
	"slices"

	"herald/api/request"
	"herald/models"
	"herald/models/store"
	"herald/wire"
)

func (s *Server) getOrCreateChannel(ctx context.Context, c *call) (*wire.Object, error) {
	return s.channelOf(ctx, c, c.param("id"))
}

func (s *Server) getOrCreateDistinctChannel(ctx context.Context, c *call) (*wire.Object, error) {
	return s.channelOf(ctx, c, "")
}

// channelOf gives the channel with this id, or without an id the one of exactly the members named, made if it is not
// there.
func (s *Server) channelOf(ctx context.Context, c *call, id string) (*wire.Object, error) {
	f := c.fields()
	v, err := s.viewer(ctx, c, f)
	if err != nil {
		return nil, err
	}
	view := readView(f, v)
	channel, members := readChannel(f, c)
	if id == "" {
		if len(members) == 0 {
			f.Object("data").Invalid("members", "must name at least one user")
		}
		id = models.DistinctID(memberIDs(members)...)
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	channel.CID = models.CID(c.param("type"), id)
	stored, err := s.store.Channel(ctx, c.app.PK, channel.CID)
	if models.ErrorCode(err) == models.CodeNotFound {
		stored, err = s.createChannel(ctx, c, f, channel, members)
	}
	if err != nil {
		return nil, err
	}
	if _, err := s.membership(ctx, c, stored.CID); err != nil {
		return nil, err
	}
	states, users, err := s.store.ChannelStates(ctx, c.app.PK, []models.Channel{stored}, view)
	if err != nil {
		return nil, err
	}
	return wire.ChannelState(states[0], users, v), nil
}

func readView(f *request.Object, v wire.Viewer) store.ChannelView {
	messages, members := f.Object("messages"), f.Object("members")
	view := store.ChannelView{
		Viewer:       v.ID,
		Messages:     readLimit(messages, "limit", defaultMessages, maxMessages),
		Before:       messages.String("id_lt"),
		After:        messages.String("id_gt"),
		Members:      readLimit(members, "limit", defaultMembers, maxMembers),
		MemberOffset: members.Int("offset", 0, maxOffset),
	}
	if !f.Bool("state", true) {
		return store.ChannelView{Viewer: v.ID}
	}
	return view
}

// readChannel reads the data of a channel that may have to be made; a user token's user creates it and joins.
func readChannel(f *request.Object, c *call) (models.Channel, []models.Member) {
	data := f.Object("data")
	channel := models.Channel{AppPK: c.app.PK, CreatedBy: data.String("created_by_id")}
	readChannelData(data).replace(&channel)
	if creator := data.Object("created_by").String("id"); channel.CreatedBy == "" {
		channel.CreatedBy = creator
	}
	members := readMembers(data, "members")
	if c.user != nil {
		channel.CreatedBy = c.user.ID
		if !slices.Contains(memberIDs(members), c.user.ID) {
			members = append(members, models.Member{UserID: c.user.ID})
		}
	}
	if f.Bool("hide_for_creator", false) {
		for i := range members {
			members[i].Hidden = members[i].UserID == channel.CreatedBy
		}
	}
	return channel, members
}

// channelData is what a client says of a channel itself.
type channelData struct {
	team             *string
	frozen, disabled *bool
	custom           models.Custom
}

func readChannelData(f *request.Object) channelData {
	return channelData{
		team:     f.OptionalString("team", request.MaxChars(models.MaxTeamLength)),
		frozen:   f.OptionalBool("frozen"),
		disabled: f.OptionalBool("disabled"),
		custom:   f.Custom(wire.ChannelKeys...),
	}
}

// replace makes the channel what the data says, and what the data does not say its default.
func (d channelData) replace(ch *models.Channel) {
	ch.Team, ch.Custom = d.team, d.custom
	ch.Frozen = d.frozen != nil && *d.frozen
	ch.Disabled = d.disabled != nil && *d.disabled
}

// readMembers reads members in any of the forms that SDKs send: an id, or an object with user_id or user.id. A user
// named twice is one member.
func readMembers(f *request.Object, name string) []models.Member {
	var members []models.Member
	for _, v := range f.Values(name, models.MaxChannelMembersPerRequest) {
		var m models.Member
		if o, ok := v.Object(); ok {
			m = readMember(o)
		} else if m.UserID, ok = v.Text(); !ok {
			v.Invalid("must be a string or an object")
			continue
		}
		if !slices.Contains(memberIDs(members), m.UserID) {
			members = append(members, m)
		}
	}
	return members
}

func readMember(o *request.Object) models.Member {
	m := models.Member{
		UserID:      o.String("user_id"),
		ChannelRole: o.String("channel_role", request.MaxChars(models.MaxChannelRoleLength)),
		Custom:      o.Custom(wire.MemberKeys...),
	}
	if user := o.Object("user"); m.UserID == "" {
		m.UserID = user.String("id")
	}
	if m.UserID == "" {
		o.Invalid("user_id", "is required")
	}
	return m
}

func memberIDs(members []models.Member) []string {
	ids := make([]string, len(members))
	for i, m := range members {
		ids[i] = m.UserID
	}
	return ids
}

// createChannel makes a channel after checking what only a new one needs.
func (s *Server) createChannel(ctx context.Context, c *call, f *request.Object, channel models.Channel, members []models.Member) (models.Channel, error) {
	if channelType := c.param("type"); !models.ValidChannelType(channelType) {
		f.Invalid("type", "must be 1 to 64 characters of A-Z a-z 0-9 _ -")
	}
	if id, named := c.params["id"]; named && !models.ValidID(id) {
		f.Invalid("id", "%s", validID(id))
	}
	users, err := s.store.Users(ctx, c.app.PK, append(memberIDs(members), channel.CreatedBy))
	if err != nil {
		return models.Channel{}, err
	}
	data := f.Object("data")
	switch {
	case channel.CreatedBy == "":
		data.Invalid("created_by_id", "is required for a new channel")
	case !exists(users, channel.CreatedBy):
		data.Invalid("created_by_id", "names the user %q, who doesn't exist", channel.CreatedBy)
	}
	if unknown := unknownMembers(users, members); len(unknown) > 0 {
		data.Invalid("members", "names users who don't exist: %v", unknown)
	}
	if err := f.Err(); err != nil {
		return models.Channel{}, err
	}
	return s.store.CreateChannel(ctx, channel, members)
}

// unknownMembers gives the quoted ids of those of the members who are no users; one without an id was refused before.
func unknownMembers(users map[string]models.User, members []models.Member) []string {
	var unknown []string
	for _, m := range members {
		if m.UserID != "" && !exists(users, m.UserID) {
			unknown = append(unknown, fmt.Sprintf("%q", m.UserID))
		}
	}
	return unknown
}
