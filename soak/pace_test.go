package soak_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"herald/models"
)

// paced is a campaign with messages_per_second.
type paced struct {
	id        string
	perSecond int
	disturbed bool // paused and resumed all the time
}

// A campaign's messages_per_second holds over any stretch of time and is made use of, with two worker processes, several
// campaigns at once, and pauses from which nobody may come back with what was saved up.
func TestPace(t *testing.T) {
	if !large {
		t.Parallel() // most of it is waiting
	}
	lasts := size(5*time.Second, time.Minute)
	w := newWorld(t, 0, nil, "--workers", "2")
	_, err := w.DB.Exec(t.Context(), `
		INSERT INTO users (app_pk, id, name, custom, created_at, updated_at)
		SELECT $1, 'p' || lpad(i::text, 6, '0'), 'User ' || i, '{"half": 0, "city": "Oslo"}', now(), now() FROM generate_series(1, $2) AS i`,
		w.app, size(10_000, 400_000))
	must(t, err)
	_, err = w.DB.Exec(t.Context(), "VACUUM ANALYZE users")
	must(t, err)
	everybody, err := w.segment(t.Context(), map[string]any{"half": 0})
	must(t, err)
	run := func(name string, campaigns ...paced) {
		t.Run(name, func(t *testing.T) {
			var g errgroup.Group
			for _, c := range campaigns {
				c.id = fmt.Sprintf("pace-%s-%d", name, c.perSecond)
				must(t, w.create(t.Context(), c.id, map[string]any{
					"id": c.id, "segment_ids": []string{everybody}, "messages_per_second": c.perSecond,
				}))
				g.Go(func() error { return w.sendPaced(t, c, lasts) })
			}
			must(t, g.Wait())
		})
	}
	together := []paced{{perSecond: 200}, {perSecond: 1000}, {perSecond: 500, disturbed: true}}
	if large {
		run("alone", paced{perSecond: 5000})
		together = append(together, paced{perSecond: 1})
	}
	run("together", together...)
}

// sendPaced starts a campaign, stops it some time after its first message, and checks the times of its commits.
func (w *world) sendPaced(t *testing.T, c paced, lasts time.Duration) error {
	ctx := t.Context()
	if started := w.do(ctx, models.ActionStart, c.id, map[string]any{}); !started.ok() {
		return fmt.Errorf("%v", started)
	}
	await(t, "messages of "+c.id, func() bool {
		n, err := w.sent(ctx, c.id)
		return err == nil && n > 0
	})
	pauses := 0
	for end := time.Now().Add(lasts); time.Now().Before(end); {
		if !c.disturbed {
			wait(ctx, time.Until(end))
			break
		}
		pauses++
		for _, action := range []models.Action{models.ActionPause, models.ActionResume} {
			wait(ctx, time.Duration(rand.Int64N(int64(2*time.Second)))) //nolint:gosec // the moment is no secret
			if moved := w.do(ctx, action, c.id, nil); !moved.ok() {
				return fmt.Errorf("%v", moved)
			}
		}
	}
	if stopped := w.do(ctx, models.ActionStop, c.id, nil); stopped.state.Status != models.StatusStopped {
		return fmt.Errorf("it should have gone on until it was stopped: %v", stopped)
	}
	messages, recipients, err := w.messages(ctx, c.id)
	if err != nil || messages != recipients {
		return fmt.Errorf("%s: %d messages to %d recipients, %w", c.id, messages, recipients, err)
	}
	tr, err := w.trace(ctx, c.id)
	if err != nil {
		return err
	}
	burst := busiest(tr.commits, c.perSecond)
	figures.add(t, "%d a second: %.4g over %.0f s in %d commits, %d pauses; at its busiest %.2f of what is allowed",
		c.perSecond, rate(tr.commits), lasts.Seconds(), len(tr.commits), pauses, burst)
	if burst > 1 {
		t.Errorf("%s sent more than %d × (W + 1) messages in W seconds:\n%v", c.id, c.perSecond, tr)
	}
	// A minute evens out what a few seconds on a busy machine do not.
	off := size(0.3, 0.1)
	if got := rate(tr.commits); !c.disturbed && math.Abs(got/float64(c.perSecond)-1) > off {
		t.Errorf("%s sent %.1f messages a second, want %d within %.0f %%:\n%v", c.id, got, c.perSecond, off*100, tr)
	}
	return nil
}

// rate is the messages per second from the first commit to the last. The last is left out: it is paid for after it.
func rate(commits []commit) float64 {
	n := len(commits) - 1
	if n < 1 {
		return 0
	}
	var sum int64
	for _, c := range commits[:n] {
		sum += c.Messages
	}
	return float64(sum) / commits[n].At.Sub(commits[0].At).Seconds()
}

// busiest is the largest part that was sent of the perSecond × (W + 1) messages that any W seconds, W at least 1, allow.
func busiest(commits []commit, perSecond int) float64 {
	most := 0.0
	for i := range commits {
		var sum int64
		for _, to := range commits[i:] {
			sum += to.Messages
			window := max(1, to.At.Sub(commits[i].At).Seconds())
			most = max(most, float64(sum)/(float64(perSecond)*(window+1)))
		}
	}
	return most
}
