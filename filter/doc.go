// Package filter compiles the filters, sort orders and page keys of the API into parametrised Postgres conditions.
//
// It holds no database handle: callers put a condition into a statement of their own, in which the table of the entity
// has the alias the Entity names, and pass the Binder's arguments along. Three rules hold everywhere:
//
//   - Nothing that came from outside becomes SQL text. Values, and the names of custom fields too, are arguments.
//   - A condition says nothing about app_pk, segment_pk, deleted_at or deactivated_at of its own table: those are the
//     caller's. Inside a subquery it ties app_pk to the outer row, so no other app's rows are ever looked at.
//   - A condition may be NULL for a row, which counts as false. Negations are IS NOT TRUE, so that a missing field
//     matches $ne, $nin and $nor.
//
// Words, for $autocomplete and $q: a word begins at the start of the text and after every character that is neither a
// letter nor a digit; case is ignored. Letters and cases beyond ASCII are those of the database's default locale.
package filter
