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

	for deadline := time.Now().Add(size(patience, 40*time.Minute)); ; {
		done := w.completed(ctx, t)
		if done == count {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d are completed", done, count)
		}
		wait(ctx, 200*time.Millisecond)
	}
	var first, lastBegun, last time.Time
	var wrong int
	must(t, w.DB.QueryRow(ctx, `SELECT min(started_at), max(started_at), max(completed_at) FROM campaigns`).Scan(&first, &lastBegun, &last))
	must(t, w.DB.QueryRow(ctx, `SELECT count(*) FROM campaigns c WHERE $1 <>
		(SELECT count(DISTINCT m.recipient) FROM messages m WHERE m.app_pk = c.app_pk AND m.campaign_id = c.id)`, crowdRecipients).Scan(&wrong))
	if first.Before(due) || wrong > 0 {
		t.Errorf("the first began %v after its time, %d campaigns did not send to everybody", first.Sub(due), wrong)
	}
	figures.add(t, "%d campaigns of %d recipients for the same second: the first began after %v, the last after %v, all were completed after %v, %.0f a second",
		count, crowdRecipients, first.Sub(due).Round(time.Millisecond), lastBegun.Sub(due).Round(time.Millisecond),
		last.Sub(due).Round(time.Millisecond), float64(count)/last.Sub(due).Seconds())
}

// completed counts the campaigns that are completed.
func (w *world) completed(ctx context.Context, t *testing.T) int {
	t.Helper()
	var n int
	must(t, w.DB.QueryRow(ctx, `SELECT count(*) FROM campaigns WHERE status = 'completed'`).Scan(&n))
	return n
}
