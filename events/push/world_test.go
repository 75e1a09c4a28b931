package push_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"herald/events"
	"herald/events/push"
	"herald/internal/pushtest"
	"herald/models"
	"herald/models/store"
)

const (
	sender   = "shop"
	campaign = "spring"
	patience = 20 * time.Second // for what takes a second or two
)

// world is an app whose sender has written messages, and both push services.
type world struct {
	*testing.T
	store *store.Store
	db    *pgxpool.Pool
	app   int64
	at    time.Time // of the messages of batches
	fcm   *pushtest.FCM
	apns  *pushtest.APNs
	log   *syncBuffer
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, at: time.Now().UTC().Truncate(time.Microsecond), fcm: pushtest.NewFCM(t), apns: pushtest.NewAPNs(t), log: &syncBuffer{}}
	url := migrated.Clone(t)
	var err error
	if w.store, err = store.Open(t.Context(), url, store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.store.Close)
	if w.db, err = pgxpool.New(t.Context(), url); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.db.Close)
	app, err := w.store.CreateApp(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	w.app = app.PK
	w.exec(`INSERT INTO users (app_pk, id, name, created_at, updated_at) VALUES ($1, $2, 'The Shop', now(), now())`, w.app, sender)
	return w
}

func (w *world) exec(sql string, args ...any) {
	w.Helper()
	if _, err := w.db.Exec(w.Context(), sql, args...); err != nil {
		w.Fatalf("%s: %v", sql, err)
	}
}

func query[T any](w *world, sql string, args ...any) []T {
	w.Helper()
	rows, err := w.db.Query(w.Context(), sql, args...)
	if err != nil {
		w.Fatalf("%s: %v", sql, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		w.Fatalf("%s: %v", sql, err)
	}
	return found
}

// users makes users.
func (w *world) users(ids ...string) {
	w.Helper()
	w.exec(`INSERT INTO users (app_pk, id, name, created_at, updated_at) SELECT $1, id, initcap(id), now(), now() FROM unnest($2::text[]) id`, w.app, ids)
}

// device gives a user a device.
func (w *world) device(user, id, provider string) {
	w.Helper()
	if err := w.store.AddDevice(w.Context(), models.Device{AppPK: w.app, ID: id, UserID: user, PushProvider: provider}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) devices() []string {
	w.Helper()
	return query[string](w, `SELECT id FROM devices WHERE app_pk = $1 ORDER BY id`, w.app)
}

// channel makes a channel with members.
func (w *world) channel(id string, members ...string) string {
	w.Helper()
	cid := models.CID("messaging", id)
	w.exec(`INSERT INTO channels (app_pk, cid, created_by, member_count, custom, created_at, updated_at)
		VALUES ($1, $2, $3, $4, '{"name": "Offers"}', $5, $5)`, w.app, cid, sender, len(members), w.at)
	w.exec(`INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at) SELECT $1, $2, id, $3, $3 FROM unnest($4::text[]) id`, w.app, cid, w.at, members)
	return cid
}

// message writes a message of the campaign to recipient; with "" an ordinary one. It is at w.at.
func (w *world) message(id, cid, recipient, text string) {
	w.Helper()
	w.exec(`INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, recipient, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 <> '' THEN $7 END, nullif($6, ''), $8, $8)`, w.app, id, cid, sender, text, recipient, campaign, w.at)
}

// sent writes what a campaign has sent to users: to each a message in a channel of its own with the sender.
func (w *world) sent(users ...string) {
	w.Helper()
	for _, u := range users {
		w.message("to-"+u, w.channel(u, sender, u), u, "Hello "+u)
	}
}

// batch records a batch of the campaign with all of its messages.
func (w *world) batch(b models.BatchEvents) {
	w.Helper()
	if b.At.IsZero() {
		b.At = w.at
	}
	b.SenderID = sender
	if len(b.Tests) == 0 && b.Through == "" {
		b.Through = "zzz"
	}
	w.record(models.OutboxBatch, "", campaign, b)
}

// chat records an ordinary message.
func (w *world) chat(cid, messageID string) {
	w.Helper()
	w.record(models.OutboxChat, models.EventMessageNew, "", models.ChatEvent{At: w.at, CID: cid, UserID: sender, MessageID: messageID})
}

func (w *world) record(kind models.OutboxKind, event models.EventType, campaign string, body any) {
	w.Helper()
	encoded, err := json.Marshal(body)
	if err != nil {
		w.Fatal(err)
	}
	w.exec(`INSERT INTO outbox (app_pk, hook_id, kind, event_type, campaign_id, body) VALUES ($1, $2, $3, $4, $5, $6)`,
		w.app, models.PushReceiver, kind, event, campaign, string(encoded))
}

// services are both, or those named.
func (w *world) services(providers ...string) []push.Service {
	w.Helper()
	var all []push.Service
	for _, s := range []push.Service{newFCM(w.T, w.fcm), newAPNs(w.T, w.apns)} {
		if len(providers) == 0 || slices.Contains(providers, s.Provider()) {
			all = append(all, s)
		}
	}
	return all
}

// relay starts a relay for devices that stops with the test.
func (w *world) relay(o push.Options, services ...push.Service) {
	w.Helper()
	if len(services) == 0 {
		services = w.services()
	}
	o.Log = slog.New(slog.NewTextHandler(w.log, nil))
	if o.Texts == (push.Texts{}) {
		o.Texts = w.texts("", "")
	}
	ctx, cancel := context.WithCancel(w.Context())
	var running sync.WaitGroup
	running.Go(func() { events.NewRelay(push.NewDevices(w.store, services, o).RelayConfig(w.store)).Run(ctx) })
	w.Cleanup(func() {
		cancel()
		running.Wait()
	})
}

func (w *world) texts(title, body string) push.Texts {
	w.Helper()
	t, err := push.NewTexts(title, body)
	if err != nil {
		w.Fatal(err)
	}
	return t
}

func (w *world) until(what string, condition func() bool) {
	w.Helper()
	for deadline := time.Now().Add(patience); !condition(); {
		if time.Now().After(deadline) {
			w.Fatalf("waited %v for: %s; the log:\n%s", patience, what, w.log)
		}
	}
}

func (w *world) rows() int { return query[int](w, `SELECT count(*) FROM outbox`)[0] }

// untilDone waits until nothing is left to push.
func (w *world) untilDone() {
	w.Helper()
	w.until("an empty outbox", func() bool { return w.rows() == 0 })
}

// got lists "device: title: body" of all that the services were asked for, sorted.
func (w *world) got() []string {
	var got []string
	for _, m := range w.fcm.Messages() {
		got = append(got, fmt.Sprintf("%s: %s: %s", m.Token, m.Notification.Title, m.Notification.Body))
	}
	for _, r := range w.apns.Requests() {
		got = append(got, fmt.Sprintf("%s: %s: %s", r.Device, r.Payload.APS.Alert.Title, r.Payload.APS.Alert.Body))
	}
	slices.Sort(got)
	return got
}

// syncBuffer is a log.
type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
