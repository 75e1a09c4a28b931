package store

import (
	"strings"

	"herald/models"
)

// How events are recorded (models/outbox.go): with the statement or in the transaction that causes them, by an INSERT that
// selects from the app's hooks. So an app without hooks writes nothing, and what is rolled back is never told.

// wants is the SQL condition under which the hook h is told of an event; models.Hook.Wants says the same. types is an
// array with the event's type and models.EveryEvent in it, standard whether the event is a standard one.
func wants(types, standard string) string {
	return `h.enabled AND h.product IN ('` + models.HookProductAll + `', '` + models.HookProductChat + `')
		AND (h.event_types && ` + types + ` OR h.event_types = '{}' AND ` + standard + `)`
}

// wantsAny is wants for any of some events.
func wantsAny(events ...models.EventType) string {
	names, standard := []string{models.EveryEvent}, "false"
	for _, t := range events {
		names = append(names, string(t))
		if t.Standard() {
			standard = "true"
		}
	}
	return wants("ARRAY['"+strings.Join(names, "', '")+"']", standard)
}
