package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// recordCampaignTx records events of a campaign as it is now, in this order. They take the next numbers of the campaign,
// whether a hook wants them or not; EventCampaignCreated takes number 1, also where a deleted campaign had the id.
//
// The row of campaign_events is locked from here to the end of the transaction, and rows of the outbox get their ids behind
// that lock: so ids and numbers of a campaign grow in the order of commits. Whoever locks it may hold the campaign's lock
// and row, and takes neither afterwards.
func recordCampaignTx(ctx context.Context, tx pgx.Tx, c models.Campaign, events ...models.EventType) error {
	if len(events) == 0 {
		return nil
	}
	var seq int64
	var wanted bool
	q := &pgx.Batch{}
	q.Queue(`
		INSERT INTO campaign_events AS e (app_pk, campaign_id, seq) VALUES ($1, $2, $3)
		ON CONFLICT (app_pk, campaign_id) DO UPDATE SET
			seq           = CASE WHEN $4 THEN 0 ELSE e.seq END + excluded.seq,
			progress_at   = CASE WHEN $4 THEN excluded.progress_at ELSE e.progress_at END,
			progress_done = CASE WHEN $4 THEN 0 ELSE e.progress_done END
		RETURNING seq - $3`, c.AppPK, c.ID, len(events), slices.Contains(events, models.EventCampaignCreated)).
		QueryRow(func(row pgx.Row) error { return row.Scan(&seq) })
	q.Queue(`SELECT EXISTS (SELECT FROM hooks AS h WHERE h.app_pk = $1 AND `+wantsAny(events...)+`)`, c.AppPK).
		QueryRow(func(row pgx.Row) error { return row.Scan(&wanted) })
	if err := tx.SendBatch(ctx, q).Close(); err != nil {
		return fmt.Errorf("number the events: %w", err)
	}
	if !wanted {
		return nil
	}
	details, err := readDetails(ctx, tx, c.AppPK, []models.Campaign{c}, nil)
	if err != nil {
		return err
	}
	q = &pgx.Batch{}
	if err := queueCampaignEvents(q, snapshot(c, details, c.UpdatedAt), seq, false, events...); err != nil {
		return err
	}
	if err := tx.SendBatch(ctx, q).Close(); err != nil {
		return fmt.Errorf("record the events: %w", err)
	}
	return nil
}

// snapshot is the campaign as events at an instant show it.
func snapshot(c models.Campaign, d CampaignDetails, at time.Time) models.CampaignSnapshot {
	s := models.CampaignSnapshot{
		At: at.UTC(), Campaign: c, UserIDs: c.UserIDs[:min(len(c.UserIDs), models.MaxEventUserIDs)],
		Users: d.Users, Segments: d.Segments, Stats: d.Stats[c.ID],
	}
	s.Campaign.UserIDs = nil
	return s
}

// queueCampaignEvents records events, numbered from seq+1 on, for the hooks that want them.
func queueCampaignEvents(q *pgx.Batch, s models.CampaignSnapshot, seq int64, progress bool, events ...models.EventType) error {
	body, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode the campaign: %w", err)
	}
	names, standard := make([]string, len(events)), make([]bool, len(events))
	for i, t := range events {
		names[i], standard[i] = string(t), t.Standard()
	}
	q.Queue(`
		INSERT INTO outbox (app_pk, hook_id, kind, event_type, campaign_id, seq, stream, progress, body)
		SELECT $1, h.id, 'campaign', e.type, $2, $3 + e.place, $2, $4, $5
		FROM unnest($6::text[], $7::boolean[]) WITH ORDINALITY AS e (type, standard, place)
		JOIN hooks AS h ON h.app_pk = $1 AND `+wants("ARRAY[e.type, '"+models.EveryEvent+"']", "e.standard")+`
		ORDER BY e.place, h.id`,
		s.Campaign.AppPK, s.Campaign.ID, seq, progress, string(body), names, standard)
	return nil
}
