package store_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/models/store"
)

// inBackground runs f and gives its result when it is there.
func inBackground[T any](f func() T) <-chan T {
	c := make(chan T, 1)
	go func() { c <- f() }()
	return c
}

func receive[T any](t *testing.T, what string, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("waited %v for %s", patience, what)
		panic("unreachable")
	}
}

type delivered struct {
	store.Delivered
	err error
}

type controlled struct {
	c        models.Campaign
	changed  bool
	err      error
	messages int // committed when Control returned
}

func (w *world) deliverInBackground(s *store.Store, d store.Delivery) <-chan delivered {
	return inBackground(func() delivered {
		out, err := s.Deliver(w.tb.Context(), d)
		return delivered{out, err}
	})
}

func (w *world) controlInBackground(id string, action models.Action) <-chan controlled {
	return inBackground(func() controlled {
		c, changed, err := w.Control(w.tb.Context(), w.app, id, store.Control{Action: action})
		return controlled{c, changed, err, one[int](w, `SELECT count(*) FROM messages`)}
	})
}

func TestPauseAndStopWaitForTheBatchInFlight(t *testing.T) {
	t.Parallel()
	for _, action := range []models.Action{models.ActionPause, models.ActionStop, models.ActionExpire} {
		t.Run(string(action), func(t *testing.T) {
			w := newWorld(t)
			c := w.running("c")
			w.channel("messaging:ann", "ann")
			release := w.hold(`SELECT FROM channels FOR UPDATE`)
			first := w.deliverInBackground(w.Store, delivery(c, bossOnly, "ann"))
			w.untilBlocked(1, "INSERT INTO channels") // its message is written, not committed
			control := w.controlInBackground("c", action)
			w.untilBlocked(1, "pg_advisory_xact_lock(")
			second := delivery(c, bossOnly, "bob")
			second.Source = 1
			late := w.deliverInBackground(w.Store, second)
			w.untilBlocked(1, "pg_advisory_xact_lock_shared(")
			select {
			case got := <-control:
				t.Fatalf("%s did not wait for the batch: %+v", action, got)
			default:
			}
			release()
			if got := receive(t, "the batch in flight", first); got.err != nil || got.Counts.Sent != 1 {
				t.Errorf("the batch in flight: %+v", got)
			}
			ctl := receive(t, "the control", control)
			if ctl.err != nil || !ctl.changed || ctl.messages != 1 {
				t.Errorf("%s returned with %d messages committed: changed %v, error %v", action, ctl.messages, ctl.changed, ctl.err)
			}
			if got := receive(t, "the late batch", late); got.err != nil || !cmp.Equal(got.Delivered, store.Delivered{Held: true, State: ctl.c.State()}) {
				t.Errorf("the batch behind the control: %+v, want it held by %+v", got, ctl.c.State())
			}
			if n := one[int](w, `SELECT count(*) FROM messages`); n != 1 {
				t.Errorf("%d messages, want 1", n)
			}
		})
	}
}

func TestBatchesDoNotStarveAPause(t *testing.T) {
	const senders = 20
	w := newWorld(t)
	s, err := store.Open(t.Context(), w.url, store.Options{MaxBatchConns: senders})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for round := range 3 {
		id := fmt.Sprintf("c%d", round)
		c := w.running(id)
		ctx, giveUp := context.WithCancel(t.Context())
		defer giveUp()
		var batches atomic.Int64
		var wg sync.WaitGroup
		for i := range senders {
			wg.Go(func() {
				for n := 0; ; n++ {
					d := delivery(c, bossOnly, numbered(fmt.Sprintf("%d-%d-", i, n), 40)...)
					d.Source, d.After = i, fmt.Sprint(n)
					out, err := s.Deliver(ctx, d)
					if err != nil && ctx.Err() == nil {
						t.Error(err)
					}
					if err != nil || out.Held {
						return
					}
					batches.Add(1)
				}
			})
		}
		w.until("every sender is busy", func() bool { return batches.Load() >= 3*senders || t.Failed() })
		began := time.Now()
		bounded, cancel := context.WithTimeout(ctx, patience)
		_, changed, err := w.Control(bounded, w.app, id, store.Control{Action: models.ActionPause})
		cancel()
		waited := time.Since(began)
		atPause := one[int](w, `SELECT count(*) FROM messages`)
		if err != nil || !changed {
			giveUp()
			wg.Wait()
			t.Fatalf("pause: changed %v, error %v after %v", changed, err, waited)
		}
		wg.Wait()
		if n := one[int](w, `SELECT count(*) FROM messages`); n != atPause {
			t.Errorf("%d messages were committed after the pause had returned", n-atPause)
		}
		t.Logf("a pause among %d senders took %v", senders, waited)
	}
}

