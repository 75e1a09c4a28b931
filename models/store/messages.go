package store

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// SendMessage stores an ordinary message at the present, moves last_message_at of its channel and the sender's own read
// marker to it, and un-hides the channel for all members who hid it, unless keepHidden. A channel that is not there is
// models.CodeNotFound, a taken id models.CodeInvalid.
func (s *Store) SendMessage(ctx context.Context, m models.Message, keepHidden bool) (models.Message, error) {
	var sent models.Message
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		var err error
		sent, err = sendMessageTx(ctx, tx, m, keepHidden)
		return err
	})
	return sent, wrap(err, "send a message to %q", m.CID)
}

func sendMessageTx(ctx context.Context, tx pgx.Tx, m models.Message, keepHidden bool) (models.Message, error) {
	// The channel first, and the time taken with its row locked: messages of a channel come in the order of their
	// times, and the order of locks is that of a campaign's batch.
	err := tx.QueryRow(ctx, `
		UPDATE channels SET last_message_at = clock_timestamp() WHERE app_pk = $1 AND cid = $2 AND deleted_at IS NULL
		RETURNING last_message_at`, m.AppPK, m.CID).Scan(&m.CreatedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return m, models.NotFound("channel", m.CID)
	}
	if err != nil {
		return m, err
	}
	if !keepHidden {
		_, err := tx.Exec(ctx, `
			UPDATE channel_members SET hidden = false, updated_at = $3 WHERE app_pk = $1 AND cid = $2 AND hidden`, m.AppPK, m.CID, m.CreatedAt)
		if err != nil {
			return m, err
		}
	}
	sent, err := insertMessageTx(ctx, tx, m)
	if err != nil {
		return m, err
	}
	return sent, moveReadMarkerTx(ctx, tx, sent.AppPK, sent.CID, sent.UserID, sent.CreatedAt, &sent.ID)
}

func insertMessageTx(ctx context.Context, tx pgx.Tx, m models.Message) (models.Message, error) {
	rows, err := tx.Query(ctx, `
		INSERT INTO messages (app_pk, id, cid, user_id, text, type, attachments, custom, mentioned_users, silent, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)
		ON CONFLICT (app_pk, id) DO NOTHING
		RETURNING *`,
		m.AppPK, m.ID, m.CID, m.UserID, m.Text, m.Type, jsonText(m.Attachments), jsonText(m.Custom), m.MentionedUsers, m.Silent, m.CreatedAt)
	if err != nil {
		return m, err
	}
	stored, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Message])
	if errors.Is(err, pgx.ErrNoRows) {
		return m, models.InvalidField("message.id", "%q already exists", m.ID)
	}
	return stored, err
}

// lateCommit is how much later than its created_at a campaign's message may become visible: the longest a batch takes.
const lateCommit = 5 * time.Minute

// moveReadMarkerTx moves how far a user has read a channel up to a time, never back, and counts the reads of the campaign
// messages that it reaches: for a message to a user only that user's, for one to a channel those of everybody who was a
// member then but its sender. messageID is the newest message at that time, nil in an empty channel.
func moveReadMarkerTx(ctx context.Context, tx pgx.Tx, appPK int64, cid, userID string, upTo time.Time, messageID *string) error {
	// Reads already counted are left to ON CONFLICT and not to the old marker alone: a message may have been committed
	// behind it. All parts of the statement see channel_reads as it was before.
	_, err := tx.Exec(ctx, `
		WITH moved AS (
			INSERT INTO channel_reads AS r (app_pk, cid, user_id, last_read, last_read_message_id)
			VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (app_pk, cid, user_id) DO UPDATE
			SET last_read = excluded.last_read, last_read_message_id = excluded.last_read_message_id
			WHERE r.last_read < excluded.last_read
		), before AS (
			SELECT coalesce(max(last_read) - $6::interval, '-infinity') AS time
			FROM channel_reads WHERE app_pk = $1 AND cid = $2 AND user_id = $3
		)
		INSERT INTO campaign_reads (app_pk, campaign_id, cid, user_id, read_at)
		SELECT DISTINCT $1::bigint, m.campaign_id, m.cid, $3, clock_timestamp()
		FROM messages AS m
		JOIN campaigns AS c ON c.app_pk = m.app_pk AND c.id = m.campaign_id AND c.deleted_at IS NULL
		WHERE m.app_pk = $1 AND m.cid = $2 AND m.created_at <= $4 AND m.created_at >= (SELECT time FROM before)
			AND (m.recipient = $3 OR m.recipient = $2 AND m.user_id <> $3 AND EXISTS (
				SELECT FROM channel_members AS cm
				WHERE cm.app_pk = $1 AND cm.cid = $2 AND cm.user_id = $3 AND cm.created_at <= m.created_at))
		ORDER BY m.campaign_id
		ON CONFLICT DO NOTHING`, appPK, cid, userID, upTo, messageID, lateCommit)
	return err
}

// Message gives a message of a channel that is not deleted, with the channel; deleted messages too. Else the error is
// models.CodeNotFound.
func (s *Store) Message(ctx context.Context, appPK int64, id string) (models.Message, models.Channel, error) {
	rows, err := s.pool.Query(ctx, `SELECT * FROM messages WHERE app_pk = $1 AND id = $2 AND type <> $3`, appPK, id, models.MessageErased)
	if err != nil {
		return models.Message{}, models.Channel{}, wrap(err, "read the message %q", id)
	}
	m, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Message])
	if errors.Is(err, pgx.ErrNoRows) {
		return models.Message{}, models.Channel{}, models.NotFound("message", id)
	}
	if err != nil {
		return models.Message{}, models.Channel{}, wrap(err, "read the message %q", id)
	}
	channel, err := s.Channel(ctx, appPK, m.CID)
	if models.ErrorCode(err) == models.CodeNotFound || err == nil && m.CreatedAt.Before(channel.CreatedAt) {
		return models.Message{}, models.Channel{}, models.NotFound("message", id)
	}
	return m, channel, err
}
