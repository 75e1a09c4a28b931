package events_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"herald/events"
	"herald/models"
	"herald/models/store"
)

// Two relays at once deliver everything once.
func TestTwoRelays(t *testing.T) {
	w := newWorld(t)
	rc := newReceiver(t, nil)
	w.hook("h", rc.URL)
	for c := range 4 {
		w.batch("h", fmt.Sprintf("b%d", c), 20)
		w.campaignEvents("h", fmt.Sprintf("c%d", c), 10)
	}
	w.reads("h", 200)
	w.relay()
	w.relay()
	w.drained()
	times := map[string]int{}
	for _, r := range rc.all() {
		if times[r.id()]++; times[r.id()] > 1 {
			t.Errorf("%s %s came twice", r.Type, r.id())
		}
	}
	if want := 200 + 40 + 4*4*20; len(times) != want {
		t.Errorf("%d events, want %d", len(times), want)
	}
}

// outbox cuts a relay off: it is gone for all the others can tell, and does not know it.
type cutOff struct {
	*store.Store
	cut atomic.Bool
}

func (c *cutOff) RenewOutbox(ctx context.Context, lease time.Duration, rows []models.OutboxRow) (map[string]bool, error) {
	if c.cut.Load() {
		return nil, models.Unavailable(context.DeadlineExceeded)
	}
	return c.Store.RenewOutbox(ctx, lease, rows)
}

// When a relay is gone, its lease ends and another one delivers what it held. Should it come back, it changes nothing.
func TestRelayThatLostItsLease(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	var calls atomic.Int32
	rc := newReceiver(t, func(rw http.ResponseWriter, r *http.Request, got received) {
		if got.Seq == 1 && calls.Add(1) == 1 {
			hang(r, release)
		} else if got.Seq == 1 {
			rw.WriteHeader(http.StatusBadGateway)
		}
	})
	w.hook("h", rc.URL)
	w.campaignEvents("h", "sale", 2)
	frozen := &cutOff{Store: w.Store}
	frozen.cut.Store(true)
	short := func(cfg *events.RelayConfig) { cfg.Lease = 300 * time.Millisecond }
	stop := w.relay(short, func(cfg *events.RelayConfig) { cfg.Outbox = frozen })
	w.until("the call that hangs", func() bool { return len(rc.all()) == 1 })
	claim := one[string](w, `SELECT claim::text FROM outbox WHERE claim IS NOT NULL`)
	if n := one[int](w, `SELECT count(*) FROM outbox WHERE claim IS NOT NULL`); n != 1 {
		t.Errorf("%d events of one campaign are claimed", n)
	}
	w.relay(short)
	w.until("the other relay's try", func() bool {
		return one[int](w, `SELECT count(*) FROM outbox WHERE attempts = 1 AND claim IS NULL`) == 1
	})
	close(release) // the first relay hears that its call went well, and must not believe that the row is its own
	w.until("the first relay to notice", func() bool { return w.log.count("delivered by somebody else") == 1 })
	if n := one[int](w, `SELECT count(*) FROM outbox WHERE attempts = 1 AND seq = 1`); n != 1 {
		t.Error("a relay that lost its lease changed the row")
	}
	err := w.Settle(t.Context(), store.Settlement{Claim: claim, Tried: []store.Tried{{Row: models.OutboxRow{ID: one[int64](w, `SELECT min(id) FROM outbox`)}, Result: store.OutboxDelivered}}})
	if err == nil {
		t.Error("a lost claim settles")
	}
	stop()
}

// A lease is kept for as long as the call takes.
func TestRelayRenewsItsLease(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	rc := newReceiver(t, func(_ http.ResponseWriter, r *http.Request, _ received) { hang(r, release) })
	w.hook("h", rc.URL)
	w.reads("h", 1)
	short := func(cfg *events.RelayConfig) { cfg.Lease = 300 * time.Millisecond }
	w.relay(short)
	w.relay(short)
	w.until("the call", func() bool { return len(rc.all()) == 1 })
	first := one[time.Time](w, `SELECT due_at FROM outbox`)
	w.until("a lease far beyond the first", func() bool { return one[time.Time](w, `SELECT due_at FROM outbox`).Sub(first) > time.Second })
	close(release)
	w.drained()
	if n := len(rc.all()); n != 1 {
		t.Errorf("%d calls", n)
	}
}

// A relay that is stopped lets its calls end and gives everything else back at once.
func TestRelayStops(t *testing.T) {
	w := newWorld(t)
	arrived, release := make(chan struct{}, 1000), make(chan struct{})
	rc := newReceiver(t, func(_ http.ResponseWriter, r *http.Request, _ received) {
		arrived <- struct{}{}
		hang(r, release)
	})
	w.hook("h", rc.URL)
	b := w.batch("h", "sale", 120)
	w.reads("h", 50)
	stop := w.relay()
	<-arrived
	w.until("all slots taken", func() bool { return len(rc.all()) == events.DefaultPerReceiver })
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	close(release)
	<-stopped
	if n := one[int](w, `SELECT count(*) FROM outbox WHERE due_at > now()`); n != 0 {
		t.Errorf("%d rows are not given back", n)
	}
	calls := len(rc.all())
	if calls > 3*events.DefaultPerReceiver {
		t.Errorf("%d calls, though it was stopped", calls)
	}
	w.relay()
	w.drained()
	if n, want := len(rc.all()), 4*len(b.Created)+50; n != want {
		t.Errorf("%d calls in all, want %d", n, want)
	}
}
