package api

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"herald/api/request"
	"herald/filter"
	"herald/models"
	"herald/models/store"
	"herald/wire"
)

const (
	defaultUsersPerPage = 30 // contract 16.1
	maxUsersPerPage     = 100
	maxOffset           = 1000
)

func (s *Server) userRoutes() []route {
	return []route{
		{operation: "UpdateUsers", method: http.MethodPost, path: "/users", handle: s.updateUsers},
		{operation: "UpdateUsersPartial", method: http.MethodPatch, path: "/users", handle: s.updateUsersPartial},
		{operation: "QueryUsers", method: http.MethodGet, path: "/users", usersToo: true, handle: s.queryUsers},
		{operation: "DeleteUsers", method: http.MethodPost, path: "/users/delete", handle: s.deleteUsers},
		{operation: "DeleteUser", method: http.MethodDelete, path: "/users/:id", v1Only: true, handle: s.deleteUser},
		{operation: "DeactivateUsers", method: http.MethodPost, path: "/users/deactivate", handle: s.deactivateUsers},
		{operation: "DeactivateUser", method: http.MethodPost, path: "/users/:id/deactivate", handle: s.deactivateUser},
		{operation: "ReactivateUsers", method: http.MethodPost, path: "/users/reactivate", handle: s.reactivateUsers},
		{operation: "ReactivateUser", method: http.MethodPost, path: "/users/:id/reactivate", handle: s.reactivateUser},
	}
}

// validID is the rule for the id of something that is to be created.
func validID(id string) string {
	if models.ValidID(id) {
		return ""
	}
	return "must be 1 to 255 characters of A-Z a-z 0-9 @ _ -"
}

// newID reads the id that a body gives to something new; "" when it leaves that to the server.
func newID(f *request.Object) string {
	if !f.Has("id") || f.String("id") == "" {
		return ""
	}
	return f.String("id", validID)
}

func (s *Server) updateUsers(ctx context.Context, c *call) (*wire.Object, error) {
	f := c.fields()
	f.Require("users")
	entries := f.Entries("users")
	if f.Has("users") && (len(entries) < 1 || len(entries) > models.MaxUsersPerUpsert) {
		f.Invalid("users", "must have 1 to %d users", models.MaxUsersPerUpsert)
		return nil, f.Err()
	}
	users := make([]models.User, len(entries))
	for i, e := range entries {
		users[i] = readUser(e)
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	var stored []models.User
	var err error
	if c.carriedOut() {
		stored, err = s.usersNow(ctx, c, users)
	} else {
		stored, err = s.store.UpsertUsers(ctx, c.app.PK, users)
	}
	if err != nil {
		return nil, err
	}
	return s.encodeUserMap(ctx, c, stored)
}

// usersNow gives those of the users that still exist, as they are.
func (s *Server) usersNow(ctx context.Context, c *call, users []models.User) ([]models.User, error) {
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	byID, err := s.store.Users(ctx, c.app.PK, ids)
	return slices.Collect(maps.Values(byID)), err
}

// encodeUserMap is the answer of the operations that write users.
func (s *Server) encodeUserMap(ctx context.Context, c *call, users []models.User) (*wire.Object, error) {
	full, err := s.fullUsers(ctx, c.app.PK, users)
	if err != nil {
		return nil, err
	}
	byID := wire.NewObject()
	for i, u := range users {
		byID.Set(u.ID, full[i])
	}
	return wire.NewObject().Set("users", byID).Set("membership_deletion_task_id", ""), nil
}

func readUser(e request.Entry) models.User {
	f := e.Object
	f.Require("id")
	id := f.String("id", validID)
	if f.Has("id") && id != e.Key {
		f.Invalid("id", "must be the same as the key %q", e.Key)
	}
	short := request.MaxChars(models.MaxUserFieldLength)
	u := models.User{
		ID:        id,
		Name:      f.OptionalString("name", short),
		Image:     f.OptionalString("image", short),
		Role:      f.String("role", short),
		Language:  f.String("language", short),
		Teams:     f.Strings("teams", models.MaxUserTeams, short),
		Invisible: f.Bool("invisible", false),
		Custom:    f.Custom(wire.UserKeys...),
	}
	if u.Role == "" {
		u.Role = models.DefaultRole
	}
	return u
}

func (s *Server) queryUsers(ctx context.Context, c *call) (*wire.Object, error) {
	f, err := c.payload()
	if err != nil {
		return nil, err
	}
	q := store.UserQuery{
		Limit:              f.Int("limit", 0, maxUsersPerPage),
		Offset:             f.Int("offset", 0, maxOffset),
		IncludeDeactivated: f.Bool("include_deactivated_users", false),
	}
	if q.Limit == 0 {
		q.Limit = defaultUsersPerPage
	}
	q.Filter, q.Sort = readQuery(f, filter.Users, "filter_conditions")
	if err := f.Err(); err != nil {
		return nil, err
	}
	users, err := s.store.QueryUsers(ctx, c.app.PK, q)
	if err != nil {
		return nil, err
	}
	full, err := s.fullUsers(ctx, c.app.PK, users)
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("users", full), nil
}

// readQuery reads a filter and the order in "sort", and notes in f what is wrong with them.
func readQuery(f *request.Object, entity filter.Entity, key string, opts ...filter.Option) (*filter.Filter, filter.Sort) {
	where, err := filter.Parse(entity, key, f.Raw(key), opts...)
	noteErrors(f, err)
	order, err := filter.ParseSort(entity, "sort", f.Raw("sort"))
	noteErrors(f, err)
	return where, order
}

func noteErrors(f *request.Object, err error) {
	var errs filter.Errors
	if errors.As(err, &errs) {
		for _, e := range errs {
			f.InvalidAt(e.Path, e.Reason)
		}
	}
}

// fullUsers encodes users in full, in their order.
func (s *Server) fullUsers(ctx context.Context, appPK int64, users []models.User) ([]*wire.Object, error) {
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	devices, err := s.store.Devices(ctx, appPK, ids)
	if err != nil {
		return nil, err
	}
	return wire.Each(users, func(u models.User) *wire.Object { return wire.FullUser(u, devices[u.ID]) }), nil
}
