package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"herald/models"
)

// ErrClaimLost says that rows are no longer those of whoever claimed them: the lease has ended, or they were deleted.
var ErrClaimLost = errors.New("the claim on outbox rows was lost")

const outboxColumns = `o.id, o.app_pk, o.hook_id, o.event_id, o.kind, o.event_type, o.campaign_id, o.seq, o.stream, o.progress, o.body, o.payload,
	o.created_at, coalesce(o.claim::text, '') AS claim, o.attempts, o.first_attempt_at, o.last_attempt_at, o.last_status, o.last_error`

// DueHooks gives the enabled hooks for which rows of these kinds are due.
func (s *Store) DueHooks(ctx context.Context, kinds []models.OutboxKind) ([]models.Receiver, error) {
	var due []models.Receiver
	q := batchByKey()
	q.Queue(`
		SELECT h.app_pk, h.id FROM hooks AS h WHERE h.enabled AND EXISTS (
			SELECT FROM unnest($1::text[]) AS k (kind) CROSS JOIN LATERAL (
				SELECT FROM outbox AS o
				WHERE o.app_pk = h.app_pk AND o.hook_id = h.id AND o.kind = k.kind AND o.due_at <= statement_timestamp() LIMIT 1
			) AS d OFFSET 0)`, kinds).Query(func(rows pgx.Rows) (err error) {
		due, err = pgx.CollectRows(rows, pgx.RowToStructByPos[models.Receiver])
		return err
	})
	return due, wrap(s.pool.SendBatch(ctx, q).Close(), "look for hooks with events that are due")
}

// OpenHook gives a hook with its app; models.CodeNotFound if there is none.
func (s *Store) OpenHook(ctx context.Context, r models.Receiver) (models.App, models.Hook, error) {
	var app models.App
	var hook models.Hook
	q := &pgx.Batch{}
	q.Queue(`SELECT app_pk, name, api_key, secret, enable_hook_payload_compression FROM apps WHERE app_pk = $1`, r.AppPK).QueryRow(func(row pgx.Row) error {
		return row.Scan(&app.PK, &app.Name, &app.APIKey, &app.Secret, &app.EnableHookPayloadCompression)
	})
	q.Queue(`SELECT * FROM hooks WHERE app_pk = $1 AND id = $2`, r.AppPK, r.HookID).Query(func(rows pgx.Rows) (err error) {
		hook, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByNameLax[models.Hook])
		return err
	})
	err := s.pool.SendBatch(ctx, q).Close()
	if errors.Is(err, pgx.ErrNoRows) {
		return app, hook, models.NotFound("hook", r.HookID)
	}
	return app, hook, wrap(err, "read the hook %q of app %d", r.HookID, r.AppPK)
}

// OutboxClaim says which rows to claim.
type OutboxClaim struct {
	Receiver models.Receiver
	Kind     models.OutboxKind
	Limit    int
	Lease    time.Duration // until others may claim them
	Before   *time.Time    // only rows whose models.OutboxRow.Since is before it; nil is all
}

// ClaimOutbox takes rows that are due, the longest first: nobody else is given them until the lease ends. Of a stream only
// the first row can be claimed. The rows of one call have one claim.
func (s *Store) ClaimOutbox(ctx context.Context, c OutboxClaim) ([]models.OutboxRow, error) {
	var claimed []models.OutboxRow
	q := batchByKey()
	// statement_timestamp, not clock_timestamp: what may change within a statement cannot bound an index.
	q.Queue(`
		UPDATE outbox AS o SET claim = $1, due_at = statement_timestamp() + $2::interval
		FROM (
			SELECT d.id FROM outbox AS d
			WHERE d.app_pk = $3 AND d.hook_id = $4 AND d.kind = $5 AND d.due_at <= statement_timestamp()
				AND (d.stream = '' OR NOT EXISTS (
					SELECT FROM outbox AS e WHERE e.app_pk = d.app_pk AND e.hook_id = d.hook_id AND e.stream = d.stream AND e.stream <> '' AND e.id < d.id OFFSET 0))
				AND ($6::timestamptz IS NULL OR coalesce(d.first_attempt_at, d.created_at) < $6)
			ORDER BY d.due_at, d.id LIMIT $7 FOR UPDATE SKIP LOCKED
		) AS due
		WHERE o.id = due.id RETURNING `+outboxColumns,
		uuid.NewString(), c.Lease, c.Receiver.AppPK, c.Receiver.HookID, c.Kind, c.Before, c.Limit).Query(func(rows pgx.Rows) (err error) {
		claimed, err = pgx.CollectRows(rows, pgx.RowToStructByName[models.OutboxRow])
		return err
	})
	err := s.pool.SendBatch(ctx, q).Close()
	slices.SortFunc(claimed, func(x, y models.OutboxRow) int { return int(x.ID - y.ID) })
	return claimed, wrap(err, "claim %s events of app %d for the hook %q", c.Kind, c.Receiver.AppPK, c.Receiver.HookID)
}

