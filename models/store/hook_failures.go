package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/filter"
	"herald/models"
)

// HookFailureQuery asks for one page of an app's hook failures, the newest first.
type HookFailureQuery struct {
	HookID string // only of this hook; "" is all
	Limit  int    // failures of a page, at least 1

	// Key is that of the failure where the page begins, exclusive: those after it in the list, or before it with Backward.
	// Nil is the first page. A key that no page gave is an error that wraps filter.ErrKey.
	Key      filter.Key
	Backward bool
}

// HookFailures gives a page of the events that an app's hooks did not take, by the time of the last try.
func (s *Store) HookFailures(ctx context.Context, appPK int64, q HookFailureQuery) (Page[models.HookFailure], error) {
	var p Page[models.HookFailure]
	args := pgx.StrictNamedArgs{"app": appPK, "limit": q.Limit + 1}
	conditions := "app_pk = @app"
	if q.HookID != "" {
		args["hook"] = q.HookID
		conditions += " AND hook_id = @hook"
	}
	beyond, direction := "<", "DESC"
	if q.Backward && q.Key != nil {
		beyond, direction = ">", "ASC"
	}
	if q.Key != nil {
		at, id, err := openFailureKey(q.Key)
		if err != nil {
			return p, err
		}
		args["at"], args["id"] = at, id
		conditions += fmt.Sprintf(" AND (last_attempt_at, id) %s (@at, @id)", beyond)
	}
	rows, err := s.pool.Query(ctx, fmt.Sprintf(`
		SELECT id, hook_id, webhook_url, event_type, campaign_id, seq, attempts, first_attempt_at, last_attempt_at, last_status, last_error, event
		FROM hook_failures WHERE %s ORDER BY last_attempt_at %s, id %s LIMIT @limit`, conditions, direction, direction), args)
	if err == nil {
		p.Rows, err = pgx.CollectRows(rows, pgx.RowToStructByName[models.HookFailure])
	}
	if err != nil || len(p.Rows) == 0 {
		return p, wrap(err, "list the hook failures of app %d", appPK)
	}
	more := len(p.Rows) > q.Limit
	if more {
		p.Rows = p.Rows[:q.Limit]
	}
	precede, follow := q.Key != nil, more
	if direction == "ASC" {
		slices.Reverse(p.Rows)
		precede, follow = more, true
	}
	if precede {
		p.Prev = failureKey(p.Rows[0])
	}
	if follow {
		p.Next = failureKey(p.Rows[len(p.Rows)-1])
	}
	return p, nil
}

// failureKey is the place of a failure in the list: its time in microseconds, which is all that is stored of it, and its id.
func failureKey(f models.HookFailure) filter.Key {
	at := strconv.FormatInt(f.LastAttemptAt.UnixMicro(), 10)
	return filter.Key{&at, &f.ID}
}

var errFailureKey = fmt.Errorf("read the key of a hook failure: %w", filter.ErrKey)

func openFailureKey(k filter.Key) (time.Time, string, error) {
	if len(k) != 2 || k[0] == nil || k[1] == nil {
		return time.Time{}, "", errFailureKey
	}
	micros, err := strconv.ParseInt(*k[0], 10, 64)
	if err != nil {
		return time.Time{}, "", errors.Join(errFailureKey, err)
	}
	return time.UnixMicro(micros), *k[1], nil
}

// HookReplay says which of an app's hook failures to send again.
type HookReplay struct {
	HookID string   // only of this hook; "" is all
	IDs    []string // only these; nil is all
	Limit  int      // at most so many
}

// ReplayHookFailures moves failures back into the outbox, the oldest first, and says how many. They are sent as they were, as
// if for the first time and in no order. Failures of hooks that are gone stay.
func (s *Store) ReplayHookFailures(ctx context.Context, appPK int64, r HookReplay) (int, error) {
	tag, err := s.pool.Exec(ctx, `
		WITH chosen AS (
			SELECT f.app_pk, f.id FROM hook_failures AS f
			WHERE f.app_pk = $1 AND ($2 = '' OR f.hook_id = $2) AND ($3::text[] IS NULL OR f.id = ANY($3))
				AND EXISTS (SELECT FROM hooks AS h WHERE h.app_pk = f.app_pk AND h.id = f.hook_id)
			ORDER BY f.last_attempt_at, f.id LIMIT $4 FOR UPDATE OF f SKIP LOCKED
		), moved AS (
			DELETE FROM hook_failures AS f USING chosen WHERE f.app_pk = chosen.app_pk AND f.id = chosen.id RETURNING f.*
		)
		INSERT INTO outbox (app_pk, hook_id, event_id, kind, event_type, campaign_id, seq, body, payload)
		SELECT app_pk, hook_id, id::uuid, CASE WHEN seq > 0 THEN 'campaign' ELSE 'chat' END, event_type, campaign_id, seq, '{}', event::text
		FROM moved ORDER BY last_attempt_at, id`, appPK, r.HookID, r.IDs, r.Limit)
	return int(tag.RowsAffected()), wrap(err, "replay hook failures of app %d", appPK)
}
