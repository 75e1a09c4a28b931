package store

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// ChannelView says what of a channel to load beside its row. The zero value is nothing but the users.
type ChannelView struct {
	Viewer       string // whose membership to load, and whose cleared history not to; "" is nobody
	Messages     int    // the newest ones, or the oldest after After
	Before       string // only messages before this one, by id; "" is no bound
	After        string // only messages after this one, by id; "" is no bound
	Members      int    // in order of user id
	MemberOffset int
}

// ChannelState is a channel with what a view of it shows.
type ChannelState struct {
	models.Channel
	Messages   []models.Message // oldest first, with their polls
	Members    []models.Member
	Reads      []models.Read  // of Members, in their order
	Membership *models.Member // of the viewer, if it is a member
}

// ChannelStates loads a view of each channel, in their order, and by id the users it refers to (deleted ones too), in a
// fixed number of statements.
func (s *Store) ChannelStates(ctx context.Context, appPK int64, channels []models.Channel, v ChannelView) ([]ChannelState, map[string]models.User, error) {
	states := make([]ChannelState, len(channels))
	byCID := make(map[string]*ChannelState, len(channels))
	cids := make([]string, len(channels))
	for i, ch := range channels {
		states[i].Channel = ch
		byCID[ch.CID] = &states[i]
		cids[i] = ch.CID
	}
	for _, load := range []func() error{
		func() error { return s.loadMemberships(ctx, appPK, cids, v, byCID) },
		func() error { return s.loadMembers(ctx, appPK, cids, v, byCID) },
		func() error { return s.loadReads(ctx, appPK, byCID) },
		func() error { return s.loadMessages(ctx, appPK, cids, v, byCID) },
	} {
		if err := load(); err != nil {
			return nil, nil, wrap(err, "load the state of %d channels", len(channels))
		}
	}
	users, err := s.Users(ctx, appPK, usersOf(states))
	return states, users, err
}

func usersOf(states []ChannelState) []string {
	var ids []string
	var messages []models.Message
	for _, st := range states {
		ids = append(ids, st.CreatedBy)
		if st.Membership != nil {
			ids = append(ids, st.Membership.UserID)
		}
		for _, m := range st.Members {
			ids = append(ids, m.UserID)
		}
		messages = append(messages, st.Messages...)
	}
	return unique(append(ids, models.UsersOf(messages)...))
}

const memberColumns = `cid, user_id, coalesce(channel_role, '` + models.DefaultChannelRole + `') AS channel_role, custom, hidden,
	cleared_at, archived_at, pinned_at, created_at, updated_at`

func (s *Store) loadMemberships(ctx context.Context, appPK int64, cids []string, v ChannelView, byCID map[string]*ChannelState) error {
	if v.Viewer == "" {
		return nil
	}
	rows, err := s.pool.Query(ctx,
		`SELECT `+memberColumns+` FROM channel_members WHERE app_pk = $1 AND cid = ANY($2) AND user_id = $3`, appPK, cids, v.Viewer)
	if err != nil {
		return err
	}
	members, err := pgx.CollectRows(rows, pgx.RowToAddrOfStructByName[models.Member])
	for _, m := range members {
		byCID[m.CID].Membership = m
	}
	return err
}

func (s *Store) loadMembers(ctx context.Context, appPK int64, cids []string, v ChannelView, byCID map[string]*ChannelState) error {
	if v.Members == 0 {
		return nil
	}
	rows, err := s.pool.Query(ctx, `
		SELECT m.* FROM unnest($2::text[]) AS c (cid) CROSS JOIN LATERAL (
			SELECT `+memberColumns+` FROM channel_members
			WHERE app_pk = $1 AND cid = c.cid ORDER BY user_id LIMIT $3 OFFSET $4) AS m
		ORDER BY m.cid, m.user_id`, appPK, cids, v.Members, v.MemberOffset)
	if err != nil {
		return err
	}
	members, err := pgx.CollectRows(rows, pgx.RowToStructByName[models.Member])
	for _, m := range members {
		st := byCID[m.CID]
		st.Members = append(st.Members, m)
	}
	return err
}

