package api

import (
	"context"
	"strings"

	"herald/api/request"
	"herald/models"
	"herald/wire"
)

// userEdit is one entry of UpdateUsersPartial: what of a user to set, and what to take back to its default.
type userEdit struct {
	entry, set *request.Object
	id         string
	unset      []string

	name, image, role, language *string
	teams                       []string // nil keeps
	invisible                   *bool
	custom                      models.Custom
}

func (s *Server) updateUsersPartial(ctx context.Context, c *call) (*wire.Object, error) {
	f := c.fields()
	f.Require("users")
	entries := f.Objects("users", models.MaxUsersPerUpsert)
	if f.Has("users") && entries != nil && len(entries) == 0 {
		f.Invalid("users", "must have 1 to %d users", models.MaxUsersPerUpsert)
	}
	edits := make([]userEdit, len(entries))
	ids := make([]string, len(entries))
	for i, entry := range entries {
		edits[i] = readUserEdit(entry)
		ids[i] = edits[i].id
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	stored, err := s.store.ChangeUsers(ctx, c.app.PK, ids, func(users map[string]*models.User) []models.FieldError {
		for _, edit := range edits {
			edit.apply(users)
		}
		return fieldErrors(f)
	})
	if err != nil {
		return nil, err
	}
	return s.encodeUserMap(ctx, c, stored)
}

func readUserEdit(entry *request.Object) userEdit {
	entry.Require("id")
	set := entry.Object("set")
	short := request.MaxChars(models.MaxUserFieldLength)
	return userEdit{
		entry: entry, set: set,
		id:        entry.String("id"),
		unset:     entry.Strings("unset", maxUnset),
		name:      set.OptionalString("name", short),
		image:     set.OptionalString("image", short),
		role:      set.OptionalString("role", short),
		language:  set.OptionalString("language", short),
		teams:     set.Strings("teams", models.MaxUserTeams, short),
		invisible: set.OptionalBool("invisible"),
		custom:    set.Custom(wire.UserKeys...),
	}
}

// apply edits the user, and notes in the request what cannot be done.
func (e *userEdit) apply(users map[string]*models.User) {
	u, ok := users[e.id]
	if !ok {
		e.entry.Invalid("id", "names the user %q, who doesn't exist", e.id)
		return
	}
	for _, name := range e.unset {
		switch strings.ToLower(name) {
		case "name":
			u.Name = nil
		case "image":
			u.Image = nil
		case "role":
			u.Role = models.DefaultRole
		case "language":
			u.Language = ""
		case "teams":
			u.Teams = nil
		case "invisible":
			u.Invisible = false
		}
	}
	replace(&u.Name, e.name)
	replace(&u.Image, e.image)
	if e.role != nil {
		u.Role = *e.role
	}
	if u.Role == "" {
		u.Role = models.DefaultRole
	}
	if e.language != nil {
		u.Language = *e.language
	}
	if e.teams != nil {
		u.Teams = e.teams
	}
	if e.invisible != nil {
		u.Invisible = *e.invisible
	}
	u.Custom = editCustom(e.set, u.Custom, e.custom, e.unset, wire.UserKeys)
}

func replace[T any](old **T, with *T) {
	if with != nil {
		*old = with
	}
}
