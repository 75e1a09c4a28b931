package store

import "herald/models"

// recordChat is a statement that records an event of this type in the app $1 for each row of a query, which has the columns
// at, cid, user_id and message_id of a models.ChatEvent; NULL is no message. It stands in a WITH clause, behind what the
// event tells of.
func recordChat(t models.EventType, from string) string {
	return `
		INSERT INTO outbox (app_pk, hook_id, kind, event_type, body)
		SELECT $1, h.id, 'chat', '` + string(t) + `', ` + chatEvent + `
		FROM (` + from + `) AS e (at, cid, user_id, message_id) JOIN hooks AS h ON h.app_pk = $1 AND ` + wantsAny(t)
}

// recordPush is recordChat for the devices of an app's users.
func recordPush(t models.EventType, from string) string {
	return `
		INSERT INTO outbox (app_pk, hook_id, kind, event_type, body)
		SELECT $1, '` + models.PushReceiver + `', 'chat', '` + string(t) + `', ` + chatEvent + `
		FROM (` + from + `) AS e (at, cid, user_id, message_id)`
}

// chatEvent is the JSON of a models.ChatEvent.
const chatEvent = `jsonb_strip_nulls(jsonb_build_object('at', e.at, 'cid', e.cid, 'user_id', e.user_id, 'message_id', e.message_id))`
