package store

import (
	"context"
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// CreatePoll stores a poll at the present. A taken id is models.CodeInvalid.
func (s *Store) CreatePoll(ctx context.Context, p models.Poll) (models.Poll, error) {
	var created models.Poll
	err := s.write(ctx, func(db writer) error {
		rows, err := db.Query(ctx, `
			INSERT INTO polls (app_pk, id, name, description, voting_visibility, enforce_unique_vote, max_votes_allowed, allow_answers,
				is_closed, options, custom, created_by, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, now(), now())
			ON CONFLICT DO NOTHING
			RETURNING *`,
			p.AppPK, p.ID, p.Name, p.Description, p.VotingVisibility, p.EnforceUniqueVote, p.MaxVotesAllowed, p.AllowAnswers,
			p.IsClosed, append([]models.PollOption{}, p.Options...), jsonText(p.Custom), p.CreatedBy)
		if err == nil {
			created, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Poll])
		}
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return p, models.Invalid("poll with id %q already exists", p.ID)
	}
	return created, wrap(err, "create the poll %q", p.ID)
}

// Poll gives a poll with its tally, the viewer's own votes among it; "" is nobody. An unknown id is models.CodeNotFound.
func (s *Store) Poll(ctx context.Context, appPK int64, id, viewer string) (models.Poll, error) {
	polls, err := s.polls(ctx, appPK, []string{id}, viewer)
	if err != nil {
		return models.Poll{}, err
	}
	p, ok := polls[id]
	if !ok {
		return models.Poll{}, models.NotFound("poll", id)
	}
	return *p, nil
}

// AttachPolls gives every message that has a poll that poll with its tally, the viewer's own votes among it. Messages
// of one poll share it. The number of statements does not depend on the number of messages.
func (s *Store) AttachPolls(ctx context.Context, appPK int64, viewer string, messages []models.Message) error {
	var ids []string
	for _, m := range messages {
		if m.PollID != nil {
			ids = append(ids, *m.PollID)
		}
	}
	polls, err := s.polls(ctx, appPK, unique(ids), viewer)
	for i, m := range messages {
		if m.PollID != nil {
			messages[i].Poll = polls[*m.PollID]
		}
	}
	return err
}

// polls gives those of the polls that exist with their tallies. It reads at most models.LatestVotes votes of each
// option and the counts, whatever the number of votes.
func (s *Store) polls(ctx context.Context, appPK int64, ids []string, viewer string) (map[string]*models.Poll, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := s.pool.Query(ctx, `SELECT * FROM polls WHERE app_pk = $1 AND id = ANY($2)`, appPK, ids)
	if err != nil {
		return nil, wrap(err, "read %d polls", len(ids))
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[models.Poll])
	if err != nil {
		return nil, wrap(err, "read %d polls", len(ids))
	}
	return s.tally(ctx, appPK, found, viewer)
}

// tally gives polls their tallies, and all of them by id. It reads as much as polls does.
func (s *Store) tally(ctx context.Context, appPK int64, list []models.Poll, viewer string) (map[string]*models.Poll, error) {
	polls := make(map[string]*models.Poll, len(list))
	var ids, pollIDs, optionIDs []string // the latter are every option of every poll, and its answers
	for i := range list {
		p := &list[i]
		polls[p.ID], ids = p, append(ids, p.ID)
		p.Tally = models.Tally{Counts: map[string]int64{}, Latest: map[string][]models.Vote{}}
		for _, o := range append([]models.PollOption{{ID: models.AnswerOption}}, p.Options...) {
			pollIDs, optionIDs = append(pollIDs, p.ID), append(optionIDs, o.ID)
		}
	}

	q := batchByKey()
	q.Queue(`SELECT poll_id, option_id, sum(votes)::bigint FROM poll_counts WHERE app_pk = $1 AND poll_id = ANY($2) GROUP BY poll_id, option_id`,
		appPK, ids).Query(func(rows pgx.Rows) error {
		var poll, option string
		var votes int64
		_, err := pgx.ForEachRow(rows, []any{&poll, &option, &votes}, func() error {
			if p := polls[poll]; p != nil {
				p.Tally.Counts[option] = votes
			}
			return nil
		})
		return err
	})
	q.Queue(`
		SELECT v.* FROM unnest($2::text[], $3::text[]) AS o (poll_id, option_id) CROSS JOIN LATERAL (
			SELECT `+voteColumns+` FROM poll_votes
			WHERE app_pk = $1 AND poll_id = o.poll_id AND option_id = o.option_id ORDER BY created_at DESC, id DESC LIMIT $4) AS v
		ORDER BY v.poll_id, v.option_id, v.created_at DESC, v.id DESC`,
		appPK, pollIDs, optionIDs, models.LatestVotes).Query(forEachVote(func(v models.Vote) {
		latest := polls[v.PollID].Tally.Latest
		latest[v.OptionID] = append(latest[v.OptionID], v)
	}))
	if viewer != "" {
		q.Queue(`
			SELECT `+voteColumns+` FROM poll_votes WHERE app_pk = $1 AND user_id = $2 AND poll_id = ANY($3)
			ORDER BY created_at, id`, appPK, viewer, ids).Query(forEachVote(func(v models.Vote) {
			if p := polls[v.PollID]; p != nil {
				p.Tally.Own = append(p.Tally.Own, v)
			}
		}))
	}
	return polls, wrap(s.pool.SendBatch(ctx, q).Close(), "read the tallies of %d polls", len(ids))
}

