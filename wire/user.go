package wire

import "herald/models"

// UserKeys are the built-in keys of a user (contract 5), in requests too: what only answers set is ignored there.
var UserKeys = []string{
	"id", "name", "image", "role", "language", "teams", "created_at", "updated_at", "last_active", "deactivated_at", "deleted_at",
	"banned", "online", "invisible", "shadow_banned", "blocked_user_ids",
	"devices", "mutes", "channel_mutes", "unread_count", "total_unread_count", "unread_channels", "unread_threads",
}

// User is the User of contract 5.
func User(u models.User) *Object {
	o := userWithoutCustom(u)
	return o.Custom(u.Custom, UserKeys)
}

// FullUser is the FullUser of contract 5.
func FullUser(u models.User, devices []models.Device) *Object {
	o := userWithoutCustom(u).
		Set("devices", Each(devices, Device)).Set("mutes", []string{}).Set("channel_mutes", []string{}).
		Set("unread_count", 0).Set("total_unread_count", 0).Set("unread_channels", 0).Set("unread_threads", 0)
	return o.Custom(u.Custom, UserKeys)
}

func userWithoutCustom(u models.User) *Object {
	o := NewObject().Set("id", u.ID)
	Optional(o, "name", u.Name)
	Optional(o, "image", u.Image)
	o.Set("role", u.Role).Set("language", u.Language).Set("teams", u.Teams).
		Set("created_at", u.CreatedAt).Set("updated_at", u.UpdatedAt)
	Optional(o, "last_active", u.LastActive)
	Optional(o, "deactivated_at", u.DeactivatedAt)
	Optional(o, "deleted_at", u.DeletedAt)
	return o.Set("banned", false).Set("online", false).Set("invisible", u.Invisible).Set("shadow_banned", false).
		Set("blocked_user_ids", []string{})
}
