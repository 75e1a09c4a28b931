package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// DeleteMessage deletes a message and gives it as it was left. Softly it stays in its channel as one of type deleted,
// without text and attachments; deleting it again changes nothing. With hard nothing shows it any more. An unknown
// message is models.CodeNotFound.
func (s *Store) DeleteMessage(ctx context.Context, appPK int64, id string, hard bool) (models.Message, error) {
	var deleted models.Message
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		if err := deleteMessagesTx(ctx, tx, appPK, []string{id}, false); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT * FROM messages AS m WHERE m.app_pk = $1 AND m.id = $2 AND `+shownMessage, appPK, id)
		if err != nil {
			return err
		}
		deleted, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Message])
		if errors.Is(err, pgx.ErrNoRows) {
			return models.NotFound("message", id)
		}
		if err != nil || !hard {
			return err
		}
		return deleteMessagesTx(ctx, tx, appPK, []string{id}, true)
	})
	return deleted, wrap(err, "delete the message %q", id)
}

// deleteMessagesTx deletes messages of an app; ids that name none are passed over. A hard deletion removes ordinary
// messages and test messages. Of a campaign's message it keeps the row without what was in it, as models.MessageErased,
// because the row is the recipient's claim (messages_once_per_recipient): without it a repeated batch would send again, and
// the recipient would be missing in the campaign's list. Of many messages give some thousands at a time.
func deleteMessagesTx(ctx context.Context, tx pgx.Tx, appPK int64, ids []string, hard bool) error {
	// In order of id, so that two deletions of the same messages cannot wait for each other.
	const chosen = `WITH chosen AS (SELECT id FROM messages WHERE app_pk = $1 AND id = ANY($2) ORDER BY id FOR UPDATE) `
	statements := []string{chosen + `
		UPDATE messages AS m SET type = '` + models.MessageDeleted + `', text = '', attachments = NULL,
			deleted_at = clock_timestamp(), updated_at = clock_timestamp()
		FROM chosen WHERE m.app_pk = $1 AND m.id = chosen.id AND m.deleted_at IS NULL`}
	if hard {
		statements = []string{
			chosen + `
			UPDATE messages AS m SET type = '` + models.MessageErased + `', text = '', attachments = NULL, custom = NULL,
				mentioned_users = NULL, poll_id = NULL, silent = false,
				deleted_at = coalesce(m.deleted_at, clock_timestamp()), updated_at = clock_timestamp()
			FROM chosen WHERE m.app_pk = $1 AND m.id = chosen.id AND m.recipient IS NOT NULL AND ` + shownMessage,
			`DELETE FROM messages WHERE app_pk = $1 AND id = ANY($2) AND recipient IS NULL`,
		}
	}
	for _, statement := range statements {
		if _, err := tx.Exec(ctx, statement, appPK, ids); err != nil {
			return wrap(err, "delete %d messages", len(ids))
		}
	}
	return nil
}

// shownMessage is the condition for a row m of messages to be shown to anybody. Whatever lists or reads messages says it.
const shownMessage = `m.type <> '` + models.MessageErased + `'`
