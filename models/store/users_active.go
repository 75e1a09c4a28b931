package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

// DeactivateUser deactivates a user. An unknown or deleted one is models.CodeNotFound, one that is deactivated already
// models.CodeInvalid.
func (s *Store) DeactivateUser(ctx context.Context, appPK int64, id string) (models.User, error) {
	return s.setActive(ctx, appPK, id, false)
}

// ReactivateUser takes a deactivation back. An unknown or deleted user is models.CodeNotFound, one that is not
// deactivated models.CodeInvalid.
func (s *Store) ReactivateUser(ctx context.Context, appPK int64, id string) (models.User, error) {
	return s.setActive(ctx, appPK, id, true)
}

func (s *Store) setActive(ctx context.Context, appPK int64, id string, active bool) (models.User, error) {
	var user models.User
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		users, err := lockUsersTx(ctx, tx, appPK, []string{id})
		if err != nil {
			return err
		}
		switch {
		case len(users) == 0 || users[0].DeletedAt != nil:
			return models.NotFound("user", id)
		case !active && users[0].DeactivatedAt != nil:
			return models.Invalid("user with id %q is deactivated already", id)
		case active && users[0].DeactivatedAt == nil:
			return models.Invalid("user with id %q is not deactivated", id)
		}
		changed, err := setActiveTx(ctx, tx, appPK, []string{id}, active)
		if err == nil {
			user = changed[0]
		}
		return err
	})
	return user, wrap(err, "set whether the user %q is active", id)
}

func setActiveTx(ctx context.Context, tx pgx.Tx, appPK int64, ids []string, active bool) ([]models.User, error) {
	rows, err := tx.Query(ctx, `
		UPDATE users SET deactivated_at = CASE WHEN NOT $3 THEN clock_timestamp() END, updated_at = clock_timestamp()
		WHERE app_pk = $1 AND id = ANY($2) AND (deactivated_at IS NULL) <> $3
		RETURNING *`, appPK, ids, active)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[models.User])
}

// SetUsersActive deactivates or reactivates users, all or none, with a completed task to show for it. Who is so already
// stays as they are. Unknown and deleted users are models.CodeInvalid.
func (s *Store) SetUsersActive(ctx context.Context, appPK int64, ids []string, active bool) (models.Task, error) {
	kind := models.TaskDeactivateUsers
	if active {
		kind = models.TaskReactivateUsers
	}
	var task models.Task
	err := inTx(ctx, s.pool, func(tx pgx.Tx) error {
		users, err := lockUsersTx(ctx, tx, appPK, ids)
		if err != nil {
			return err
		}
		live := make(map[string]bool, len(users))
		for _, u := range users {
			live[u.ID] = u.DeletedAt == nil
		}
		if err := unknownUsers(ids, live); err != nil {
			return err
		}
		if _, err := setActiveTx(ctx, tx, appPK, ids, active); err != nil {
			return err
		}
		at, err := clockTx(ctx, tx)
		if err != nil {
			return err
		}
		task, err = insertTaskTx(ctx, tx, appPK, kind, struct{}{}, ids, true, at)
		return err
	})
	return task, wrap(err, "set whether %d users are active", len(ids))
}

// unknownUsers is the error of a request whose user_ids name somebody who is not known; nil when all are.
func unknownUsers(ids []string, known map[string]bool) error {
	var fields []models.FieldError
	for i, id := range ids {
		if !known[id] {
			fields = append(fields, models.FieldError{Path: fmt.Sprintf("user_ids[%d]", i), Reason: fmt.Sprintf("names the user %q, who doesn't exist", id)})
		}
	}
	if len(fields) == 0 {
		return nil
	}
	return &models.Error{Code: models.CodeInvalid, Fields: fields}
}

// clockTx is the time now, not that at which the transaction began.
func clockTx(ctx context.Context, tx pgx.Tx) (time.Time, error) {
	var at time.Time
	err := tx.QueryRow(ctx, `SELECT clock_timestamp()`).Scan(&at)
	return at, err
}
