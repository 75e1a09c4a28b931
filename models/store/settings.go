package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"herald/models"
)

// AppChange is what an app changes about itself. What is nil stays.
type AppChange struct {
	Hooks         *[]models.Hook // instead of all hooks but the legacy one; their times are not looked at
	WebhookURL    *string        // of the legacy hook; "" removes it
	WebhookEvents *[]string      // of the legacy hook

	EnableHookPayloadCompression *bool
	MultiTenantEnabled           *bool
	MAUPlan                      *int64
}

// AppSettings gives an app with its hooks and its capacity.
func (s *Store) AppSettings(ctx context.Context, appPK int64) (models.AppSettings, error) {
	var out models.AppSettings
	var err error
	if out.App, err = gorm.G[models.App](s.db).Where("app_pk = ?", appPK).First(ctx); err != nil {
		return out, wrap(err, "read the app %d", appPK)
	}
	hooks, err := readHooks(ctx, s.pool, appPK)
	if err != nil {
		return out, wrap(err, "read the hooks of app %d", appPK)
	}
	for _, h := range hooks {
		if h.ID == models.LegacyHookID {
			out.Legacy = &h
		} else {
			out.Hooks = append(out.Hooks, h)
		}
	}
	out.Capacity, _, err = readCapacity(ctx, s.pool, appPK)
	if err == nil && out.Capacity.Plan == 0 {
		out.Capacity.Used, err = sumUsed(ctx, s.pool, appPK, out.Capacity.PeriodStart)
	}
	return out, wrap(err, "read the capacity of app %d", appPK)
}

// UpdateApp changes what an app decides about itself, all of it or nothing. A plan that the operator has pinned is
// models.CodeNotAllowed. Setting a plan waits for the batches in flight, as a pause does.
func (s *Store) UpdateApp(ctx context.Context, appPK int64, change AppChange) error {
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		var pinned bool
		err := tx.QueryRow(ctx, `
			UPDATE apps SET
				enable_hook_payload_compression = coalesce($2, enable_hook_payload_compression),
				multi_tenant_enabled = coalesce($3, multi_tenant_enabled)
			WHERE app_pk = $1 RETURNING mau_plan_pinned`,
			appPK, change.EnableHookPayloadCompression, change.MultiTenantEnabled).Scan(&pinned)
		if err != nil {
			return err
		}
		if change.MAUPlan != nil && pinned {
			return &models.Error{Code: models.CodeNotAllowed, Reason: "mau_plan is set by the operator"}
		}
		if err := replaceHooksTx(ctx, tx, appPK, change); err != nil {
			return err
		}
		if change.MAUPlan != nil {
			return setPlanTx(ctx, tx, appPK, *change.MAUPlan)
		}
		return nil
	})
	return wrap(err, "update the app %d", appPK)
}

// SetPlan sets the mau_plan of the app of this name, unless plan is nil, and whether the app may change it itself. It is
// the operator's way; an unknown name is models.CodeNotFound.
func (s *Store) SetPlan(ctx context.Context, name string, plan *int64, pinned bool) error {
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		var appPK int64
		err := tx.QueryRow(ctx, "UPDATE apps SET mau_plan_pinned = $2 WHERE name = $1 RETURNING app_pk", name, pinned).Scan(&appPK)
		if errors.Is(err, pgx.ErrNoRows) {
			return &models.Error{Code: models.CodeNotFound, Reason: fmt.Sprintf("there is no app named %q", name)}
		}
		if err != nil || plan == nil {
			return err
		}
		return setPlanTx(ctx, tx, appPK, *plan)
	})
	return wrap(err, "set the plan of the app %q", name)
}

func readHooks(ctx context.Context, db querier, appPK int64) ([]models.Hook, error) {
	rows, err := db.Query(ctx, "SELECT * FROM hooks WHERE app_pk = $1 ORDER BY position, id", appPK)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByNameLax[models.Hook])
}

