package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// FinishDeletingUsers does what is left to do of a deletion of users that DeleteUsers began at a time. It may be
// repeated, and may take long; each page of the work is committed on its own.
func (s *Store) FinishDeletingUsers(ctx context.Context, appPK int64, d models.UserDeletion, at time.Time) error {
	for _, id := range d.UserIDs {
		if err := s.finishDeletingUser(ctx, appPK, id, d, at); err != nil {
			return wrap(err, "finish the deletion of the user %d/%s", appPK, id)
		}
	}
	if d.NewOwner == "" {
		return nil
	}
	return wrap(s.handOver(ctx, appPK, d.UserIDs, d.NewOwner), "hand the channels of %d users over to %q", len(d.UserIDs), d.NewOwner)
}

func (s *Store) finishDeletingUser(ctx context.Context, appPK int64, id string, d models.UserDeletion, at time.Time) error {
	if d.Messages != "" {
		if err := s.eraseMessagesBy(ctx, appPK, id, d.Messages, at); err != nil {
			return err
		}
	}
	if d.Conversations != "" {
		if err := s.eraseConversations(ctx, appPK, id, d.Conversations, at); err != nil {
			return err
		}
	}
	if d.User != models.DeleteHard {
		return nil
	}
	if err := s.eraseMemberships(ctx, appPK, id, at); err != nil {
		return err
	}
	if err := s.eraseVotes(ctx, appPK, id, at); err != nil {
		return err
	}
	if _, err := s.pool.Exec(ctx, `DELETE FROM devices AS d WHERE d.app_pk = $1 AND d.user_id = $2 AND `+ofTheDeleted("d"), appPK, id, at); err != nil {
		return fmt.Errorf("erase devices: %w", err)
	}
	// Not if the user has come back since.
	_, err := s.pool.Exec(ctx, `DELETE FROM users WHERE app_pk = $1 AND id = $2 AND deleted_at <= $3`, appPK, id, at)
	return err
}

// eraseMemberships takes a user out of all channels, with its read markers.
func (s *Store) eraseMemberships(ctx context.Context, appPK int64, userID string, at time.Time) error {
	const these = `m.app_pk = $1 AND m.user_id = $2 AND m.cid > $4`
	for after, more := "", true; more; {
		err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
			cids, err := column[string](ctx, tx, `
				SELECT m.cid FROM channel_members AS m WHERE `+these+` AND `+ofTheDeleted("m")+` ORDER BY m.cid LIMIT $5`,
				appPK, userID, at, after, erasePage)
			if more = err == nil && len(cids) > 0; !more {
				return err
			}
			last := cids[len(cids)-1]
			if err := lockChannelsTx(ctx, tx, appPK, cids); err != nil {
				return err
			}
			left, err := column[string](ctx, tx, `
				DELETE FROM channel_members AS m WHERE `+these+` AND m.cid <= $5 AND `+ofTheDeleted("m")+` RETURNING m.cid`,
				appPK, userID, at, after, last)
			if err != nil {
				return err
			}
			after = last
			if _, err := tx.Exec(ctx, `DELETE FROM channel_reads WHERE app_pk = $1 AND cid = ANY($2) AND user_id = $3`, appPK, left, userID); err != nil {
				return err
			}
			_, err = tx.Exec(ctx, `UPDATE channels SET member_count = member_count - 1 WHERE app_pk = $1 AND cid = ANY($2)`, appPK, left)
			return err
		})
		if err != nil {
			return fmt.Errorf("erase memberships: %w", err)
		}
	}
	return nil
}

// lockChannelsTx holds the rows of channels until the transaction ends. They come before their members, and in order of
// cid, as in a batch.
func lockChannelsTx(ctx context.Context, tx pgx.Tx, appPK int64, cids []string) error {
	_, err := tx.Exec(ctx, `SELECT FROM channels WHERE app_pk = $1 AND cid = ANY($2) ORDER BY cid FOR NO KEY UPDATE`, appPK, cids)
	return err
}

// eraseVotes takes back a user's votes, with the counts of their polls.
func (s *Store) eraseVotes(ctx context.Context, appPK int64, userID string, at time.Time) error {
	for after := ""; ; {
		polls, err := column[string](ctx, s.pool, `
			SELECT DISTINCT v.poll_id FROM poll_votes AS v
			WHERE v.app_pk = $1 AND v.user_id = $2 AND v.poll_id > $4 AND `+ofTheDeleted("v")+` ORDER BY v.poll_id LIMIT $5`,
			appPK, userID, at, after, erasePage)
		if err != nil {
			return fmt.Errorf("list the polls of votes: %w", err)
		}
		if len(polls) == 0 {
			return nil
		}
		for _, poll := range polls {
			err := s.vote(ctx, appPK, poll, userID, func(tx pgx.Tx, _ models.Poll, own []models.Vote) error {
				return eraseVotesTx(ctx, tx, appPK, poll, userID, own, at)
			})
			if err != nil && models.ErrorCode(err) != models.CodeNotFound {
				return fmt.Errorf("erase votes in the poll %q: %w", poll, err)
			}
			after = poll
		}
	}
}

func eraseVotesTx(ctx context.Context, tx pgx.Tx, appPK int64, pollID, userID string, own []models.Vote, at time.Time) error {
	ids, err := column[string](ctx, tx, `
		SELECT v.id FROM poll_votes AS v WHERE v.app_pk = $1 AND v.user_id = $2 AND v.poll_id = $4 AND `+ofTheDeleted("v"), appPK, userID, at, pollID)
	if err != nil {
		return err
	}
	gone := slices.DeleteFunc(own, func(v models.Vote) bool { return !slices.Contains(ids, v.ID) })
	if err := removeVotesTx(ctx, tx, appPK, pollID, gone); err != nil {
		return err
	}
	return countVotesTx(ctx, tx, appPK, pollID, userID, gone, nil)
}

// handOver makes somebody else the creator of the channels that users created.
func (s *Store) handOver(ctx context.Context, appPK int64, userIDs []string, newOwner string) error {
	after := ""
	for {
		var last *string
		err := s.pool.QueryRow(ctx, `
			WITH page AS MATERIALIZED (
				SELECT cid FROM channels WHERE app_pk = $1 AND cid > $2 AND created_by = ANY($3) ORDER BY cid LIMIT $4 FOR NO KEY UPDATE
			), moved AS (
				UPDATE channels SET created_by = $5, updated_at = clock_timestamp()
				WHERE app_pk = $1 AND cid > $2 AND cid <= (SELECT max(cid) FROM page) AND created_by = ANY($3)
			)
			SELECT max(cid) FROM page`, appPK, after, userIDs, erasePage, newOwner).Scan(&last)
		if err != nil || last == nil {
			return err
		}
		after = *last
	}
}

// column reads the only column of a query.
func column[T any](ctx context.Context, db querier, sql string, args ...any) ([]T, error) {
	rows, err := db.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[T])
}
