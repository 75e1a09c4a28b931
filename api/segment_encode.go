package api

import (
	"encoding/json"

	"herald/models"
)

// encodeSegment is the segment object of contract 9.1. locked and task_id are kept for the typings of older SDKs.
func encodeSegment(seg models.Segment) *object {
	where := seg.Filter
	if len(where) == 0 {
		where = json.RawMessage(`{}`)
	}
	return newObject().
		set("id", seg.ID).set("type", seg.Type).set("name", seg.Name).set("description", seg.Description).
		set("filter", where).set("all_users", seg.AllUsers).set("all_sender_channels", seg.AllSenderChannels).
		set("size", seg.Size).set("locked", false).set("task_id", "").
		set("created_at", seg.CreatedAt).set("updated_at", seg.UpdatedAt).set("deleted_at", seg.DeletedAt)
}

func segmentAnswer(seg models.Segment) *object { return newObject().set("segment", encodeSegment(seg)) }

func encodeTarget(appPK int64, segmentID string, t models.Target) *object {
	return newObject().set("app_pk", appPK).set("segment_id", segmentID).set("target_id", t.TargetID).set("created_at", t.CreatedAt)
}
