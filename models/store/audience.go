package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/filter"
	"herald/models"
)

// Source is one part of a campaign's audience: one of its segments, or its user_ids. Its targets are ordered by key
// (user id or cid, by code point), and a range of them is always (after, through].
type Source struct {
	Index    int             // position in the campaign; 0 for user_ids
	Segment  *models.Segment // nil: user_ids
	appPK    int64
	campaign string
	sender   string
	started  time.Time // who came later is not in the audience
}

// Channels says whether the targets are channels.
func (s Source) Channels() bool { return s.Segment != nil && s.Segment.Type == models.SegmentChannel }

// listed says whether the targets were named one by one, so that some may not exist.
func (s Source) listed() bool { return s.Segment == nil || s.Segment.Manual() }

// Sources reads the parts of a campaign's audience as they are now: a segment's filter may change while the campaign
// runs, and applies to what was not read yet. started is when the campaign began, or now for a campaign that did not.
func (s *Store) Sources(ctx context.Context, c models.Campaign, started time.Time) ([]Source, error) {
	one := Source{appPK: c.AppPK, campaign: c.ID, sender: c.SenderID, started: started}
	if len(c.SegmentPKs) == 0 {
		return []Source{one}, nil
	}
	rows, err := s.pool.Query(ctx, `
		SELECT s.* FROM unnest($2::bigint[]) WITH ORDINALITY AS o(pk, n) JOIN segments s ON s.segment_pk = o.pk AND s.app_pk = $1 ORDER BY o.n`,
		c.AppPK, c.SegmentPKs)
	if err != nil {
		return nil, wrap(err, "read the segments of campaign %d/%s", c.AppPK, c.ID)
	}
	segments, err := pgx.CollectRows(rows, pgx.RowToStructByNameLax[models.Segment])
	if err != nil {
		return nil, wrap(err, "read the segments of campaign %d/%s", c.AppPK, c.ID)
	}
	sources := make([]Source, len(segments))
	for i := range segments {
		sources[i] = one
		sources[i].Index, sources[i].Segment = i, &segments[i]
	}
	return sources, nil
}

// scope is the SQL of a source: its targets are the keys of the rows of from that satisfy where.
type scope struct {
	from, key, where string
}

// scope writes the source's SQL with its values bound to b.
func (s Source) scope(b *filter.Binder) (scope, error) {
	switch {
	case s.Segment == nil:
		return scope{
			from:  fmt.Sprintf("(SELECT unnest(user_ids) AS target_id FROM campaigns WHERE app_pk = %s AND id = %s) t", b.Bind(s.appPK), b.Bind(s.campaign)),
			key:   "t.target_id",
			where: "true",
		}, nil
	case s.Segment.Manual():
		return scope{
			from:  "segment_targets t",
			key:   "t.target_id",
			where: fmt.Sprintf("t.segment_pk = %s AND t.created_at < %s", b.Bind(s.Segment.PK), b.Bind(s.started)),
		}, nil
	case s.Segment.AllSenderChannels:
		return scope{
			from: "channel_members cm JOIN channels ch ON ch.app_pk = cm.app_pk AND ch.cid = cm.cid",
			key:  "cm.cid",
			where: fmt.Sprintf("cm.app_pk = %s AND cm.user_id = %s AND ch.deleted_at IS NULL AND ch.created_at < %s",
				b.Bind(s.appPK), b.Bind(s.sender), b.Bind(s.started)),
		}, nil
	}
	out := s.table(b)
	if s.Segment.AllUsers {
		return out, nil
	}
	condition, err := s.condition(b)
	out.where += " AND " + condition
	return out, err
}

// table is the scope of all users, or all channels, of which a filter selects some.
func (s Source) table(b *filter.Binder) scope {
	app, started := b.Bind(s.appPK), b.Bind(s.started)
	if s.Channels() {
		return scope{from: "channels ch", key: "ch.cid", where: "ch.app_pk = " + app + " AND ch.deleted_at IS NULL AND ch.created_at < " + started}
	}
	return scope{from: "users u", key: "u.id", where: "u.app_pk = " + app + " AND u.deleted_at IS NULL AND u.deactivated_at IS NULL AND u.created_at < " + started}
}

// condition is the segment's filter, in parentheses.
func (s Source) condition(b *filter.Binder) (string, error) {
	entity := filter.Users
	if s.Channels() {
		entity = filter.Channels
	}
	f, err := filter.Parse(entity, "filter", s.Segment.Filter)
	if err != nil {
		return "", fmt.Errorf("the stored filter of segment %d/%s: %w", s.appPK, s.Segment.ID, err)
	}
	return "(" + f.Where(b) + ")", nil
}

// CountSource counts the targets of a source.
func (s *Store) CountSource(ctx context.Context, src Source) (int64, error) {
	b := filter.NewBinder()
	sc, err := src.scope(b)
	if err != nil {
		return 0, err
	}
	var n int64
	err = s.pool.QueryRow(ctx, "SELECT count(*) FROM "+sc.from+" WHERE "+sc.where, b.Args()...).Scan(&n)
	return n, wrap(err, "count source %d of campaign %d/%s", src.Index, src.appPK, src.campaign)
}

// Bound ends a batch: its last key, and how many targets it holds.
type Bound struct {
	Through string
	Count   int
}

