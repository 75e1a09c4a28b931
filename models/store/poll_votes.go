package store

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// CastVote records a user's vote in a poll, as far as the poll takes it (models.Poll.Judge), and gives it as stored, or
// the vote that says the same already. An unknown poll is models.CodeNotFound.
//
// A user's votes in a poll take turns, so that neither the maximum nor the one vote that a poll allows is exceeded, and
// a vote that replaces another does so in one transaction with the counts.
func (s *Store) CastVote(ctx context.Context, appPK int64, v models.Vote) (models.Vote, error) {
	var cast models.Vote
	err := s.vote(ctx, appPK, v.PollID, v.UserID, func(tx pgx.Tx, poll models.Poll, own []models.Vote) error {
		replaced, same, err := poll.Judge(v, own)
		if err != nil {
			return err
		}
		if same != nil {
			cast = *same
			return nil
		}
		if err := removeVotesTx(ctx, tx, appPK, v.PollID, replaced); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			INSERT INTO poll_votes (app_pk, poll_id, id, option_id, user_id, answer_text, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp(), clock_timestamp())
			RETURNING `+voteColumns, appPK, v.PollID, v.ID, v.OptionID, v.UserID, v.AnswerText)
		if err != nil {
			return err
		}
		if cast, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Vote]); err != nil {
			return err
		}
		return countVotesTx(ctx, tx, appPK, v.PollID, v.UserID, replaced, []models.Vote{cast})
	})
	return cast, wrap(err, "vote in the poll %q", v.PollID)
}

// Vote gives a vote in a poll; models.CodeNotFound if there is none.
func (s *Store) Vote(ctx context.Context, appPK int64, pollID, voteID string) (models.Vote, error) {
	rows, err := s.pool.Query(ctx, `SELECT `+voteColumns+` FROM poll_votes WHERE app_pk = $1 AND poll_id = $2 AND id = $3`, appPK, pollID, voteID)
	if err != nil {
		return models.Vote{}, wrap(err, "read the vote %q", voteID)
	}
	v, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Vote])
	if errors.Is(err, pgx.ErrNoRows) {
		return models.Vote{}, models.NotFound("vote", voteID)
	}
	return v, wrap(err, "read the vote %q", voteID)
}

// DeleteVote takes a user's own vote back and gives it. An unknown poll, and a vote that is not there or another user's,
// is models.CodeNotFound; a closed poll is models.CodeInvalid.
func (s *Store) DeleteVote(ctx context.Context, appPK int64, pollID, voteID, userID string) (models.Vote, error) {
	var deleted models.Vote
	err := s.vote(ctx, appPK, pollID, userID, func(tx pgx.Tx, poll models.Poll, own []models.Vote) error {
		i := slices.IndexFunc(own, func(v models.Vote) bool { return v.ID == voteID })
		switch {
		case i < 0:
			return models.NotFound("vote", voteID)
		case poll.IsClosed:
			return models.Invalid("poll with id %q is closed", pollID)
		}
		deleted = own[i]
		if err := removeVotesTx(ctx, tx, appPK, pollID, own[i:i+1]); err != nil {
			return err
		}
		return countVotesTx(ctx, tx, appPK, pollID, userID, own[i:i+1], nil)
	})
	return deleted, wrap(err, "take back the vote %q", voteID)
}

// vote has f change a user's votes in a poll, which nobody else changes meanwhile.
func (s *Store) vote(ctx context.Context, appPK int64, pollID, userID string, f func(tx pgx.Tx, poll models.Poll, own []models.Vote) error) error {
	return s.inTxByKey(ctx, func(tx pgx.Tx) error {
		var poll models.Poll
		var own []models.Vote
		q := &pgx.Batch{}
		q.Queue(`SELECT pg_advisory_xact_lock_shared($1, $2)`, lockPoll, pollKey(appPK, pollID))
		q.Queue(`SELECT pg_advisory_xact_lock($1, $2)`, lockVoter, lockKey(strconv.FormatInt(appPK, 10), pollID, userID))
		q.Queue(`SELECT * FROM polls WHERE app_pk = $1 AND id = $2`, appPK, pollID).Query(func(rows pgx.Rows) error {
			var err error
			poll, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Poll])
			if errors.Is(err, pgx.ErrNoRows) {
				return models.NotFound("poll", pollID)
			}
			return err
		})
		q.Queue(`SELECT `+voteColumns+` FROM poll_votes WHERE app_pk = $1 AND user_id = $2 AND poll_id = $3 ORDER BY created_at, id`,
			appPK, userID, pollID).Query(func(rows pgx.Rows) error {
			var err error
			own, err = pgx.CollectRows(rows, pgx.RowToStructByName[models.Vote])
			return err
		})
		if err := tx.SendBatch(ctx, q).Close(); err != nil {
			return err
		}
		return f(tx, poll, own)
	})
}

func removeVotesTx(ctx context.Context, tx pgx.Tx, appPK int64, pollID string, votes []models.Vote) error {
	if len(votes) == 0 {
		return nil
	}
	ids := make([]string, len(votes))
	for i, v := range votes {
		ids[i] = v.ID
	}
	_, err := tx.Exec(ctx, `DELETE FROM poll_votes WHERE app_pk = $1 AND poll_id = $2 AND id = ANY($3)`, appPK, pollID, ids)
	return err
}

// countVotesTx brings the counts of a poll up to date with what became of a user's votes, in order of option, so that
// two voters cannot wait for each other.
func countVotesTx(ctx context.Context, tx pgx.Tx, appPK int64, pollID, userID string, removed, added []models.Vote) error {
	changes := map[string]int64{}
	for _, v := range removed {
		changes[v.OptionID]--
	}
	for _, v := range added {
		changes[v.OptionID]++
	}
	var options []string
	var votes []int64
	for option, n := range changes {
		if n != 0 {
			options, votes = append(options, option), append(votes, n)
		}
	}
	_, err := tx.Exec(ctx, `
		INSERT INTO poll_counts AS c (app_pk, poll_id, option_id, shard, votes)
		SELECT $1, $2, o.id, $3, o.votes FROM unnest($4::text[], $5::bigint[]) AS o (id, votes) ORDER BY o.id COLLATE "C"
		ON CONFLICT (app_pk, poll_id, option_id, shard) DO UPDATE SET votes = c.votes + excluded.votes`,
		appPK, pollID, counterShard(userID), options, votes)
	return err
}