// RenewOutbox prolongs the lease of claimed rows and gives the claims that still have any.
func (s *Store) RenewOutbox(ctx context.Context, lease time.Duration, rows []models.OutboxRow) (map[string]bool, error) {
	ids, claims := make([]int64, len(rows)), make([]string, len(rows))
	for i, r := range rows {
		ids[i], claims[i] = r.ID, r.Claim
	}
	held := map[string]bool{}
	q := batchByKey()
	// Rows that are being settled are passed over, not waited for: the two lock rows in different orders.
	q.Queue(`
		WITH free AS (
			SELECT o.id FROM unnest($2::bigint[], $3::uuid[]) AS r (id, claim) JOIN outbox AS o ON o.id = r.id AND o.claim = r.claim FOR UPDATE OF o SKIP LOCKED
		)
		UPDATE outbox AS o SET due_at = statement_timestamp() + $1::interval FROM free WHERE o.id = free.id`, lease, ids, claims)
	q.Queue(`SELECT DISTINCT o.claim::text FROM unnest($1::bigint[], $2::uuid[]) AS r (id, claim) JOIN outbox AS o ON o.id = r.id AND o.claim = r.claim`,
		ids, claims).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowTo[string])
		for _, claim := range found {
			held[claim] = true
		}
		return err
	})
	return held, wrap(s.pool.SendBatch(ctx, q).Close(), "prolong the lease of %d outbox rows", len(rows))
}

// OutboxResult is what became of an event.
type OutboxResult int

// The results.
const (
	OutboxUntried   OutboxResult = iota // nobody was asked; it is due at once
	OutboxDelivered                     // its row goes
	OutboxRetry                         // it is due again after Tried.Delay
	OutboxDead                          // its tries are used up: a hook failure is what remains
)

// Tried is an event and what became of it.
type Tried struct {
	// Row as the try left it, its payload set. ID 0 is an event of a batch: unless it was delivered it gets a row of its own.
	Row    models.OutboxRow
	Result OutboxResult
	Delay  time.Duration
	URL    string // of the hook, for a hook failure
}

// Settlement is what became of rows that were claimed together.
type Settlement struct {
	Claim string
	Tried []Tried

	// Batch is the row of the batch that events without an ID are of, and Rest what is left of it; nil is nothing.
	Batch *models.OutboxRow
	Rest  *models.BatchEvents
}

// Settle writes what became of claimed rows. Rows that are not the claim's any more stay as they are; where that is so
// of all, or of the batch, nothing changes and the error wraps ErrClaimLost.
func (s *Store) Settle(ctx context.Context, st Settlement) error {
	w, err := newSettling(st)
	if err != nil {
		return err
	}
	err = s.inTxByKey(ctx, func(tx pgx.Tx) error {
		q := &pgx.Batch{}
		if err := w.queue(q); err != nil {
			return err
		}
		if err := tx.SendBatch(ctx, q).Close(); err != nil {
			return err
		}
		if w.found == 0 {
			return ErrClaimLost
		}
		if st.Batch == nil {
			return nil
		}
		// Only now: a batch that somebody else works on writes no rows for its events.
		q = &pgx.Batch{}
		w.queueNew(q)
		return tx.SendBatch(ctx, q).Close()
	})
	return wrap(err, "settle %d outbox events", len(st.Tried))
}