// A worker that freezes inside a batch must not hold the campaign, nor commit when it wakes up.
func TestFrozenWorker(t *testing.T) {
	t.Parallel()
	for name, marker := range map[string]string{
		"before its channels": "INSERT INTO channels", // messages are inserted
		"before its commit":   "commit\x00",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c := w.running("c")
			f := newFreezer(t, w.url, marker)
			s, err := store.Open(t.Context(), f.url, store.Options{})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(s.Close)
			batch := w.deliverInBackground(s, delivery(c, bossOnly, "ann", "bob"))
			receive(t, "the worker to freeze", f.frozen)
			if n := one[int](w, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'`); n != 1 {
				t.Errorf("%d sessions idle in a transaction, want the frozen one", n)
			}
			began := time.Now()
			_, changed, err := w.Control(t.Context(), w.app, "c", store.Control{Action: models.ActionStop})
			if err != nil || !changed {
				t.Errorf("stop: changed %v, error %v", changed, err)
			}
			t.Logf("the stop took %v", time.Since(began))
			close(f.thaw)
			if got := receive(t, "the batch", batch); got.err == nil {
				t.Errorf("the thawed batch succeeded: %+v", got)
			}
			for _, table := range []string{"messages", "channels", "campaign_batches"} {
				if n := one[int](w, "SELECT count(*) FROM "+table); n != 0 {
					t.Errorf("%d rows in %s", n, table)
				}
			}
			if out, err := s.Deliver(t.Context(), delivery(c, bossOnly, "ann", "bob")); err != nil || !out.Held {
				t.Errorf("the batch again: %+v, error %v", out, err)
			}
		})
	}
}

// A control that cannot get through gives up as unavailable and changes nothing.
func TestControlGivesUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	before := w.running("c")
	release := w.hold(`SELECT FROM campaigns WHERE id = 'c' FOR SHARE`)
	_, changed, err := w.Control(t.Context(), w.app, "c", store.Control{Action: models.ActionPause})
	if models.ErrorCode(err) != models.CodeUnavailable || changed {
		t.Errorf("changed %v, error %v", changed, err)
	}
	release()
	if diff := cmp.Diff(before, w.read("c")); diff != "" {
		t.Errorf("the row changed:\n%s", diff)
	}
}

func TestDeliverIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.draft("c")
	for _, s := range states {
		w.put("c", s.status, s.hold)
		state := w.read("c").State()
		out := w.deliver(delivery(c, bossOnly, "ann"))
		if diff := cmp.Diff(store.Delivered{Held: !state.Open(), State: state}, out, ignoreCounts); diff != "" {
			t.Errorf("%s, %s (-want +got):\n%s", s.status, s.hold, diff)
		}
		if n := one[int](w, `SELECT count(*) FROM messages`); (n != 0) != state.Open() {
			t.Errorf("%s, %s: %d messages", s.status, s.hold, n)
		}
		w.exec(`TRUNCATE messages, channels, channel_members, campaign_batches`)
	}

	stopped := w.running("stopped")
	w.control("stopped", models.ActionStop)
	deleted := w.control("stopped", models.ActionDelete)
	if diff := cmp.Diff(store.Delivered{Held: true, State: deleted.State()}, w.deliver(delivery(stopped, bossOnly, "ann"))); diff != "" {
		t.Errorf("deleted (-want +got):\n%s", diff)
	}
	if out := w.deliver(delivery(models.Campaign{AppPK: w.app, ID: "nothing", SenderID: sender}, bossOnly, "ann")); !out.Held || !out.State.Ended() {
		t.Errorf("unknown: %+v", out)
	}
	other := w.running("other")
	other.AppPK++
	if out := w.deliver(delivery(other, bossOnly, "ann")); !out.Held {
		t.Errorf("of another app: %+v", out)
	}
}

func TestDeliverWithoutSender(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.running("c")
	for _, spoil := range []string{
		`UPDATE users SET deactivated_at = now() WHERE id = 'boss'`,
		`UPDATE users SET deactivated_at = NULL, deleted_at = now() WHERE id = 'boss'`,
		`DELETE FROM users WHERE id = 'boss'`,
	} {
		w.exec(spoil)
		if diff := cmp.Diff(store.Delivered{SenderGone: true, State: c.State()}, w.deliver(delivery(c, bossOnly, "ann"))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", spoil, diff)
		}
	}
	if n := one[int](w, `SELECT count(*) FROM messages`); n != 0 {
		t.Errorf("%d messages", n)
	}
	w.control("c", models.ActionPause) // a closed fence comes before the sender
	if out := w.deliver(delivery(c, bossOnly, "ann")); !out.Held || out.SenderGone {
		t.Errorf("paused and without sender: %+v", out)
	}
}

var ignoreCounts = cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "Counts" }, cmp.Ignore())
