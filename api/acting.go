package api

import (
	"context"

	"herald/api/request"
	"herald/models"
)

// invalidNoter is a body or a query string that is being read.
type invalidNoter interface {
	Invalid(name, format string, args ...any)
}

// userID is the id of a user token's user; "" with a server token.
func (c *call) userID() string {
	if c.user == nil {
		return ""
	}
	return c.user.ID
}

// actingUser gives the user for whom a body acts, by user_id or user.id: that of the token, or with a server token one
// who must be named, exist and not be deactivated, or user_id is noted as invalid. The error is a user token that names
// somebody else.
func (s *Server) actingUser(ctx context.Context, c *call, f *request.Object) (models.User, error) {
	id, err := c.actor(f)
	if err != nil {
		return models.User{}, err
	}
	return s.activeUser(ctx, c, id, f)
}

// queryUser is actingUser for what names its user in the query string. A user token that names somebody else there has
// been refused before.
func (s *Server) queryUser(ctx context.Context, c *call, q *request.Query) (models.User, error) {
	return s.activeUser(ctx, c, q.String("user_id"), q)
}

func (s *Server) activeUser(ctx context.Context, c *call, id string, in invalidNoter) (models.User, error) {
	if c.user != nil {
		return *c.user, nil
	}
	if id == "" {
		in.Invalid("user_id", "is required with a server token")
		return models.User{}, nil
	}
	user, err := s.store.User(ctx, c.app.PK, id)
	if models.ErrorCode(err) == models.CodeNotFound || err == nil && !user.Active() {
		in.Invalid("user_id", "must name a user who exists and is not deactivated")
		return models.User{}, nil
	}
	return user, err
}

// queryViewer gives the user for whom a query string reads something, "" for nobody: that of the token, or with a server
// token the one it names, who must exist.
func (s *Server) queryViewer(ctx context.Context, c *call, q *request.Query) (string, error) {
	if c.user != nil {
		return c.user.ID, nil
	}
	id := q.String("user_id")
	if id == "" {
		return "", nil
	}
	users, err := s.store.Users(ctx, c.app.PK, []string{id})
	if err == nil && !exists(users, id) {
		q.Invalid("user_id", "names the user %q, who doesn't exist", id)
	}
	return id, err
}
