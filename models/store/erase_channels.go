package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// FinishDeletingChannels removes channels that were marked deleted at a time, with their messages, members and read
// markers. One that was created anew since keeps what is new. It may be repeated, and may take long; each page of the
// work is committed on its own.
func (s *Store) FinishDeletingChannels(ctx context.Context, appPK int64, cids []string, at time.Time) error {
	for _, cid := range cids {
		if err := s.eraseChannel(ctx, appPK, cid, at); err != nil {
			return wrap(err, "erase the channel %d/%s", appPK, cid)
		}
	}
	return nil
}

func (s *Store) eraseChannel(ctx context.Context, appPK int64, cid string, at time.Time) error {
	e := channelErasure{appPK: appPK, cid: cid, at: at}
	for !e.done {
		if err := inTx(ctx, s.pool, func(tx pgx.Tx) error { return e.page(ctx, tx) }); err != nil {
			return err
		}
	}
	return nil
}

// channelErasure is a channel that is being removed, and how far that is.
type channelErasure struct {
	appPK int64
	cid   string
	at    time.Time // what was sent until then goes

	sent time.Time // of the last message seen
	id   string
	done bool
}

// page removes the next messages and, when none are left, members and the channel. Its lock on the channel's row keeps
// the channel from being created anew meanwhile.
func (e *channelErasure) page(ctx context.Context, tx pgx.Tx) error {
	var createdAt *time.Time // of a channel created anew
	err := tx.QueryRow(ctx, `
		SELECT CASE WHEN deleted_at IS NULL OR deleted_at > $3 THEN created_at END FROM channels WHERE app_pk = $1 AND cid = $2 FOR UPDATE`,
		e.appPK, e.cid, e.at).Scan(&createdAt)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("lock the channel: %w", err)
	}
	more, err := e.messages(ctx, tx, createdAt)
	switch {
	case err != nil || more:
		return err
	case createdAt != nil:
		e.done = true
		return nil
	default:
		return e.members(ctx, tx)
	}
}

// messages removes the next messages, of a channel created anew only those of the one before, and says whether there may
// be more.
func (e *channelErasure) messages(ctx context.Context, tx pgx.Tx, createdAt *time.Time) (more bool, err error) {
	const these = `m.app_pk = $1 AND m.cid = $2 AND (m.created_at, m.id) > ($3, $4)`
	var seen int
	var sent time.Time
	var id string
	err = tx.QueryRow(ctx, `
		SELECT created_at, id, count(*) OVER () FROM (
			SELECT m.created_at, m.id FROM messages AS m
			WHERE `+these+` AND m.created_at <= $5 AND ($6::timestamptz IS NULL OR m.created_at < $6)
			ORDER BY m.created_at, m.id LIMIT $7
		) AS page ORDER BY created_at DESC, id DESC LIMIT 1`,
		e.appPK, e.cid, e.sent, e.id, e.at, createdAt, erasePage).Scan(&sent, &id, &seen)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("find messages: %w", err)
	}
	hard := erasures[models.DeleteHard]
	const page = these + ` AND (m.created_at, m.id) <= ($5, $6)`
	for _, statement := range []string{hard.claims(page), hard.others(page)} {
		if _, err := tx.Exec(ctx, statement, e.appPK, e.cid, e.sent, e.id, sent, id); err != nil {
			return false, fmt.Errorf("erase messages: %w", err)
		}
	}
	e.sent, e.id = sent, id
	return seen == erasePage, nil
}

