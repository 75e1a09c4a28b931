package store_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"herald/models"
	"herald/models/store"
)

const (
	sender   = "boss"
	patience = 20 * time.Second // for conditions that come true in milliseconds
)

// world is the database of one test: an app with a sender, the store, and connections of the test's own.
type world struct {
	*store.Store
	tb  testing.TB
	db  *pgxpool.Pool
	url string
	app int64
}

func newWorld(tb testing.TB) *world {
	tb.Helper()
	w := &world{tb: tb, url: migrated.Clone(tb)}
	var err error
	if w.Store, err = store.Open(tb.Context(), w.url, store.Options{}); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(w.Close)
	if w.db, err = pgxpool.New(tb.Context(), w.url); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(w.db.Close)
	app, err := w.CreateApp(tb.Context(), "test")
	if err != nil {
		tb.Fatal(err)
	}
	w.app = app.PK
	w.users(sender)
	return w
}

func (w *world) exec(sql string, args ...any) {
	w.tb.Helper()
	if _, err := w.db.Exec(w.tb.Context(), sql, args...); err != nil {
		w.tb.Fatalf("%s: %v", sql, err)
	}
}

// users makes users who have been there for a day.
func (w *world) users(ids ...string) {
	w.tb.Helper()
	w.exec(`INSERT INTO users (app_pk, id, created_at, updated_at) SELECT $1, id, now() - interval '1 day', now() FROM unnest($2::text[]) id`, w.app, ids)
}

// numbered gives n ids in order: u0000, u0001, …
func numbered(prefix string, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s%04d", prefix, i)
	}
	return ids
}

// channel makes a channel that has been there for a day.
func (w *world) channel(cid string, members ...string) {
	w.tb.Helper()
	w.exec(`INSERT INTO channels (app_pk, cid, created_by, member_count, created_at, updated_at)
		VALUES ($1, $2, 'founder', $3, now() - interval '1 day', now() - interval '1 day')`, w.app, cid, len(members))
	w.exec(`INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at)
		SELECT $1, $2, id, now() - interval '1 day', now() FROM unnest($3::text[]) id`, w.app, cid, members)
}

// segment makes a segment; targets are those of a manual list.
func (w *world) segment(seg models.Segment, targets ...string) models.Segment {
	w.tb.Helper()
	seg.AppPK = w.app
	made, err := w.CreateSegment(w.tb.Context(), seg)
	if err != nil {
		w.tb.Fatal(err)
	}
	if len(targets) > 0 {
		if err := w.AddTargets(w.tb.Context(), w.app, seg.ID, targets); err != nil {
			w.tb.Fatal(err)
		}
	}
	return made
}

// draft makes a campaign to user_ids, or whatever the changes say.
func (w *world) draft(id string, changes ...func(*models.Campaign)) models.Campaign {
	w.tb.Helper()
	c := models.Campaign{AppPK: w.app, ID: id, SenderID: sender, MessageTemplate: models.MessageTemplate{Text: "Hello"}}
	for _, change := range changes {
		change(&c)
	}
	if len(c.SegmentIDs) == 0 && len(c.UserIDs) == 0 {
		c.UserIDs = []string{"ann"}
	}
	made, err := w.CreateCampaign(w.tb.Context(), c, nil, func(models.Campaign) []models.FieldError { return nil })
	if err != nil {
		w.tb.Fatal(err)
	}
	return made
}

// running makes a campaign that is in progress.
func (w *world) running(id string, changes ...func(*models.Campaign)) models.Campaign {
	w.tb.Helper()
	w.draft(id, changes...)
	w.control(id, models.ActionStart)
	return w.control(id, models.ActionBegin)
}

func (w *world) control(id string, action models.Action) models.Campaign {
	w.tb.Helper()
	c, _, err := w.Control(w.tb.Context(), w.app, id, store.Control{Action: action})
	if err != nil {
		w.tb.Fatal(err)
	}
	return c
}

func (w *world) read(id string) models.Campaign {
	w.tb.Helper()
	c, err := w.Campaign(w.tb.Context(), w.app, id)
	if err != nil {
		w.tb.Fatal(err)
	}
	return c
}

// query reads rows of a single column.
func query[T any](w *world, sql string, args ...any) []T {
	w.tb.Helper()
	rows, err := w.db.Query(w.tb.Context(), sql, args...)
	if err != nil {
		w.tb.Fatalf("%s: %v", sql, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		w.tb.Fatalf("%s: %v", sql, err)
	}
	return found
}

// one reads a single value.
func one[T any](w *world, sql string, args ...any) T {
	w.tb.Helper()
	found := query[T](w, sql, args...)
	if len(found) != 1 {
		w.tb.Fatalf("%s: %d rows", sql, len(found))
	}
	return found[0]
}

// until waits for a condition.
func (w *world) until(what string, condition func() bool) {
	w.tb.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			w.tb.Fatalf("waited %v for: %s", patience, what)
		}
	}
}

// untilBlocked waits until n sessions of this database wait for a lock in a statement that contains text.
func (w *world) untilBlocked(n int, text string) {
	w.tb.Helper()
	w.until(fmt.Sprintf("%d sessions blocked in %q", n, text), func() bool {
		return one[int](w, `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND wait_event_type = 'Lock' AND position($1 IN query) > 0 AND pid <> pg_backend_pid()`, text) >= n
	})
}

// hold opens a transaction on a connection of its own that runs a statement and keeps its locks until release.
func (w *world) hold(sql string, args ...any) (release func()) {
	w.tb.Helper()
	tx, err := w.db.Begin(w.tb.Context())
	if err != nil {
		w.tb.Fatal(err)
	}
	w.tb.Cleanup(func() { _ = tx.Rollback(context.Background()) }) // no error when it was released
	if _, err := tx.Exec(w.tb.Context(), sql, args...); err != nil {
		w.tb.Fatalf("%s: %v", sql, err)
	}
	return func() {
		w.tb.Helper()
		if err := tx.Rollback(w.tb.Context()); err != nil {
			w.tb.Error(err)
		}
	}
}

func sorted(ids []string) []string { return slices.Sorted(slices.Values(ids)) }

func pointer[T any](v T) *T { return &v }

// cmpEmpty takes nil and empty slices for equal.
var cmpEmpty = cmp.FilterValues(func(a, b []string) bool { return len(a) == 0 && len(b) == 0 }, cmp.Ignore())
