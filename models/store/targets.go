package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// AddTargets puts targets on a manual list, all or none; one that is there keeps its created_at. Where the segment is
// no manual list, that is models.CodeInvalid.
func (s *Store) AddTargets(ctx context.Context, appPK int64, segmentID string, targetIDs []string) error {
	err := s.changeTargets(ctx, appPK, segmentID, func(tx pgx.Tx, segmentPK int64) error {
		_, err := tx.Exec(ctx, `
			WITH added AS (
				INSERT INTO segment_targets (segment_pk, target_id, created_at)
				SELECT $1, target_id, statement_timestamp() FROM unnest($2::text[]) target_id
				ON CONFLICT DO NOTHING RETURNING 1)
			UPDATE segments SET size = size + (SELECT count(*) FROM added) WHERE segment_pk = $1`,
			segmentPK, targetIDs)
		return err
	})
	return wrap(err, "add targets to the segment %q", segmentID)
}

// DeleteTargets takes targets off a manual list, all or none; one that is not there is no error. Where the segment is
// no manual list, that is models.CodeInvalid.
func (s *Store) DeleteTargets(ctx context.Context, appPK int64, segmentID string, targetIDs []string) error {
	err := s.changeTargets(ctx, appPK, segmentID, func(tx pgx.Tx, segmentPK int64) error {
		_, err := tx.Exec(ctx, `
			WITH gone AS (
				DELETE FROM segment_targets WHERE segment_pk = $1 AND target_id = ANY($2::text[]) RETURNING 1)
			UPDATE segments SET size = size - (SELECT count(*) FROM gone) WHERE segment_pk = $1`,
			segmentPK, targetIDs)
		return err
	})
	return wrap(err, "delete targets of the segment %q", segmentID)
}

// changeTargets holds the segment's row while its targets change, so that size is exact after every commit and the
// segment cannot become one by filter meanwhile.
func (s *Store) changeTargets(ctx context.Context, appPK int64, segmentID string, change func(pgx.Tx, int64) error) error {
	return inTx(ctx, s.pool, func(tx pgx.Tx) error {
		seg, err := segment(ctx, tx, appPK, segmentID, "FOR UPDATE")
		if err != nil {
			return err
		}
		if !seg.Manual() {
			return models.Invalid("segment with id %q is not a manual list: it has no targets of its own", segmentID)
		}
		return change(tx, seg.PK)
	})
}

// TargetExists says whether a target is on the segment's list. An unknown segment is models.CodeNotFound.
func (s *Store) TargetExists(ctx context.Context, appPK int64, segmentID, targetID string) (bool, error) {
	seg, err := s.Segment(ctx, appPK, segmentID)
	if err != nil {
		return false, err
	}
	var exists bool
	err = s.pool.QueryRow(ctx,
		`SELECT EXISTS (SELECT FROM segment_targets WHERE segment_pk = $1 AND target_id = $2)`, seg.PK, targetID).Scan(&exists)
	return exists, wrap(err, "look for a target of the segment %q", segmentID)
}
