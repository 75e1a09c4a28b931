package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// How capacity is kept (contract 15.2). An app with a plan has a row of campaign_usage for the month, and each batch adds
// to it what it sent, last of all before it commits: the row is locked for as long as a commit takes. Where the messages
// of a batch may be more than are left, it begins anew alone, behind the exclusive side of the app's lock, and sends what
// is left. An app without a plan has no row that its batches share.

// errScarce says that a batch has to begin anew, alone.
var errScarce = errors.New("the app's capacity may not suffice")

// queueAppLock takes the shared side of the app's lock, or the exclusive one for a batch that must be alone. A batch that
// holds one never asks for the other, and holds no row yet: so they cannot wait for each other in a circle.
func (b *batch) queueAppLock(q *pgx.Batch) {
	lock := "SELECT pg_advisory_xact_lock_shared($1, $2)"
	if b.alone {
		lock = "SELECT pg_advisory_xact_lock($1, $2)"
	}
	q.Queue(lock, lockApp, appKey(b.AppPK))
}

// ration leaves out the messages that the app's capacity does not cover.
func (b *batch) ration(ctx context.Context) error {
	if b.plan == 0 || len(b.Messages) == 0 {
		return nil
	}
	b.capacity = models.NewCapacity(b.plan, 0, b.now)
	err := b.tx.QueryRow(ctx, "SELECT coalesce((SELECT sent FROM campaign_usage WHERE app_pk = $1 AND month = $2), 0)",
		b.AppPK, b.capacity.PeriodStart).Scan(&b.capacity.Used)
	if err != nil {
		return fmt.Errorf("read the capacity: %w", err)
	}
	if b.capacity.Fits(int64(len(b.Messages))) {
		return nil
	}
	if !b.alone {
		return errScarce
	}
	due, err := b.unsettled(ctx)
	if err != nil {
		return err
	}
	left := int(min(int64(len(due)), b.capacity.Left()))
	if left == len(due) {
		return nil
	}
	b.noCapacity = true
	b.Recipients -= len(due) - left
	b.Messages = due[:left]
	return nil
}

// unsettled are the messages of the batch whose recipients have neither a message nor an outcome.
func (b *batch) unsettled(ctx context.Context) ([]NewMessage, error) {
	rows, err := b.tx.Query(ctx, `
		SELECT r.recipient FROM unnest($3::text[]) AS r (recipient)
		WHERE NOT EXISTS (SELECT FROM messages m WHERE m.app_pk = $1 AND m.campaign_id = $2 AND m.recipient = r.recipient OFFSET 0)
			AND NOT EXISTS (SELECT FROM campaign_outcomes o WHERE o.app_pk = $1 AND o.campaign_id = $2 AND o.recipient = r.recipient OFFSET 0)`,
		b.AppPK, b.CampaignID, newMessageColumns(b.Messages).recipients)
	if err != nil {
		return nil, fmt.Errorf("look up who is settled: %w", err)
	}
	recipients, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("look up who is settled: %w", err)
	}
	return b.messagesTo(recipients), nil
}

// charge adds what the batch sent to the app's month.
func (b *batch) charge(ctx context.Context) error {
	if b.plan == 0 || len(b.claimed) == 0 {
		return nil
	}
	tag, err := b.tx.Exec(ctx, `
		INSERT INTO campaign_usage AS u (app_pk, month, sent) VALUES ($1, $2, $3)
		ON CONFLICT (app_pk, month) DO UPDATE SET sent = u.sent + excluded.sent WHERE u.sent + excluded.sent <= $4`,
		b.AppPK, b.capacity.PeriodStart, len(b.claimed), *b.capacity.Allowance())
	if err != nil {
		return fmt.Errorf("count what was sent: %w", err)
	}
	if tag.RowsAffected() > 0 {
		return nil
	}
	if b.alone {
		return errors.New("the batch claimed more than the app's capacity covers")
	}
	return errScarce // other batches were faster
}

// checkCapacityTx refuses a move after which the campaign would send at once, where nothing is left to send.
func checkCapacityTx(ctx context.Context, tx pgx.Tx, c models.Campaign, move models.Move, action models.Action) error {
	if action != models.ActionStart && action != models.ActionResume {
		return nil
	}
	capacity, now, err := readCapacity(ctx, tx, c.AppPK)
	if err != nil {
		return fmt.Errorf("read the capacity: %w", err)
	}
	due := c.ScheduledFor == nil || !c.ScheduledFor.After(now)
	if move.Status == models.StatusInProgress || action == models.ActionResume && due {
		return capacity.UsedUp()
	}
	return nil
}

// readCapacity gives an app's plan, what it has used of it this month, and the time. Used is 0 without a plan: see sumUsed.
func readCapacity(ctx context.Context, db querier, appPK int64) (models.Capacity, time.Time, error) {
	var plan, used int64
	var now time.Time
	err := db.QueryRow(ctx, `
		SELECT a.mau_plan, coalesce(u.sent, 0), t.now
		FROM apps AS a CROSS JOIN (SELECT clock_timestamp() AS now OFFSET 0) AS t
		LEFT JOIN campaign_usage AS u ON u.app_pk = a.app_pk AND u.month = date_trunc('month', t.now)::date AND a.mau_plan > 0
		WHERE a.app_pk = $1`, appPK).Scan(&plan, &used, &now)
	return models.NewCapacity(plan, used, now), now, err
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
	capacity, _, err := readCapacity(ctx, tx, appPK)
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
