package store

import (
	"context"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// Membership names a member of a channel.
type Membership struct{ CID, UserID string }

// ChatDetails is what events in channels tell of.
type ChatDetails struct {
	Messages    map[string]models.Message  // by id, with their polls
	Channels    map[string]models.Channel  // by cid; deleted ones too
	Members     map[string][]models.Member // by cid: the first few in order of user id
	Memberships map[Membership]models.Member
	Users       map[string]models.User // by id; deleted ones too
}

// ChatWanted says which of these to load.
type ChatWanted struct {
	MessageIDs  []string
	CIDs        []string
	MembersOf   []string // cids
	MemberLimit int      // of each
	Memberships []Membership
	UserIDs     []string // besides those that the others refer to
}

// ChatDetails loads what any number of events tell of, in a fixed number of statements. What is not there any more is
// missing from the result. Messages without content are there: see models.MessageErased.
func (s *Store) ChatDetails(ctx context.Context, appPK int64, w ChatWanted) (ChatDetails, error) {
	d := ChatDetails{
		Messages: map[string]models.Message{}, Channels: map[string]models.Channel{}, Members: map[string][]models.Member{},
		Memberships: map[Membership]models.Member{},
	}
	var messages []models.Message
	users := append([]string{}, w.UserIDs...)
	q := batchByKey()
	if len(w.MessageIDs) > 0 {
		q.Queue(`SELECT m.* FROM unnest($2::text[]) AS w (id) CROSS JOIN LATERAL (SELECT * FROM messages WHERE app_pk = $1 AND id = w.id) AS m`,
			appPK, unique(w.MessageIDs)).Query(func(rows pgx.Rows) (err error) {
			messages, err = pgx.CollectRows(rows, pgx.RowToStructByName[models.Message])
			return err
		})
	}
	if len(w.CIDs) > 0 {
		q.Queue(`SELECT ch.* FROM unnest($2::text[]) AS w (cid) CROSS JOIN LATERAL (SELECT * FROM channels WHERE app_pk = $1 AND cid = w.cid) AS ch`,
			appPK, unique(w.CIDs)).Query(func(rows pgx.Rows) error {
			found, err := pgx.CollectRows(rows, pgx.RowToStructByName[models.Channel])
			for _, ch := range found {
				d.Channels[ch.CID] = ch
				users = append(users, ch.CreatedBy)
			}
			return err
		})
	}
	if len(w.MembersOf) > 0 {
		q.Queue(`
			SELECT m.* FROM unnest($2::text[]) AS w (cid) CROSS JOIN LATERAL (
				SELECT `+memberColumns+` FROM channel_members WHERE app_pk = $1 AND cid = w.cid ORDER BY user_id LIMIT $3) AS m`,
			appPK, unique(w.MembersOf), w.MemberLimit).Query(func(rows pgx.Rows) error {
			found, err := pgx.CollectRows(rows, pgx.RowToStructByName[models.Member])
			for _, m := range found {
				d.Members[m.CID] = append(d.Members[m.CID], m)
				users = append(users, m.UserID)
			}
			return err
		})
	}
	if len(w.Memberships) > 0 {
		cids, ids := make([]string, len(w.Memberships)), make([]string, len(w.Memberships))
		for i, m := range w.Memberships {
			cids[i], ids[i] = m.CID, m.UserID
		}
		users = append(users, ids...)
		q.Queue(`
			SELECT m.* FROM unnest($2::text[], $3::text[]) AS w (cid, user_id) CROSS JOIN LATERAL (
				SELECT `+memberColumns+` FROM channel_members WHERE app_pk = $1 AND cid = w.cid AND user_id = w.user_id) AS m`,
			appPK, cids, ids).Query(func(rows pgx.Rows) error {
			found, err := pgx.CollectRows(rows, pgx.RowToStructByName[models.Member])
			for _, m := range found {
				d.Memberships[Membership{m.CID, m.UserID}] = m
			}
			return err
		})
	}
	if err := s.pool.SendBatch(ctx, q).Close(); err != nil {
		return d, wrap(err, "load what events tell of")
	}
	if err := s.AttachPolls(ctx, appPK, "", messages); err != nil {
		return d, err
	}
	for _, m := range messages {
		d.Messages[m.ID] = m
	}
	var err error
	d.Users, err = s.Users(ctx, appPK, unique(append(users, models.UsersOf(messages)...)))
	return d, err
}

// BatchMessages gives the first messages that a batch of a campaign still has to be told of, by recipient.
func (s *Store) BatchMessages(ctx context.Context, appPK int64, campaignID string, b models.BatchEvents, limit int) ([]models.Message, error) {
	var messages []models.Message
	q := batchByKey()
	q.Queue(`
		SELECT * FROM messages WHERE app_pk = $1 AND campaign_id = $2 AND recipient > $3 AND recipient <= $4 AND recipient IS NOT NULL
			AND (created_at = $5 OR recipient = ANY($6)) ORDER BY recipient LIMIT $7`,
		appPK, campaignID, b.After, b.Through, b.At, b.Late, limit).Query(func(rows pgx.Rows) (err error) {
		messages, err = pgx.CollectRows(rows, pgx.RowToStructByName[models.Message])
		return err
	})
	return messages, wrap(s.pool.SendBatch(ctx, q).Close(), "read messages of a batch of the campaign %d/%s", appPK, campaignID)
}

// Founders gives by cid the users who are members of a channel since it was created.
func (s *Store) Founders(ctx context.Context, appPK int64, cids []string) (map[string][]string, error) {
	founders := map[string][]string{}
	q := batchByKey()
	q.Queue(`
		SELECT m.cid, m.user_id FROM unnest($2::text[]) AS w (cid)
		CROSS JOIN LATERAL (SELECT created_at FROM channels WHERE app_pk = $1 AND cid = w.cid) AS ch
		CROSS JOIN LATERAL (SELECT cid, user_id FROM channel_members WHERE app_pk = $1 AND cid = w.cid AND created_at = ch.created_at) AS m
		ORDER BY m.cid, m.user_id`, appPK, cids).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Membership])
		for _, m := range found {
			founders[m.CID] = append(founders[m.CID], m.UserID)
		}
		return err
	})
	return founders, wrap(s.pool.SendBatch(ctx, q).Close(), "read the first members of %d channels", len(cids))
}
