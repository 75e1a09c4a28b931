package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/filter"
	"herald/models"
)

// Channel gives a channel that is not deleted; else the error is models.CodeNotFound.
func (s *Store) Channel(ctx context.Context, appPK int64, cid string) (models.Channel, error) {
	rows, err := s.pool.Query(ctx, `SELECT * FROM channels WHERE app_pk = $1 AND cid = $2 AND deleted_at IS NULL`, appPK, cid)
	if err != nil {
		return models.Channel{}, wrap(err, "read the channel %q", cid)
	}
	channel, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Channel])
	if errors.Is(err, pgx.ErrNoRows) {
		return models.Channel{}, models.NotFound("channel", cid)
	}
	return channel, wrap(err, "read the channel %q", cid)
}

// CreateChannel makes a channel with its members; the creator becomes one only by being named. If there is one under
// this cid already, that one is given and nothing changes. A deleted one is created anew, empty: its members go, and
// messages from before the new created_at are not shown. Users of members must differ.
func (s *Store) CreateChannel(ctx context.Context, channel models.Channel, members []models.Member) (models.Channel, error) {
	custom := channel.Custom
	if len(custom) == 0 {
		custom = models.Custom("{}")
	}
	var created models.Channel
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `
			WITH created AS (
			INSERT INTO channels AS ch (app_pk, cid, team, custom, created_by, frozen, disabled, member_count, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now(), now())
			ON CONFLICT (app_pk, cid) DO UPDATE SET
				team = excluded.team, custom = excluded.custom, created_by = excluded.created_by, frozen = excluded.frozen,
				disabled = excluded.disabled, member_count = excluded.member_count,
				-- A deletion for which this has waited is later than the beginning of the transaction.
				created_at = greatest(excluded.created_at, ch.deleted_at + interval '1 microsecond'),
				updated_at = greatest(excluded.updated_at, ch.deleted_at + interval '1 microsecond'), last_message_at = NULL, deleted_at = NULL
			WHERE ch.deleted_at IS NOT NULL
			RETURNING *
			), told AS (`+recordChat(models.EventChannelCreated, `SELECT created_at, cid, created_by, NULL FROM created`)+`
			) SELECT * FROM created`,
			channel.AppPK, channel.CID, channel.Team, string(custom), channel.CreatedBy, channel.Frozen, channel.Disabled, len(members))
		if err != nil {
			return err
		}
		if created, err = pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.Channel]); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `DELETE FROM channel_members WHERE app_pk = $1 AND cid = $2`, channel.AppPK, channel.CID); err != nil {
			return err
		}
		_, err = addMembersTx(ctx, tx, created, members, created.CreatedAt)
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) { // it exists
		return s.Channel(ctx, channel.AppPK, channel.CID)
	}
	return created, wrap(err, "create the channel %q", channel.CID)
}

// addMembersTx adds members to a channel at a time, and says how many are new; who is a member already stays as it is.
func addMembersTx(ctx context.Context, tx pgx.Tx, channel models.Channel, members []models.Member, at time.Time) (int, error) {
	members = slices.SortedFunc(slices.Values(members), func(a, b models.Member) int { return strings.Compare(a.UserID, b.UserID) })
	users := make([]string, len(members))
	roles := make([]*string, len(members))
	customs := make([]*string, len(members))
	hidden := make([]bool, len(members))
	for i, m := range members {
		users[i], customs[i], hidden[i] = m.UserID, jsonText(m.Custom), m.Hidden
		if m.ChannelRole != "" && m.ChannelRole != models.DefaultChannelRole {
			roles[i] = &m.ChannelRole
		}
	}
	var added int
	err := tx.QueryRow(ctx, `
		WITH added AS (
			INSERT INTO channel_members (app_pk, cid, user_id, channel_role, custom, hidden, created_at, updated_at)
			SELECT $1, $2, m.user_id, m.channel_role, m.custom::jsonb, m.hidden, $3, $3
			FROM unnest($4::text[], $5::text[], $6::text[], $7::boolean[]) AS m (user_id, channel_role, custom, hidden)
			ON CONFLICT DO NOTHING
			RETURNING created_at, cid, user_id
		), told AS (`+recordChat(models.EventMemberAdded, `SELECT created_at, cid, user_id, NULL FROM added`)+`
		) SELECT count(*) FROM added`,
		channel.AppPK, channel.CID, at, users, roles, customs, hidden).Scan(&added)
	return added, err
}

// ChannelQuery selects channels that are not deleted.
type ChannelQuery struct {
	Filter        *filter.Filter
	Sort          filter.Sort
	Limit, Offset int    // the API bounds both; pages further on are reached by filtering on the sort field
	Viewer        string // leaves out channels this user hid, unless the filter names hidden; "" is nobody
	Joined        bool   // only channels the viewer is a member of
}

// QueryChannels gives the channels that a query selects, in its order.
func (s *Store) QueryChannels(ctx context.Context, appPK int64, q ChannelQuery) ([]models.Channel, error) {
	b := filter.NewBinder()
	query := `SELECT ch.* FROM channels AS ch WHERE ch.app_pk = ` + b.Bind(appPK) + ` AND ch.deleted_at IS NULL`
	membership := func() string {
		return `SELECT FROM channel_members AS own
			WHERE own.app_pk = ch.app_pk AND own.cid = ch.cid AND own.user_id = ` + b.Bind(q.Viewer)
	}
	if q.Viewer != "" && !q.Filter.Mentions("hidden") {
		query += ` AND NOT EXISTS (` + membership() + ` AND own.hidden)`
	}
	if q.Joined {
		query += ` AND EXISTS (` + membership() + `)`
	}
	query += ` AND ` + q.Filter.Where(b) + ` ORDER BY ` + q.Sort.OrderBy(b, false) +
		` LIMIT ` + b.Bind(q.Limit) + ` OFFSET ` + b.Bind(q.Offset)
	rows, err := s.pool.Query(ctx, query, b.Args()...)
	if err != nil {
		return nil, wrap(err, "query channels")
	}
	channels, err := pgx.CollectRows(rows, pgx.RowToStructByName[models.Channel])
	return channels, wrap(err, "query channels")
}
