package api

import (
	"time"

	"herald/models"
	"herald/models/store"
)

// Built-in keys (contract 5), in requests too: what only answers set is ignored there.
var (
	channelKeys = []string{
		"id", "type", "cid", "created_at", "updated_at", "created_by", "created_by_id", "frozen", "disabled", "member_count", "last_message_at",
		"team", "hidden", "deleted_at", "config", "own_capabilities", "members",
	}
	memberKeys = []string{
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

// viewer is for whom a channel is encoded; the zero value is nobody in particular.
type viewer struct {
	id         string
	ownToken   bool           // the viewer asks with a token of its own
	membership *models.Member // nil when not a member
}

func (v viewer) hidden() bool { return v.membership != nil && v.membership.Hidden }

// setUser adds a user as an object, unless no row is left of it.
func (o *object) setUser(key string, users map[string]models.User, id string) *object {
	if u, ok := users[id]; ok {
		o.set(key, encodeUser(u))
	}
	return o
}

// encodeChannel is the Channel of contract 5.
func encodeChannel(ch models.Channel, users map[string]models.User, v viewer) *object {
	channelType, id, _ := models.SplitCID(ch.CID)
	o := newObject().set("id", id).set("type", channelType).set("cid", ch.CID).
		set("created_at", ch.CreatedAt).set("updated_at", ch.UpdatedAt).setUser("created_by", users, ch.CreatedBy).
		set("frozen", ch.Frozen).set("disabled", ch.Disabled).set("member_count", ch.MemberCount)
	optional(o, "last_message_at", ch.LastMessageAt)
	optional(o, "team", ch.Team)
	if v.id != "" {
		o.set("hidden", v.hidden())
	}
	optional(o, "deleted_at", ch.DeletedAt)
	o.custom(ch.Custom, channelKeys).set("config", channelConfig(channelType))
	if v.ownToken && v.membership != nil {
		o.set("own_capabilities", ownCapabilities)
	}
	return o
}

// channelConfigSince is the one date of the configuration, which never changes (contract 16.3).
var channelConfigSince = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)

// channelConfig is the same for every type of channel (contract 16.4): what Herald has, and that it lacks the rest.
func channelConfig(channelType string) *object {
	o := newObject().set("name", channelType).set("created_at", channelConfigSince).set("updated_at", channelConfigSince)
	for _, feature := range []struct {
		name string
		on   bool
	}{
		{"typing_events", false}, {"read_events", true}, {"connect_events", false}, {"delivery_events", false}, {"search", false},
		{"reactions", false}, {"replies", false}, {"quotes", false}, {"mutes", false}, {"uploads", false}, {"url_enrichment", false},
		{"custom_events", false}, {"push_notifications", true}, {"reminders", false}, {"mark_messages_pending", false}, {"polls", true},
		{"user_message_reminders", false}, {"shared_locations", false}, {"count_messages", true},
	} {
		o.set(feature.name, feature.on)
	}
	return o.set("message_retention", "infinite").set("max_message_length", models.MaxMessageTextLength).
		set("automod", "disabled").set("automod_behavior", "flag").
		set("skip_last_msg_update_for_system_msgs", false).set("commands", []string{})
}

// encodeMember is the Member of contract 5.
func encodeMember(m models.Member, ch models.Channel, users map[string]models.User) *object {
	role := roleMember
	if m.UserID == ch.CreatedBy {
		role = roleOwner
	}
	o := newObject().set("user_id", m.UserID).setUser("user", users, m.UserID).
		set("channel_role", m.ChannelRole).set("role", role).set("created_at", m.CreatedAt).set("updated_at", m.UpdatedAt).
		set("banned", false).set("shadow_banned", false).set("notifications_muted", false)
	optional(o, "archived_at", m.ArchivedAt)
	optional(o, "pinned_at", m.PinnedAt)
	return o.custom(m.Custom, memberKeys)
}

// encodeRead is the Read of contract 5.
func encodeRead(r models.Read, users map[string]models.User) *object {
	o := newObject().setUser("user", users, r.UserID).set("last_read", r.LastRead).set("unread_messages", r.Unread)
	optional(o, "last_read_message_id", r.LastReadMessageID)
	return o
}

// encodeChannelState is the channel state of contract 16.3, without duration.
func encodeChannelState(st store.ChannelState, users map[string]models.User, v viewer) *object {
	v.membership = st.Membership
	o := newObject().set("channel", encodeChannel(st.Channel, users, v)).
		set("members", encodeEach(st.Members, func(m models.Member) *object { return encodeMember(m, st.Channel, users) })).
		set("messages", encodeEach(st.Messages, func(m models.Message) *object { return encodeMessage(m, users) })).
		set("pinned_messages", []string{}).set("threads", []string{}).set("watcher_count", 0).set("watchers", []string{}).
		set("read", encodeEach(st.Reads, func(r models.Read) *object { return encodeRead(r, users) }))
	if v.id != "" {
		if st.Membership != nil {
			o.set("membership", encodeMember(*st.Membership, st.Channel, users))
		}
		o.set("hidden", v.hidden())
	}
	return o
}

func encodeEach[T any](list []T, encode func(T) *object) []*object {
	objects := make([]*object, len(list))
	for i, v := range list {
		objects[i] = encode(v)
	}
	return objects
}
