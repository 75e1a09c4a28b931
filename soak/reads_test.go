package soak_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"herald/models/store"
)

// received is a message of a campaign as its receiver finds it.
type received struct{ Recipient, CID string }

// TestReads has every receiver of a campaign read it, in any order, some of them twice and some by marking everything read,
// while the campaign is looked at all the time: each counts once, and looking stays cheap.
func TestReads(t *testing.T) {
	const readers = 16
	receivers := size(2_000, 1_000_000)
	w := newWorld(t, 0, nil)
	_, err := w.DB.Exec(t.Context(), `
		INSERT INTO users (app_pk, id, name, custom, created_at, updated_at)
		SELECT $1, 'p' || lpad(i::text, 7, '0'), 'User ' || i, '{"half": 0, "city": "Oslo"}', now(), now() FROM generate_series(1, $2) AS i`, w.app, receivers)
	must(t, err)
	_, err = w.DB.Exec(t.Context(), "VACUUM ANALYZE users")
	must(t, err)
	everybody, err := w.segment(t.Context(), map[string]any{"half": 0})
	must(t, err)
	must(t, w.create(t.Context(), "read", map[string]any{"id": "read", "segment_ids": []string{everybody}}))
	answered(t, w.do(t.Context(), "start", "read", nil))
	await(t, "the campaign to be sent", func() bool {
		r, err := w.row(t.Context(), "read")
		return err == nil && r.Status == "completed"
	})
	rows, err := w.DB.Query(t.Context(), "SELECT recipient, cid FROM messages WHERE app_pk = $1 AND campaign_id = 'read'", w.app)
	must(t, err)
	messages, err := pgx.CollectRows(rows, pgx.RowToStructByPos[received])
	must(t, err)
	if len(messages) != receivers {
		t.Fatalf("%d messages to %d receivers", len(messages), receivers)
	}
	seed := newSeed(t)
	rand.New(rand.NewPCG(seed, 0)).Shuffle(len(messages), func(i, j int) { messages[i], messages[j] = messages[j], messages[i] }) //nolint:gosec // the order is no secret

	db, err := store.Open(t.Context(), w.DatabaseURL, store.Options{MaxConns: readers})
	must(t, err)
	t.Cleanup(db.Close)
	var next atomic.Int64
	began := time.Now()
	var reading errgroup.Group
	for range readers {
		reading.Go(func() error {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(messages) {
					return nil
				}
				if err := readIt(t.Context(), db, w.app, messages[i], i); err != nil {
					return err
				}
			}
		})
	}
	done := make(chan error, 1)
	go func() { done <- reading.Wait() }()
	during := w.lookAt(t, "read", done)
	took := time.Since(began)
	finished := make(chan error)
	time.AfterFunc(size(time.Second, 20*time.Second), func() { close(finished) })
	after := w.lookAt(t, "read", finished)
	figures.add(t, "%d receivers read, %.0f a second; GET of the campaign meanwhile: %v; afterwards: %v", receivers, float64(receivers)/took.Seconds(), distribution(during), distribution(after))
	if got := w.usersRead(t, "read"); got != receivers {
		t.Errorf("stats_users_read is %d, want %d", got, receivers)
	}
}

// readIt has a receiver read. Every tenth does so twice, every seventh marks all of their channels.
func readIt(ctx context.Context, db *store.Store, app int64, m received, i int) error {
	if i%7 == 0 {
		return db.MarkAllRead(ctx, app, m.Recipient)
	}
	_, err := db.MarkRead(ctx, app, m.CID, m.Recipient, "")
	if err == nil && i%10 == 0 {
		_, err = db.MarkRead(ctx, app, m.CID, m.Recipient, "")
	}
	return err
}

// lookAt gets a campaign again and again until done says so, and gives how long each look took. What it shows never goes back.
func (w *world) lookAt(t *testing.T, id string, done <-chan error) (looks []time.Duration) {
	t.Helper()
	last := 0
	for {
		select {
		case err := <-done:
			must(t, err)
			return looks
		case <-time.After(20 * time.Millisecond):
		}
		began := time.Now()
		got := w.usersRead(t, id)
		looks = append(looks, time.Since(began))
		if got < last {
			t.Errorf("stats_users_read went from %d to %d", last, got)
		}
		last = got
	}
}

func (w *world) usersRead(t *testing.T, id string) int {
	t.Helper()
	answer, status, err := w.Call(t.Context(), http.MethodGet, "/campaigns/"+id, nil)
	must(t, err)
	if status != http.StatusOK {
		t.Fatalf("GET answered %d: %v", status, answer)
	}
	campaign, _ := answer["campaign"].(map[string]any)
	stats, _ := campaign["stats"].(map[string]any)
	n, ok := stats["stats_users_read"].(float64)
	if !ok {
		t.Fatal(fmt.Errorf("no stats_users_read in %v", stats))
	}
	return int(n)
}
