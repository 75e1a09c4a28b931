package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// lateCommit is how much later than its created_at a campaign's message may become visible: the longest a batch takes.
const lateCommit = 5 * time.Minute

// channelsPerMark bounds how many channels of a user one transaction marks read.
const channelsPerMark = 1000

// mark is how far a channel is to be read: to a message and its time.
type mark struct {
	CID       string
	Time      time.Time
	MessageID string
	Told      bool // hooks are told if the marker moves; alike in all marks of a call
}

// MarkRead marks a channel read by a member, up to a message or, without one, up to the newest. It gives how far the
// member has read now, which may be further, without counting what is unread. A user who is no member is
// models.CodeNotFound, a message that is not in the channel models.CodeInvalid.
func (s *Store) MarkRead(ctx context.Context, appPK int64, cid, userID, messageID string) (models.Read, error) {
	var read models.Read
	err := s.inTxByKey(ctx, func(tx pgx.Tx) error {
		marks, err := marksTx(ctx, tx, appPK, []string{cid}, []string{messageID})
		if err != nil {
			return err
		}
		if messageID != "" && len(marks) == 0 {
			return models.InvalidField("message_id", "names the message %q, which is not in the channel", messageID)
		}
		if err := moveReadMarkersTx(ctx, tx, appPK, userID, marks); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			SELECT m.cid, m.user_id, coalesce(r.last_read, m.created_at) AS last_read, r.last_read_message_id, 0 AS unread
			FROM channel_members AS m `+markerOfMember+` WHERE m.app_pk = $1 AND m.cid = $2 AND m.user_id = $3`, appPK, cid, userID)
		if err != nil {
			return err
		}
		read, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Read])
		if errors.Is(err, pgx.ErrNoRows) {
			return models.NotFound("member", userID)
		}
		return err
	})
	return read, wrap(err, "mark the channel %q read", cid)
}

// Joins to a member m: its channel ch, if it is not deleted, and its read marker r, if it has one. A marker from before
// the member joined, or from before the channel was created anew, says nothing. OFFSET 0, here as in the other statements
// below, keeps them look-ups for each member.
const (
	channelOfMember = `CROSS JOIN LATERAL (
	SELECT last_message_at FROM channels WHERE app_pk = m.app_pk AND cid = m.cid AND deleted_at IS NULL OFFSET 0) AS ch`
	markerOfMember = `LEFT JOIN LATERAL (
	SELECT last_read, last_read_message_id FROM channel_reads
	WHERE app_pk = m.app_pk AND cid = m.cid AND user_id = m.user_id AND last_read >= m.created_at OFFSET 0) AS r ON true`
)

// MarkChannelsRead marks some channels read by a user, each up to a message or, with "", up to its newest, all or none.
// Channels that are not there are passed over. A message that is not in its channel is models.CodeInvalid.
func (s *Store) MarkChannelsRead(ctx context.Context, appPK int64, userID string, upTo map[string]string) error {
	cids := slices.Sorted(maps.Keys(upTo))
	messageIDs := make([]string, len(cids))
	for i, cid := range cids {
		messageIDs[i] = upTo[cid]
	}
	err := s.inTxByKey(ctx, func(tx pgx.Tx) error {
		marks, err := marksTx(ctx, tx, appPK, cids, messageIDs)
		if err != nil {
			return err
		}
		var unknown []models.FieldError
		for i, cid := range cids {
			if messageID := messageIDs[i]; messageID != "" && !slices.ContainsFunc(marks, func(m mark) bool { return m.CID == cid }) {
				unknown = append(unknown, models.FieldError{
					Path: fmt.Sprintf("read_by_channel[%q]", cid), Reason: fmt.Sprintf("names the message %q, which is not in the channel", messageID),
				})
			}
		}
		if len(unknown) > 0 {
			return &models.Error{Code: models.CodeInvalid, Fields: unknown}
		}
		return moveReadMarkersTx(ctx, tx, appPK, userID, marks)
	})
	return wrap(err, "mark %d channels read", len(upTo))
}

// MarkAllRead marks every channel of a user read, some at a time: what a failure leaves is done by calling it again.
func (s *Store) MarkAllRead(ctx context.Context, appPK int64, userID string) error {
	after, more := "", true
	for more {
		err := s.inTxByKey(ctx, func(tx pgx.Tx) error {
			// Only channels with messages that may not have been read, or not counted as read.
			rows, err := tx.Query(ctx, `
				SELECT m.cid FROM channel_members AS m `+channelOfMember+` `+markerOfMember+`
				WHERE m.app_pk = $1 AND m.user_id = $2 AND m.cid > $3 AND ch.last_message_at >= coalesce(r.last_read - $4::interval, '-infinity')
				ORDER BY m.cid LIMIT $5`, appPK, userID, after, lateCommit, channelsPerMark)
			if err != nil {
				return err
			}
			cids, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				return err
			}
			if more = len(cids) == channelsPerMark; more {
				after = cids[len(cids)-1]
			}
			marks, err := marksTx(ctx, tx, appPK, cids, make([]string, len(cids)))
			if err != nil {
				return err
			}
			return moveReadMarkersTx(ctx, tx, appPK, userID, marks)
		})
		if err != nil {
			return wrap(err, "mark all channels of %q read", userID)
		}
	}
	return nil
}

// marksTx finds for each channel the message that is named, or the newest for "". A channel without such a message gives
// no mark.
func marksTx(ctx context.Context, tx pgx.Tx, appPK int64, cids, messageIDs []string) ([]mark, error) {
	// The marker goes to a message that is there, not to the present: a campaign's message becomes visible a little after
	// its created_at, and one that comes to light behind the marker would never have been unread.
	rows, err := tx.Query(ctx, `
		SELECT ch.cid, m.created_at AS time, m.id AS message_id,
			EXISTS (SELECT FROM hooks AS h WHERE h.app_pk = $1 AND `+wantsAny(models.EventMessageRead)+`) AS told
		FROM unnest($2::text[], $3::text[]) AS w (cid, message_id)
		CROSS JOIN LATERAL (SELECT cid, created_at FROM channels WHERE app_pk = $1 AND cid = w.cid AND deleted_at IS NULL OFFSET 0) AS ch
		CROSS JOIN LATERAL (
			(SELECT m.created_at, m.id FROM messages AS m
			WHERE w.message_id = '' AND m.app_pk = $1 AND m.cid = ch.cid AND m.created_at >= ch.created_at AND `+shownMessage+`
			ORDER BY m.created_at DESC, m.id DESC LIMIT 1)
			UNION ALL
			SELECT m.created_at, m.id FROM (SELECT * FROM messages WHERE app_pk = $1 AND id = w.message_id OFFSET 0) AS m
			WHERE w.message_id <> '' AND m.cid = ch.cid AND m.created_at >= ch.created_at AND `+shownMessage+`
		) AS m`, appPK, cids, messageIDs)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[mark])
}

// moveReadMarkersTx moves how far a user has read these channels, never back, and counts the reads of the campaign
// messages that this reaches: for a message to a user only that user's, for one to a channel those of everybody who was a
// member then but its sender; of test messages and of deleted ones none. Channels must differ.
//
// It looks at the messages between the old markers and the new ones only. Reads counted already are left to ON CONFLICT
// and not to the old marker alone, because a message may have been committed behind it. All parts of the statement see
// channel_reads as it was before. Rows of a kind are written in order of key, so that readers that meet wait for each
// other instead of deadlocking, and the counters of a campaign are spread over shards, so that they seldom meet.
func moveReadMarkersTx(ctx context.Context, tx pgx.Tx, appPK int64, userID string, marks []mark) error {
	if len(marks) == 0 {
		return nil
	}
	cids, times, messageIDs := make([]string, len(marks)), make([]time.Time, len(marks)), make([]string, len(marks))
	for i, m := range marks {
		cids[i], times[i], messageIDs[i] = m.CID, m.Time, m.MessageID
	}
	told := ""
	if marks[0].Told { // not in the statement itself: it would make every read a tenth dearer where there are no hooks
		told = `told AS (` + recordChat(models.EventMessageRead, `SELECT clock_timestamp(), cid, user_id, last_read_message_id FROM moved`) + `), `
	}
	_, err := tx.Exec(ctx, `
		WITH wanted AS (
			SELECT w.cid, w.up_to, w.message_id, greatest(ch.created_at, r.last_read - $6::interval) AS since
			FROM unnest($3::text[], $4::timestamptz[], $5::text[]) AS w (cid, up_to, message_id)
			CROSS JOIN LATERAL (SELECT created_at FROM channels WHERE app_pk = $1 AND cid = w.cid OFFSET 0) AS ch
			LEFT JOIN LATERAL (SELECT last_read FROM channel_reads WHERE app_pk = $1 AND cid = w.cid AND user_id = $2 OFFSET 0) AS r ON true
		), moved AS (
			INSERT INTO channel_reads AS r (app_pk, cid, user_id, last_read, last_read_message_id)
			SELECT $1, cid, $2, up_to, message_id FROM wanted ORDER BY cid
			ON CONFLICT (app_pk, cid, user_id) DO UPDATE
			SET last_read = excluded.last_read, last_read_message_id = excluded.last_read_message_id
			WHERE r.last_read < excluded.last_read
			RETURNING cid, user_id, last_read_message_id
		), `+told+`counted AS (
			INSERT INTO campaign_reads (app_pk, campaign_id, cid, user_id, read_at)
			SELECT $1, m.campaign_id, m.cid, $2, clock_timestamp()
			FROM wanted AS w CROSS JOIN LATERAL (
				SELECT cid, user_id, campaign_id, recipient, created_at FROM messages
				WHERE app_pk = $1 AND cid = w.cid AND created_at >= w.since AND created_at <= w.up_to AND deleted_at IS NULL OFFSET 0
			) AS m
			WHERE (m.recipient = $2 OR m.recipient = m.cid AND m.user_id <> $2 AND EXISTS (
				SELECT FROM channel_members AS cm
				WHERE cm.app_pk = $1 AND cm.cid = m.cid AND cm.user_id = $2 AND cm.created_at <= m.created_at))
			AND EXISTS (SELECT FROM campaigns WHERE app_pk = $1 AND id = m.campaign_id AND deleted_at IS NULL OFFSET 0)
			ORDER BY m.campaign_id, m.cid
			ON CONFLICT DO NOTHING
			RETURNING campaign_id
		)
		INSERT INTO campaign_read_counts AS n (app_pk, campaign_id, shard, reads)
		SELECT $1, campaign_id, $7, count(*) FROM counted GROUP BY campaign_id ORDER BY campaign_id
		ON CONFLICT (app_pk, campaign_id, shard) DO UPDATE SET reads = n.reads + excluded.reads`,
		appPK, userID, cids, times, messageIDs, lateCommit, counterShard(userID))
	return err
}

// Joined says of which of the channels, that are not deleted, a user is a member.
func (s *Store) Joined(ctx context.Context, appPK int64, userID string, cids []string) (map[string]bool, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT m.cid FROM channel_members AS m `+channelOfMember+`
		WHERE m.app_pk = $1 AND m.user_id = $2 AND m.cid = ANY($3)`, appPK, userID, cids)
	if err != nil {
		return nil, wrap(err, "read the channels of %q", userID)
	}
	joined := make(map[string]bool, len(cids))
	var cid string
	_, err = pgx.ForEachRow(rows, []any{&cid}, func() error {
		joined[cid] = true
		return nil
	})
	return joined, wrap(err, "read the channels of %q", userID)
}