// settling is a settlement sorted into what each statement takes.
type settling struct {
	Settlement
	delivered, untried []int64
	retries, dead      []settled // rows
	added, buried      []settled // events of the batch
	found              int64     // rows that were the claim's
}

// settled is a Tried as json_to_recordset takes it.
type settled struct {
	ID             int64            `json:"id"`
	AppPK          int64            `json:"app_pk"`
	HookID         string           `json:"hook_id"`
	EventID        string           `json:"event_id"`
	EventType      models.EventType `json:"event_type"`
	CampaignID     string           `json:"campaign_id"`
	Body           json.RawMessage  `json:"body"`
	Payload        *string          `json:"payload"`
	CreatedAt      time.Time        `json:"created_at"`
	Attempts       int              `json:"attempts"`
	FirstAttemptAt time.Time        `json:"first_attempt_at"`
	LastAttemptAt  time.Time        `json:"last_attempt_at"`
	LastStatus     int              `json:"last_status"`
	LastError      string           `json:"last_error"`
	Delay          float64          `json:"delay"` // seconds
	URL            string           `json:"url"`
}

const settledColumns = `(id bigint, app_pk bigint, hook_id text, event_id uuid, event_type text, campaign_id text, body jsonb, payload text, created_at timestamptz,
	attempts int, first_attempt_at timestamptz, last_attempt_at timestamptz, last_status int, last_error text, delay float8, url text)`

func newSettling(st Settlement) (*settling, error) {
	w := &settling{Settlement: st}
	for _, t := range st.Tried {
		r := t.Row
		row := settled{
			ID: r.ID, AppPK: r.AppPK, HookID: r.HookID, EventID: r.EventID, EventType: r.EventType, CampaignID: r.CampaignID, Body: r.Body, Payload: r.Payload,
			CreatedAt: r.CreatedAt, Attempts: r.Attempts, FirstAttemptAt: r.Since(), LastAttemptAt: r.Since(), LastStatus: r.LastStatus, LastError: r.LastError,
			Delay: t.Delay.Seconds(), URL: t.URL,
		}
		if r.LastAttemptAt != nil {
			row.LastAttemptAt = *r.LastAttemptAt
		}
		if r.ID == 0 && st.Batch == nil {
			return nil, fmt.Errorf("settle the event %s: it has neither a row nor a batch", r.EventID)
		}
		switch {
		case t.Result == OutboxDelivered && r.ID != 0:
			w.delivered = append(w.delivered, r.ID)
		case t.Result == OutboxDelivered:
		case t.Result == OutboxUntried && r.ID != 0:
			w.untried = append(w.untried, r.ID)
		case t.Result == OutboxDead && r.ID != 0:
			w.dead = append(w.dead, row)
		case t.Result == OutboxDead:
			w.buried = append(w.buried, row)
		case r.ID != 0:
			w.retries = append(w.retries, row)
		default:
			w.added = append(w.added, row)
		}
	}
	return w, nil
}

// count queues a statement whose rows are the claim's.
func (w *settling) count(q *pgx.Batch, sql string, args ...any) {
	q.Queue(sql, args...).QueryRow(func(row pgx.Row) error {
		var n int64
		err := row.Scan(&n)
		w.found += n
		return err
	})
}

