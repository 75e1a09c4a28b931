package wire

import (
	"time"

	"herald/models"
	"herald/models/store"
)

// Built-in keys of a channel and a member (contract 5), in requests too: what only answers set is ignored there.
var (
	ChannelKeys = []string{
		"id", "type", "cid", "created_at", "updated_at", "created_by", "created_by_id", "frozen", "disabled", "member_count", "last_message_at",
		"team", "hidden", "deleted_at", "config", "own_capabilities", "members",
	}
	MemberKeys = []string{
		"user_id", "user", "channel_role", "role", "created_at", "updated_at", "banned", "shadow_banned", "notifications_muted",
		"archived_at", "pinned_at",
	}
)

// ownCapabilities is what members may do with a user token (contract 16.4).
var ownCapabilities = []string{"cast-poll-vote", "read-events", "send-message", "update-own-channel-membership"}

// Roles of a member: whoever created the channel, and everybody else.
const (
	roleOwner  = "owner"
	roleMember = "member"
)

// Viewer is for whom a channel is encoded; the zero value is nobody in particular.
type Viewer struct {
	ID         string
	OwnToken   bool           // the viewer asks with a token of its own
	Membership *models.Member // nil when not a member
}

func (v Viewer) hidden() bool { return v.Membership != nil && v.Membership.Hidden }

// SetUser adds a user as an object, unless no row is left of it.
func (o *Object) SetUser(key string, users map[string]models.User, id string) *Object {
	if u, ok := users[id]; ok {
		o.Set(key, User(u))
	}
	return o
}

// Channel is the Channel of contract 5.
func Channel(ch models.Channel, users map[string]models.User, v Viewer) *Object {
	channelType, id, _ := models.SplitCID(ch.CID)
	o := NewObject().Set("id", id).Set("type", channelType).Set("cid", ch.CID).
		Set("created_at", ch.CreatedAt).Set("updated_at", ch.UpdatedAt).SetUser("created_by", users, ch.CreatedBy).
		Set("frozen", ch.Frozen).Set("disabled", ch.Disabled).Set("member_count", ch.MemberCount)
	Optional(o, "last_message_at", ch.LastMessageAt)
	Optional(o, "team", ch.Team)
	if v.ID != "" {
		o.Set("hidden", v.hidden())
	}
	Optional(o, "deleted_at", ch.DeletedAt)
	o.Custom(ch.Custom, ChannelKeys).Set("config", channelConfig(channelType))
	if v.OwnToken && v.Membership != nil {
		o.Set("own_capabilities", ownCapabilities)
	}
	return o
}

// channelConfigSince is the one date of the configuration, which never changes (contract 16.3).
var channelConfigSince = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// channelConfig is the same for every type of channel (contract 16.4): what Herald has, and that it lacks the rest.
func channelConfig(channelType string) *Object {
	o := NewObject().Set("name", channelType).Set("created_at", channelConfigSince).Set("updated_at", channelConfigSince)
	for _, feature := range []struct {
		name string
		on   bool
	}{
		{"typing_events", false}, {"read_events", true}, {"connect_events", false}, {"delivery_events", false}, {"search", false},
		{"reactions", false}, {"replies", false}, {"quotes", false}, {"mutes", false}, {"uploads", false}, {"url_enrichment", false},
		{"custom_events", false}, {"push_notifications", true}, {"reminders", false}, {"mark_messages_pending", false}, {"polls", true},
		{"user_message_reminders", false}, {"shared_locations", false}, {"count_messages", true},
	} {
		o.Set(feature.name, feature.on)
	}
	return o.Set("message_retention", "infinite").Set("max_message_length", models.MaxMessageTextLength).
		Set("automod", "disabled").Set("automod_behavior", "flag").
		Set("skip_last_msg_update_for_system_msgs", false).Set("commands", []string{})
}

// Member is the Member of contract 5.
func Member(m models.Member, ch models.Channel, users map[string]models.User) *Object {
	role := roleMember
	if m.UserID == ch.CreatedBy {
		role = roleOwner
	}
	o := NewObject().Set("user_id", m.UserID).SetUser("user", users, m.UserID).
		Set("channel_role", m.ChannelRole).Set("role", role).Set("created_at", m.CreatedAt).Set("updated_at", m.UpdatedAt).
		Set("banned", false).Set("shadow_banned", false).Set("notifications_muted", false)
	Optional(o, "archived_at", m.ArchivedAt)
	Optional(o, "pinned_at", m.PinnedAt)
	return o.Custom(m.Custom, MemberKeys)
}

// Read is the Read of contract 5.
func Read(r models.Read, users map[string]models.User) *Object {
	o := NewObject().SetUser("user", users, r.UserID).Set("last_read", r.LastRead).Set("unread_messages", r.Unread)
	Optional(o, "last_read_message_id", r.LastReadMessageID)
	return o
}

// ChannelState is the channel state of contract 16.3, without duration.
func ChannelState(st store.ChannelState, users map[string]models.User, v Viewer) *Object {
	v.Membership = st.Membership
	o := NewObject().Set("channel", Channel(st.Channel, users, v)).
		Set("members", Each(st.Members, func(m models.Member) *Object { return Member(m, st.Channel, users) })).
		Set("messages", Each(st.Messages, func(m models.Message) *Object { return Message(m, users) })).
		Set("pinned_messages", []string{}).Set("threads", []string{}).Set("watcher_count", 0).Set("watchers", []string{}).
		Set("read", Each(st.Reads, func(r models.Read) *Object { return Read(r, users) }))
	if v.ID != "" {
		if st.Membership != nil {
			o.Set("membership", Member(*st.Membership, st.Channel, users))
		}
		o.Set("hidden", v.hidden())
	}
	return o
}

// Each writes the entries of a list.
func Each[T any](list []T, object func(T) *Object) []*Object {
	objects := make([]*Object, len(list))
	for i, v := range list {
		objects[i] = object(v)
	}
	return objects
}
