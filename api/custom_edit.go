package api

import (
	"herald/api/request"
	"herald/models"
)

// maxUnset bounds the keys that one edit of a user, channel or member may unset: more than custom data can have.
const maxUnset = models.MaxCustomBytes

// editCustom edits custom data as the partial updates do: see models.EditCustom. What cannot be done is noted in set, from
// which the custom fields to be set come.
func editCustom(set *request.Object, data, custom models.Custom, unset, builtin []string) models.Custom {
	edited, invalid := models.EditCustom(data, custom, unset, builtin)
	for _, e := range invalid {
		set.Invalid(e.Key, "%s", e.Reason)
	}
	return edited
}
