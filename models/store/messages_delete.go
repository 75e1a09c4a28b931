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
		if err := eraseMessageTx(ctx, tx, appPK, id, models.DeleteSoft); err != nil {
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
		return eraseMessageTx(ctx, tx, appPK, id, models.DeleteHard)
	})
	return deleted, wrap(err, "delete the message %q", id)
}

// shownMessage is the condition for a row m of messages to be shown to anybody. Whatever lists or reads messages says it.
const shownMessage = `m.type <> '` + models.MessageErased + `'`