// loadReads reads the markers of the members loaded. A marker older than the membership is of a former one.
func (s *Store) loadReads(ctx context.Context, appPK int64, byCID map[string]*ChannelState) error {
	var cids, users []string
	var joined []time.Time
	var cleared []*time.Time
	for _, st := range byCID {
		for _, m := range st.Members {
			cids, users, joined = append(cids, m.CID), append(users, m.UserID), append(joined, m.CreatedAt)
			cleared = append(cleared, m.ClearedAt)
		}
	}
	if len(cids) == 0 {
		return nil
	}
	rows, err := s.pool.Query(ctx, `
		SELECT m.cid, m.user_id, m.last_read, m.last_read_message_id, (
			SELECT count(*) FROM messages AS new
			WHERE new.app_pk = $1 AND new.cid = m.cid AND new.created_at > greatest(m.last_read, m.cleared)
				AND new.user_id <> m.user_id AND new.deleted_at IS NULL) AS unread
		FROM (
			SELECT w.cid, w.user_id, w.cleared, coalesce(r.last_read, w.joined) AS last_read, r.last_read_message_id
			FROM unnest($2::text[], $3::text[], $4::timestamptz[], $5::timestamptz[]) AS w (cid, user_id, joined, cleared)
			LEFT JOIN channel_reads AS r ON r.app_pk = $1 AND r.cid = w.cid AND r.user_id = w.user_id AND r.last_read >= w.joined
		) AS m
		ORDER BY m.cid, m.user_id`, appPK, cids, users, joined, cleared)
	if err != nil {
		return err
	}
	reads, err := pgx.CollectRows(rows, pgx.RowToStructByName[models.Read])
	for _, r := range reads {
		st := byCID[r.CID]
		st.Reads = append(st.Reads, r)
	}
	return err
}

// loadMessages reads messages since the channel was created, which for one created anew leaves out what was there
// before, and since the viewer cleared its history.
func (s *Store) loadMessages(ctx context.Context, appPK int64, cids []string, v ChannelView, byCID map[string]*ChannelState) error {
	if v.Messages == 0 {
		return nil
	}
	since := make([]time.Time, len(cids))
	for i, cid := range cids {
		since[i] = byCID[cid].shownSince()
	}
	bounds, order := "", "DESC"
	args := []any{appPK, cids, since, v.Messages}
	if v.Before != "" {
		args = append(args, v.Before)
		bounds += ` AND (created_at, id) < (SELECT p.created_at, p.id FROM messages AS p WHERE p.app_pk = $1 AND p.cid = c.cid AND p.id = $5)`
	}
	if v.After != "" {
		args = append(args, v.After)
		placeholder := "$5"
		if v.Before != "" {
			placeholder = "$6"
		} else {
			order = "ASC"
		}
		bounds += ` AND (created_at, id) > (SELECT p.created_at, p.id FROM messages AS p WHERE p.app_pk = $1 AND p.cid = c.cid AND p.id = ` + placeholder + `)`
	}
	rows, err := s.pool.Query(ctx, `
		SELECT m.* FROM unnest($2::text[], $3::timestamptz[]) AS c (cid, since) CROSS JOIN LATERAL (
			SELECT * FROM messages AS m WHERE app_pk = $1 AND cid = c.cid AND created_at >= c.since AND `+shownMessage+bounds+`
			ORDER BY created_at `+order+`, id `+order+` LIMIT $4) AS m
		ORDER BY m.cid, m.created_at, m.id`, args...)
	if err != nil {
		return err
	}
	messages, err := pgx.CollectRows(rows, pgx.RowToStructByName[models.Message])
	if err != nil {
		return err
	}
	if err := s.AttachPolls(ctx, appPK, v.Viewer, messages); err != nil {
		return err
	}
	for _, m := range messages {
		st := byCID[m.CID]
		st.Messages = append(st.Messages, m)
	}
	return nil
}

// shownSince is the time of the first message that the viewer may see.
func (st *ChannelState) shownSince() time.Time {
	if m := st.Membership; m != nil && m.ClearedAt != nil && m.ClearedAt.After(st.CreatedAt) {
		return *m.ClearedAt
	}
	return st.CreatedAt
}
