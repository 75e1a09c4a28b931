package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// channelRow is a channel that a batch sends to, once for all its messages there. The first recipient of several that
// share a channel is the one it is created for.
type channelRow struct {
	cid      string
	receiver string
	custom   []byte
}

// writeChannels moves last_message_at of every channel sent to, and creates those that are missing where the campaign
// may. A deleted channel is created anew: its members go, and what was sent before its new created_at is not shown.
func (b *batch) writeChannels(ctx context.Context) error {
	if len(b.claimed) == 0 {
		return nil
	}
	rows := b.channelRows()
	cids := make([]string, len(rows))
	for i, r := range rows {
		cids[i] = r.cid
	}
	if !b.Channels.Create {
		return b.touchChannels(ctx, cids)
	}
	customs := make([]*string, len(rows))
	counts := make([]int32, len(rows))
	for i, r := range rows {
		customs[i] = jsonText(r.custom)
		counts[i] = int32(len(b.Channels.MembersOf(r.receiver))) //nolint:gosec // at most a thousand template members and two
	}
	// One statement for both cases, in order of cid: an insert of the missing ones followed by an update of the others
	// could deadlock with another campaign's batch to the same users.
	result, err := b.tx.Query(ctx, `
		INSERT INTO channels AS ch (app_pk, cid, team, custom, created_by, member_count, created_at, updated_at, last_message_at)
		SELECT $1, r.cid, $2, coalesce(r.custom::jsonb, '{}'), $3, r.members, $4, $4, $8
		FROM unnest($5::text[], $6::text[], $7::int[]) AS r (cid, custom, members)
		ON CONFLICT (app_pk, cid) DO UPDATE SET
			last_message_at = greatest(ch.last_message_at, excluded.last_message_at),
			team         = CASE WHEN ch.deleted_at IS NULL THEN ch.team ELSE excluded.team END,
			custom       = CASE WHEN ch.deleted_at IS NULL THEN ch.custom ELSE excluded.custom END,
			created_by   = CASE WHEN ch.deleted_at IS NULL THEN ch.created_by ELSE excluded.created_by END,
			member_count = CASE WHEN ch.deleted_at IS NULL THEN ch.member_count ELSE excluded.member_count END,
			created_at   = CASE WHEN ch.deleted_at IS NULL THEN ch.created_at ELSE greatest(excluded.created_at, ch.deleted_at + interval '1 microsecond') END,
			updated_at   = CASE WHEN ch.deleted_at IS NULL THEN ch.updated_at ELSE excluded.updated_at END,
			frozen       = ch.deleted_at IS NULL AND ch.frozen,
			disabled     = ch.deleted_at IS NULL AND ch.disabled,
			deleted_at   = NULL
		RETURNING cid, xmax = 0, updated_at = $4, created_at > $4`,
		b.AppPK, b.Channels.Team, b.SenderID, b.creation(), cids, customs, counts, b.now)
	if err != nil {
		return fmt.Errorf("write channels: %w", err)
	}
	var revived []string
	var cid string
	var inserted, isNew, late bool
	_, err = pgx.ForEachRow(result, []any{&cid, &inserted, &isNew, &late}, func() error {
		if late {
			b.late = append(b.late, cid)
		}
		switch {
		case !isNew:
			b.existing = append(b.existing, cid)
			return nil
		case !inserted:
			revived = append(revived, cid)
		}
		b.created = append(b.created, cid)
		return nil
	})
	if err != nil {
		return fmt.Errorf("write channels: %w", err)
	}
	b.counts.ChannelsCreated = int64(len(b.created))
	if len(revived) == 0 {
		return nil
	}
	if _, err := b.tx.Exec(ctx, "DELETE FROM channel_members WHERE app_pk = $1 AND cid = ANY($2)", b.AppPK, revived); err != nil {
		return fmt.Errorf("clear channels created anew: %w", err)
	}
	return nil
}

// firstUnread is how much older a channel and its members are than the message that the channel was created for: unread
// are the messages after the joining time. Some clients know times to the millisecond.
const firstUnread = time.Millisecond

// creation is the created_at of channels that the batch creates and of their members.
func (b *batch) creation() time.Time { return b.now.Add(-firstUnread) }

