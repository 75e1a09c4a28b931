package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// ChannelUpdate is what an update does to a channel; the zero value of a field leaves that alone.
type ChannelUpdate struct {
	// Change alters team, custom data, frozen and disabled, and gives every field that it cannot accept.
	Change  func(ch *models.Channel) []models.FieldError
	Remove  []string        // members; who is none is passed over
	Add     []models.Member // users who exist, all different; who is a member already stays as it is
	Message *models.Message // sent when the rest is done
}

// UpdateChannel updates a channel, with all that belongs to the update or with nothing of it, and gives the channel and
// the message as they are then. A channel that is not there is models.CodeNotFound; what Change cannot accept, and a
// taken id of the message, are models.CodeInvalid.
func (s *Store) UpdateChannel(ctx context.Context, appPK int64, cid string, u ChannelUpdate) (models.Channel, *models.Message, error) {
	var updated models.Channel
	var sent *models.Message
	err := s.inTxByKey(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT * FROM channels WHERE app_pk = $1 AND cid = $2 AND deleted_at IS NULL FOR NO KEY UPDATE`, appPK, cid)
		if err != nil {
			return err
		}
		channel, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Channel])
		if errors.Is(err, pgx.ErrNoRows) {
			return models.NotFound("channel", cid)
		}
		if err != nil {
			return err
		}
		if updated, err = updateChannelTx(ctx, tx, channel, u); err != nil || u.Message == nil {
			return err
		}
		message, err := s.sendMessageTx(ctx, tx, *u.Message, Sending{})
		if err != nil {
			return err
		}
		sent, updated.LastMessageAt = &message, &message.CreatedAt
		return nil
	})
	return updated, sent, wrap(err, "update the channel %q", cid)
}

func updateChannelTx(ctx context.Context, tx pgx.Tx, channel models.Channel, u ChannelUpdate) (models.Channel, error) {
	if u.Change != nil {
		if invalid := u.Change(&channel); len(invalid) > 0 {
			return channel, &models.Error{Code: models.CodeInvalid, Fields: invalid}
		}
	}
	at, err := clockTx(ctx, tx) // with the channel held: who joins has read what was sent before
	if err != nil {
		return channel, err
	}
	removed, err := tx.Exec(ctx, `DELETE FROM channel_members WHERE app_pk = $1 AND cid = $2 AND user_id = ANY($3)`, channel.AppPK, channel.CID, u.Remove)
	if err != nil {
		return channel, err
	}
	added, err := addMembersTx(ctx, tx, channel, u.Add, at)
	if err != nil {
		return channel, err
	}
	custom := channel.Custom
	if len(custom) == 0 {
		custom = models.Custom("{}")
	}
	rows, err := tx.Query(ctx, `
		UPDATE channels SET team = $3, custom = $4, frozen = $5, disabled = $6, member_count = member_count + $7, updated_at = $8
		WHERE app_pk = $1 AND cid = $2 RETURNING *`,
		channel.AppPK, channel.CID, channel.Team, string(custom), channel.Frozen, channel.Disabled, added-int(removed.RowsAffected()), at)
	if err != nil {
		return channel, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Channel])
}
