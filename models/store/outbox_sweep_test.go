package store_test

import (
	"slices"
	"testing"

	"herald/models"
	"herald/models/store"
)

// waiting gives whose rows wait in the outbox, by hook and app.
func (w *world) waiting() []string {
	w.tb.Helper()
	return query[string](w, `SELECT hook_id FROM outbox ORDER BY app_pk, hook_id, id`)
}

func (w *world) wait(app int64, hooks ...string) {
	w.tb.Helper()
	w.exec(`INSERT INTO outbox (app_pk, hook_id, kind, body) SELECT $1, id, 'chat', '{}' FROM unnest($2::text[]) AS id`, app, hooks)
}

// What a hook has not taken goes with it, and stays with a hook that is only changed or switched off.
func TestRowsOfDroppedHooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(hookFor("a"), hookFor("b"), hookFor("c"))
	w.change(store.AppChange{WebhookURL: pointer("https://old.test")})
	w.wait(w.app, "", "a", "a", "b", "c", models.LegacyHookID)
	w.wait(w.app+1, "a")
	release := w.hold(`SELECT FROM outbox WHERE id = (SELECT max(id) FROM outbox WHERE hook_id = 'c') FOR UPDATE`) // as by a relay that is busy with it
	off := hookFor("b")
	off.Enabled = false
	w.hooks(off)
	if got := w.waiting(); !slices.Equal(got, []string{"", "b", "c", "legacy", "a"}) {
		t.Errorf("after hooks were dropped: %q", got)
	}
	release()
	w.change(store.AppChange{WebhookURL: pointer("https://new.test")})
	if got := w.waiting(); !slices.Contains(got, "legacy") {
		t.Errorf("after the legacy hook was changed: %q", got)
	}
	w.change(store.AppChange{WebhookURL: pointer("")})
	if got := w.waiting(); !slices.Equal(got, []string{"", "b", "c", "a"}) {
		t.Errorf("after the legacy hook was dropped: %q", got)
	}
}

func TestSweepOutbox(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.hooks(hookFor("b"), hookFor("d"))
	other, err := w.CreateApp(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	w.wait(w.app, "", "a", "a", "a", "b", "c", "d", "e")
	w.wait(other.PK, "b", "")
	swept := 0
	for _, want := range []int{2, 2, 2, 0} {
		n, err := w.SweepOutbox(t.Context(), 2)
		if err != nil || n != want {
			t.Errorf("swept %d after %d, want %d: %v", n, swept, want, err)
		}
		swept += n
	}
	if got := w.waiting(); !slices.Equal(got, []string{"", "b", "d", ""}) {
		t.Errorf("left: %q", got)
	}
}

func TestSweepHookFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.exec(`INSERT INTO hook_failures (app_pk, id, hook_id, webhook_url, event_type, attempts, first_attempt_at, last_attempt_at, event)
		SELECT $1, age::text, 'a', '', '', 1, now(), now() - age * interval '1 day', '{}' FROM unnest('{1, 29, 31, 32, 99}'::int[]) AS age`, w.app)
	for _, want := range []int{2, 1, 0} {
		if n, err := w.SweepHookFailures(t.Context(), 2); err != nil || n != want {
			t.Errorf("swept %d, want %d: %v", n, want, err)
		}
	}
	if got := query[string](w, `SELECT id FROM hook_failures ORDER BY id`); !slices.Equal(got, []string{"1", "29"}) {
		t.Errorf("left: %q", got)
	}
}
