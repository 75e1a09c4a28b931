package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

func TestUnacknowledged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	for _, id := range []string{"draft", "lost", "acked", "paused", "stopped", "old", "fresh", "gone"} {
		w.draft(id)
		if id != "draft" {
			w.control(id, models.ActionStart)
		}
	}
	acknowledge := func(id string, seq int64) {
		t.Helper()
		if err := w.Acknowledge(ctx, w.app, id, seq); err != nil {
			t.Fatal(err)
		}
	}
	acknowledge("acked", 1)
	acknowledge("acked", 0) // late, and out of date
	acknowledge("paused", 1)
	w.control("paused", models.ActionPause)
	acknowledge("stopped", 1)
	w.control("stopped", models.ActionStop)
	w.control("old", models.ActionStop)
	w.control("gone", models.ActionStop)
	w.control("gone", models.ActionDelete)
	w.exec(`UPDATE campaigns SET updated_at = now() - interval '1 minute' WHERE id <> 'fresh'`)
	w.exec(`UPDATE campaigns SET updated_at = now() - interval '2 days' WHERE id = 'old'`)

	list := func(limit int) []string {
		t.Helper()
		var ids []string
		for after := (models.Position{}); ; {
			campaigns, err := w.Unacknowledged(ctx, after, 30*time.Second, limit)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range campaigns {
				ids, after = append(ids, c.ID), c.Position()
			}
			if len(campaigns) < limit {
				return sorted(ids)
			}
		}
	}
	for _, limit := range []int{10, 3, 1} { // all were changed in the same instant
		if diff := cmp.Diff([]string{"gone", "lost", "paused", "stopped"}, list(limit)); diff != "" {
			t.Errorf("%d at a time (-want +got):\n%s", limit, diff)
		}
	}
	acknowledge("lost", 1)
	acknowledge("paused", 2)
	acknowledge("stopped", 2)
	acknowledge("gone", 3)
	if got := list(10); got != nil {
		t.Errorf("all acknowledged, but listed: %q", got)
	}
}

func TestAcknowledged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ctx := t.Context()
	for _, id := range []string{"draft", "a", "b", "c", "d", "paused", "asleep", "lost", "signal-lost", "stopped", "fresh"} {
		w.draft(id)
		if id != "draft" {
			w.control(id, models.ActionStart)
		}
	}
	w.exec(`UPDATE campaigns SET status = 'scheduled' WHERE id = 'asleep'`)
	w.control("paused", models.ActionPause)
	w.control("stopped", models.ActionStop)
	w.exec(`INSERT INTO campaign_controls (app_pk, campaign_id, acked_seq) SELECT app_pk, id, control_seq FROM campaigns WHERE id <> 'lost'`)
	w.control("signal-lost", models.ActionPause)
	// Three were changed in the same instant.
	w.exec(`UPDATE campaigns SET updated_at = date_trunc('second', now()) - CASE WHEN id IN ('a', 'b', 'c') THEN interval '2 minutes' ELSE interval '1 minute' END WHERE id <> 'fresh'`)

	var after models.Position
	list := func(limit int) []string {
		t.Helper()
		campaigns, err := w.Acknowledged(ctx, after, 30*time.Second, limit)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, c := range campaigns {
			ids = append(ids, c.ID)
			row, err := w.Campaign(ctx, w.app, c.ID)
			if err != nil {
				t.Fatal(err)
			}
			if c.ControlSeq != row.ControlSeq || c.Status != row.Status || c.Hold != row.Hold || !c.CreatedAt.Equal(row.CreatedAt) || !c.UpdatedAt.Equal(row.UpdatedAt) {
				t.Errorf("%s is %+v, its row %+v", c.ID, c, row)
			}
			after = c.Position()
		}
		return ids
	}
	for i, want := range [][]string{{"a", "b"}, {"c", "asleep"}, {"d", "paused"}, nil} {
		if diff := cmp.Diff(want, list(2)); diff != "" {
			t.Errorf("portion %d (-want +got):\n%s", i, diff)
		}
	}
	after = models.Position{}
	list(2)
	// What is changed while the turn goes on comes at its end.
	w.exec(`UPDATE campaigns SET updated_at = now() - interval '40 seconds' WHERE id = 'a' OR id = 'c'`)
	if diff := cmp.Diff([]string{"asleep", "d", "paused", "a", "c"}, list(10)); diff != "" {
		t.Errorf("the rest of the turn (-want +got):\n%s", diff)
	}
}
