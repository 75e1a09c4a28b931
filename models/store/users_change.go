package store

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// UserChange alters users and gives every field that it cannot accept. Only users who are there and not deleted are in
// the map.
type UserChange func(users map[string]*models.User) []models.FieldError

// ChangeUsers has change alter some users and stores them, all or none: what change is given is what is there. What it
// cannot accept is models.CodeInvalid. It gives the users as they are now.
func (s *Store) ChangeUsers(ctx context.Context, appPK int64, ids []string, change UserChange) ([]models.User, error) {
	var stored []models.User
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		users, err := lockUsersTx(ctx, tx, appPK, ids)
		if err != nil {
			return err
		}
		live := make(map[string]*models.User, len(users))
		for i, u := range users {
			if u.DeletedAt == nil {
				live[u.ID] = &users[i]
			}
		}
		if invalid := change(live); len(invalid) > 0 {
			return &models.Error{Code: models.CodeInvalid, Fields: invalid}
		}
		changed := make([]models.User, 0, len(live))
		for _, u := range live {
			changed = append(changed, *u)
		}
		stored, err = upsertUsers(ctx, tx, appPK, changed)
		return err
	})
	return stored, wrap(err, "change %d users", len(ids))
}

// lockUsersTx reads those of the users that there are, deleted ones too, and holds them until the transaction ends. In
// order of id, as everywhere, so that two calls with the same users cannot wait for each other.
func lockUsersTx(ctx context.Context, tx pgx.Tx, appPK int64, ids []string) ([]models.User, error) {
	rows, err := tx.Query(ctx, `SELECT * FROM users WHERE app_pk = $1 AND id = ANY($2) ORDER BY id FOR UPDATE`, appPK, unique(slices.Clone(ids)))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[models.User])
}
