package api

import (
	"encoding/json"
	"time"

	"herald/models"
	"herald/models/store"
)

// encodeCampaign is the campaign object of contract 7.2. userIDs and users are the parts of its audience to show.
func encodeCampaign(c models.Campaign, d store.CampaignDetails, userIDs []string, users []models.User, now time.Time) *object {
	o := newObject().
		set("id", c.ID).set("name", c.Name).set("description", c.Description).set("sender_id", c.SenderID)
	if sender, ok := d.Users[c.SenderID]; ok {
		o.set("sender", encodeUser(sender))
	}
	o.set("sender_mode", choice(c.SenderMode)).set("sender_visibility", choice(c.SenderVisibility)).
		set("message_template", encodeMessageTemplate(c.MessageTemplate))
	if c.ChannelTemplate != nil {
		o.set("channel_template", encodeChannelTemplate(*c.ChannelTemplate))
	}
	o.set("create_channels", c.CreateChannels).set("show_channels", c.ShowChannels).
		set("skip_push", c.SkipPush).set("skip_webhook", c.SkipWebhook)

	segments := make([]*object, 0, len(c.SegmentPKs))
	for _, pk := range c.SegmentPKs {
		if seg, ok := d.Segments[pk]; ok {
			segments = append(segments, encodeSegment(seg))
		}
	}
	shown := make([]*object, len(users))
	for i, u := range users {
		shown[i] = encodeUser(u)
	}
	o.set("segment_ids", c.SegmentIDs).set("segments", segments).set("user_ids", userIDs).set("users", shown).
		set("status", string(c.Status))
	optional(o, "scheduled_for", c.ScheduledFor)
	optional(o, "stop_at", c.StopAt)
	var pausedAt *time.Time
	var pauseReason string
	if c.Paused() { // a stop is held too, and is no pause
		pausedAt, pauseReason = c.HeldAt, c.HoldReason
	}
	return o.set("paused", c.Paused()).set("paused_at", pausedAt).set("pause_reason", pauseReason).
		set("messages_per_second", c.MessagesPerSecond).
		set("stats", encodeStats(c, d.Stats[c.ID], now)).
		set("created_at", c.CreatedAt).set("updated_at", c.UpdatedAt)
}

func encodeMessageTemplate(m models.MessageTemplate) *object {
	o := newObject().set("text", m.Text).set("attachments", attachments(m.Attachments)).set("custom", orEmpty(m.Custom))
	if m.PollID != "" {
		o.set("poll_id", m.PollID)
	}
	optional(o, "searchable", m.Searchable)
	return o
}

func encodeChannelTemplate(t models.ChannelTemplate) *object {
	o := newObject().set("type", t.Type)
	setUnlessEmpty(o, "id", t.ID)
	setUnlessEmpty(o, "team", t.Team)
	o.set("custom", orEmpty(t.Custom))
	if len(t.Members) > 0 {
		o.set("members", t.Members)
	}
	if len(t.MembersTemplate) > 0 {
		members := make([]*object, len(t.MembersTemplate))
		for i, m := range t.MembersTemplate {
			members[i] = newObject().set("user_id", m.UserID)
			setUnlessEmpty(members[i], "channel_role", m.ChannelRole)
			members[i].set("custom", orEmpty(m.Custom))
		}
		o.set("members_template", members)
	}
	return o
}

func setUnlessEmpty(o *object, key, value string) {
	if value != "" {
		o.set(key, value)
	}
}

func orEmpty(custom models.Custom) json.RawMessage {
	if len(custom) == 0 {
		return json.RawMessage(`{}`)
	}
	return custom
}

// encodeStats is the stats object of contract 7.3.
func encodeStats(c models.Campaign, st models.Stats, now time.Time) *object {
	return newObject().
		set("progress", c.Progress(st)).
		set("stats_started_at", c.StartedAt).set("stats_completed_at", c.CompletedAt).
		set("stats_messages_sent", st.MessagesSent).set("stats_channels_created", st.ChannelsCreated).
		set("stats_users_sent", st.UsersSent).set("stats_users_read", st.UsersRead).
		set("stats_messages_failed", st.Failed).set("stats_messages_skipped", st.Skipped).
		set("stats_recipients_total", c.Total(st)).set("stats_eta_seconds", c.ETA(st, now)).
		legacy("started_at", c.StartedAt).legacy("completed_at", c.CompletedAt).
		legacy("messages_sent", st.MessagesSent).legacy("channels_created", st.ChannelsCreated)
}
