package store

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"herald/models"
)

const (
	// KeyLife is how long an idempotency key is remembered, counted from its first request.
	KeyLife = 24 * time.Hour
	// KeyLease is how long an attempt may take. After that it is given up, and a repeat of the request takes its place. It must
	// be longer than a request may run, or slow requests would be refused when they commit.
	KeyLease = time.Minute
)

// ErrKeyInProgress says that another attempt works on the request of an idempotency key.
var ErrKeyInProgress = errors.New("a request with this idempotency key is in progress")

// errSuperseded says that an attempt outlived its lease and another one has taken its place.
var errSuperseded = errors.New("another attempt has taken over the idempotency key")

// IdempotencyKey names a request, so that it can be repeated without being carried out twice.
type IdempotencyKey struct {
	AppPK  int64
	UserID string // of the token; "" for a server token
	Key    string
}

// KeptAnswer is the answer to the first request of a key.
type KeptAnswer struct {
	Status int
	Body   []byte
}

// Claim is an attempt at the request of an idempotency key: nobody else works on it until the attempt is settled or its
// lease ends.
type Claim struct {
	IdempotencyKey

	// CarriedOut says that an earlier attempt has committed what the request does. Only its answer is missing.
	CarriedOut bool

	attempt   uuid.UUID
	createdAt time.Time // of the key, by its first attempt
}

// ClaimKey begins an attempt at a request, of which request is a fingerprint, or gives the answer to the first one. A key
// that was used for another request is models.CodeConflict. While another attempt is at work the error is
// ErrKeyInProgress. now is the caller's clock: it decides when leases and keys end, and nothing else.
func (s *Store) ClaimKey(ctx context.Context, key IdempotencyKey, request []byte, now time.Time) (*Claim, *KeptAnswer, error) {
	c := &Claim{IdempotencyKey: key, attempt: uuid.New()}
	args := pgx.StrictNamedArgs{
		"app": key.AppPK, "user": key.UserID, "key": key.Key, "request": request, "attempt": c.attempt,
		"now": now, "leased_until": now.Add(KeyLease), "expired": now.Add(-KeyLife),
	}
	err := s.pool.QueryRow(ctx, `
		INSERT INTO idempotency_keys AS k (app_pk, user_id, key, request, attempt, created_at, leased_until)
		VALUES (@app, @user, @key, @request, @attempt, @now, @leased_until)
		ON CONFLICT (app_pk, user_id, key) DO UPDATE SET
			request = excluded.request, attempt = excluded.attempt, leased_until = excluded.leased_until, status = NULL, answer = NULL,
			created_at = CASE WHEN k.created_at <= @expired THEN excluded.created_at ELSE k.created_at END,
			carried_out = k.carried_out AND k.created_at > @expired
		WHERE (k.status IS NOT NULL OR k.leased_until <= @now)
			AND (k.created_at <= @expired OR k.status IS NULL AND k.request = excluded.request)
		RETURNING created_at, carried_out`, args).Scan(&c.createdAt, &c.CarriedOut)
	if err == nil {
		return c, nil, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return nil, nil, wrap(err, "claim an idempotency key of app %d", key.AppPK)
	}
	kept, err := s.keptAnswer(ctx, key, request)
	return nil, kept, err
}

func (s *Store) keptAnswer(ctx context.Context, key IdempotencyKey, request []byte) (*KeptAnswer, error) {
	var same bool
	var status *int
	var body []byte
	err := s.pool.QueryRow(ctx, `SELECT request = $4, status, answer FROM idempotency_keys WHERE app_pk = $1 AND user_id = $2 AND key = $3`,
		key.AppPK, key.UserID, key.Key, request).Scan(&same, &status, &body)
	switch {
	case errors.Is(err, pgx.ErrNoRows): // it was given back this instant
		return nil, ErrKeyInProgress
	case err != nil:
		return nil, wrap(err, "read an idempotency key of app %d", key.AppPK)
	case !same:
		return nil, &models.Error{Code: models.CodeConflict, Reason: "the Idempotency-Key was used for another request"}
	case status == nil:
		return nil, ErrKeyInProgress
	}
	return &KeptAnswer{Status: *status, Body: body}, nil
}

// KeepAnswer settles an attempt: repeats of the request get this answer. The error is of models.CodeUnavailable if another
// attempt has taken its place.
func (s *Store) KeepAnswer(ctx context.Context, c *Claim, a KeptAnswer) error {
	tag, err := s.pool.Exec(ctx, `
		UPDATE idempotency_keys SET status = $5, answer = $6
		WHERE app_pk = $1 AND user_id = $2 AND key = $3 AND attempt = $4 AND status IS NULL`,
		c.AppPK, c.UserID, c.Key, c.attempt, a.Status, a.Body)
	if err == nil && tag.RowsAffected() == 0 {
		err = models.Unavailable(errSuperseded)
	}
	return wrap(err, "keep the answer to an idempotency key of app %d", c.AppPK)
}

