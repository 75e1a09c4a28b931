package wire

import (
	"encoding/json"

	"herald/models"
)

// Segment is the segment object of contract 9.1. locked and task_id are kept for the typings of older SDKs.
func Segment(seg models.Segment) *Object {
	where := seg.Filter
	if len(where) == 0 {
		where = json.RawMessage(`{}`)
	}
	return NewObject().
		Set("id", seg.ID).Set("type", seg.Type).Set("name", seg.Name).Set("description", seg.Description).
		Set("filter", where).Set("all_users", seg.AllUsers).Set("all_sender_channels", seg.AllSenderChannels).
		Set("size", seg.Size).Set("locked", false).Set("task_id", "").
		Set("created_at", seg.CreatedAt).Set("updated_at", seg.UpdatedAt).Set("deleted_at", seg.DeletedAt)
}

// Target is a target of a segment (contract 9.1).
func Target(appPK int64, segmentID string, t models.Target) *Object {
	return NewObject().Set("app_pk", appPK).Set("segment_id", segmentID).Set("target_id", t.TargetID).Set("created_at", t.CreatedAt)
}
