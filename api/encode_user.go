package api

import "herald/models"

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
func encodeFullUser(u models.User) *object {
	o := userWithoutCustom(u).
		set("devices", []string{}).set("mutes", []string{}).set("channel_mutes", []string{}).
		set("unread_count", 0).set("total_unread_count", 0).set("unread_channels", 0).set("unread_threads", 0)
	return o.custom(u.Custom, userKeys)
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
