package store

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// byKey has Postgres find rows by index, one look-up for each key. What many clients do at once as soon as a campaign is
// sent (batches, reads, votes) fills tables that were empty when Postgres last looked, and it keeps plans by connection:
// it would go on reading whole tables for each of them. Such statements look up their own rows by key and nothing else,
// so no other plan is ever better.
var byKey = map[string]string{
	"enable_seqscan":    "off",
	"enable_bitmapscan": "off",
	"enable_hashjoin":   "off",
	"enable_mergejoin":  "off",
}

var beginByKey, setByKey = func() (begin, set string) {
	var locals, configs []string
	for _, name := range slices.Sorted(maps.Keys(byKey)) {
		locals = append(locals, "SET LOCAL "+name+" = "+byKey[name])
		configs = append(configs, "set_config('"+name+"', '"+byKey[name]+"', true)")
	}
	return "BEGIN ISOLATION LEVEL READ COMMITTED; " + strings.Join(locals, "; "), "SELECT " + strings.Join(configs, ", ")
}()

// inTxByKey is inTx for statements that look up rows by key only: see byKey.
func (s *Store) inTxByKey(ctx context.Context, f func(tx pgx.Tx) error) error {
	return inTxWith(ctx, s.pool, pgx.TxOptions{BeginQuery: beginByKey}, f)
}

// batchByKey is a batch of statements that look up rows by key only: see byKey. Sent to the pool it is one transaction.
func batchByKey() *pgx.Batch {
	q := &pgx.Batch{}
	q.Queue(setByKey)
	return q
}
