package events_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"herald/events"
	"herald/models"
	"herald/models/store"
)

const (
	sender   = "boss"
	patience = 20 * time.Second // for conditions that come true in milliseconds
)

var loopback = events.Addresses{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}

// world is the database of one test: an app with a sender, and the store.
type world struct {
	*store.Store
	t   *testing.T
	db  *pgxpool.Pool
	app models.App
	log *lines
}

func newWorld(t *testing.T) *world {
	t.Helper()
	url := migrated.Clone(t)
	w := &world{t: t, log: &lines{}}
	var err error
	if w.Store, err = store.Open(t.Context(), url, store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	if w.db, err = pgxpool.New(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.db.Close)
	if w.app, err = w.CreateApp(t.Context(), "test"); err != nil {
		t.Fatal(err)
	}
	w.exec(`INSERT INTO users (app_pk, id, name, created_at, updated_at) VALUES ($1, $2, 'The Boss', now(), now())`, w.app.PK, sender)
	return w
}

func (w *world) exec(sql string, args ...any) {
	w.t.Helper()
	if _, err := w.db.Exec(context.WithoutCancel(w.t.Context()), sql, args...); err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
}

// query reads rows of a single column.
func query[T any](w *world, sql string, args ...any) []T {
	w.t.Helper()
	rows, err := w.db.Query(w.t.Context(), sql, args...)
	if err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		w.t.Fatalf("%s: %v", sql, err)
	}
	return found
}

// one reads a single value.
func one[T any](w *world, sql string, args ...any) T {
	w.t.Helper()
	found := query[T](w, sql, args...)
	if len(found) != 1 {
		w.t.Fatalf("%s: %d rows", sql, len(found))
	}
	return found[0]
}

// until waits for a condition.
func (w *world) until(what string, condition func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		time.Sleep(5 * time.Millisecond) // a busy test would only take the processor from the relay
		if time.Now().After(deadline) {
			w.t.Fatalf("waited %v for: %s\n%s", patience, what, w.log)
		}
	}
}

// drained waits until the outbox is empty.
func (w *world) drained() {
	w.t.Helper()
	w.until("an empty outbox", func() bool { return one[int](w, `SELECT count(*) FROM outbox`) == 0 })
}

// hurry makes everything due that nobody works on: no waiting for back-offs.
func (w *world) hurry() {
	w.t.Helper()
	w.exec(`UPDATE outbox SET due_at = now() WHERE id IN (SELECT id FROM outbox WHERE claim IS NULL FOR UPDATE SKIP LOCKED)`)
}

// hook adds a hook of the app to those it has.
func (w *world) hook(id, url string, changes ...func(*models.Hook)) {
	w.t.Helper()
	h := models.Hook{
		ID: id, Enabled: true, WebhookURL: url, Product: models.HookProductAll, TimeoutMS: models.DefaultHookTimeoutMS,
		TimestampFormat: models.HookTimesRFC3339, EventTypes: []string{models.EveryEvent},
	}
	for _, change := range changes {
		change(&h)
	}
	settings, err := w.AppSettings(w.t.Context(), w.app.PK)
	if err != nil {
		w.t.Fatal(err)
	}
	hooks := slices.Concat(settings.Hooks, []models.Hook{h})
	if err := w.UpdateApp(w.t.Context(), w.app.PK, store.AppChange{Hooks: &hooks}); err != nil {
		w.t.Fatal(err)
	}
}

// campaignEvents puts n campaign.* events of a campaign into the outbox, seq from 1.
func (w *world) campaignEvents(hook, campaign string, n int) {
	w.t.Helper()
	for seq := 1; seq <= n; seq++ {
		w.campaignEvent(hook, campaign, models.EventCampaignUpdated, int64(seq))
	}
}

