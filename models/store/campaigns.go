package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

var scanCampaign = pgx.RowToStructByNameLax[models.Campaign]

// CreateCampaign stores a draft under its id, and checks it and what it refers to in the same transaction. The id may be
// one that a deleted campaign had which never began to send. A taken id, a reference to something unknown, what the
// caller found invalid before, and what check finds, are models.CodeInvalid, all fields in one error.
func (s *Store) CreateCampaign(ctx context.Context, c models.Campaign, invalid []models.FieldError, check Check) (models.Campaign, error) {
	var created models.Campaign
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		if err := resolveTx(ctx, tx, &c, invalid, check); err != nil {
			return err
		}
		// Asked first, because the INSERT below would wait for the batches of a running campaign of this id. It needs no
		// lock itself: no batch has ever read the row that it may replace.
		var taken bool
		err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM campaigns
			WHERE app_pk = $1 AND id = $2 AND (deleted_at IS NULL OR started_at IS NOT NULL))`, c.AppPK, c.ID).Scan(&taken)
		if err != nil {
			return err
		}
		if taken {
			return models.Invalid("campaign with id %q already exists", c.ID)
		}
		// control_seq goes on where the deleted campaign's ended: a signal or a workflow of that one is then out of date.
		rows, err := tx.Query(ctx, `
			INSERT INTO campaigns AS old (app_pk, id, name, description, sender_id, sender_mode, sender_visibility,
				message_template, channel_template, create_channels, show_channels, skip_push, skip_webhook, messages_per_second,
				target, segment_ids, segment_pks, user_ids, created_at, updated_at)
			VALUES (@app_pk, @id, @name, @description, @sender_id, @sender_mode, @sender_visibility,
				@message_template, @channel_template, @create_channels, @show_channels, @skip_push, @skip_webhook, @messages_per_second,
				@target, @segment_ids, @segment_pks, @user_ids, statement_timestamp(), statement_timestamp())
			ON CONFLICT (app_pk, id) DO UPDATE SET
				name = excluded.name, description = excluded.description, sender_id = excluded.sender_id,
				sender_mode = excluded.sender_mode, sender_visibility = excluded.sender_visibility,
				message_template = excluded.message_template, channel_template = excluded.channel_template,
				create_channels = excluded.create_channels, show_channels = excluded.show_channels,
				skip_push = excluded.skip_push, skip_webhook = excluded.skip_webhook,
				messages_per_second = excluded.messages_per_second,
				target = excluded.target, segment_ids = excluded.segment_ids, segment_pks = excluded.segment_pks, user_ids = excluded.user_ids,
				status = excluded.status, hold = excluded.hold, control_seq = old.control_seq + 1,
				held_at = NULL, held_by = '', hold_reason = '', scheduled_for = NULL, stop_at = NULL, completed_at = NULL, recipients_total = 0,
				created_at = excluded.created_at, updated_at = excluded.updated_at, deleted_at = NULL
			WHERE old.deleted_at IS NOT NULL AND old.started_at IS NULL
			RETURNING old.*`, definition(c))
		if err != nil {
			return err
		}
		created, err = pgx.CollectExactlyOneRow(rows, scanCampaign)
		if errors.Is(err, pgx.ErrNoRows) {
			return models.Invalid("campaign with id %q already exists", c.ID)
		}
		if err != nil {
			return err
		}
		return recordCampaignTx(ctx, tx, created, models.EventCampaignCreated)
	})
	return created, wrap(err, "create the campaign %d/%s", c.AppPK, c.ID)
}

// definition is what an integrator says about a campaign, by column.
func definition(c models.Campaign) pgx.StrictNamedArgs {
	return pgx.StrictNamedArgs{
		"app_pk": c.AppPK, "id": c.ID, "name": c.Name, "description": c.Description,
		"sender_id": c.SenderID, "sender_mode": string(c.SenderMode), "sender_visibility": string(c.SenderVisibility),
		"message_template": c.MessageTemplate, "channel_template": c.ChannelTemplate,
		"create_channels": c.CreateChannels, "show_channels": c.ShowChannels,
		"skip_push": c.SkipPush, "skip_webhook": c.SkipWebhook, "messages_per_second": c.MessagesPerSecond,
		"target": c.Target, "segment_ids": append([]string{}, c.SegmentIDs...), "segment_pks": append([]int64{}, c.SegmentPKs...),
		"user_ids": append([]string{}, c.UserIDs...),
	}
}

// Change alters a campaign's definition and gives every field that it cannot accept.
type Change func(c *models.Campaign) []models.FieldError

// UpdateCampaign has change alter the definition of a draft or scheduled campaign and stores the result, under the
// campaign's lock: what change is given is what is there, and a definition stored before the campaign begins is the
// one that is sent. Invalid fields come before a status that allows no update, and that before references that lead
// nowhere; all are models.CodeInvalid.
func (s *Store) UpdateCampaign(ctx context.Context, appPK int64, id string, change Change, check Check) (models.Campaign, error) {
	var updated models.Campaign
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		c, err := lockCampaignTx(ctx, tx, appPK, id)
		if err != nil {
			return err
		}
		invalid := change(&c)
		if len(invalid) == 0 {
			if _, err := models.NextMove(c.Status, c.Hold, models.ActionUpdate); err != nil {
				return err
			}
		}
		if err := resolveTx(ctx, tx, &c, invalid, check); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			UPDATE campaigns SET
				name = @name, description = @description, sender_id = @sender_id, sender_mode = @sender_mode,
				sender_visibility = @sender_visibility, message_template = @message_template, channel_template = @channel_template,
				create_channels = @create_channels, show_channels = @show_channels, skip_push = @skip_push,
				skip_webhook = @skip_webhook, messages_per_second = @messages_per_second,
				target = @target, segment_ids = @segment_ids, segment_pks = @segment_pks, user_ids = @user_ids, updated_at = statement_timestamp()
			WHERE app_pk = @app_pk AND id = @id
			RETURNING *`, definition(c))
		if err != nil {
			return err
		}
		if updated, err = pgx.CollectExactlyOneRow(rows, scanCampaign); err != nil {
			return err
		}
		return recordCampaignTx(ctx, tx, updated, models.MoveEvents(models.ActionUpdate, c, updated)...)
	})
	return updated, wrap(err, "update the campaign %d/%s", appPK, id)
}

// Campaign gives a campaign that is not deleted; else the error is models.CodeNotFound.
func (s *Store) Campaign(ctx context.Context, appPK int64, id string) (models.Campaign, error) {
	rows, err := s.pool.Query(ctx, "SELECT * FROM campaigns WHERE app_pk = $1 AND id = $2 AND deleted_at IS NULL", appPK, id)
	if err != nil {
		return models.Campaign{}, wrap(err, "read the campaign %d/%s", appPK, id)
	}
	c, err := pgx.CollectExactlyOneRow(rows, scanCampaign)
	if errors.Is(err, pgx.ErrNoRows) {
		return c, models.NotFound("campaign", id)
	}
	return c, wrap(err, "read the campaign %d/%s", appPK, id)
}
