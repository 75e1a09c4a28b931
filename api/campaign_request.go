package api

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"herald/api/request"
	"herald/models"
	"herald/template"
)

// campaignInput is what a create or an update says about a campaign (contract 7.1); nil was not said.
type campaignInput struct {
	name, description, senderID  *string
	senderMode, senderVisibility *string
	messageTemplate              *models.MessageTemplate
	channelTemplate              *models.ChannelTemplate
	dropChannelTemplate          bool // {} was given
	createChannels, showChannels *bool
	skipPush, skipWebhook        *bool
	messagesPerSecond            *int // 0 is unlimited
	segmentIDs, userIDs          []string
}

// readCampaign reads a definition or a part of one, and notes in f what is wrong with it.
func readCampaign(f *request.Object) campaignInput {
	in := campaignInput{
		name:              f.OptionalString("name", request.MaxChars(models.MaxCampaignNameLength)),
		description:       f.OptionalString("description", request.MaxChars(models.MaxCampaignDescriptionLength)),
		senderID:          f.OptionalString("sender_id"),
		senderMode:        f.OptionalString("sender_mode", unsetOr(string(models.SenderModeExclude), string(models.SenderModeInclude))),
		senderVisibility:  f.OptionalString("sender_visibility", unsetOr(string(models.SenderHidden), string(models.SenderArchived))),
		createChannels:    f.OptionalBool("create_channels"),
		showChannels:      f.OptionalBool("show_channels"),
		skipPush:          f.OptionalBool("skip_push"),
		skipWebhook:       f.OptionalBool("skip_webhook"),
		messagesPerSecond: f.OptionalInt("messages_per_second", 0, models.MaxMessagesPerSecond),
		segmentIDs:        unrepeated(f.Strings("segment_ids", models.MaxCampaignSegments)),
		userIDs:           unrepeated(f.Strings("user_ids", models.MaxCampaignUserIDs, targetRule)),
	}
	if nonEmptyList(f, "segment_ids") && nonEmptyList(f, "user_ids") {
		f.Invalid("user_ids", "can't be given together with segment_ids")
	}
	if m, ok := objectAt(f, "message_template"); ok {
		in.messageTemplate = readMessageTemplate(m)
	}
	if t, ok := objectAt(f, "channel_template"); ok {
		if saysNothing(f.Raw("channel_template")) {
			in.dropChannelTemplate = true
		} else {
			in.channelTemplate = readChannelTemplate(t)
		}
	}
	return in
}

// unsetOr is OneOf, and "" unsets.
func unsetOr(values ...string) request.Rule {
	rule := request.OneOf(values...)
	return func(s string) string {
		if s == "" {
			return ""
		}
		return rule(s)
	}
}

// unrepeated leaves out what comes again, keeping the order.
func unrepeated(list []string) []string {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(list, func(s string) bool {
		again := seen[s]
		seen[s] = true
		return again
	})
}

// nonEmptyList says whether a list was given, with elements in it that may be invalid; an empty one equals absent.
func nonEmptyList(f *request.Object, name string) bool {
	raw := f.Raw(name)
	var elements []json.RawMessage
	return raw != nil && (json.Unmarshal(raw, &elements) != nil || len(elements) > 0)
}

// objectAt reads an object that may be absent; it is noted when it is of another kind.
func objectAt(f *request.Object, name string) (*request.Object, bool) {
	o := f.Object(name)
	raw := f.Raw(name)
	return o, len(raw) > 0 && raw[0] == '{'
}

// saysNothing says whether an object has no key, or only such that are null.
func saysNothing(raw json.RawMessage) bool {
	var members map[string]any
	if json.Unmarshal(raw, &members) != nil {
		return false
	}
	for _, value := range members {
		if value != nil {
			return false
		}
	}
	return true
}

func readMessageTemplate(f *request.Object) *models.MessageTemplate {
	f.Require("text")
	m := &models.MessageTemplate{
		Text:        f.String("text", request.MaxChars(models.MaxTemplateTextLength)),
		Attachments: readAttachments(f, "attachments"),
		PollID:      f.String("poll_id"),
		Custom:      f.JSONObject("custom", models.MaxCustomBytes),
		Searchable:  f.OptionalBool("searchable"),

		MentionReceiver: f.OptionalBool("mention_receiver"),
	}
	if f.Has("text") && m.Text == "" && !nonEmptyList(f, "attachments") && m.PollID == "" {
		f.Invalid("text", "must not be empty without attachments or a poll")
	}
	return m
}