func (w *world) campaignEvent(hook, campaign string, t models.EventType, seq int64) {
	w.t.Helper()
	at := time.Date(2026, 11, 23, 10, 1, 2, 550120000, time.UTC)
	body, err := json.Marshal(models.CampaignSnapshot{
		At: at, UserIDs: []string{"ann", "bob"}, Users: map[string]models.User{sender: {ID: sender, Role: "user", Teams: []string{}, CreatedAt: at, UpdatedAt: at}},
		Campaign: models.Campaign{
			AppPK: w.app.PK, ID: campaign, SenderID: sender, MessageTemplate: models.MessageTemplate{Text: "Hi"}, Target: models.SegmentUser,
			SegmentIDs: []string{}, Status: models.StatusInProgress, StartedAt: &at, RecipientsTotal: 2, CreatedAt: at, UpdatedAt: at,
		},
		Stats: models.Stats{MessagesSent: 1},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.exec(`INSERT INTO outbox (app_pk, hook_id, kind, event_type, campaign_id, seq, stream, body) VALUES ($1, $2, 'campaign', $3, $4, $5, $4, $6)`,
		w.app.PK, hook, t, campaign, seq, string(body))
}

// chatEvent puts a chat event into the outbox.
func (w *world) chatEvent(hook string, t models.EventType, e models.ChatEvent) {
	w.t.Helper()
	if e.At.IsZero() {
		e.At = time.Now().UTC().Truncate(time.Microsecond)
	}
	body, err := json.Marshal(e)
	if err != nil {
		w.t.Fatal(err)
	}
	w.exec(`INSERT INTO outbox (app_pk, hook_id, kind, event_type, body) VALUES ($1, $2, 'chat', $3, $4)`, w.app.PK, hook, t, string(body))
}

// reads puts n message.read events into the outbox, of users r000, r001 and so on.
func (w *world) reads(hook string, n int) {
	w.t.Helper()
	for i := range n {
		w.chatEvent(hook, models.EventMessageRead, models.ChatEvent{CID: "messaging:talk", UserID: fmt.Sprintf("r%03d", i)})
	}
}

// batch delivers a campaign to n new users by the store, channels created, and puts the row of the batch's events into the outbox.
func (w *world) batch(hook, campaign string, n int) models.BatchEvents {
	w.t.Helper()
	ctx := w.t.Context()
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("%s-u%04d", campaign, i)
	}
	w.exec(`INSERT INTO users (app_pk, id, created_at, updated_at) SELECT $1, id, now(), now() FROM unnest($2::text[]) id`, w.app.PK, ids)
	_, err := w.CreateCampaign(ctx, models.Campaign{AppPK: w.app.PK, ID: campaign, SenderID: sender, CreateChannels: true, UserIDs: ids,
		MessageTemplate: models.MessageTemplate{Text: "Hello"}}, nil, func(models.Campaign) []models.FieldError { return nil })
	if err != nil {
		w.t.Fatal(err)
	}
	for _, action := range []models.Action{models.ActionStart, models.ActionBegin} {
		if _, _, err = w.Control(ctx, w.app.PK, campaign, store.Control{Action: action}); err != nil {
			w.t.Fatal(err)
		}
	}
	d := store.Delivery{AppPK: w.app.PK, CampaignID: campaign, Through: ids[n-1], Recipients: n, SenderID: sender,
		Channels: store.ChannelRule{Create: true, Members: []store.RuleMember{{UserID: sender}}}}
	b := models.BatchEvents{SenderID: sender, Through: ids[n-1], Members: []string{sender}}
	for _, id := range ids {
		cid := models.CID("messaging", id)
		d.Messages = append(d.Messages, store.NewMessage{ID: models.NewMessageID(), CID: cid, Recipient: id, Receiver: id, Text: "Hello " + id})
		b.Created = append(b.Created, cid)
	}
	if out, err := w.Deliver(ctx, d); err != nil || out.Counts.Sent != int64(n) {
		w.t.Fatalf("delivered %+v, %v", out, err)
	}
	w.exec(`DELETE FROM outbox WHERE campaign_id = $1`, campaign) // what the store itself has recorded
	b.At = one[time.Time](w, `SELECT min(created_at) FROM messages WHERE campaign_id = $1`, campaign)
	body, err := json.Marshal(b)
	if err != nil {
		w.t.Fatal(err)
	}
	w.exec(`INSERT INTO outbox (app_pk, hook_id, kind, campaign_id, body) VALUES ($1, $2, 'batch', $3, $4)`, w.app.PK, hook, campaign, string(body))
	return b
}

// relay starts a relay and gives what stops it.
func (w *world) relay(changes ...func(*events.RelayConfig)) (stop func()) {
	w.t.Helper()
	caller := events.NewCaller(loopback, events.DefaultPerReceiver)
	cfg := events.RelayConfig{
		Outbox: w.Store, Kinds: []events.Kind{events.Hooks{Store: w.Store, Caller: caller}},
		Log: slog.New(slog.NewTextHandler(w.log, nil)), Poll: 5 * time.Millisecond,
	}
	for _, change := range changes {
		change(&cfg)
	}
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		events.NewRelay(cfg).Run(ctx)
	}()
	stop = func() {
		cancel()
		<-done
		caller.Close()
	}
	w.t.Cleanup(stop)
	return stop
}

// lines keeps a log.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *lines) count(text string) int { return strings.Count(l.String(), text) }

// received is a webhook as it arrived, its body decompressed.
type received struct {
	header http.Header
	body   []byte

	Type     string
	Seq      int64
	Campaign struct{ ID string }
	User     struct{ ID string }
	CID      string
	Message  struct{ ID, Text string }
}

func (r received) id() string      { return r.header.Get("X-Webhook-Id") }
func (r received) attempt() string { return r.header.Get("X-Webhook-Attempt") }

// receiver is an endpoint that keeps what it gets and answers as answer says, else 200.
type receiver struct {
	*httptest.Server
	t      *testing.T
	mu     sync.Mutex
	got    []received
	answer func(w http.ResponseWriter, r *http.Request, got received)
}

func newReceiver(t *testing.T, answer func(w http.ResponseWriter, r *http.Request, got received)) *receiver {
	t.Helper()
	rc := &receiver{t: t, answer: answer}
	rc.Server = httptest.NewServer(rc)
	t.Cleanup(func() {
		rc.CloseClientConnections() // or Close would wait for calls that hang
		rc.Close()
	})
	return rc
}

// hang keeps a caller waiting until release is closed, or the caller has gone.
func hang(r *http.Request, release <-chan struct{}) {
	select {
	case <-release:
	case <-r.Context().Done():
	}
}

func (rc *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		var err error
		if body, err = gzip.NewReader(r.Body); err != nil {
			rc.t.Errorf("the body is not gzip: %v", err)
			return
		}
	}
	got := received{header: r.Header.Clone()}
	var err error
	if got.body, err = io.ReadAll(body); err != nil {
		rc.t.Errorf("read the body: %v", err)
		return
	}
	if err := json.Unmarshal(got.body, &got); err != nil {
		rc.t.Errorf("the body is not JSON: %v: %s", err, got.body)
		return
	}
	rc.mu.Lock()
	rc.got = append(rc.got, got)
	rc.mu.Unlock()
	if rc.answer != nil {
		rc.answer(w, r, got)
	}
}

func (rc *receiver) all() []received {
	rc.mu.Lock()
	defer rc.mu.Unlock()
	return append([]received{}, rc.got...)
}
