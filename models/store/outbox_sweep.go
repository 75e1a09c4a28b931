package store

import (
	"context"

	"herald/models"
)

// SweepOutbox deletes up to limit rows of the outbox whose hook is gone, and says how many. Such rows come from transactions
// that did not see the deletion of the hook, which deletes all others.
func (s *Store) SweepOutbox(ctx context.Context, limit int) (int, error) {
	// The receivers are found by skipping through the index from one to the next: there are few, and may be millions of rows.
	tag, err := s.pool.Exec(ctx, `
		WITH RECURSIVE receivers AS (
			(SELECT app_pk, hook_id FROM outbox ORDER BY app_pk, hook_id LIMIT 1)
			UNION ALL
			SELECT next.app_pk, next.hook_id FROM receivers AS r CROSS JOIN LATERAL (
				SELECT app_pk, hook_id FROM outbox WHERE (app_pk, hook_id) > (r.app_pk, r.hook_id) ORDER BY app_pk, hook_id LIMIT 1) AS next
		), gone AS (
			SELECT app_pk, hook_id FROM receivers AS r
			WHERE hook_id <> $1 AND NOT EXISTS (SELECT FROM hooks AS h WHERE h.app_pk = r.app_pk AND h.id = r.hook_id)
		)
		DELETE FROM outbox WHERE id IN (
			SELECT o.id FROM gone JOIN outbox AS o USING (app_pk, hook_id) LIMIT $2 FOR UPDATE OF o SKIP LOCKED)`,
		models.PushReceiver, limit)
	return int(tag.RowsAffected()), wrap(err, "sweep the outbox")
}

// SweepHookFailures deletes up to limit hook failures that are older than models.HookFailureRetention, and says how many.
func (s *Store) SweepHookFailures(ctx context.Context, limit int) (int, error) {
	tag, err := s.pool.Exec(ctx, `
		DELETE FROM hook_failures WHERE (app_pk, id) IN (
			SELECT app_pk, id FROM hook_failures WHERE last_attempt_at < now() - $1::interval
			ORDER BY last_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED)`, models.HookFailureRetention, limit)
	return int(tag.RowsAffected()), wrap(err, "sweep the hook failures")
}
