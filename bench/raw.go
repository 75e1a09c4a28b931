package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"herald/models"
)

const (
	rawBatch       = 2_000 // rows of each kind a statement; the fastest of 500, 1,000, 2,000 and 5,000 here
	rawConnections = 2
	rawApp         = 2 // an app of its own keeps the rows apart in the same tables and indexes
)

// raw measures how fast this Postgres takes the rows of such a campaign when nothing else has to be done: same tables,
// same indexes, by unnest from two connections, a transaction per batch.
func (s *stack) raw(ctx context.Context, n int, existing bool) (time.Duration, error) {
	campaign := fmt.Sprintf("raw-%d-%t", n, existing)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(rawConnections)
	began := time.Now()
	for from := 1; from <= n; from += rawBatch {
		g.Go(func() error { return s.rawBatch(ctx, campaign, from, min(n, from+rawBatch-1), existing) })
	}
	if err := g.Wait(); err != nil {
		return 0, fmt.Errorf("raw rows: %w", err)
	}
	return time.Since(began), nil
}

func (s *stack) rawBatch(ctx context.Context, campaign string, from, to int, existing bool) error {
	count := to - from + 1
	ids, cids, texts, users := make([]string, count), make([]string, count), make([]string, count), make([]string, count)
	for i := range count {
		users[i] = fmt.Sprintf("user-%09d", from+i)
		ids[i] = uuid.Must(uuid.NewV7()).String()
		cids[i] = models.CID("messaging", models.DistinctID("shop", users[i]))
		texts[i] = fmt.Sprintf("Hi User %d in C%d, I'm The Shop! Today everything is 20%% off.", from+i, (from+i)%50)
	}
	tx, err := s.DB.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // after the commit there is nothing to roll back
	_, err = tx.Exec(ctx, `
		INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, recipient, created_at, updated_at)
		SELECT $1, id, cid, 'shop', text, $2, recipient, now(), now()
		FROM unnest($3::text[], $4::text[], $5::text[], $6::text[]) AS r (id, cid, text, recipient)`, rawApp, campaign, ids, cids, texts, users)
	if err != nil {
		return err
	}
	if existing {
		_, err = tx.Exec(ctx, "UPDATE channels SET last_message_at = now() WHERE app_pk = $1 AND cid = ANY($2)", rawApp, cids)
	} else {
		_, err = tx.Exec(ctx, `
			INSERT INTO channels (app_pk, cid, created_by, member_count, created_at, updated_at, last_message_at)
			SELECT $1, cid, 'shop', 2, now(), now(), now() FROM unnest($2::text[]) AS r (cid)`, rawApp, cids)
		if err == nil {
			_, err = tx.Exec(ctx, `
				INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at)
				SELECT $1::bigint, cid, user_id, now(), now() FROM unnest($2::text[], $3::text[]) AS r (cid, user_id)
				UNION ALL SELECT $1::bigint, cid, 'shop', now(), now() FROM unnest($2::text[]) AS r (cid)`, rawApp, cids, users)
		}
	}
	if err != nil {
		return err
	}
	return tx.Commit(ctx)
}
