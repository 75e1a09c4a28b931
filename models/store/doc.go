// Package store keeps Herald's data in Postgres: a file per subject, migrations beside it.
//
// Plain rows go through gorm; everything that works on sets (queries, pages of an audience, batches) is SQL written
// out, over the same pgx pool. Every function takes the app's key first and sees only that app's rows. A function that
// works in its caller's transaction ends in Tx.
//
// The state of a campaign (status, hold, control_seq, times) is written in control.go only. Whoever writes a
// campaign's row first takes the exclusive side of the campaign's advisory lock; a batch takes the shared side, then
// reads the row FOR SHARE, and never updates it.
package store
