package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// progressInterval is how long after one look at a campaign's progress the next is taken (contract 14.2).
const progressInterval = 10 * time.Second

// RecordProgress records a campaign.updated for campaigns that are sending and whose progress has not been looked at for
// progressInterval, if it has changed since and a hook wants to know, and says for how many. It looks at up to limit
// campaigns, each in a transaction of its own. Any number of processes may call it.
func (s *Store) RecordProgress(ctx context.Context, limit int) (int, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT c.app_pk, c.id FROM campaigns AS c JOIN campaign_events AS e ON e.app_pk = c.app_pk AND e.campaign_id = c.id
		WHERE c.status = 'in_progress' AND c.hold = 'none' AND c.deleted_at IS NULL AND e.progress_at <= now() - $1::interval
			AND EXISTS (SELECT FROM hooks AS h WHERE h.app_pk = c.app_pk AND `+wantsAny(models.EventCampaignUpdated)+`)
		ORDER BY e.progress_at LIMIT $2`, progressInterval, limit)
	if err != nil {
		return 0, wrap(err, "look for campaigns in progress")
	}
	type candidate struct {
		AppPK int64
		ID    string
	}
	candidates, err := pgx.CollectRows(rows, pgx.RowToStructByPos[candidate])
	if err != nil {
		return 0, wrap(err, "look for campaigns in progress")
	}
	recorded := 0
	for _, c := range candidates {
		var changed bool
		err := inTx(ctx, s.pool, func(tx pgx.Tx) (err error) {
			changed, err = recordProgressTx(ctx, tx, c.AppPK, c.ID)
			return err
		})
		if err != nil {
			return recorded, wrap(err, "record the progress of campaign %d/%s", c.AppPK, c.ID)
		}
		if changed {
			recorded++
		}
	}
	return recorded, nil
}

// recordProgressTx says whether there was something to tell. Unlike a move it has neither the campaign's lock nor its row,
// which batches hold nearly always. The row of campaign_events is enough: a move that this does not see yet has to wait for
// it with its own events, so progress is never told after the campaign's end.
func recordProgressTx(ctx context.Context, tx pgx.Tx, appPK int64, id string) (bool, error) {
	var seq, told int64
	var now time.Time
	err := tx.QueryRow(ctx, `
		SELECT seq, progress_done, clock_timestamp() FROM campaign_events
		WHERE app_pk = $1 AND campaign_id = $2 AND progress_at <= statement_timestamp() - $3::interval FOR UPDATE SKIP LOCKED`,
		appPK, id, progressInterval).Scan(&seq, &told, &now)
	if errors.Is(err, pgx.ErrNoRows) { // somebody else is faster
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lock the events: %w", err)
	}
	rows, err := tx.Query(ctx, `SELECT * FROM campaigns WHERE app_pk = $1 AND id = $2 AND deleted_at IS NULL`, appPK, id)
	if err != nil {
		return false, fmt.Errorf("read the campaign: %w", err)
	}
	c, err := pgx.CollectExactlyOneRow(rows, scanCampaign)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && !c.State().Open() {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("read the campaign: %w", err)
	}
	details, err := readDetails(ctx, tx, appPK, []models.Campaign{c}, nil)
	if err != nil {
		return false, err
	}
	done := details.Stats[id].Recipients
	q := &pgx.Batch{}
	if done != told {
		seq++
		// The newest progress takes the place of what waits and of which nobody has been told.
		q.Queue(`
			DELETE FROM outbox WHERE id IN (
				SELECT o.id FROM hooks AS h JOIN outbox AS o ON o.app_pk = h.app_pk AND o.hook_id = h.id AND o.stream = $2 AND o.stream <> ''
				WHERE h.app_pk = $1 AND `+wantsAny(models.EventCampaignUpdated)+` AND o.progress AND o.attempts = 0 AND o.claim IS NULL
				FOR UPDATE OF o SKIP LOCKED)`, appPK, id)
		if err := queueCampaignEvents(q, snapshot(c, details, now), seq-1, true, models.EventCampaignUpdated); err != nil {
			return false, err
		}
	}
	q.Queue(`UPDATE campaign_events SET seq = $3, progress_at = $4, progress_done = $5 WHERE app_pk = $1 AND campaign_id = $2`, appPK, id, seq, now, done)
	if err := tx.SendBatch(ctx, q).Close(); err != nil {
		return false, fmt.Errorf("write the progress: %w", err)
	}
	return done != told, nil
}