// ReleaseKey settles an attempt that has no answer to keep. If nothing was carried out the key is as if it had never been
// used, else the next attempt may begin at once. A commit of the attempt that is still under way is waited for. The error is
// of models.CodeUnavailable if the attempt has lost the key: it does not know what became of the request.
func (s *Store) ReleaseKey(ctx context.Context, c *Claim) error {
	const own = `app_pk = $1 AND user_id = $2 AND key = $3 AND attempt = $4 AND status IS NULL`
	args := []any{c.AppPK, c.UserID, c.Key, c.attempt}
	var released int64
	count := func(tag pgconn.CommandTag) error {
		released += tag.RowsAffected()
		return nil
	}
	q := &pgx.Batch{}
	q.Queue(`DELETE FROM idempotency_keys WHERE `+own+` AND NOT carried_out`, args...).Exec(count)
	q.Queue(`UPDATE idempotency_keys SET leased_until = '-infinity' WHERE `+own, args...).Exec(count)
	err := s.pool.SendBatch(ctx, q).Close()
	if err == nil && released == 0 {
		err = models.Unavailable(errSuperseded)
	}
	return wrap(err, "release an idempotency key of app %d", c.AppPK)
}

// ForgetKeys deletes up to limit keys whose life is over, and says how many. Several processes may do so at once.
func (s *Store) ForgetKeys(ctx context.Context, now time.Time, limit int) (int, error) {
	tag, err := s.pool.Exec(ctx, `
		DELETE FROM idempotency_keys WHERE (app_pk, user_id, key) IN (
			SELECT app_pk, user_id, key FROM idempotency_keys
			WHERE created_at <= $1 AND (status IS NOT NULL OR leased_until <= $2)
			ORDER BY created_at LIMIT $3 FOR UPDATE SKIP LOCKED)`, now.Add(-KeyLife), now, limit)
	return int(tag.RowsAffected()), wrap(err, "forget old idempotency keys")
}

// ID is the id that the request gives to something it makes: the same in every attempt, and no other request's. what tells
// the things that one request makes apart.
func (c *Claim) ID(what string) string {
	id := c.derive(what)
	id[6] = id[6]&0x0f | 0x40 // a UUIDv4, as models.NewID makes it
	return id.String()
}

// MessageID is ID for a message.
func (c *Claim) MessageID(what string) string {
	id := c.derive(what)
	var ms [8]byte
	binary.BigEndian.PutUint64(ms[:], uint64(c.createdAt.UnixMilli())) //nolint:gosec // after 1970
	copy(id[:6], ms[2:])
	id[6] = id[6]&0x0f | 0x70 // a UUIDv7, as models.NewMessageID makes it
	return id.String()
}

// TaskID is the id of the task that the request begins.
func (c *Claim) TaskID() string { return c.ID("task") }

// derive hashes what is the same in all attempts and differs between any two requests: a key that is used again after its
// life has another created_at.
func (c *Claim) derive(what string) uuid.UUID {
	h := sha256.New()
	for _, part := range []string{strconv.FormatInt(c.AppPK, 10), c.UserID, c.Key, strconv.FormatInt(c.createdAt.UnixMicro(), 10), what} {
		h.Write([]byte(part))
		h.Write([]byte{0}) // no part holds a NUL
	}
	id := uuid.UUID(h.Sum(nil)[:16])
	id[8] = id[8]&0x3f | 0x80
	return id
}

type claimKey struct{}

// WithClaim makes everything that is written with the context the work of an attempt: a transaction then commits only while
// the attempt has its claim, and notes that the request is carried out.
func WithClaim(ctx context.Context, c *Claim) context.Context {
	return context.WithValue(ctx, claimKey{}, c)
}

func claimOf(ctx context.Context) *Claim {
	c, _ := ctx.Value(claimKey{}).(*Claim)
	return c
}

// carryOutTx is the last statement of a transaction that may be an attempt's work. It is what makes a request be carried out
// once: either this attempt still has the key, and whoever takes over finds the request carried out, or nothing is committed.
func carryOutTx(ctx context.Context, tx pgx.Tx) error {
	c := claimOf(ctx)
	if c == nil {
		return nil
	}
	tag, err := tx.Exec(ctx, `
		UPDATE idempotency_keys SET carried_out = true
		WHERE app_pk = $1 AND user_id = $2 AND key = $3 AND attempt = $4 AND status IS NULL`, c.AppPK, c.UserID, c.Key, c.attempt)
	if err == nil && tag.RowsAffected() == 0 {
		err = models.Unavailable(errSuperseded)
	}
	return wrap(err, "note that a request is carried out")
}

// write runs one statement, in a transaction only where that is an attempt's work.
func (s *Store) write(ctx context.Context, f func(db writer) error) error {
	if claimOf(ctx) == nil {
		return f(s.pool)
	}
	return inTx(ctx, s.pool, func(tx pgx.Tx) error { return f(tx) })
}
