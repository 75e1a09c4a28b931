package wire

import (
	"encoding/json"
	"time"

	"herald/models"
	"herald/models/store"
)

// Campaign is the campaign object of contract 7.2. userIDs and users are the parts of its audience to show.
func Campaign(c models.Campaign, d store.CampaignDetails, userIDs []string, users []models.User, now time.Time) *Object {
	o := NewObject().
		Set("id", c.ID).Set("name", c.Name).Set("description", c.Description).Set("sender_id", c.SenderID)
	if sender, ok := d.Users[c.SenderID]; ok {
		o.Set("sender", User(sender))
	}
	o.Set("sender_mode", Choice(c.SenderMode)).Set("sender_visibility", Choice(c.SenderVisibility)).
		Set("message_template", messageTemplate(c.MessageTemplate))
	if c.ChannelTemplate != nil {
		o.Set("channel_template", channelTemplate(*c.ChannelTemplate))
	}
	o.Set("create_channels", c.CreateChannels).Set("show_channels", c.ShowChannels).
		Set("skip_push", c.SkipPush).Set("skip_webhook", c.SkipWebhook)

	segments := make([]*Object, 0, len(c.SegmentPKs))
	for _, pk := range c.SegmentPKs {
		if seg, ok := d.Segments[pk]; ok {
			segments = append(segments, Segment(seg))
		}
	}
	shown := make([]*Object, len(users))
	for i, u := range users {
		shown[i] = User(u)
	}
	o.Set("segment_ids", c.SegmentIDs).Set("segments", segments).Set("user_ids", userIDs).Set("users", shown).
		Set("status", string(c.Status))
	Optional(o, "scheduled_for", c.ScheduledFor)
	Optional(o, "stop_at", c.StopAt)
	var pausedAt *time.Time
	var pauseReason string
	if c.Paused() { // a stop is held too, and is no pause
		pausedAt, pauseReason = c.HeldAt, c.HoldReason
	}
	return o.Set("paused", c.Paused()).Set("paused_at", pausedAt).Set("pause_reason", pauseReason).
		Set("messages_per_second", c.MessagesPerSecond).
		Set("stats", stats(c, d.Stats[c.ID], now)).
		Set("created_at", c.CreatedAt).Set("updated_at", c.UpdatedAt)
}

func messageTemplate(m models.MessageTemplate) *Object {
	o := NewObject().Set("text", m.Text).Set("attachments", Attachments(m.Attachments)).Set("custom", OrEmpty(m.Custom))
	if m.PollID != "" {
		o.Set("poll_id", m.PollID)
	}
	Optional(o, "searchable", m.Searchable)
	Optional(o, "mention_receiver", m.MentionReceiver)
	return o
}

func channelTemplate(t models.ChannelTemplate) *Object {
	o := NewObject().Set("type", t.Type)
	setUnlessEmpty(o, "id", t.ID)
	setUnlessEmpty(o, "team", t.Team)
	o.Set("custom", OrEmpty(t.Custom))
	if len(t.Members) > 0 {
		o.Set("members", t.Members)
	}
	if len(t.MembersTemplate) > 0 {
		members := make([]*Object, len(t.MembersTemplate))
		for i, m := range t.MembersTemplate {
			members[i] = NewObject().Set("user_id", m.UserID)
			setUnlessEmpty(members[i], "channel_role", m.ChannelRole)
			members[i].Set("custom", OrEmpty(m.Custom))
		}
		o.Set("members_template", members)
	}
	return o
}

func setUnlessEmpty(o *Object, key, value string) {
	if value != "" {
		o.Set(key, value)
	}
}

// OrEmpty is custom data that is always there.
func OrEmpty(custom models.Custom) json.RawMessage {
	if len(custom) == 0 {
		return json.RawMessage(`{}`)
	}
	return custom
}

// stats is the stats object of contract 7.3.
func stats(c models.Campaign, st models.Stats, now time.Time) *Object {
	return NewObject().
		Set("progress", c.Progress(st)).
		Set("stats_started_at", c.StartedAt).Set("stats_completed_at", c.CompletedAt).
		Set("stats_messages_sent", st.MessagesSent).Set("stats_channels_created", st.ChannelsCreated).
		Set("stats_users_sent", st.UsersSent).Set("stats_users_read", st.UsersRead).
		Set("stats_messages_failed", st.Failed).Set("stats_messages_skipped", st.Skipped).
		Set("stats_recipients_total", c.Total(st)).Set("stats_eta_seconds", c.ETA(st, now)).
		Legacy("started_at", c.StartedAt).Legacy("completed_at", c.CompletedAt).
		Legacy("messages_sent", st.MessagesSent).Legacy("channels_created", st.ChannelsCreated)
}
