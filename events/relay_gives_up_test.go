package events_test

import (
	"bytes"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"herald/events"
	"herald/models/store"
)

// clock is a time of day that the test moves.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time             { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) pass(d time.Duration)       { c.ahead.Add(int64(d)) }
func (c *clock) of(cfg *events.RelayConfig) { cfg.Now = c.now }

// An event that is not taken for a day is listed as a failure, with what was sent.
func TestRelayGivesUp(t *testing.T) {
	w := newWorld(t)
	var healthy atomic.Bool
	rc := newReceiver(t, func(rw http.ResponseWriter, _ *http.Request, got received) {
		if !healthy.Load() && got.Seq != 2 {
			rw.WriteHeader(http.StatusBadGateway)
		}
	})
	w.hook("h", rc.URL)
	w.campaignEvents("h", "sale", 2)
	w.reads("h", 1)
	var c clock
	w.relay(c.of)
	tried := func() int { return one[int](w, `SELECT count(*) FROM outbox WHERE attempts = 1`) }
	w.until("the first tries", func() bool { return tried() == 2 })
	c.pass(23 * time.Hour)
	w.hurry()
	w.until("the second tries", func() bool { return one[int](w, `SELECT count(*) FROM outbox WHERE attempts = 2`) == 2 })
	c.pass(2 * time.Hour)
	w.hurry()
	w.drained()

	page, err := w.HookFailures(t.Context(), w.app.PK, store.HookFailureQuery{Limit: 10})
	if err != nil || len(page.Rows) != 2 {
		t.Fatalf("%d failures, error %v", len(page.Rows), err)
	}
	for _, f := range page.Rows {
		seen := rc.all()
		i := slices.IndexFunc(seen, func(r received) bool { return r.id() == f.ID })
		if i < 0 || !bytes.Equal(f.Event, seen[i].body) || f.Attempts != 3 || f.LastStatus != 502 || f.WebhookURL != rc.URL || f.EventType != seen[i].Type || f.Seq != seen[i].Seq ||
			f.LastAttemptAt.Sub(f.FirstAttemptAt) < 24*time.Hour {
			t.Errorf("the failure %+v of %s", f, f.Event)
		}
	}
	last := rc.all()[len(rc.all())-1]
	if last.Seq != 2 {
		t.Errorf("the last event is %s with seq %d, want the second of the campaign, once the first was given up", last.Type, last.Seq)
	}
	if n := w.log.count("given up"); n == 0 {
		t.Error("the log says nothing of what was given up")
	}
}

// A dead hook is asked less and less often, one event at a time, and goes on by itself when it answers again.
func TestRelayCircuit(t *testing.T) {
	w := newWorld(t)
	var healthy atomic.Bool
	rc := newReceiver(t, func(rw http.ResponseWriter, _ *http.Request, _ received) {
		if !healthy.Load() {
			rw.WriteHeader(http.StatusBadGateway)
		}
	})
	w.hook("h", rc.URL)
	w.batch("h", "sale", 150)
	w.campaignEvents("h", "sale", 1)
	var c clock
	w.relay(c.of)
	w.until("the circuit to open", func() bool { return w.log.count("is left alone") == 1 })
	idle := func() int {
		w.until("the relay to rest", func() bool {
			return one[int](w, `SELECT count(*) FROM outbox WHERE due_at > now() AND claim IS NOT NULL`) == 0
		})
		return len(rc.all())
	}
	before := idle()
	if before > 10+2*events.DefaultPerReceiver {
		t.Errorf("%d calls before it opened", before)
	}
	for _, pause := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
		w.hurry()
		c.pass(pause)
		w.until("a probe", func() bool { return len(rc.all()) > before })
		if n := idle(); n > before+4 { // of a batch, the events of one channel
			t.Errorf("%d calls of one probe", n-before)
		}
		before = idle()
	}
	healthy.Store(true)
	c.pass(time.Minute)
	w.until("an empty outbox", func() bool {
		w.hurry()
		return one[int](w, `SELECT count(*) FROM outbox`) == 0
	})
	ids := map[string]bool{}
	for _, r := range rc.all() {
		ids[r.id()] = true
	}
	if len(ids) != 4*150+1 {
		t.Errorf("%d events arrived, want %d", len(ids), 4*150+1)
	}
	if opened, closed := w.log.count("is left alone"), w.log.count("takes events again"); opened != 1 || closed != 1 {
		t.Errorf("the log says %d times that the hook fails and %d times that it answers", opened, closed)
	}
}

// What waited behind an open circuit for a day is given up without a try, the events of a batch one by one.
func TestRelayGivesUpBehindACircuit(t *testing.T) {
	w := newWorld(t)
	rc := newReceiver(t, fail(http.StatusBadGateway))
	w.hook("h", rc.URL)
	w.reads("h", 12)
	var c clock
	w.relay(c.of)
	w.until("the circuit to open", func() bool { return w.log.count("is left alone") == 1 })
	w.batch("h", "sale", 30)
	c.pass(25 * time.Hour)
	w.drained()
	if n := one[int](w, `SELECT count(*) FROM hook_failures WHERE campaign_id = 'sale' AND attempts = 0 AND last_error LIKE 'not tried%' AND event->>'type' = event_type`); n != 4*30 {
		t.Errorf("%d events of the batch were given up, want %d", n, 4*30)
	}
}