// moveLate moves messages behind the creation of their channel. Somebody else has created the channel, or deleted the one
// before it, between this batch's fence and its turn at the channel's row; and what is older than a channel is not shown
// in it.
func (b *batch) moveLate(ctx context.Context) error {
	if len(b.late) == 0 {
		return nil
	}
	for _, m := range b.claimed {
		if slices.Contains(b.late, m.CID) {
			b.moved = append(b.moved, m.Recipient)
		}
	}
	_, err := b.tx.Exec(ctx, `
		WITH channel AS (
			UPDATE channels SET last_message_at = greatest(last_message_at, created_at + $5::interval)
			WHERE app_pk = $1 AND cid = ANY($2) RETURNING cid, created_at + $5::interval AS at
		)
		UPDATE messages AS m SET created_at = channel.at, updated_at = channel.at
		FROM channel WHERE m.app_pk = $1 AND m.campaign_id = $3 AND m.recipient = ANY($4) AND m.cid = channel.cid`,
		b.AppPK, b.late, b.CampaignID, b.moved, firstUnread)
	if err != nil {
		return fmt.Errorf("move messages behind their channels: %w", err)
	}
	return nil
}

// channelRows lists the channels of the claimed messages in order of cid.
func (b *batch) channelRows() []channelRow {
	rows := make([]channelRow, len(b.claimed))
	for i, m := range b.claimed {
		rows[i] = channelRow{cid: m.CID, receiver: m.Receiver, custom: m.ChannelCustom}
	}
	slices.SortStableFunc(rows, func(x, y channelRow) int { return strings.Compare(x.cid, y.cid) })
	return slices.CompactFunc(rows, func(x, y channelRow) bool { return x.cid == y.cid })
}

// touchChannels moves last_message_at of existing channels. They were there when the batch was read; if one is gone
// now, the batch is read again.
//
// Here as elsewhere in a batch rows are found by a LATERAL look-up for each key, and changed by an insert that
// always conflicts. Joins and "= ANY" leave it to Postgres how to find them, and with the statistics of a table that is
// just being filled it reads the whole app's rows for every batch.
func (b *batch) touchChannels(ctx context.Context, cids []string) error {
	var touched int
	err := b.tx.QueryRow(ctx, `
		WITH touched AS (
			INSERT INTO channels AS ch (app_pk, cid, created_by, created_at, updated_at, last_message_at)
			SELECT $1, l.cid, '', $3, $3, $3
			FROM unnest($2::text[]) AS k (cid) CROSS JOIN LATERAL (
				SELECT cid FROM channels WHERE app_pk = $1 AND cid = k.cid AND deleted_at IS NULL FOR NO KEY UPDATE
			) l
			ON CONFLICT (app_pk, cid) DO UPDATE SET last_message_at = greatest(ch.last_message_at, excluded.last_message_at)
			RETURNING cid, created_at
		)
		SELECT count(*), coalesce(array_agg(cid) FILTER (WHERE created_at > $4), '{}') FROM touched`,
		b.AppPK, cids, b.now, b.creation()).Scan(&touched, &b.late)
	if err != nil {
		return fmt.Errorf("touch channels: %w", err)
	}
	if touched != len(cids) {
		b.channelsGone = true
		return errAbandoned
	}
	b.existing = cids
	return nil
}

// MembersOf lists the members of a channel created for receiver: the receiver, and the rule's members. A receiver that
// the rule names too has what the rule says.
func (r ChannelRule) MembersOf(receiver string) []RuleMember {
	for _, m := range r.Members {
		if m.UserID == receiver {
			return r.Members
		}
	}
	return append([]RuleMember{{UserID: receiver}}, r.Members...)
}

func (b *batch) writeMembers(ctx context.Context) error {
	if err := b.addMembers(ctx); err != nil {
		return err
	}
	if err := b.includeSender(ctx); err != nil {
		return err
	}
	return b.showChannels(ctx)
}

