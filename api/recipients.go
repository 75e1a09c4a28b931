package api

import (
	"context"

	"herald/api/request"
	"herald/filter"
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

// readRecipientList reads which recipients are asked for.
func readRecipientList(c *call, campaignID string) (listQuery, store.RecipientQuery, error) {
	list, err := readNarrowedList(c, "CampaignRecipients/"+campaignID, "status", defaultRecipientLimit, maxRecipientLimit, recipientStatusRule)
	q := store.RecipientQuery{Status: models.RecipientStatus(list.value), Limit: list.limit, Backward: list.backward}
	if err == nil && list.key != nil {
		if len(list.key) != 1 || list.key[0] == nil {
			return list.listQuery, q, badCursor(filter.ErrKey)
		}
		q.Key = *list.key[0]
	}
	return list.listQuery, q, err
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
