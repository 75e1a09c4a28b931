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
	"herald/wire"
)

// maxChosenTargets is the most targets of a preview or a test (contract 12).
const maxChosenTargets = 20

// previewCampaign shows what a campaign makes for some targets; nothing is sent or stored (contract 12.2).
func (s *Server) previewCampaign(ctx context.Context, c *call) (*wire.Object, error) {
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
	shown := make([]*wire.Object, len(previews))
	for i, p := range previews {
		if shown[i], err = encodePreview(p, campaign); err != nil {
			return nil, err
		}
	}
	return wire.NewObject().Set("previews", shown), nil
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
func encodePreview(p rendering.Preview, c models.Campaign) (*wire.Object, error) {
	status, code, reason := "ok", "", ""
	if p.Outcome != nil {
		status, code, reason = string(p.Outcome.Status), string(p.Outcome.Code), p.Outcome.Reason
	}
	o := wire.NewObject().Set("target_id", p.TargetID).Set("user_id", userIDOf(p.TargetID, c)).
		Set("status", status).Set("error_code", code).Set("error", reason)
	if m := p.Message; m != nil {
		custom, err := withCampaignID(m.Custom, c.ID)
		if err != nil {
			return nil, err
		}
		message := wire.NewObject().Set("text", m.Text).Set("attachments", wire.Attachments(m.Attachments)).Set("custom", custom)
		wire.Optional(message, "poll_id", m.PollID)
		if m.Mentioned != nil {
			message.Set("mentioned_users", m.Mentioned)
		}
		o.Set("message", message)
	} else {
		o.Set("message", nil)
	}
	if ch := p.Channel; ch != nil {
		channelType, id, _ := strings.Cut(ch.CID, ":")
		channel := wire.NewObject().Set("cid", ch.CID).Set("type", channelType).Set("id", id).Set("exists", ch.Exists).Set("will_create", ch.WillCreate)
		wire.Optional(channel, "team", ch.Team)
		o.Set("channel", channel.Set("custom", wire.OrEmpty(ch.Custom)).Set("members", ch.Members))
	} else {
		o.Set("channel", nil)
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
func withCampaignID(custom models.Custom, campaignID string) (*wire.Object, error) {
	var values map[string]json.RawMessage
	if err := json.Unmarshal(wire.OrEmpty(custom), &values); err != nil {
		return nil, fmt.Errorf("read the custom data of a message: %w", err)
	}
	o := wire.NewObject()
	for _, key := range slices.Sorted(maps.Keys(values)) {
		o.Set(key, values[key])
	}
	return o.Set("campaign_id", campaignID), nil
}