// CutBatches cuts the next batches of a source by key: up to limit of them, of size targets each, the last one of the
// source perhaps smaller. No bounds means that no targets follow after.
//
// One ordered scan numbers the keys and keeps each size-th and the last: for 500,000 keys that is some 0.2 s and a few
// hundred rows come back, where OFFSET would read the front of the audience again for every batch.
func (s *Store) CutBatches(ctx context.Context, src Source, after string, size, limit int) ([]Bound, error) {
	b := filter.NewBinder()
	sc, err := src.scope(b)
	if err != nil {
		return nil, err
	}
	query := fmt.Sprintf(`
		SELECT key, ((n - 1) %% %[1]s + 1)::int FROM (
			SELECT key, row_number() OVER w AS n, lead(key) OVER w IS NULL AS last
			FROM (SELECT %[2]s AS key FROM %[3]s WHERE %[4]s AND %[2]s > %[5]s ORDER BY %[2]s LIMIT %[6]s) k
			WINDOW w AS (ORDER BY key)
		) numbered
		WHERE n %% %[1]s = 0 OR last ORDER BY key`,
		b.Bind(int64(size)), sc.key, sc.from, sc.where, b.Bind(after), b.Bind(int64(size*limit)))
	rows, err := s.pool.Query(ctx, query, b.Args()...)
	if err != nil {
		return nil, wrap(err, "cut batches of campaign %d/%s", src.appPK, src.campaign)
	}
	bounds, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Bound])
	return bounds, wrap(err, "cut batches of campaign %d/%s", src.appPK, src.campaign)
}

// UserTarget is a user target with what its message needs. User is nil where there is no such user.
type UserTarget struct {
	ID   string
	User *models.User
}

const userColumns = "u.id, u.name, u.image, u.role, u.language, u.teams, u.created_at, u.updated_at, u.last_active, u.deactivated_at, u.deleted_at, u.custom"

// UserTargets reads the targets of a source of users in (after, through], in order of key, at most limit of them.
func (s *Store) UserTargets(ctx context.Context, src Source, after, through string, limit int) ([]UserTarget, error) {
	b := filter.NewBinder()
	sc, err := src.scope(b)
	if err != nil {
		return nil, err
	}
	from := sc.from
	if src.listed() {
		from += fmt.Sprintf(" LEFT JOIN users u ON u.app_pk = %s AND u.id = t.target_id", b.Bind(src.appPK))
	}
	query := fmt.Sprintf("SELECT %[1]s, %[2]s FROM %[3]s WHERE %[4]s AND %[1]s > %[5]s AND %[1]s <= %[6]s ORDER BY %[1]s LIMIT %[7]s",
		sc.key, userColumns, from, sc.where, b.Bind(after), b.Bind(through), b.Bind(int64(limit)))
	rows, err := s.batches.Query(ctx, query, b.Args()...)
	if err != nil {
		return nil, wrap(err, "read targets of campaign %d/%s", src.appPK, src.campaign)
	}
	targets, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (UserTarget, error) {
		var t UserTarget
		var id, role, language *string
		var created, updated *time.Time
		u := &models.User{AppPK: src.appPK}
		err := row.Scan(&t.ID, &id, &u.Name, &u.Image, &role, &language, &u.Teams, &created, &updated, &u.LastActive, &u.DeactivatedAt, &u.DeletedAt, (*[]byte)(&u.Custom))
		if err != nil || id == nil {
			return t, err
		}
		u.ID, u.Role, u.Language, u.CreatedAt, u.UpdatedAt = *id, *role, *language, *created, *updated
		t.User = u
		return t, nil
	})
	return targets, wrap(err, "read targets of campaign %d/%s", src.appPK, src.campaign)
}

// ChannelTarget is a channel target with what its message needs. Channel is nil where there is no such channel, or it
// is deleted.
type ChannelTarget struct {
	CID     string
	Channel *models.Channel
}

// ChannelTargets reads the targets of a source of channels in (after, through], in order of cid, at most limit of them.
func (s *Store) ChannelTargets(ctx context.Context, src Source, after, through string, limit int) ([]ChannelTarget, error) {
	b := filter.NewBinder()
	sc, err := src.scope(b)
	if err != nil {
		return nil, err
	}
	query := fmt.Sprintf("SELECT %[1]s FROM %[2]s WHERE %[3]s AND %[1]s > %[4]s AND %[1]s <= %[5]s ORDER BY %[1]s LIMIT %[6]s",
		sc.key, sc.from, sc.where, b.Bind(after), b.Bind(through), b.Bind(int64(limit)))
	rows, err := s.batches.Query(ctx, query, b.Args()...)
	if err != nil {
		return nil, wrap(err, "read targets of campaign %d/%s", src.appPK, src.campaign)
	}
	cids, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, wrap(err, "read targets of campaign %d/%s", src.appPK, src.campaign)
	}
	channels, err := s.LiveChannels(ctx, src.appPK, cids)
	if err != nil {
		return nil, err
	}
	targets := make([]ChannelTarget, len(cids))
	for i, cid := range cids {
		targets[i] = ChannelTarget{CID: cid, Channel: channels[cid]}
	}
	return targets, nil
}

// LiveChannels reads those of the channels that exist and are not deleted, by cid.
func (s *Store) LiveChannels(ctx context.Context, appPK int64, cids []string) (map[string]*models.Channel, error) {
	rows, err := s.batches.Query(ctx, `
		SELECT ch.* FROM unnest($2::text[]) AS k (cid) CROSS JOIN LATERAL (
			SELECT * FROM channels WHERE app_pk = $1 AND cid = k.cid AND deleted_at IS NULL OFFSET 0
		) ch`, appPK, cids)
	if err != nil {
		return nil, wrap(err, "read %d channels", len(cids))
	}
	found, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByNameLax[models.Channel])
	if err != nil {
		return nil, wrap(err, "read %d channels", len(cids))
	}
	byCID := make(map[string]*models.Channel, len(found))
	for _, ch := range found {
		byCID[ch.CID] = ch
	}
	return byCID, nil
}
