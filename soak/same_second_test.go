package soak_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"herald/models"
)

// Recipients of each campaign of a crowd.
const crowdRecipients = 3

// Campaigns that are all scheduled for one second start within what the server can do; none is lost, none comes too early.
func TestSameSecond(t *testing.T) {
	count := size(40, 10_000)
	// Calls at once, and what they get through a second on a busy machine: all are accepted before the time comes, so that
	// the crowd really wakes together.
	const atOnce, perSecond = 8, 40
	w := newWorld(t, crowdRecipients, nil)
	ctx := t.Context()
	each := func(do func(ctx context.Context, id string) error) {
		t.Helper()
		var g errgroup.Group
		g.SetLimit(atOnce)
		for i := range count {
			g.Go(func() error { return do(ctx, fmt.Sprintf("crowd-%05d", i)) })
		}
		must(t, g.Wait())
	}
	users := make([]string, crowdRecipients)
	for i := range users {
		users[i] = fmt.Sprintf("u%05d", i)
	}
	each(func(ctx context.Context, id string) error {
		return w.create(ctx, id, map[string]any{"id": id, "user_ids": users})
	})

	due := time.Now().Add(5*time.Second + time.Duration(count)*time.Second/perSecond).Truncate(time.Second)
	began := time.Now()
	each(func(ctx context.Context, id string) error {
		if started := w.do(ctx, models.ActionSchedule, id, map[string]any{"scheduled_for": due}); !started.ok() {
			return fmt.Errorf("%v", started)
		}
		return nil
	})
	accepted := time.Since(began)
	early := time.Until(due)
	if early < 0 {
		t.Logf("the last start was accepted %v after the time", -early)
	}
	figures.add(t, "%d starts accepted in %v (%.0f a second), the last %v before their time", count, accepted.Round(time.Millisecond),
		float64(count)/accepted.Seconds(), early.Round(time.Second))

	// All begin before any is completed, or nearly: Temporal takes what wakes up in order. Waiting for the last one to be completed
	// would take twice as long again and show nothing more; the small crowd does.
	begun := w.until(ctx, t, "started_at", count, size(patience, 30*time.Minute))
	if begun < count {
		t.Fatalf("%d of %d have begun", begun, count)
	}
	completed := w.until(ctx, t, "completed_at", count, size(patience, 3*time.Minute))
	if completed < count && !large {
		t.Fatalf("%d of %d are completed", completed, count)
	}
	var first, lastBegun, last time.Time
	var wrong int
	must(t, w.DB.QueryRow(ctx, `SELECT min(started_at), max(started_at), max(completed_at) FROM campaigns`).Scan(&first, &lastBegun, &last))
	must(t, w.DB.QueryRow(ctx, `SELECT count(*) FROM campaigns c WHERE status = 'completed' AND $1 <>
		(SELECT count(DISTINCT m.recipient) FROM messages m WHERE m.app_pk = c.app_pk AND m.campaign_id = c.id)`, crowdRecipients).Scan(&wrong))
	if first.Before(due) || wrong > 0 {
		t.Errorf("the first began %v after its time, %d campaigns did not send to everybody", first.Sub(due), wrong)
	}
	figures.add(t, "%d campaigns of %d recipients for the same second: the first began after %v, the last after %v, %.0f a second; %d were completed after %v",
		count, crowdRecipients, first.Sub(due).Round(time.Millisecond), lastBegun.Sub(due).Round(time.Millisecond),
		float64(count)/lastBegun.Sub(due).Seconds(), completed, last.Sub(due).Round(time.Millisecond))
}

// until waits until a time is set in the rows of so many campaigns, but no longer than this, and gives how many have it.
func (w *world) until(ctx context.Context, t *testing.T, column string, count int, atMost time.Duration) int {
	t.Helper()
	for deadline := time.Now().Add(atMost); ; {
		var n int
		must(t, w.DB.QueryRow(ctx, `SELECT count(`+column+`) FROM campaigns`).Scan(&n))
		if n >= count || time.Now().After(deadline) {
			return n
		}
		wait(ctx, 200*time.Millisecond)
	}
}
