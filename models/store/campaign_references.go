package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// Check judges a campaign whose Target is known and gives every field that is not acceptable.
type Check func(c models.Campaign) []models.FieldError

// resolveTx looks up everything a campaign's definition names (sender, segments, members, poll), sets its Target and
// SegmentPKs, and holds its segments and its poll against deletion until the transaction ends. The error is of models.CodeInvalid and
// names what was found invalid before, what check finds, and every reference that leads nowhere, one reason for each
// field.
func resolveTx(ctx context.Context, tx pgx.Tx, c *models.Campaign, invalid []models.FieldError, check Check) error {
	segments, missing, err := resolveSegmentsTx(ctx, tx, c)
	if err != nil {
		return err
	}
	c.Target = models.SegmentUser
	if len(segments) > 0 {
		c.Target = segments[0].Type
	}
	invalid = slices.Concat(invalid, check(*c), missing)
	for _, lookUp := range []func(context.Context, pgx.Tx, models.Campaign) ([]models.FieldError, error){
		missingSenderTx, missingMembersTx, missingPollTx,
	} {
		missing, err := lookUp(ctx, tx, *c)
		if err != nil {
			return err
		}
		invalid = append(invalid, missing...)
	}
	if len(invalid) == 0 {
		return nil
	}
	seen := make(map[string]bool, len(invalid))
	return &models.Error{Code: models.CodeInvalid, Fields: slices.DeleteFunc(invalid, func(f models.FieldError) bool {
		again := seen[f.Path]
		seen[f.Path] = true
		return again
	})}
}

func missingSenderTx(ctx context.Context, tx pgx.Tx, c models.Campaign) ([]models.FieldError, error) {
	if c.SenderID == "" {
		return nil, nil
	}
	active, err := userActiveTx(ctx, tx, c.AppPK, c.SenderID)
	if err != nil || active {
		return nil, err
	}
	return []models.FieldError{{Path: "sender_id", Reason: fmt.Sprintf("user %q doesn't exist or is deactivated", c.SenderID)}}, nil
}

func resolveSegmentsTx(ctx context.Context, tx pgx.Tx, c *models.Campaign) ([]models.Segment, []models.FieldError, error) {
	c.SegmentPKs = nil
	if len(c.SegmentIDs) == 0 {
		return nil, nil, nil
	}
	// In the order of the key, so that two transactions that hold the same segments cannot wait for each other.
	rows, err := tx.Query(ctx, `
		SELECT * FROM segments WHERE app_pk = $1 AND id = ANY($2) AND deleted_at IS NULL ORDER BY segment_pk FOR SHARE`,
		c.AppPK, c.SegmentIDs)
	if err != nil {
		return nil, nil, fmt.Errorf("look up the segments: %w", err)
	}
	found, err := pgx.CollectRows(rows, scanSegment)
	if err != nil {
		return nil, nil, fmt.Errorf("look up the segments: %w", err)
	}
	byID := make(map[string]models.Segment, len(found))
	for _, seg := range found {
		byID[seg.ID] = seg
	}
	var segments []models.Segment
	var invalid []models.FieldError
	for i, id := range c.SegmentIDs {
		reason := ""
		seg, ok := byID[id]
		switch {
		case !ok:
			reason = fmt.Sprintf("segment %q doesn't exist", id)
		case len(segments) > 0 && seg.Type != segments[0].Type:
			reason = fmt.Sprintf("segment %q is of type %s and %q of type %s: all must be of one type",
				id, seg.Type, segments[0].ID, segments[0].Type)
		}
		if reason != "" {
			invalid = append(invalid, models.FieldError{Path: fmt.Sprintf("segment_ids[%d]", i), Reason: reason})
			continue
		}
		segments = append(segments, seg)
		c.SegmentPKs = append(c.SegmentPKs, seg.PK)
	}
	return segments, invalid, nil
}

func missingMembersTx(ctx context.Context, tx pgx.Tx, c models.Campaign) ([]models.FieldError, error) {
	if c.ChannelTemplate == nil {
		return nil, nil
	}
	members := c.ChannelTemplate.AllMembers()
	if len(members) == 0 {
		return nil, nil
	}
	ids := make([]string, len(members))
	for i, m := range members {
		ids[i] = m.UserID
	}
	rows, err := tx.Query(ctx, `
		SELECT m.ord - 1, m.id FROM unnest($2::text[]) WITH ORDINALITY AS m (id, ord)
		WHERE NOT EXISTS (SELECT FROM users u WHERE u.app_pk = $1 AND u.id = m.id AND u.deleted_at IS NULL)
		ORDER BY m.ord`, c.AppPK, ids)
	if err != nil {
		return nil, fmt.Errorf("look up the members of channel_template: %w", err)
	}
	path := "channel_template.members_template[%d].user_id"
	if len(c.ChannelTemplate.Members) > 0 {
		path = "channel_template.members[%d]"
	}
	var fields []models.FieldError
	var i int
	var id string
	_, err = pgx.ForEachRow(rows, []any{&i, &id}, func() error {
		fields = append(fields, models.FieldError{Path: fmt.Sprintf(path, i), Reason: fmt.Sprintf("user %q doesn't exist", id)})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look up the members of channel_template: %w", err)
	}
	return fields, nil
}

func missingPollTx(ctx context.Context, tx pgx.Tx, c models.Campaign) ([]models.FieldError, error) {
	id := c.MessageTemplate.PollID
	if id == "" {
		return nil, nil
	}
	exists, err := holdPollTx(ctx, tx, c.AppPK, id)
	if err != nil || exists {
		return nil, err
	}
	return []models.FieldError{{Path: "message_template.poll_id", Reason: fmt.Sprintf("poll %q doesn't exist", id)}}, nil
}
