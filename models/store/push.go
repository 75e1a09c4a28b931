package store

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// DuePush gives the apps for whose devices rows of these kinds are due.
func (s *Store) DuePush(ctx context.Context, kinds []models.OutboxKind) ([]models.Receiver, error) {
	var due []models.Receiver
	q := batchByKey()
	q.Queue(`
		SELECT a.app_pk, $2 FROM apps AS a WHERE EXISTS (
			SELECT FROM unnest($1::text[]) AS k (kind) CROSS JOIN LATERAL (
				SELECT FROM outbox AS o
				WHERE o.app_pk = a.app_pk AND o.hook_id = $2 AND o.kind = k.kind AND o.due_at <= statement_timestamp() LIMIT 1
			) AS d OFFSET 0)`, kinds, models.PushReceiver).Query(func(rows pgx.Rows) (err error) {
		due, err = pgx.CollectRows(rows, pgx.RowToStructByPos[models.Receiver])
		return err
	})
	return due, wrap(s.pool.SendBatch(ctx, q).Close(), "look for pushes that are due")
}

// PushAudience are the members of a channel whom a message is pushed to.
type PushAudience struct {
	CID      string
	SenderID string // who is left out
	After    string // only members after this one, by id
}

// PushMember is a member of an audience, with the devices that can be reached.
type PushMember struct {
	Audience int // the place of the audience
	UserID   string
	Devices  []PushDevice
}

// PushDevice is a device as it was read.
type PushDevice struct {
	ID       string
	Provider string
	Version  string // another one once the device was registered again
}

// PushMembers gives the first members of audiences, in the order of audiences and ids, and their enabled devices of the
// providers.
func (s *Store) PushMembers(ctx context.Context, appPK int64, audiences []PushAudience, providers []string, limit int) ([]PushMember, error) {
	cids, senders, after := make([]string, len(audiences)), make([]string, len(audiences)), make([]string, len(audiences))
	for i, a := range audiences {
		cids[i], senders[i], after[i] = a.CID, a.SenderID, a.After
	}
	var members []PushMember
	q := batchByKey()
	// The limit stands inside too: a channel with a million members is not read to its end for every page. 200 channels of
	// two members, and 500 members of a channel of 200,000, took 2 to 6 ms each, a third of them with a device.
	q.Queue(`
		SELECT p.place, p.user_id, coalesce(d.id, ''), coalesce(d.push_provider, ''), coalesce(d.version, '')
		FROM (
			SELECT w.place, m.user_id FROM unnest($2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS w (cid, sender, after, place)
			CROSS JOIN LATERAL (
				SELECT user_id FROM channel_members
				WHERE app_pk = $1 AND cid = w.cid AND user_id > w.after COLLATE "C" AND user_id <> w.sender COLLATE "C" ORDER BY user_id LIMIT $6
			) AS m ORDER BY w.place, m.user_id LIMIT $6
		) AS p LEFT JOIN LATERAL (
			SELECT id, push_provider, xmin::text AS version FROM devices
			WHERE app_pk = $1 AND user_id = p.user_id AND NOT disabled AND push_provider = ANY($5) OFFSET 0
		) AS d ON true ORDER BY p.place, p.user_id, d.id`,
		appPK, cids, senders, after, providers, limit).Query(func(rows pgx.Rows) error {
		var place int
		var userID string
		var d PushDevice
		_, err := pgx.ForEachRow(rows, []any{&place, &userID, &d.ID, &d.Provider, &d.Version}, func() error {
			if n := len(members); n == 0 || members[n-1].Audience != place-1 || members[n-1].UserID != userID {
				members = append(members, PushMember{Audience: place - 1, UserID: userID})
			}
			if d.ID != "" {
				last := &members[len(members)-1]
				last.Devices = append(last.Devices, d)
			}
			return nil
		})
		return err
	})
	return members, wrap(s.pool.SendBatch(ctx, q).Close(), "read the devices of members of %d channels", len(audiences))
}

// PushStands says whether a message may still be pushed to a device of a user: the device is enabled and that user's, the
// user a member of the message's channel, and the message not deleted. It gives the version of the device.
func (s *Store) PushStands(ctx context.Context, appPK int64, messageID, userID, deviceID string) (version string, stands bool, err error) {
	err = s.pool.QueryRow(ctx, `
		SELECT d.xmin::text FROM devices AS d
		JOIN messages AS m ON m.app_pk = d.app_pk AND m.id = $3 AND m.deleted_at IS NULL AND `+shownMessage+`
		JOIN channel_members AS c ON c.app_pk = d.app_pk AND c.cid = m.cid AND c.user_id = d.user_id
		WHERE d.app_pk = $1 AND d.id = $2 AND d.user_id = $4 AND NOT d.disabled`, appPK, deviceID, messageID, userID).Scan(&version)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	return version, err == nil, wrap(err, "look whether a device of %q may get a push", userID)
}

// ForgetDevice removes a device that its service does not know any more, unless it was registered again since its version
// was read, and says whether it did. A row's xmin is that version: created_at stays when a user registers a device again.
func (s *Store) ForgetDevice(ctx context.Context, appPK int64, id, version string) (bool, error) {
	tag, err := s.pool.Exec(ctx, `DELETE FROM devices WHERE app_pk = $1 AND id = $2 AND xmin::text = $3`, appPK, id, version)
	return tag.RowsAffected() > 0, wrap(err, "forget a device")
}

// SweepPush deletes up to limit rows for devices that are older than models.MaxPushExpiry, and says how many. A relay that
// pushes leaves none; without one, what was recorded while push was configured would stay for ever.
func (s *Store) SweepPush(ctx context.Context, limit int) (int, error) {
	tag, err := s.pool.Exec(ctx, `
		DELETE FROM outbox WHERE id IN (
			SELECT o.id FROM apps AS a JOIN outbox AS o ON o.app_pk = a.app_pk AND o.hook_id = $1 AND o.created_at < now() - $2::interval
			LIMIT $3 FOR UPDATE OF o SKIP LOCKED)`, models.PushReceiver, models.MaxPushExpiry, limit)
	return int(tag.RowsAffected()), wrap(err, "sweep pushes")
}
