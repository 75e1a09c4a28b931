package api

import (
	"context"

	"herald/models"
)

// userKeys are the built-in keys of a user (contract 5), in requests too: what only answers set is ignored there.
var userKeys = []string{
	"id", "name", "image", "role", "language", "teams", "created_at", "updated_at", "last_active", "deactivated_at", "deleted_at",
	"banned", "online", "invisible", "shadow_banned", "blocked_user_ids",
	"devices", "mutes", "channel_mutes", "unread_count", "total_unread_count", "unread_channels", "unread_threads",
}

// encodeUser is the User of contract 5.
func encodeUser(u models.User) *object {
	o := userWithoutCustom(u)
	return o.custom(u.Custom, userKeys)
}

// encodeFullUser is the FullUser of contract 5.
func encodeFullUser(u models.User, devices []models.Device) *object {
	o := userWithoutCustom(u).
		set("devices", encodeEach(devices, encodeDevice)).set("mutes", []string{}).set("channel_mutes", []string{}).
		set("unread_count", 0).set("total_unread_count", 0).set("unread_channels", 0).set("unread_threads", 0)
	return o.custom(u.Custom, userKeys)
}

// fullUsers encodes users in full, in their order.
func (s *Server) fullUsers(ctx context.Context, appPK int64, users []models.User) ([]*object, error) {
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	devices, err := s.store.Devices(ctx, appPK, ids)
	if err != nil {
		return nil, err
	}
	return encodeEach(users, func(u models.User) *object { return encodeFullUser(u, devices[u.ID]) }), nil
}

func userWithoutCustom(u models.User) *object {
	o := newObject().set("id", u.ID)
	optional(o, "name", u.Name)
	optional(o, "image", u.Image)
	o.set("role", u.Role).set("language", u.Language).set("teams", u.Teams).
		set("created_at", u.CreatedAt).set("updated_at", u.UpdatedAt)
	optional(o, "last_active", u.LastActive)
	optional(o, "deactivated_at", u.DeactivatedAt)
	optional(o, "deleted_at", u.DeletedAt)
	return o.set("banned", false).set("online", false).set("invisible", u.Invisible).set("shadow_banned", false).
		set("blocked_user_ids", []string{})
}
