package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// ChangePoll has change alter a poll and stores it, all but its id, creator and creation; the votes for options that it
// no longer has go with their counts. What change is given is what is there, and no vote is cast until the poll is
// stored. An error of change is that of ChangePoll, and an unknown poll is models.CodeNotFound.
func (s *Store) ChangePoll(ctx context.Context, appPK int64, id string, change func(*models.Poll) error) error {
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		poll, err := lockPollTx(ctx, tx, appPK, id)
		if err != nil {
			return err
		}
		options := poll.Options
		if err := change(&poll); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			UPDATE polls SET name = $3, description = $4, voting_visibility = $5, enforce_unique_vote = $6, max_votes_allowed = $7,
				allow_answers = $8, is_closed = $9, options = $10, custom = $11, updated_at = clock_timestamp()
			WHERE app_pk = $1 AND id = $2`,
			appPK, id, poll.Name, poll.Description, poll.VotingVisibility, poll.EnforceUniqueVote, poll.MaxVotesAllowed,
			poll.AllowAnswers, poll.IsClosed, append([]models.PollOption{}, poll.Options...), jsonText(poll.Custom))
		if err != nil {
			return err
		}
		var gone []string
		for _, option := range options {
			if !poll.HasOption(option.ID) {
				gone = append(gone, option.ID)
			}
		}
		return removeOptionsTx(ctx, tx, appPK, id, gone)
	})
	return wrap(err, "change the poll %q", id)
}

// lockPollTx reads a poll and keeps votes, and starts of campaigns that ask it, waiting until the transaction ends.
func lockPollTx(ctx context.Context, tx pgx.Tx, appPK int64, id string) (models.Poll, error) {
	// The look is a statement of its own: one that waited for the lock would see the poll as it was before.
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, $2)`, lockPoll, pollKey(appPK, id)); err != nil {
		return models.Poll{}, err
	}
	rows, err := tx.Query(ctx, `SELECT * FROM polls WHERE app_pk = $1 AND id = $2`, appPK, id)
	if err != nil {
		return models.Poll{}, err
	}
	poll, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Poll])
	if errors.Is(err, pgx.ErrNoRows) {
		return models.Poll{}, models.NotFound("poll", id)
	}
	return poll, err
}

func removeOptionsTx(ctx context.Context, tx pgx.Tx, appPK int64, pollID string, options []string) error {
	if len(options) == 0 {
		return nil
	}
	for _, table := range []string{"poll_votes", "poll_counts"} {
		_, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE app_pk = $1 AND poll_id = $2 AND option_id = ANY($3)`, appPK, pollID, options)
		if err != nil {
			return err
		}
	}
	return nil
}
