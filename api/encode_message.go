package api

import "herald/models"

// messageKeys are the built-in keys of a message (contract 5), in requests too: what only answers set is ignored there.
var messageKeys = []string{
	"id", "cid", "text", "html", "type", "user", "user_id", "attachments", "mentioned_users", "latest_reactions", "own_reactions",
	"reaction_counts", "reaction_scores", "reply_count", "deleted_reply_count", "silent", "pinned", "shadowed", "mentioned_channel",
	"mentioned_here", "restricted_visibility", "created_at", "updated_at", "deleted_at", "poll_id", "poll", "channel",
}

// encodeMessage is the Message of contract 5, with its poll where that was loaded. users are those of models.UsersOf.
func encodeMessage(m models.Message, users map[string]models.User) *object {
	o := newObject().set("id", m.ID).set("cid", m.CID).set("text", m.Text).set("html", "").set("type", m.Type).
		setUser("user", users, m.UserID).set("attachments", attachments(m.Attachments))
	mentioned := []*object{}
	for _, id := range m.MentionedUsers {
		if u, ok := users[id]; ok {
			mentioned = append(mentioned, encodeUser(u))
		}
	}
	o.set("mentioned_users", mentioned).
		set("latest_reactions", []string{}).set("own_reactions", []string{}).
		set("reaction_counts", newObject()).set("reaction_scores", newObject()).set("reply_count", 0).set("deleted_reply_count", 0).
		set("silent", m.Silent).set("pinned", false).set("shadowed", false).set("mentioned_channel", false).set("mentioned_here", false).
		set("restricted_visibility", []string{}).set("created_at", m.CreatedAt).set("updated_at", m.UpdatedAt)
	optional(o, "deleted_at", m.DeletedAt)
	optional(o, "poll_id", m.PollID)
	if m.Poll != nil {
		o.set("poll", encodePoll(*m.Poll, users))
	}
	return o.custom(m.Custom, messageKeys, campaignMarks(m)...)
}

// campaignMarks are the custom keys by which a campaign's message is known. A test message has no recipient.
func campaignMarks(m models.Message) []field {
	if m.CampaignID == nil {
		return nil
	}
	fields := []field{{"campaign_id", *m.CampaignID}}
	if m.Recipient == nil {
		fields = append(fields, field{"campaign_test", true})
	}
	return fields
}
