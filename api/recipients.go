package api

import (
	"context"
	"encoding/json"
	"fmt"

	"herald/api/request"
	"herald/models"
	"herald/models/store"
	"herald/wire"
)

const (
	defaultRecipientLimit = 100 // contract 12.4
	maxRecipientLimit     = 1000
)

// listRecipients answers what became of a campaign's recipients (contract 12.4).
func (s *Server) listRecipients(ctx context.Context, c *call) (*wire.Object, error) {
	campaign, err := s.store.Campaign(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	list, q, err := readRecipientList(c, campaign.ID)
	if err != nil {
		return nil, err
	}
	page, err := s.store.Recipients(ctx, campaign, q)
	if err != nil {
		return nil, err
	}
	shown := make([]*wire.Object, len(page.Rows))
	for i, r := range page.Rows {
		shown[i] = encodeRecipient(r)
	}
	return list.setPager(wire.NewObject().Set("recipients", shown), page.Prev, page.Next), nil
}

// readRecipientList reads status, limit, next and prev of the query string. A cursor's status wins over the one beside it.
func readRecipientList(c *call, campaignID string) (listQuery, store.RecipientQuery, error) {
	f := c.query()
	list := listQuery{secret: c.app.Secret, endpoint: "CampaignRecipients/" + campaignID}
	q := store.RecipientQuery{Limit: f.Int("limit", 0, maxRecipientLimit)}
	name := "next"
	text := f.String(name)
	if text == "" {
		name = "prev"
		text = f.String(name)
	}
	if text == "" {
		q.Status = models.RecipientStatus(f.String("status", recipientStatusRule))
	} else {
		place, err := openCursor(list.secret, list.endpoint, text)
		if err == nil {
			err = json.Unmarshal(place.Filter, &q.Status)
		}
		if err != nil || len(place.Key) != 1 || place.Key[0] == nil {
			f.Invalid(name, "%s", errCursor)
			return list, q, f.Err()
		}
		q.Key, q.Backward = *place.Key[0], place.Backward
		if q.Limit == 0 {
			q.Limit = place.Limit
		}
	}
	if q.Limit == 0 {
		q.Limit = defaultRecipientLimit
	}
	status, err := json.Marshal(q.Status)
	if err != nil {
		return list, q, fmt.Errorf("encode the status of a cursor: %w", err)
	}
	list.cursor = cursor{Filter: status, Limit: q.Limit}
	return list, q, f.Err()
}

var recipientStatusRule = request.OneOf(recipientStatuses()...)

func recipientStatuses() []string {
	names := make([]string, len(models.RecipientStatuses))
	for i, s := range models.RecipientStatuses {
		names[i] = string(s)
	}
	return names
}

func encodeRecipient(r models.Recipient) *wire.Object {
	return wire.NewObject().
		Set("target_id", r.TargetID).Set("user_id", r.UserID).Set("cid", r.CID).Set("message_id", r.MessageID).
		Set("status", string(r.Status)).Set("error_code", r.ErrorCode).Set("error", r.Error).
		Set("sent_at", r.SentAt).Set("read_at", r.ReadAt)
}
