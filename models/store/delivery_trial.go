package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// Tested says what became of the test messages of a campaign.
type Tested struct {
	SentAt          time.Time // created_at of the messages
	SenderGone      bool      // the sender is deleted or deactivated, nothing was committed
	ChannelsChanged bool      // a channel came or went since it was read, nothing was committed; read again
}

// DeliverTest commits the messages of a delivery as test messages, in one transaction: to channels by the same rules as
// Deliver, and with no trace in the campaign. They have no recipient, so they claim nobody and count nowhere, and each
// call sends again. Neither the campaign's state nor its pace matters, and outcomes are not kept. A deleted campaign
// gives models.CodeNotFound.
func (s *Store) DeliverTest(ctx context.Context, d Delivery) (Tested, error) {
	var out Tested
	err := inTx(ctx, s.batches, func(tx pgx.Tx) error {
		b := &batch{Delivery: d, tx: tx, claimed: d.Messages, trial: true}
		var sender bool
		err := tx.QueryRow(ctx, `
			SELECT clock_timestamp(),
				EXISTS (SELECT FROM users WHERE app_pk = $1 AND id = $3 AND deleted_at IS NULL AND deactivated_at IS NULL),
				`+tellsHooks+`, $4 AND NOT skip_push
			FROM campaigns WHERE app_pk = $1 AND id = $2 AND deleted_at IS NULL`,
			d.AppPK, d.CampaignID, d.SenderID, s.push).Scan(&b.now, &sender, &b.hooks, &b.push)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			return models.NotFound("campaign", d.CampaignID)
		case err != nil:
			return fmt.Errorf("look up campaign and sender: %w", err)
		case !sender:
			out.SenderGone = true
			return errAbandoned
		}
		out.SentAt = b.now
		for _, step := range []func(context.Context) error{b.insertTests, b.writeChannels, b.writeMembers} {
			if err := step(ctx); err != nil {
				out.ChannelsChanged = b.channelsGone
				return err
			}
		}
		if len(b.late) > 0 { // messages older than their channel would not be shown in it
			out.ChannelsChanged = true
			return errAbandoned
		}
		return b.record(ctx)
	})
	if errors.Is(err, errAbandoned) {
		return out, nil
	}
	return out, wrap(err, "deliver a test of campaign %d/%s", d.AppPK, d.CampaignID)
}

// insertTests inserts the messages without their recipients.
func (b *batch) insertTests(ctx context.Context) error {
	cols := newMessageColumns(b.Messages)
	_, err := b.tx.Exec(ctx, `
		INSERT INTO messages (app_pk, id, cid, user_id, text, attachments, custom, mentioned_users, poll_id, campaign_id, created_at, updated_at)
		SELECT $1, r.id, r.cid, $2, r.text, coalesce(r.attachments::jsonb, $3::jsonb), coalesce(r.custom::jsonb, $4::jsonb),
			CASE WHEN $14 THEN ARRAY[r.target] END, $5, $6, $7, $7
		FROM unnest($8::text[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[]) AS r (id, cid, text, target, attachments, custom)`,
		b.AppPK, b.SenderID, jsonText(b.Attachments), jsonText(b.Custom), b.PollID, b.CampaignID, b.now,
		cols.ids, cols.cids, cols.texts, cols.recipients, cols.attachments, cols.customs, b.MentionReceiver)
	if err != nil {
		return fmt.Errorf("insert test messages: %w", err)
	}
	return nil
}
