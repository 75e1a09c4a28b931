package api

import (
	"context"
	"errors"

	"herald/models"
	"herald/models/store"
	"herald/wire"
)

// errChannelsChange says that channels appeared and vanished faster than they could be read and written.
var errChannelsChange = errors.New("channels of a test keep changing")

// testCampaign sends a campaign's message to some targets, in any status, and leaves no trace in the campaign
// (contract 12.1).
func (s *Server) testCampaign(ctx context.Context, c *call) (*wire.Object, error) {
	campaign, err := s.store.Campaign(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	if c.carriedOut() {
		return nil, &models.Error{Code: models.CodeConflict, Reason: "the test was sent, and its answer was lost"}
	}
	ids, err := readChosenTargets(c.fields(), campaign, "user_ids", "users")
	if err != nil {
		return nil, err
	}
	def, err := s.definition(ctx, campaign)
	if err != nil {
		return nil, err
	}
	const readings = 3
	for range readings {
		d, err := def.Named(ctx, s.store, ids)
		if err != nil {
			return nil, err
		}
		tested, err := s.store.DeliverTest(ctx, d)
		switch {
		case err != nil:
			return nil, err
		case tested.SenderGone:
			return nil, models.InvalidField("sender_id", "names the user %q, who is deleted or deactivated", campaign.SenderID)
		case !tested.ChannelsChanged:
			return encodeTest(ids, campaign, d, tested), nil
		}
	}
	return nil, models.Unavailable(errChannelsChange)
}

// encodeTest is the answer of contract 12.1; status, details and results are for older SDKs.
func encodeTest(ids []string, c models.Campaign, d store.Delivery, tested store.Tested) *wire.Object {
	settled := make(map[string]models.Recipient, len(ids))
	for _, m := range d.Messages {
		settled[m.Recipient] = models.Recipient{Status: models.RecipientSent, CID: &m.CID, MessageID: &m.ID, SentAt: &tested.SentAt}
	}
	for _, o := range d.Outcomes {
		settled[o.Recipient] = models.Recipient{Status: models.RecipientStatus(o.Status), ErrorCode: string(o.Code), Error: o.Reason}
	}
	recipients := make([]*wire.Object, len(ids))
	results := wire.NewObject()
	for i, id := range ids {
		r := settled[id]
		r.TargetID, r.UserID = id, userIDOf(id, c)
		recipients[i] = encodeRecipient(r)
		result := r.Error
		if result == "" {
			result = string(r.Status)
		}
		results.Set(id, result)
	}
	return wire.NewObject().Set("recipients", recipients).Set("status", "completed").Set("details", "").Set("results", results)
}
