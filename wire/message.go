package wire

import "herald/models"

// MessageKeys are the built-in keys of a message (contract 5), in requests too: what only answers set is ignored there.
var MessageKeys = []string{
	"id", "cid", "text", "html", "type", "user", "user_id", "attachments", "mentioned_users", "latest_reactions", "own_reactions",
	"reaction_counts", "reaction_scores", "reply_count", "deleted_reply_count", "silent", "pinned", "shadowed", "mentioned_channel",
	"mentioned_here", "restricted_visibility", "created_at", "updated_at", "deleted_at", "poll_id", "poll", "channel",
}

// Message is the Message of contract 5, with its poll where that was loaded. users are those of models.UsersOf.
func Message(m models.Message, users map[string]models.User) *Object {
	o := NewObject().Set("id", m.ID).Set("cid", m.CID).Set("text", m.Text).Set("html", "").Set("type", m.Type).
		SetUser("user", users, m.UserID).Set("attachments", Attachments(m.Attachments))
	mentioned := []*Object{}
	for _, id := range m.MentionedUsers {
		if u, ok := users[id]; ok {
			mentioned = append(mentioned, User(u))
		}
	}
	o.Set("mentioned_users", mentioned).
		Set("latest_reactions", []string{}).Set("own_reactions", []string{}).
		Set("reaction_counts", NewObject()).Set("reaction_scores", NewObject()).Set("reply_count", 0).Set("deleted_reply_count", 0).
		Set("silent", m.Silent).Set("pinned", false).Set("shadowed", false).Set("mentioned_channel", false).Set("mentioned_here", false).
		Set("restricted_visibility", []string{}).Set("created_at", m.CreatedAt).Set("updated_at", m.UpdatedAt)
	Optional(o, "deleted_at", m.DeletedAt)
	Optional(o, "poll_id", m.PollID)
	if m.Poll != nil {
		o.Set("poll", Poll(*m.Poll, users))
	}
	return o.Custom(m.Custom, MessageKeys, campaignMarks(m)...)
}

// campaignMarks are the custom keys by which a campaign's message is known. A test message has no recipient.
func campaignMarks(m models.Message) []Field {
	if m.CampaignID == nil {
		return nil
	}
	fields := []Field{{Key: "campaign_id", Value: *m.CampaignID}}
	if m.Recipient == nil {
		fields = append(fields, Field{Key: "campaign_test", Value: true})
	}
	return fields
}