// members removes the next members and read markers and, when none are left, the channel's row.
func (e *channelErasure) members(ctx context.Context, tx pgx.Tx) error {
	left := false
	for _, table := range []string{"channel_members", "channel_reads"} {
		tag, err := tx.Exec(ctx, `
			DELETE FROM `+table+` WHERE app_pk = $1 AND cid = $2 AND user_id <= (
				SELECT max(user_id) FROM (SELECT user_id FROM `+table+` WHERE app_pk = $1 AND cid = $2 ORDER BY user_id LIMIT $3) AS page)`,
			e.appPK, e.cid, erasePage)
		if err != nil {
			return fmt.Errorf("erase %s: %w", table, err)
		}
		left = left || tag.RowsAffected() == erasePage
	}
	if left {
		return nil
	}
	e.done = true
	if _, err := tx.Exec(ctx, `DELETE FROM channels WHERE app_pk = $1 AND cid = $2`, e.appPK, e.cid); err != nil {
		return fmt.Errorf("remove the channel: %w", err)
	}
	return nil
}

// eraseConversations deletes the distinct channels that a user shares with one other member and that there were at a
// time.
func (s *Store) eraseConversations(ctx context.Context, appPK int64, userID string, how models.Deletion, at time.Time) error {
	for after := ""; ; {
		cids, err := column[string](ctx, s.pool, `
			SELECT m.cid FROM channel_members AS m
			WHERE m.app_pk = $1 AND m.user_id = $2 AND m.cid > $3 AND strpos(m.cid, ':'||$5) > 0
				AND (SELECT count(*) FROM channel_members AS o WHERE o.app_pk = $1 AND o.cid = m.cid) = 2
			ORDER BY m.cid LIMIT $4`, appPK, userID, after, erasePage, models.DistinctPrefix)
		if err != nil {
			return fmt.Errorf("list conversations: %w", err)
		}
		if len(cids) == 0 {
			return nil
		}
		after = cids[len(cids)-1]
		deleted, err := s.markConversations(ctx, appPK, cids, how, at)
		if err != nil {
			return fmt.Errorf("mark conversations deleted: %w", err)
		}
		if how != models.DeleteHard {
			continue
		}
		for cid, deletedAt := range deleted {
			if err := s.eraseChannel(ctx, appPK, cid, deletedAt); err != nil {
				return fmt.Errorf("erase the conversation %q: %w", cid, err)
			}
		}
	}
}

// markConversations marks channels deleted that were created before a time, and gives when each of them was. Those that
// are deleted already count where they are to be removed.
func (s *Store) markConversations(ctx context.Context, appPK int64, cids []string, how models.Deletion, at time.Time) (map[string]time.Time, error) {
	deleted := make(map[string]time.Time, len(cids))
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		marked, err := markChannelsTx(ctx, tx, appPK, cids, &at)
		for _, ch := range marked {
			deleted[ch.CID] = *ch.DeletedAt
		}
		if err != nil || how != models.DeleteHard {
			return err
		}
		var cid string
		var deletedAt time.Time
		rows, err := tx.Query(ctx, `
			SELECT cid, deleted_at FROM channels WHERE app_pk = $1 AND cid = ANY($2) AND deleted_at IS NOT NULL AND created_at <= $3`, appPK, cids, at)
		if err != nil {
			return err
		}
		_, err = pgx.ForEachRow(rows, []any{&cid, &deletedAt}, func() error {
			deleted[cid] = deletedAt
			return nil
		})
		return err
	})
	return deleted, err
}

// markChannelsTx marks those of the channels deleted that are not yet, and gives them. With before, only those created
// until then.
func markChannelsTx(ctx context.Context, tx pgx.Tx, appPK int64, cids []string, before *time.Time) ([]models.Channel, error) {
	live, err := column[string](ctx, tx, `
		SELECT cid FROM channels WHERE app_pk = $1 AND cid = ANY($2) AND deleted_at IS NULL AND ($3::timestamptz IS NULL OR created_at <= $3)
		ORDER BY cid FOR UPDATE`, appPK, cids, before)
	if err != nil {
		return nil, err
	}
	// The time is taken under the locks: whatever was sent to these channels is older.
	at, err := clockTx(ctx, tx)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Query(ctx, `
		UPDATE channels SET deleted_at = $3, updated_at = $3 WHERE app_pk = $1 AND cid = ANY($2) RETURNING *`, appPK, live, at)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[models.Channel])
}
