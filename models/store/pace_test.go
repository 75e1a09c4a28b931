package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"herald/models"
)

// Over any W seconds, W at least 1, a campaign commits at most rate × (W + 1) messages, however many workers there are.
func TestDeliverKeepsThePace(t *testing.T) {
	t.Parallel()
	const rate, size, batches = 40, 30, 4
	w := newWorld(t)
	c := w.running("c")
	var wg sync.WaitGroup
	for i := range batches {
		d := delivery(c, bossOnly, numbered(fmt.Sprintf("%d-", i), size)...)
		d.Source, d.PerSecond = i, rate
		wg.Go(func() {
			for {
				out, err := w.Deliver(t.Context(), d)
				switch {
				case err != nil:
					t.Error(err)
					return
				case out.Wait == 0:
					if out.Counts.Sent != size {
						t.Errorf("batch %d: %+v", i, out)
					}
					return
				case out.Wait > size*time.Second/rate || out.Counts != (models.Counts{}):
					t.Errorf("batch %d is told to wait %v, having sent %+v", i, out.Wait, out.Counts)
				}
				<-time.After(out.Wait) // its turn, by the database's clock
			}
		})
	}
	wg.Wait()
	times := query[time.Time](w, `SELECT created_at FROM messages ORDER BY created_at`)
	if len(times) != size*batches {
		t.Fatalf("%d messages, want %d", len(times), size*batches)
	}
	for i, from := range times {
		for j, to := range times[i:] {
			window := max(1, to.Sub(from).Seconds())
			if n := j + 1; float64(n) > rate*(window+1) {
				t.Fatalf("%d messages within %.3f s, at most %d a second are allowed", n, window, rate)
			}
		}
	}
	distinct := slices.Compact(times)
	t.Logf("%d messages in %d commits over %v", len(times), len(distinct), distinct[len(distinct)-1].Sub(distinct[0]))
}

// What sends nothing needs no turn of its own and takes nobody else's.
func TestPaceIsSpentOnMessagesOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.running("c")
	first := delivery(c, bossOnly, "ann")
	first.PerSecond = 1
	if out := w.deliver(first); out.Counts.Sent != 1 {
		t.Fatalf("%+v", out)
	}
	outcomes := delivery(c, bossOnly)
	outcomes.Source, outcomes.PerSecond, outcomes.Outcomes = 1, 1, []models.Outcome{models.NewOutcome("bob", models.UnknownUser, "")}
	if out := w.deliver(outcomes); out.Wait != 0 || out.Counts.Skipped != 1 {
		t.Errorf("outcomes alone: %+v", out)
	}
	second := delivery(c, bossOnly, "carl")
	second.Source, second.PerSecond = 2, 1
	if out := w.deliver(second); out.Wait <= 0 || out.Wait > time.Second {
		t.Errorf("a second message within a second: %+v", out)
	}
	w.exec(`UPDATE campaign_controls SET next_send_at = now() - interval '1 hour'`)
	if out := w.deliver(first); out.Counts.Sent != 1 || out.Wait != 0 { // a replay
		t.Errorf("%+v", out)
	}
	if out := w.deliver(second); out.Counts.Sent != 1 || out.Wait != 0 { // no hour's worth was saved up either
		t.Errorf("%+v", out)
	}
	if n := one[float64](w, `SELECT extract(epoch FROM next_send_at - clock_timestamp())::float8 FROM campaign_controls`); n < 0 || n > 1 {
		t.Errorf("the next turn is in %v s, want within a second", n)
	}
}
