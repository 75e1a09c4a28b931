package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// Sending says how an ordinary message is sent.
type Sending struct {
	KeepHidden bool // members who hid the channel do not see it again
	SkipPush   bool // devices are not told
}

// SendMessage stores an ordinary message at the present, moves last_message_at of its channel and the sender's own read
// marker to it, and un-hides the channel for all members who hid it. A channel that is not there is models.CodeNotFound, a
// taken id models.CodeInvalid.
func (s *Store) SendMessage(ctx context.Context, m models.Message, how Sending) (models.Message, error) {
	var sent models.Message
	err := s.inTxByKey(ctx, func(tx pgx.Tx) error {
		var err error
		sent, err = s.sendMessageTx(ctx, tx, m, how)
		return err
	})
	return sent, wrap(err, "send a message to %q", m.CID)
}

func (s *Store) sendMessageTx(ctx context.Context, tx pgx.Tx, m models.Message, how Sending) (models.Message, error) {
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
	if !how.KeepHidden {
		_, err := tx.Exec(ctx, `
			WITH shown AS (
				UPDATE channel_members SET hidden = false, updated_at = $3 WHERE app_pk = $1 AND cid = $2 AND hidden RETURNING updated_at, cid, user_id
			)`+recordChat(models.EventChannelVisible, `SELECT updated_at, cid, user_id, NULL FROM shown`), m.AppPK, m.CID, m.CreatedAt)
		if err != nil {
			return m, err
		}
	}
	sent, err := insertMessageTx(ctx, tx, m, s.push && !how.SkipPush)
	if err != nil {
		return m, err
	}
	// The sender's own marker moves in silence: the message says it.
	return sent, moveReadMarkersTx(ctx, tx, sent.AppPK, sent.UserID, []mark{{CID: sent.CID, Time: sent.CreatedAt, MessageID: sent.ID}})
}

func insertMessageTx(ctx context.Context, tx pgx.Tx, m models.Message, push bool) (models.Message, error) {
	const sent = `SELECT created_at, cid, user_id, id FROM sent`
	rows, err := tx.Query(ctx, `
		WITH sent AS (
			INSERT INTO messages (app_pk, id, cid, user_id, text, type, attachments, custom, mentioned_users, poll_id, silent, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $12)
			ON CONFLICT (app_pk, id) DO NOTHING
			RETURNING *
		), told AS (`+recordChat(models.EventMessageNew, sent)+`
		), pushed AS (`+recordPush(models.EventMessageNew, sent+` WHERE $13`)+`
		) SELECT * FROM sent`,
		m.AppPK, m.ID, m.CID, m.UserID, m.Text, m.Type, jsonText(m.Attachments), jsonText(m.Custom), m.MentionedUsers, m.PollID, m.Silent, m.CreatedAt, push)
	if err != nil {
		return m, err
	}
	stored, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Message])
	if errors.Is(err, pgx.ErrNoRows) {
		return m, models.InvalidField("message.id", "%q already exists", m.ID)
	}
	return stored, err
}

// Message gives a message of a channel that is not deleted, with the channel; deleted messages too. Else the error is
// models.CodeNotFound.
func (s *Store) Message(ctx context.Context, appPK int64, id string) (models.Message, models.Channel, error) {
	rows, err := s.pool.Query(ctx, `SELECT * FROM messages AS m WHERE m.app_pk = $1 AND m.id = $2 AND `+shownMessage, appPK, id)
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

// Messages gives those of the messages that are in a channel, deleted ones too, in the order of the ids.
func (s *Store) Messages(ctx context.Context, channel models.Channel, ids []string) ([]models.Message, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	rows, err := s.pool.Query(ctx, `
		SELECT m.* FROM unnest($3::text[]) WITH ORDINALITY AS w (id, place)
		JOIN messages AS m ON m.app_pk = $1 AND m.id = w.id AND m.cid = $2 AND m.created_at >= $4 AND `+shownMessage+`
		ORDER BY w.place`, channel.AppPK, channel.CID, ids, channel.CreatedAt)
	if err != nil {
		return nil, wrap(err, "read %d messages of %q", len(ids), channel.CID)
	}
	messages, err := pgx.CollectRows(rows, pgx.RowToStructByName[models.Message])
	return messages, wrap(err, "read %d messages of %q", len(ids), channel.CID)
}
