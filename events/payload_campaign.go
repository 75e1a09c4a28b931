package events

import (
	"encoding/json"
	"fmt"
	"time"

	"herald/models"
	"herald/models/store"
	"herald/wire"
)

// newPayload begins the payload of any event (contract 14.2). Nobody gives events custom data; the key is there for the
// typed parsers of SDKs.
func newPayload(t models.EventType, at time.Time) *wire.Object {
	return wire.NewObject().Set("type", string(t)).Set("created_at", at)
}

func encodePayload(d *wire.Dialect, o *wire.Object) (string, error) {
	b, err := wire.Encode(d, o)
	if err != nil {
		return "", fmt.Errorf("encode an event: %w", err)
	}
	return string(b), nil
}

// campaignPayload is the payload of a campaign.* event: the campaign as it was.
func campaignPayload(d *wire.Dialect, row models.OutboxRow) (string, error) {
	var snap models.CampaignSnapshot
	if err := json.Unmarshal(row.Body, &snap); err != nil {
		return "", fmt.Errorf("read the snapshot of the campaign %q: %w", row.CampaignID, err)
	}
	c := snap.Campaign
	details := store.CampaignDetails{Stats: map[string]models.Stats{c.ID: snap.Stats}, Segments: snap.Segments, Users: snap.Users}
	ids := snap.UserIDs
	if ids == nil {
		ids = []string{}
	}
	return encodePayload(d, newPayload(row.EventType, snap.At).Set("seq", row.Seq).Set("custom", wire.NewObject()).
		Set("campaign", wire.Campaign(c, details, ids, nil, snap.At)))
}
