package store

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// DeleteUsers marks users deleted, and records what is still to be deleted of them as a task: their messages,
// conversations and memberships may be millions. When it returns the users are deleted for everybody, and no campaign
// of theirs sends any more. Users who are deleted already may be deleted more thoroughly; unknown ones are
// models.CodeInvalid, all or none.
func (s *Store) DeleteUsers(ctx context.Context, appPK int64, d models.UserDeletion) ([]models.User, models.Task, error) {
	var deleted []models.User
	var task models.Task
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		users, err := lockUsersTx(ctx, tx, appPK, d.UserIDs)
		if err != nil {
			return err
		}
		known := make(map[string]bool, len(users))
		for _, u := range users {
			known[u.ID] = true
		}
		if err := unknownUsers(d.UserIDs, known); err != nil {
			return err
		}
		if err := checkNewOwnerTx(ctx, tx, appPK, d); err != nil {
			return err
		}
		// After the locks: everything that was written of these users under one of them is older.
		at, err := clockTx(ctx, tx)
		if err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			UPDATE users SET deleted_at = coalesce(deleted_at, $3), updated_at = $3,
				name = CASE WHEN NOT $4 THEN name END, image = CASE WHEN NOT $4 THEN image END, custom = CASE WHEN $4 THEN '{}' ELSE custom END
			WHERE app_pk = $1 AND id = ANY($2)
			RETURNING *`, appPK, d.UserIDs, at, d.User != models.DeleteSoft)
		if err != nil {
			return err
		}
		if deleted, err = pgx.CollectRows(rows, pgx.RowToStructByName[models.User]); err != nil {
			return err
		}
		task, err = insertTaskTx(ctx, tx, appPK, models.TaskDeleteUsers, d, d.UserIDs, d.Immediate(), at)
		return err
	})
	return deleted, task, wrap(err, "delete %d users", len(d.UserIDs))
}

func checkNewOwnerTx(ctx context.Context, tx pgx.Tx, appPK int64, d models.UserDeletion) error {
	if d.NewOwner == "" {
		return nil
	}
	active, err := userActiveTx(ctx, tx, appPK, d.NewOwner)
	switch {
	case err != nil:
		return err
	case !active || slices.Contains(d.UserIDs, d.NewOwner):
		return &models.Error{Code: models.CodeInvalid, Fields: []models.FieldError{{
			Path: "new_channel_owner_id", Reason: fmt.Sprintf("must name a user who stays and is not deactivated; %q does not", d.NewOwner),
		}}}
	}
	return nil
}
