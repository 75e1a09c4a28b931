package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// Unread gives how many messages these users have not read, by user: of each channel where they are a member and any
// are unread, in order of cid. Unread are the messages after the read marker that the user did not send, that are not
// deleted, and that are not in a history the user cleared.
func (s *Store) Unread(ctx context.Context, appPK int64, userIDs []string) (map[string][]models.Read, error) {
	byUser := make(map[string][]models.Read, len(userIDs))
	// A user may be in very many channels: the time of the last message leaves out those that have nothing new without
	// a look at their messages.
	q := batchByKey()
	q.Queue(`
		SELECT m.cid, m.user_id, coalesce(r.last_read, m.created_at) AS last_read, r.last_read_message_id, new.messages AS unread
		FROM channel_members AS m `+channelOfMember+` `+markerOfMember+`
		CROSS JOIN LATERAL (
			SELECT count(*) AS messages FROM messages AS n
			WHERE n.app_pk = m.app_pk AND n.cid = m.cid AND n.created_at > greatest(r.last_read, m.created_at, m.cleared_at)
				AND n.user_id <> m.user_id AND n.deleted_at IS NULL
		) AS new
		WHERE m.app_pk = $1 AND m.user_id = ANY($2) AND ch.last_message_at > coalesce(r.last_read, m.created_at) AND new.messages > 0
		ORDER BY m.user_id, m.cid`, appPK, userIDs).Query(func(rows pgx.Rows) error {
		reads, err := pgx.CollectRows(rows, pgx.RowToStructByName[models.Read])
		for _, r := range reads {
			byUser[r.UserID] = append(byUser[r.UserID], r)
		}
		return err
	})
	return byUser, wrap(s.pool.SendBatch(ctx, q).Close(), "count what %d users have not read", len(userIDs))
}
