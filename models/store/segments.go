package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

var scanSegment = pgx.RowToStructByName[models.Segment]

// CreateSegment stores a new segment under its id, which may be one that a deleted segment had. A taken id is
// models.CodeInvalid.
func (s *Store) CreateSegment(ctx context.Context, seg models.Segment) (models.Segment, error) {
	var created models.Segment
	err := s.write(ctx, func(db writer) error {
		rows, err := db.Query(ctx, `
			INSERT INTO segments (app_pk, id, type, name, description, filter, all_users, all_sender_channels, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now(), now())
			RETURNING *`,
			seg.AppPK, seg.ID, seg.Type, seg.Name, seg.Description, nullJSON(seg.Filter), seg.AllUsers, seg.AllSenderChannels)
		if err == nil {
			created, err = pgx.CollectExactlyOneRow(rows, scanSegment)
		}
		return err
	})
	if isPg(err, pgUniqueViolation) {
		return models.Segment{}, models.Invalid("segment with id %q already exists", seg.ID)
	}
	return created, wrap(err, "insert the segment %q", seg.ID)
}

// Segment gives a segment that is not deleted; else the error is models.CodeNotFound.
func (s *Store) Segment(ctx context.Context, appPK int64, id string) (models.Segment, error) {
	return segment(ctx, s.pool, appPK, id, "")
}

// segment reads a segment; lock is "" or a row lock, such as FOR UPDATE.
func segment(ctx context.Context, db querier, appPK int64, id, lock string) (models.Segment, error) {
	rows, err := db.Query(ctx,
		`SELECT * FROM segments WHERE app_pk = $1 AND id = $2 AND deleted_at IS NULL `+lock, appPK, id)
	if err != nil {
		return models.Segment{}, wrap(err, "read the segment %q", id)
	}
	found, err := pgx.CollectExactlyOneRow(rows, scanSegment)
	if errors.Is(err, pgx.ErrNoRows) {
		return models.Segment{}, models.NotFound("segment", id)
	}
	return found, wrap(err, "read the segment %q", id)
}

// SegmentChange is an update of a segment; nil keeps what is there.
type SegmentChange struct {
	Name        *string
	Description *string
	Filter      json.RawMessage
}

// UpdateSegment merges a change into a segment. A filter may be set where there is one, or on a manual list without
// targets, which it turns into a segment by filter; elsewhere it is models.CodeInvalid. A new filter makes the counted
// size out of date: counted_at is unset until somebody counts.
func (s *Store) UpdateSegment(ctx context.Context, appPK int64, id string, change SegmentChange) (models.Segment, error) {
	var updated models.Segment
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		seg, err := segment(ctx, tx, appPK, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		if change.Name != nil {
			seg.Name = *change.Name
		}
		if change.Description != nil {
			seg.Description = *change.Description
		}
		if change.Filter != nil {
			switch {
			case seg.Manual() && seg.Size > 0:
				return models.InvalidField("filter", "can't be set on a segment that has targets")
			case seg.AllUsers:
				return models.InvalidField("filter", "can't be set on a segment of all users")
			case seg.AllSenderChannels:
				return models.InvalidField("filter", "can't be set on a segment of all channels of the sender")
			}
			seg.Filter, seg.CountedAt = change.Filter, nil
		}
		rows, err := tx.Query(ctx, `
			UPDATE segments SET name = $2, description = $3, filter = $4, counted_at = $5, updated_at = statement_timestamp()
			WHERE segment_pk = $1 RETURNING *`,
			seg.PK, seg.Name, seg.Description, nullJSON(seg.Filter), seg.CountedAt)
		if err != nil {
			return err
		}
		updated, err = pgx.CollectExactlyOneRow(rows, scanSegment)
		return err
	})
	return updated, wrap(err, "update the segment %q", id)
}

// DeleteSegment marks a segment deleted and frees its id; campaigns that used it go on showing it. While a scheduled or
// running campaign uses it, that is models.CodeInvalid: the row lock taken here and the one that a start takes on the
// same row let only one of the two win.
func (s *Store) DeleteSegment(ctx context.Context, appPK int64, id string) error {
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		seg, err := segment(ctx, tx, appPK, id, "FOR UPDATE")
		if err != nil {
			return err
		}
		var campaign string
		err = tx.QueryRow(ctx, `
			SELECT id FROM campaigns
			WHERE status IN ('scheduled', 'in_progress') AND segment_pks @> ARRAY[$2::bigint] AND app_pk = $1 AND deleted_at IS NULL
			ORDER BY id LIMIT 1`, appPK, seg.PK).Scan(&campaign)
		switch {
		case err == nil:
			return models.Invalid("segment with id %q is used by the campaign %q, which is scheduled or in progress", id, campaign)
		case !errors.Is(err, pgx.ErrNoRows):
			return err
		}
		_, err = tx.Exec(ctx, `UPDATE segments SET deleted_at = statement_timestamp() WHERE segment_pk = $1`, seg.PK)
		return err
	})
	return wrap(err, "delete the segment %q", id)
}

// CountSegment counts a segment by filter or of all users as it is now and stores the size, unless the segment changed
// meanwhile. Other segments have no counted size: nothing happens.
func (s *Store) CountSegment(ctx context.Context, appPK, segmentPK int64) error {
	rows, err := s.pool.Query(ctx, `SELECT * FROM segments WHERE app_pk = $1 AND segment_pk = $2 AND deleted_at IS NULL`, appPK, segmentPK)
	if err != nil {
		return wrap(err, "read the segment %d of app %d", segmentPK, appPK)
	}
	seg, err := pgx.CollectExactlyOneRow(rows, scanSegment)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return nil
	case err != nil:
		return wrap(err, "read the segment %d of app %d", segmentPK, appPK)
	case seg.Manual() || seg.AllSenderChannels:
		return nil
	}
	// An audience ends with those who came before its start; a size has no such end.
	size, err := s.CountSource(ctx, Source{Segment: &seg, appPK: appPK, started: databaseTime().AddDate(1, 0, 0)})
	if err != nil {
		return err
	}
	return s.NoteSize(ctx, Source{Segment: &seg, appPK: appPK}, size)
}

// NoteSize stores what was counted of a source as the size of its segment, unless the segment changed meanwhile. That of a
// list is always exact, and other segments than those by filter or of all users have none: nothing happens.
func (s *Store) NoteSize(ctx context.Context, src Source, size int64) error {
	if src.listed() || src.Segment.AllSenderChannels {
		return nil
	}
	_, err := s.pool.Exec(ctx, `
		UPDATE segments SET size = $2, counted_at = now() WHERE segment_pk = $1 AND filter IS NOT DISTINCT FROM $3`,
		src.Segment.PK, size, nullJSON(src.Segment.Filter))
	return wrap(err, "store the size of the segment %d/%s", src.appPK, src.Segment.ID)
}

// nullJSON turns an empty document into NULL.
func nullJSON(doc json.RawMessage) any {
	if len(bytes.TrimSpace(doc)) == 0 {
		return nil
	}
	return doc
}
