package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"herald/filter"
	"herald/models"
)

// Member gives a user's membership in a channel; models.CodeNotFound if there is none.
func (s *Store) Member(ctx context.Context, appPK int64, cid, userID string) (models.Member, error) {
	rows, err := s.pool.Query(ctx,
		`SELECT `+memberColumns+` FROM channel_members WHERE app_pk = $1 AND cid = $2 AND user_id = $3`, appPK, cid, userID)
	if err != nil {
		return models.Member{}, wrap(err, "read the member %q of %q", userID, cid)
	}
	m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Member])
	if errors.Is(err, pgx.ErrNoRows) {
		return models.Member{}, models.NotFound("member", userID)
	}
	return m, wrap(err, "read the member %q of %q", userID, cid)
}

// MemberQuery selects members of a channel.
type MemberQuery struct {
	Filter        *filter.Filter
	Sort          filter.Sort
	Limit, Offset int // the API bounds both
}

// QueryMembers gives the members of a channel that a query selects, in its order.
func (s *Store) QueryMembers(ctx context.Context, appPK int64, cid string, q MemberQuery) ([]models.Member, error) {
	b := filter.NewBinder(appPK, cid)
	rows, err := s.pool.Query(ctx, `SELECT `+memberColumns+` FROM channel_members AS m WHERE m.app_pk = $1 AND m.cid = $2 AND `+q.Filter.Where(b)+
		` ORDER BY `+q.Sort.OrderBy(b, false)+` LIMIT `+b.Bind(q.Limit)+` OFFSET `+b.Bind(q.Offset), b.Args()...)
	if err != nil {
		return nil, wrap(err, "query the members of %q", cid)
	}
	members, err := pgx.CollectRows(rows, pgx.RowToStructByName[models.Member])
	return members, wrap(err, "query the members of %q", cid)
}

// MemberChange alters a member's custom data, and whether and since when it has archived and pinned the channel. It gives
// every field that it cannot accept.
type MemberChange func(m *models.Member) []models.FieldError

// ChangeMember has change alter a membership and stores it: what change is given is what is there. What it cannot accept
// is models.CodeInvalid, a user who is no member models.CodeNotFound.
func (s *Store) ChangeMember(ctx context.Context, appPK int64, cid, userID string, change MemberChange) (models.Member, error) {
	var changed models.Member
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			SELECT `+memberColumns+` FROM channel_members WHERE app_pk = $1 AND cid = $2 AND user_id = $3 FOR NO KEY UPDATE`, appPK, cid, userID)
		if err != nil {
			return err
		}
		m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Member])
		if errors.Is(err, pgx.ErrNoRows) {
			return models.NotFound("member", userID)
		}
		if err != nil {
			return err
		}
		if invalid := change(&m); len(invalid) > 0 {
			return &models.Error{Code: models.CodeInvalid, Fields: invalid}
		}
		rows, err = tx.Query(ctx, `
			UPDATE channel_members SET custom = $4, archived_at = $5, pinned_at = $6, updated_at = clock_timestamp()
			WHERE app_pk = $1 AND cid = $2 AND user_id = $3 RETURNING `+memberColumns,
			appPK, cid, userID, nullJSON(m.Custom), m.ArchivedAt, m.PinnedAt)
		if err != nil {
			return err
		}
		changed, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Member])
		return err
	})
	return changed, wrap(err, "change the member %q of %q", userID, cid)
}

// HideChannel hides a channel from a member; with clearHistory the member no longer sees what was sent until now. A user who is
// no member is models.CodeNotFound.
func (s *Store) HideChannel(ctx context.Context, appPK int64, cid, userID string, clearHistory bool) error {
	err := s.setHidden(ctx, appPK, cid, userID, true, clearHistory)
	return wrap(err, "hide the channel %q from %q", cid, userID)
}

// ShowChannel shows a hidden channel to a member again; a cleared history stays cleared. A user who is no member is
// models.CodeNotFound.
func (s *Store) ShowChannel(ctx context.Context, appPK int64, cid, userID string) error {
	err := s.setHidden(ctx, appPK, cid, userID, false, false)
	return wrap(err, "show the channel %q to %q", cid, userID)
}

// setHidden hides or shows a channel, and tells of it if it was not so before.
func (s *Store) setHidden(ctx context.Context, appPK int64, cid, userID string, hidden, clearHistory bool) error {
	event := models.EventChannelVisible
	if hidden {
		event = models.EventChannelHidden
	}
	var members int
	err := s.pool.QueryRow(ctx, `
		WITH before AS (
			SELECT hidden FROM channel_members WHERE app_pk = $1 AND cid = $2 AND user_id = $3 FOR NO KEY UPDATE
		), after AS (
			UPDATE channel_members AS m
			SET hidden = $4, cleared_at = CASE WHEN $5 THEN clock_timestamp() ELSE cleared_at END, updated_at = clock_timestamp()
			FROM before WHERE app_pk = $1 AND cid = $2 AND user_id = $3
			RETURNING m.updated_at, m.cid, m.user_id, m.hidden <> before.hidden AS changed
		), told AS (`+recordChat(event, `SELECT updated_at, cid, user_id, NULL FROM after WHERE changed`)+`
		) SELECT count(*) FROM after`, appPK, cid, userID, hidden, clearHistory).Scan(&members)
	if err == nil && members == 0 {
		return models.NotFound("member", userID)
	}
	return err
}
