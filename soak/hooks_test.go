package soak_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"herald/internal/heralddev"
)

// hookTimeout is short, so that calls that hang take little of the test's time.
const hookTimeout = 300 * time.Millisecond

// TestHooks has a campaign tell of itself to an endpoint that fails three calls of ten, lets one hang, and goes away twice,
// while the worker that delivers is killed again and again. Everything arrives, and campaign.* events in their order.
func TestHooks(t *testing.T) {
	recipients := size(500, 50_000)
	w := newWorld(t, recipients, nil)
	e := newEndpoint(t, w.APISecret)
	_, status, err := w.Call(t.Context(), http.MethodPatch, "/app", map[string]any{"event_hooks": []map[string]any{{
		"id": "hook", "hook_type": "webhook", "webhook_url": e.url(), "timeout_ms": hookTimeout.Milliseconds(),
		"event_types": []string{"campaign.started", "campaign.updated", "campaign.paused", "campaign.resumed", "campaign.completed", "message.new"},
	}}})
	if err != nil || status != http.StatusOK {
		t.Fatalf("the hook was not set: %d, %v", status, err)
	}
	segment, err := w.segment(t.Context(), map[string]any{"half": map[string]any{"$in": []int{0, 1}}})
	must(t, err)
	must(t, w.create(t.Context(), "told", map[string]any{"id": "told", "segment_ids": []string{segment}}))
	began := time.Now()
	answered(t, w.do(t.Context(), "start", "told", nil))

	kills := size(1, 6) // what a killed worker was at is nobody's for the 30 s of its lease
	for i := range kills + 1 {
		must(t, heralddev.Await(t.Context(), "more events", patience, func() bool { return e.taken() > (i+1)*recipients/(kills+2)/2 }))
		if i < kills {
			_ = w.Signal("worker-1", syscall.SIGKILL) // it may have died a moment ago
		}
		if i == 0 || i == kills {
			e.restart(t, size(time.Second, 3*time.Second))
		}
	}
	var sent int64
	err = heralddev.Await(t.Context(), "everything to be delivered", 10*time.Minute, func() bool {
		// Nobody waits here for the back-offs of rows that were unlucky ten times.
		_, err := w.DB.Exec(t.Context(), `
			UPDATE outbox SET due_at = now() WHERE id IN (SELECT id FROM outbox WHERE claim IS NULL AND due_at > now() FOR UPDATE SKIP LOCKED)`)
		if err != nil {
			return false
		}
		var left int
		err = w.DB.QueryRow(t.Context(), "SELECT count(*) FROM outbox").Scan(&left)
		sent, _, _ = w.messages(t.Context(), "told") // asked again if it fails
		return err == nil && left == 0 && sent == int64(recipients) && e.has("campaign.completed")
	})
	must(t, err)
	figures.add(t, "%d messages and their events took %v with %d kills; %d calls, %d of them failed", sent, time.Since(began).Round(time.Second), kills, e.calls, e.failed)

	var ids []string
	rows, err := w.DB.Query(t.Context(), "SELECT id FROM messages WHERE campaign_id = 'told'")
	must(t, err)
	for rows.Next() {
		var id string
		must(t, rows.Scan(&id))
		ids = append(ids, id)
	}
	must(t, rows.Err())
	missing := 0
	for _, id := range ids {
		if !e.messages[id] {
			missing++
		}
	}
	if missing > 0 || len(e.messages) != len(ids) {
		t.Errorf("%d of %d messages were not told of; %d were", missing, len(ids), len(e.messages))
	}
	if !slices.IsSorted(e.seqs) {
		t.Errorf("campaign.* events were taken in the order %v", e.seqs)
	}
	var failures int
	must(t, w.DB.QueryRow(t.Context(), "SELECT count(*) FROM hook_failures").Scan(&failures))
	if failures > 0 {
		t.Errorf("%d events were given up", failures)
	}
}

// endpoint receives webhooks, not always well, and goes away and comes back at one address.
type endpoint struct {
	secret string
	addr   string
	t      *testing.T

	mu            sync.Mutex
	server        *http.Server
	calls, failed int
	chance        *rand.Rand
	messages      map[string]bool // ids of which a message.new was taken
	seqs          []int64         // of campaign.* events, as they were first taken
	seen          map[string]bool // ids of events that were taken
	types         map[string]bool
}

func newEndpoint(t *testing.T, secret string) *endpoint {
	t.Helper()
	e := &endpoint{secret: secret, addr: "127.0.0.1:0", t: t, chance: rand.New(rand.NewPCG(7, 7)), //nolint:gosec // a test's
		messages: map[string]bool{}, seen: map[string]bool{}, types: map[string]bool{}}
	e.serve(t)
	t.Cleanup(func() { _ = e.server.Close() })
	return e
}

func (e *endpoint) url() string { return "http://" + e.addr + "/hook" }

func (e *endpoint) serve(t *testing.T) {
	t.Helper()
	var listener net.Listener
	must(t, heralddev.Await(t.Context(), "the address of the endpoint", patience, func() bool {
		var err error
		listener, err = new(net.ListenConfig).Listen(t.Context(), "tcp", e.addr)
		return err == nil
	}))
	e.addr = listener.Addr().String()
	e.server = &http.Server{Handler: e, ReadHeaderTimeout: patience}
	go func(s *http.Server) { _ = s.Serve(listener) }(e.server) // ends with Close
}

// restart breaks off what is under way, and is back after a while.
func (e *endpoint) restart(t *testing.T, away time.Duration) {
	t.Helper()
	_ = e.server.Close()
	wait(t.Context(), away)
	e.serve(t)
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the worker was killed
	}
	mac := hmac.New(sha256.New, []byte(e.secret))
	mac.Write(body)
	if got, want := r.Header.Get("X-Signature"), hex.EncodeToString(mac.Sum(nil)); got != want {
		e.t.Errorf("the signature is %q, want %q", got, want)
	}
	switch e.luck() {
	case "hang":
		<-r.Context().Done()
	case "fail":
		w.WriteHeader(http.StatusServiceUnavailable)
	default:
		if err := e.take(r.Header.Get("X-Webhook-Id"), body); err != nil {
			e.t.Error(err)
		}
	}
}

func (e *endpoint) luck() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.calls++
	switch n := e.chance.IntN(10); {
	case n == 0:
		e.failed++
		return "hang"
	case n <= 3:
		e.failed++
		return "fail"
	}
	return ""
}

func (e *endpoint) take(id string, body []byte) error {
	var event struct {
		Type    string
		Seq     int64
		Message struct{ ID string }
	}
	if err := json.Unmarshal(body, &event); err != nil {
		return fmt.Errorf("read the event: %w", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.types[event.Type] = true
	switch {
	case event.Message.ID != "":
		e.messages[event.Message.ID] = true
	case !e.seen[id]:
		e.seqs = append(e.seqs, event.Seq)
	}
	e.seen[id] = true
	return nil
}

func (e *endpoint) taken() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.messages)
}

func (e *endpoint) has(eventType string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.types[eventType]
}
