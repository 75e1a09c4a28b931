package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/filter"
	"herald/models"
)

// User gives a user, deleted ones too: see User.Active. An unknown id is models.CodeNotFound.
func (s *Store) User(ctx context.Context, appPK int64, id string) (models.User, error) {
	rows, err := s.pool.Query(ctx, `SELECT * FROM users WHERE app_pk = $1 AND id = $2`, appPK, id)
	if err != nil {
		return models.User{}, wrap(err, "read the user %q", id)
	}
	user, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[models.User])
	if errors.Is(err, pgx.ErrNoRows) {
		return models.User{}, models.NotFound("user", id)
	}
	return user, wrap(err, "read the user %q", id)
}

// Users gives those of the users that exist by id, deleted ones too.
func (s *Store) Users(ctx context.Context, appPK int64, ids []string) (map[string]models.User, error) {
	return readUsers(ctx, s.pool, appPK, ids)
}

func readUsers(ctx context.Context, db querier, appPK int64, ids []string) (map[string]models.User, error) {
	byID := make(map[string]models.User, len(ids))
	if len(ids) == 0 {
		return byID, nil
	}
	rows, err := db.Query(ctx, `SELECT * FROM users WHERE app_pk = $1 AND id = ANY($2)`, appPK, ids)
	if err != nil {
		return nil, wrap(err, "read %d users", len(ids))
	}
	users, err := pgx.CollectRows(rows, pgx.RowToStructByName[models.User])
	for _, u := range users {
		byID[u.ID] = u
	}
	return byID, wrap(err, "read %d users", len(ids))
}

// TouchUser sets a user's last_active to the present, unless that was done less than resolution ago.
func (s *Store) TouchUser(ctx context.Context, appPK int64, id string, resolution time.Duration) (models.User, error) {
	_, err := s.pool.Exec(ctx, `
		UPDATE users SET last_active = now()
		WHERE app_pk = $1 AND id = $2 AND (last_active IS NULL OR last_active <= now() - $3::interval)`, appPK, id, resolution)
	if err != nil {
		return models.User{}, wrap(err, "touch the user %q", id)
	}
	return s.User(ctx, appPK, id)
}

// newUser is a row of UpsertUsers on its way to Postgres. Its names are the columns'.
type newUser struct {
	ID        string        `json:"id"`
	Name      *string       `json:"name"`
	Image     *string       `json:"image"`
	Role      string        `json:"role"`
	Language  string        `json:"language"`
	Teams     []string      `json:"teams"`
	Invisible bool          `json:"invisible"`
	Custom    models.Custom `json:"custom"`
}

// UpsertUsers writes whole users, all or none: what a user does not say becomes its default. created_at, last_active
// and a deactivation stay, a deletion is taken back. Ids must differ. It gives the users as they are now.
func (s *Store) UpsertUsers(ctx context.Context, appPK int64, users []models.User) ([]models.User, error) {
	stored, err := upsertUsers(ctx, s.pool, appPK, users)
	return stored, wrap(err, "upsert %d users", len(users))
}

func upsertUsers(ctx context.Context, db querier, appPK int64, users []models.User) ([]models.User, error) {
	list := make([]newUser, len(users))
	for i, u := range users {
		list[i] = newUser{u.ID, u.Name, u.Image, u.Role, u.Language, append([]string{}, u.Teams...), u.Invisible, u.Custom}
		if len(u.Custom) == 0 {
			list[i].Custom = models.Custom("{}")
		}
	}
	doc, err := json.Marshal(list)
	if err != nil {
		return nil, fmt.Errorf("encode users: %w", err)
	}
	// In order of id, so that two calls with the same users cannot wait for each other. As one JSON document, because
	// Postgres has no arrays of lists of different lengths, which teams would need.
	rows, err := db.Query(ctx, `
		INSERT INTO users AS u (app_pk, id, name, image, role, language, teams, invisible, custom, created_at, updated_at)
		SELECT $1, n.id, n.name, n.image, n.role, n.language, n.teams, n.invisible, n.custom, now(), now()
		FROM jsonb_to_recordset($2::jsonb)
			AS n (id text, name text, image text, role text, language text, teams text[], invisible boolean, custom jsonb)
		ORDER BY n.id
		ON CONFLICT (app_pk, id) DO UPDATE SET
			name = excluded.name, image = excluded.image, role = excluded.role, language = excluded.language,
			teams = excluded.teams, invisible = excluded.invisible, custom = excluded.custom,
			updated_at = excluded.updated_at, deleted_at = NULL
		RETURNING *`, appPK, string(doc))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[models.User])
}

// UserQuery selects users that are not deleted.
type UserQuery struct {
	Filter             *filter.Filter
	Sort               filter.Sort
	Limit, Offset      int // the API bounds both; pages further on are reached by filtering on the sort field
	IncludeDeactivated bool
}

// QueryUsers gives the users that a query selects, in its order.
func (s *Store) QueryUsers(ctx context.Context, appPK int64, q UserQuery) ([]models.User, error) {
	b := filter.NewBinder()
	query := `SELECT u.* FROM users AS u WHERE u.app_pk = ` + b.Bind(appPK) + ` AND u.deleted_at IS NULL`
	if !q.IncludeDeactivated {
		query += ` AND u.deactivated_at IS NULL`
	}
	query += ` AND ` + q.Filter.Where(b) + ` ORDER BY ` + q.Sort.OrderBy(b, false) +
		` LIMIT ` + b.Bind(q.Limit) + ` OFFSET ` + b.Bind(q.Offset)
	rows, err := s.pool.Query(ctx, query, b.Args()...)
	if err != nil {
		return nil, wrap(err, "query users")
	}
	users, err := pgx.CollectRows(rows, pgx.RowToStructByName[models.User])
	return users, wrap(err, "query users")
}