func (w *settling) queue(q *pgx.Batch) error {
	if b := w.Batch; b != nil && w.Rest == nil {
		w.delivered = append(w.delivered, b.ID)
	} else if b != nil {
		rest, err := json.Marshal(w.Rest)
		if err != nil {
			return fmt.Errorf("encode the rest of a batch: %w", err)
		}
		w.count(q, `WITH moved AS (UPDATE outbox SET body = $3 WHERE id = $2 AND claim = $1 RETURNING id) SELECT count(*) FROM moved`, w.Claim, b.ID, string(rest))
	}
	if len(w.delivered) > 0 {
		w.count(q, `
			WITH gone AS (DELETE FROM outbox AS o USING unnest($2::bigint[]) AS r (id) WHERE o.id = r.id AND o.claim = $1 RETURNING o.id)
			SELECT count(*) FROM gone`, w.Claim, w.delivered)
	}
	if len(w.untried) > 0 {
		w.count(q, `
			WITH freed AS (
				UPDATE outbox AS o SET claim = NULL, due_at = statement_timestamp() FROM unnest($2::bigint[]) AS r (id)
				WHERE o.id = r.id AND o.claim = $1 RETURNING o.id
			) SELECT count(*) FROM freed`, w.Claim, w.untried)
	}
	if len(w.retries) > 0 {
		// What waits behind the row in its stream is not due before it is: else every look for due rows would find them.
		w.count(q, `
			WITH again AS (
				UPDATE outbox AS o SET claim = NULL, due_at = statement_timestamp() + r.delay * interval '1 second', payload = coalesce(o.payload, r.payload),
					attempts = r.attempts, first_attempt_at = r.first_attempt_at, last_attempt_at = r.last_attempt_at, last_status = r.last_status, last_error = r.last_error
				FROM json_to_recordset($2::json) AS r `+settledColumns+` WHERE o.id = r.id AND o.claim = $1
				RETURNING o.id, o.app_pk, o.hook_id, o.stream, o.due_at
			), behind AS (
				UPDATE outbox AS b SET due_at = again.due_at FROM again
				WHERE again.stream <> '' AND b.app_pk = again.app_pk AND b.hook_id = again.hook_id AND b.stream = again.stream AND b.stream <> '' AND b.id > again.id
					AND b.due_at < again.due_at
			) SELECT count(*) FROM again`, w.Claim, w.retries)
	}
	if len(w.dead) > 0 {
		w.count(q, `
			WITH gone AS (
				DELETE FROM outbox AS o USING json_to_recordset($2::json) AS r `+settledColumns+` WHERE o.id = r.id AND o.claim = $1
				RETURNING o.app_pk, o.event_id::text AS id, o.hook_id, r.url, o.event_type, o.campaign_id, o.seq, r.attempts, r.first_attempt_at,
					r.last_attempt_at, r.last_status, r.last_error, coalesce(o.payload, r.payload)::json
			), kept AS (
				INSERT INTO hook_failures (`+failureColumns+`) SELECT * FROM gone `+failureAgain+`
			) SELECT count(*) FROM gone`, w.Claim, w.dead)
	}
	return nil
}

func (w *settling) queueNew(q *pgx.Batch) {
	if len(w.added) > 0 {
		q.Queue(`
			INSERT INTO outbox (app_pk, hook_id, event_id, kind, event_type, campaign_id, body, payload, created_at, due_at, attempts, first_attempt_at, last_attempt_at, last_status, last_error)
			SELECT app_pk, hook_id, event_id, 'chat', event_type, campaign_id, body, payload, created_at, statement_timestamp() + delay * interval '1 second',
				attempts, CASE WHEN attempts > 0 THEN first_attempt_at END, CASE WHEN attempts > 0 THEN last_attempt_at END, last_status, last_error
			FROM json_to_recordset($1::json) AS r `+settledColumns, w.added)
	}
	if len(w.buried) > 0 {
		q.Queue(`
			INSERT INTO hook_failures (`+failureColumns+`)
			SELECT app_pk, event_id::text, hook_id, url, event_type, campaign_id, 0, attempts, first_attempt_at, last_attempt_at, last_status, last_error, payload::json
			FROM json_to_recordset($1::json) AS r `+settledColumns+failureAgain, w.buried)
	}
}

const failureColumns = `app_pk, id, hook_id, webhook_url, event_type, campaign_id, seq, attempts, first_attempt_at, last_attempt_at, last_status, last_error, event`

// failureAgain is for an event of a batch that was worked on twice.
const failureAgain = ` ON CONFLICT (app_pk, id) DO UPDATE SET attempts = excluded.attempts, last_attempt_at = excluded.last_attempt_at,
	last_status = excluded.last_status, last_error = excluded.last_error`