// replaceHooksTx writes the hooks that a change gives. A hook whose id stays keeps its row, and so everything that hangs
// on it; what the others have not taken yet goes with them.
func replaceHooksTx(ctx context.Context, tx pgx.Tx, appPK int64, change AppChange) error {
	q := &pgx.Batch{}
	if change.Hooks != nil {
		keep := []string{models.LegacyHookID}
		for _, h := range *change.Hooks {
			keep = append(keep, h.ID)
		}
		q.Queue(dropHooks+"id <> ALL($2)"+dropPending, appPK, keep)
		for i, h := range *change.Hooks {
			h.Position = i
			queueHook(q, appPK, h)
		}
	}
	if change.WebhookURL != nil || change.WebhookEvents != nil {
		legacy, err := changedLegacyTx(ctx, tx, appPK, change)
		if err != nil {
			return err
		}
		if legacy == nil {
			q.Queue(dropHooks+"id = $2"+dropPending, appPK, models.LegacyHookID)
		} else {
			queueHook(q, appPK, *legacy)
		}
	}
	if q.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, q).Close()
}

// Around a condition, the statement that deletes hooks of the app $1 with their rows of the outbox. Those that a relay is
// just writing are left to SweepOutbox: waiting for them, while the relay may wait for others, could be a deadlock.
const (
	dropHooks   = `WITH dropped AS (DELETE FROM hooks WHERE app_pk = $1 AND `
	dropPending = ` RETURNING app_pk, id)
		DELETE FROM outbox WHERE id IN (
			SELECT o.id FROM dropped JOIN outbox AS o ON o.app_pk = dropped.app_pk AND o.hook_id = dropped.id FOR UPDATE OF o SKIP LOCKED)`
)

// changedLegacyTx is the legacy hook after a change; nil is none. Event types that come without a URL are kept for the
// URL that follows.
func changedLegacyTx(ctx context.Context, tx pgx.Tx, appPK int64, change AppChange) (*models.Hook, error) {
	hooks, err := readHooks(ctx, tx, appPK)
	if err != nil {
		return nil, err
	}
	legacy := models.Hook{
		ID: models.LegacyHookID, EventTypes: []string{}, Product: models.HookProductAll,
		TimeoutMS: models.DefaultHookTimeoutMS, TimestampFormat: models.HookTimesRFC3339,
	}
	for _, h := range hooks {
		if h.ID == models.LegacyHookID {
			legacy = h
		}
	}
	if change.WebhookURL != nil {
		legacy.WebhookURL = *change.WebhookURL
	}
	if change.WebhookEvents != nil {
		legacy.EventTypes = *change.WebhookEvents
	}
	legacy.Enabled = legacy.WebhookURL != ""
	if !legacy.Enabled && (change.WebhookURL != nil || len(legacy.EventTypes) == 0) {
		return nil, nil
	}
	return &legacy, nil
}

func queueHook(q *pgx.Batch, appPK int64, h models.Hook) {
	q.Queue(`
		INSERT INTO hooks AS h (app_pk, id, position, enabled, event_types, webhook_url, product, timeout_ms, timestamp_format, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, statement_timestamp(), statement_timestamp())
		ON CONFLICT (app_pk, id) DO UPDATE SET
			position = excluded.position, enabled = excluded.enabled, event_types = excluded.event_types, webhook_url = excluded.webhook_url,
			product = excluded.product, timeout_ms = excluded.timeout_ms, timestamp_format = excluded.timestamp_format,
			updated_at = CASE WHEN (h.enabled, h.event_types, h.webhook_url, h.product, h.timeout_ms, h.timestamp_format)
				= (excluded.enabled, excluded.event_types, excluded.webhook_url, excluded.product, excluded.timeout_ms, excluded.timestamp_format)
				THEN h.updated_at ELSE excluded.updated_at END`,
		appPK, h.ID, h.Position, h.Enabled, append([]string{}, h.EventTypes...), h.WebhookURL, h.Product, h.TimeoutMS, h.TimestampFormat)
}
