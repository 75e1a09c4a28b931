package api

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"herald/api/request"
	"herald/models"
	"herald/rendering"
)

// maxChosenTargets is the most targets of a preview or a test (contract 12).
const maxChosenTargets = 20

// previewCampaign shows what a campaign makes for some targets; nothing is sent or stored (contract 12.2).
func (s *Server) previewCampaign(ctx context.Context, c *call) (*object, error) {
	campaign, err := s.store.Campaign(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	ids, err := readChosenTargets(c.fields(), campaign, "user_ids")
	if err != nil {
		return nil, err
	}
	def, err := s.definition(ctx, campaign)
	if err != nil {
		return nil, err
	}
	previews, err := def.Previews(ctx, s.store, ids)
	if err != nil {
		return nil, err
	}
	shown := make([]*object, len(previews))
	for i, p := range previews {
		if shown[i], err = encodePreview(p, campaign); err != nil {
			return nil, err
		}
	}
	return newObject().set("previews", shown), nil
}

// readChosenTargets reads the targets of a preview or a test, each once: cids where the campaign's recipients are
// channels, else user ids, under any of the names.
func readChosenTargets(f *request.Object, c models.Campaign, userNames ...string) ([]string, error) {
	right, wrong, kind := userNames, []string{"channel_cids"}, "users"
	if c.Target == models.SegmentChannel {
		right, wrong, kind = wrong, right, "channels"
	}
	for _, name := range wrong {
		if f.Has(name) {
			f.Invalid(name, "can't be given: the recipients of the campaign are %s", kind)
		}
	}
	name := right[0]
	for _, other := range right[1:] {
		if !f.Has(name) && f.Has(other) {
			name = other
		}
	}
	f.Require(name)
	ids := f.Strings(name, maxChosenTargets, targetRule)
	if f.Has(name) && !nonEmptyList(f, name) {
		f.Invalid(name, "must have at least one element")
	}
	return unrepeated(ids), f.Err()
}

// definition prepares a campaign for rendering as it is now, whatever its status.
func (s *Server) definition(ctx context.Context, c models.Campaign) (*rendering.Definition, error) {
	users, err := s.store.Users(ctx, c.AppPK, rendering.UserIDs(c))
	if err != nil {
		return nil, err
	}
	def, err := rendering.Compile(c, users)
	if err != nil {
		// It was checked when it was stored, by rules that may have been others.
		return nil, models.Invalid("the campaign cannot be sent as it is: %v", err)
	}
	return def, nil
}

// encodePreview is one entry of contract 12.2.
func encodePreview(p rendering.Preview, c models.Campaign) (*object, error) {
	status, code, reason := "ok", "", ""
	if p.Outcome != nil {
		status, code, reason = string(p.Outcome.Status), string(p.Outcome.Code), p.Outcome.Reason
	}
	o := newObject().set("target_id", p.TargetID).set("user_id", userIDOf(p.TargetID, c)).
		set("status", status).set("error_code", code).set("error", reason)
	if m := p.Message; m != nil {
		custom, err := withCampaignID(m.Custom, c.ID)
		if err != nil {
			return nil, err
		}
		message := newObject().set("text", m.Text).set("attachments", attachments(m.Attachments)).set("custom", custom)
		optional(message, "poll_id", m.PollID)
		o.set("message", message)
	} else {
		o.set("message", nil)
	}
	if ch := p.Channel; ch != nil {
		channelType, id, _ := strings.Cut(ch.CID, ":")
		channel := newObject().set("cid", ch.CID).set("type", channelType).set("id", id).set("exists", ch.Exists).set("will_create", ch.WillCreate)
		optional(channel, "team", ch.Team)
		o.set("channel", channel.set("custom", orEmpty(ch.Custom)).set("members", ch.Members))
	} else {
		o.set("channel", nil)
	}
	return o, nil
}

// userIDOf is the user that a target of the campaign is; nil where its targets are channels.
func userIDOf(targetID string, c models.Campaign) *string {
	if c.Target == models.SegmentChannel {
		return nil
	}
	return &targetID
}

// withCampaignID is the custom data of a campaign's message as readers of the message see it, in one object.
func withCampaignID(custom models.Custom, campaignID string) (*object, error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(orEmpty(custom), &values); err != nil {
		return nil, fmt.Errorf("read the custom data of a message: %w", err)
	}
	o := newObject()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		o.set(key, values[key])
	}
	return o.set("campaign_id", campaignID), nil
}