const voteColumns = `id, poll_id, option_id, user_id, answer_text, created_at, updated_at`

func forEachVote(f func(models.Vote)) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		votes, err := pgx.CollectRows(rows, pgx.RowToStructByName[models.Vote])
		for _, v := range votes {
			f(v)
		}
		return err
	}
}

// QueryPolls gives a page of the polls with their tallies, the viewer's own votes among them; "" is nobody.
func (s *Store) QueryPolls(ctx context.Context, appPK int64, q Query, viewer string) (Page[models.Poll], error) {
	l := list{from: "polls AS p", where: "p.app_pk = $1", args: []any{appPK}}
	page, err := readPage(ctx, s.pool, "p.*", l, q, pgx.RowToStructByName[models.Poll])
	if err != nil || len(page.Rows) == 0 {
		return page, wrap(err, "query the polls of app %d", appPK)
	}
	_, err = s.tally(ctx, appPK, page.Rows, viewer)
	return page, err
}

// DeletePoll removes a poll with its votes; messages that carry it go on without it. While a scheduled or running
// campaign uses it, that is models.CodeInvalid: the lock taken here keeps out votes and the starts of campaigns.
func (s *Store) DeletePoll(ctx context.Context, appPK int64, id string) error {
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		if _, err := lockPollTx(ctx, tx, appPK, id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM polls WHERE app_pk = $1 AND id = $2`, appPK, id); err != nil {
			return err
		}
		var campaign string
		err := tx.QueryRow(ctx, `
			SELECT id FROM campaigns
			WHERE app_pk = $1 AND message_template ->> 'poll_id' = $2 AND status IN ('scheduled', 'in_progress') AND deleted_at IS NULL
			ORDER BY id LIMIT 1`, appPK, id).Scan(&campaign)
		switch {
		case err == nil:
			return models.Invalid("poll with id %q is used by the campaign %q, which is scheduled or in progress", id, campaign)
		case !errors.Is(err, pgx.ErrNoRows):
			return err
		}
		for _, table := range []string{"poll_votes", "poll_counts"} {
			if _, err := tx.Exec(ctx, `DELETE FROM `+table+` WHERE app_pk = $1 AND poll_id = $2`, appPK, id); err != nil {
				return err
			}
		}
		return nil
	})
	return wrap(err, "delete the poll %q", id)
}

// holdPollTx says whether a poll exists, and keeps it from being deleted until the transaction ends.
func holdPollTx(ctx context.Context, tx pgx.Tx, appPK int64, id string) (bool, error) {
	// The look is a statement of its own: one that waited for the lock would see the poll as it was before.
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock_shared($1, $2)`, lockPoll, pollKey(appPK, id)); err != nil {
		return false, wrap(err, "hold the poll %q", id)
	}
	var exists bool
	err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM polls WHERE app_pk = $1 AND id = $2)`, appPK, id).Scan(&exists)
	return exists, wrap(err, "look up the poll %q", id)
}

// pollKey is the second key of a poll's advisory lock. Polls that share it only wait for each other.
func pollKey(appPK int64, id string) int32 { return lockKey(strconv.FormatInt(appPK, 10), id) }
