package wire

import "herald/models"

// Device is the Device of contract 5.
func Device(d models.Device) *Object {
	o := NewObject().Set("id", d.ID).Set("push_provider", d.PushProvider)
	Optional(o, "push_provider_name", d.PushProviderName)
	return o.Set("user_id", d.UserID).Set("disabled", d.Disabled).Set("created_at", d.CreatedAt)
}