func readChannelTemplate(f *request.Object) *models.ChannelTemplate {
	f.Require("type")
	t := &models.ChannelTemplate{
		Type:    f.String("type", request.Matching(models.ValidChannelType, "must be 1 to 64 characters of A-Z a-z 0-9 _ -")),
		ID:      f.String("id", request.MaxChars(models.MaxChannelIDTemplateLength)),
		Team:    f.String("team", request.MaxChars(models.MaxTeamLength)),
		Custom:  f.JSONObject("custom", models.MaxCustomBytes),
		Members: f.Strings("members", models.MaxTemplateMembers),
	}
	for _, m := range f.Objects("members_template", models.MaxTemplateMembers) {
		m.Require("user_id")
		t.MembersTemplate = append(t.MembersTemplate, models.MemberTemplate{
			UserID:      m.String("user_id"),
			ChannelRole: m.String("channel_role", request.MaxChars(models.MaxChannelRoleLength)),
			Custom:      m.JSONObject("custom", models.MaxCustomBytes),
		})
	}
	if nonEmptyList(f, "members") && nonEmptyList(f, "members_template") {
		f.Invalid("members_template", "can't be given together with members")
	}
	return t
}

// apply merges what was said into a campaign: a list of one kind replaces the audience of the other, objects replace
// what was there whole, "" and 0 unset.
func (in campaignInput) apply(c *models.Campaign) {
	set(&c.Name, in.name)
	set(&c.Description, in.description)
	set(&c.SenderID, in.senderID)
	set((*string)(&c.SenderMode), in.senderMode)
	set((*string)(&c.SenderVisibility), in.senderVisibility)
	set(&c.CreateChannels, in.createChannels)
	set(&c.ShowChannels, in.showChannels)
	set(&c.SkipPush, in.skipPush)
	set(&c.SkipWebhook, in.skipWebhook)
	set(&c.MessageTemplate, in.messageTemplate)
	if in.channelTemplate != nil || in.dropChannelTemplate {
		c.ChannelTemplate = in.channelTemplate
	}
	if in.messagesPerSecond != nil {
		c.MessagesPerSecond = in.messagesPerSecond
		if *in.messagesPerSecond == 0 {
			c.MessagesPerSecond = nil
		}
	}
	switch {
	case len(in.segmentIDs) > 0:
		c.SegmentIDs, c.UserIDs = in.segmentIDs, nil
	case len(in.userIDs) > 0:
		c.SegmentIDs, c.UserIDs = nil, in.userIDs
	}
}

func set[T any](to *T, value *T) {
	if value != nil {
		*to = *value
	}
}

// required notes in f what a definition cannot do without. message says whether it has a message template at all.
func required(f *request.Object, c models.Campaign, message bool) {
	if c.SenderID == "" {
		f.Invalid("sender_id", "is required")
	}
	if !message {
		f.Invalid("message_template", "is required")
	}
	if len(c.SegmentIDs) == 0 && len(c.UserIDs) == 0 && !nonEmptyList(f, "segment_ids") && !nonEmptyList(f, "user_ids") {
		f.Invalid("segment_ids", "is required, or user_ids")
	}
}

// fieldErrors gives what was noted so far.
func fieldErrors(f *request.Object) []models.FieldError {
	var invalid *models.Error
	if errors.As(f.Err(), &invalid) {
		return invalid.Fields
	}
	return nil
}

// checkTemplates compiles every template of a campaign and gives what cannot be compiled, with line and column, and what
// does not fit its audience.
func checkTemplates(c models.Campaign) []models.FieldError {
	message := template.MessageSource{Text: c.MessageTemplate.Text}
	invalid := slices.Concat(
		decodeTemplate("message_template.attachments", c.MessageTemplate.Attachments, &message.Attachments),
		decodeTemplate("message_template.custom", c.MessageTemplate.Custom, &message.Custom),
	)
	_, err := template.CompileMessage(message, template.Scope{NoReceiver: c.Target == models.SegmentChannel})
	invalid = append(invalid, templateErrors("message_template.", err)...)
	if c.MessageTemplate.Mentions() && c.Target == models.SegmentChannel {
		invalid = append(invalid, models.FieldError{Path: "message_template.mention_receiver", Reason: "can't be set: the recipients of the campaign are channels"})
	}
	if c.ChannelTemplate == nil {
		return invalid
	}
	channel := template.ChannelSource{ID: c.ChannelTemplate.ID}
	invalid = append(invalid, decodeTemplate("channel_template.custom", c.ChannelTemplate.Custom, &channel.Custom)...)
	_, err = template.CompileChannel(channel, template.Scope{})
	return append(invalid, templateErrors("channel_template.", err)...)
}

func decodeTemplate(path string, raw json.RawMessage, to any) []models.FieldError {
	if len(raw) == 0 {
		return nil
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(to); err != nil {
		return []models.FieldError{{Path: path, Reason: err.Error(), Colon: true}}
	}
	return nil
}

func templateErrors(prefix string, err error) []models.FieldError {
	var errs template.Errors
	if !errors.As(err, &errs) {
		return nil
	}
	invalid := make([]models.FieldError, len(errs))
	for i, e := range errs {
		invalid[i] = models.FieldError{Path: prefix + e.Path, Reason: e.Err.Error(), Colon: true}
	}
	return invalid
}
