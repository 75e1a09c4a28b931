package store

import (
	"context"
	"strconv"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// AddDevice stores a device of a user. One that the user has already keeps its created_at; one of another user moves to
// this user, as if it were new. Of more than models.MaxDevicesPerUser the oldest go.
func (s *Store) AddDevice(ctx context.Context, d models.Device) error {
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		// Devices of a user are added one after another: two at once would not see each other when the oldest is sought.
		if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1, $2)`, lockDevices, lockKey(strconv.FormatInt(d.AppPK, 10), d.UserID)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			INSERT INTO devices AS d (app_pk, id, user_id, push_provider, push_provider_name, created_at)
			VALUES ($1, $2, $3, $4, $5, clock_timestamp())
			ON CONFLICT (app_pk, id) DO UPDATE SET
				user_id = excluded.user_id, push_provider = excluded.push_provider, push_provider_name = excluded.push_provider_name,
				disabled = false, created_at = CASE WHEN d.user_id = excluded.user_id THEN d.created_at ELSE excluded.created_at END`,
			d.AppPK, d.ID, d.UserID, d.PushProvider, d.PushProviderName)
		if err != nil {
			return err
		}
		// A device that somebody else is moving away this instant is passed over instead of waited for.
		_, err = tx.Exec(ctx, `
			DELETE FROM devices WHERE app_pk = $1 AND id IN (
				SELECT id FROM devices WHERE app_pk = $1 AND id IN (
					SELECT id FROM devices WHERE app_pk = $1 AND user_id = $2 ORDER BY created_at DESC, id DESC OFFSET $3)
				FOR UPDATE SKIP LOCKED)`, d.AppPK, d.UserID, models.MaxDevicesPerUser)
		return err
	})
	return wrap(err, "add a device of %q", d.UserID)
}

// Devices gives the devices of users by user, the oldest first.
func (s *Store) Devices(ctx context.Context, appPK int64, userIDs []string) (map[string][]models.Device, error) {
	byUser := make(map[string][]models.Device, len(userIDs))
	if len(userIDs) == 0 {
		return byUser, nil
	}
	rows, err := s.pool.Query(ctx, `SELECT * FROM devices WHERE app_pk = $1 AND user_id = ANY($2) ORDER BY user_id, created_at, id`, appPK, userIDs)
	if err != nil {
		return nil, wrap(err, "read the devices of %d users", len(userIDs))
	}
	devices, err := pgx.CollectRows(rows, pgx.RowToStructByName[models.Device])
	for _, d := range devices {
		byUser[d.UserID] = append(byUser[d.UserID], d)
	}
	return byUser, wrap(err, "read the devices of %d users", len(userIDs))
}

// RemoveDevice removes a device of a user; one that is not there, or another user's, is passed over.
func (s *Store) RemoveDevice(ctx context.Context, appPK int64, userID, id string) error {
	_, err := s.pool.Exec(ctx, `DELETE FROM devices WHERE app_pk = $1 AND user_id = $2 AND id = $3`, appPK, userID, id)
	return wrap(err, "remove a device of %q", userID)
}
