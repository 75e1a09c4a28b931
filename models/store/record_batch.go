package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// What a batch does is told by one row of the outbox for each receiver, whose body refers to it. A row for each event would
// make a batch several times as dear.

// wantsBatch is the condition under which the hook h is told of what a batch does.
var wantsBatch = wantsAny(models.EventMessageNew, models.EventChannelCreated, models.EventMemberAdded, models.EventChannelVisible)

// tellsHooks says whether hooks are told of what a campaign's batches do. It is read with the campaign's row, so that an app
// without hooks pays for one look-up and no statement.
var tellsHooks = `NOT skip_webhook AND EXISTS (SELECT FROM hooks AS h WHERE h.app_pk = $1 AND ` + wantsBatch + `)`

// record records what the batch has done.
func (b *batch) record(ctx context.Context) error {
	if len(b.claimed) == 0 || !b.hooks && !b.push {
		return nil
	}
	messages := models.BatchEvents{At: b.now.UTC(), SenderID: b.SenderID, After: b.After, Through: b.Through, Late: b.moved}
	if b.trial {
		for _, m := range b.claimed {
			messages.Tests = append(messages.Tests, m.ID)
		}
	}
	q := &pgx.Batch{}
	if b.hooks {
		all := messages
		all.Created, all.Joined, all.Shown = b.created, b.joined, b.shown
		if len(b.created) > 0 {
			for _, m := range b.Channels.Members {
				all.Members = append(all.Members, m.UserID)
			}
		}
		body, err := json.Marshal(all)
		if err != nil {
			return fmt.Errorf("encode the batch's events: %w", err)
		}
		q.Queue(`
			INSERT INTO outbox (app_pk, hook_id, kind, campaign_id, body)
			SELECT $1, h.id, 'batch', $2, $3 FROM hooks AS h WHERE h.app_pk = $1 AND `+wantsBatch, b.AppPK, b.CampaignID, string(body))
	}
	if b.push {
		body, err := json.Marshal(messages)
		if err != nil {
			return fmt.Errorf("encode the batch's messages: %w", err)
		}
		q.Queue(`INSERT INTO outbox (app_pk, hook_id, kind, campaign_id, body) VALUES ($1, $2, 'batch', $3, $4)`,
			b.AppPK, models.PushReceiver, b.CampaignID, string(body))
	}
	if err := b.tx.SendBatch(ctx, q).Close(); err != nil {
		return fmt.Errorf("record the batch's events: %w", err)
	}
	return nil
}
