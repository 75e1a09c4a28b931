package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// readCapacity gives an app's plan and what it has used of it this month. Used is 0 without a plan: see sumUsed.
func readCapacity(ctx context.Context, db querier, appPK int64) (models.Capacity, error) {
	var plan, used int64
	var now time.Time
	err := db.QueryRow(ctx, `
		SELECT a.mau_plan, coalesce(u.sent, 0), t.now
		FROM apps AS a CROSS JOIN (SELECT clock_timestamp() AS now OFFSET 0) AS t
		LEFT JOIN campaign_usage AS u ON u.app_pk = a.app_pk AND u.month = date_trunc('month', t.now)::date AND a.mau_plan > 0
		WHERE a.app_pk = $1`, appPK).Scan(&plan, &used, &now)
	return models.NewCapacity(plan, used, now), err
}

// sumUsed counts the campaign messages of an app since the beginning of the present month from what its batches have
// committed: a row per thousand messages or so.
func sumUsed(ctx context.Context, db querier, appPK int64, month time.Time) (int64, error) {
	var used int64
	err := db.QueryRow(ctx, `
		SELECT coalesce(sum(sent - sent_before), 0)::bigint FROM campaign_batches WHERE app_pk = $1 AND committed_at >= $2`,
		appPK, month).Scan(&used)
	return used, err
}

// setPlanTx sets an app's plan, and counts what it has used this month: until now its batches need not have counted. The
// app's lock keeps them out, so none is missed.
func setPlanTx(ctx context.Context, tx pgx.Tx, appPK int64, plan int64) error {
	q := &pgx.Batch{}
	q.Queue(fmt.Sprintf("SET LOCAL lock_timeout = %d", fenceTimeout.Milliseconds()))
	q.Queue("SELECT pg_advisory_xact_lock($1, $2)", lockApp, appKey(appPK))
	q.Queue("UPDATE apps SET mau_plan = $2 WHERE app_pk = $1", appPK, plan)
	if err := tx.SendBatch(ctx, q).Close(); err != nil {
		return fmt.Errorf("set the plan: %w", err)
	}
	capacity, err := readCapacity(ctx, tx, appPK)
	if err != nil {
		return fmt.Errorf("set the plan: %w", err)
	}
	used, err := sumUsed(ctx, tx, appPK, capacity.PeriodStart)
	if err != nil {
		return fmt.Errorf("count what is used: %w", err)
	}
	_, err = tx.Exec(ctx, `
		INSERT INTO campaign_usage (app_pk, month, sent) VALUES ($1, $2, $3)
		ON CONFLICT (app_pk, month) DO UPDATE SET sent = excluded.sent`, appPK, capacity.PeriodStart, used)
	if err != nil {
		return fmt.Errorf("record what is used: %w", err)
	}
	return nil
}