// addMembers gives the created channels their members. The rule's members are the same in every channel, so only the
// receivers travel one by one.
func (b *batch) addMembers(ctx context.Context) error {
	if len(b.created) == 0 {
		return nil
	}
	created := make(map[string]bool, len(b.created))
	for _, cid := range b.created {
		created[cid] = true
	}
	named := make(map[string]bool, len(b.Channels.Members))
	for _, m := range b.Channels.Members {
		named[m.UserID] = true
	}
	var cids, receivers []string
	for _, r := range b.channelRows() {
		if created[r.cid] && !named[r.receiver] {
			cids, receivers = append(cids, r.cid), append(receivers, r.receiver)
		}
	}
	common, err := json.Marshal(append([]RuleMember{}, b.Channels.Members...)) // [] where there are none, not null
	if err != nil {
		return fmt.Errorf("encode members: %w", err)
	}
	_, err = b.tx.Exec(ctx, `
		INSERT INTO channel_members (app_pk, cid, user_id, channel_role, custom, hidden, archived_at, created_at, updated_at)
		SELECT $1::bigint, r.cid, r.user_id, NULL, NULL, false, NULL, $2::timestamptz, $2::timestamptz FROM unnest($3::text[], $4::text[]) AS r (cid, user_id)
		UNION ALL
		SELECT $1::bigint, ch.cid, m.user_id, m.channel_role, m.custom, m.hidden, CASE WHEN m.archived THEN $2::timestamptz END, $2::timestamptz, $2::timestamptz
		FROM unnest($5::text[]) AS ch (cid)
		CROSS JOIN jsonb_to_recordset($6::jsonb) AS m (user_id text, channel_role text, custom jsonb, hidden boolean, archived boolean)`,
		b.AppPK, b.creation(), cids, receivers, b.created, string(common))
	if err != nil {
		return fmt.Errorf("add members: %w", err)
	}
	return nil
}

// includeSender makes the sender a member of the channels that were there before (sender_mode include).
func (b *batch) includeSender(ctx context.Context) error {
	if !b.Channels.IncludeSender || len(b.existing) == 0 {
		return nil
	}
	rows, err := b.tx.Query(ctx, `
		WITH joined AS (
			INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at)
			SELECT $1, cid, $2, $3, $3 FROM unnest($4::text[]) AS e (cid)
			ON CONFLICT DO NOTHING
			RETURNING cid
		)
		INSERT INTO channels AS ch (app_pk, cid, created_by, created_at, updated_at)
		SELECT $1, cid, '', $3, $3 FROM joined
		ON CONFLICT (app_pk, cid) DO UPDATE SET member_count = ch.member_count + 1
		RETURNING cid`,
		b.AppPK, b.SenderID, b.now, b.existing)
	if err != nil {
		return fmt.Errorf("include the sender: %w", err)
	}
	if b.joined, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return fmt.Errorf("include the sender: %w", err)
	}
	return nil
}

// showChannels un-hides existing channels for whom the message is meant; never for the sender.
func (b *batch) showChannels(ctx context.Context) error {
	if !b.Channels.Show || len(b.existing) == 0 {
		return nil
	}
	cids, receivers := make([]string, len(b.claimed)), make([]string, len(b.claimed))
	for i, m := range b.claimed {
		cids[i], receivers[i] = m.CID, m.Receiver
	}
	rows, err := b.tx.Query(ctx, `
		INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at)
		SELECT $1, m.cid, m.user_id, $2, $2
		FROM unnest($4::text[], $5::text[]) AS r (cid, receiver) CROSS JOIN LATERAL (
			SELECT cid, user_id FROM channel_members
			WHERE app_pk = $1 AND cid = r.cid AND r.receiver IN ('', user_id) AND user_id <> $3 AND hidden
			FOR NO KEY UPDATE
		) m
		ON CONFLICT (app_pk, cid, user_id) DO UPDATE SET hidden = false, updated_at = excluded.updated_at
		RETURNING cid, user_id`,
		b.AppPK, b.now, b.SenderID, cids, receivers)
	if err != nil {
		return fmt.Errorf("show channels: %w", err)
	}
	if b.shown, err = pgx.CollectRows(rows, pgx.RowToStructByPos[models.Shown]); err != nil {
		return fmt.Errorf("show channels: %w", err)
	}
	return nil
}
