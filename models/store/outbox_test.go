package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"herald/models"
	"herald/models/store"
)

func (w *world) outboxRow(hook string, kind models.OutboxKind, stream string, seq int) {
	w.tb.Helper()
	w.exec(`INSERT INTO outbox (app_pk, hook_id, kind, event_type, stream, seq, body) VALUES ($1, $2, $3, 'campaign.updated', $4, $5, '{}')`, w.app, hook, kind, stream, seq)
}

func (w *world) claim(hook string, kind models.OutboxKind, limit int) []models.OutboxRow {
	w.tb.Helper()
	rows, err := w.ClaimOutbox(w.tb.Context(), store.OutboxClaim{Receiver: models.Receiver{AppPK: w.app, HookID: hook}, Kind: kind, Limit: limit, Lease: time.Minute})
	if err != nil {
		w.tb.Fatal(err)
	}
	return rows
}

func seqs(rows []models.OutboxRow) []int64 {
	var list []int64
	for _, r := range rows {
		list = append(list, r.Seq)
	}
	return list
}

func (w *world) settle(st store.Settlement) {
	w.tb.Helper()
	if err := w.Settle(w.tb.Context(), st); err != nil {
		w.tb.Fatal(err)
	}
}

// Of a stream the first row alone is claimed, and what waits behind one that failed is not due before it.
func TestClaimOutboxTakesTheHeadsOfStreams(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for seq := range 3 {
		w.outboxRow("h", models.OutboxCampaign, "a", 10+seq)
		w.outboxRow("h", models.OutboxCampaign, "b", 20+seq)
		w.outboxRow("other", models.OutboxCampaign, "a", 30+seq)
	}
	w.outboxRow("h", models.OutboxCampaign, "", 99)
	first := w.claim("h", models.OutboxCampaign, 10)
	if got := seqs(first); !slices.Equal(got, []int64{10, 20, 99}) {
		t.Fatalf("claimed %v", got)
	}
	if got := w.claim("h", models.OutboxCampaign, 10); len(got) != 0 {
		t.Errorf("claimed %v while the first are under way", seqs(got))
	}
	payload, now := `{"type":"campaign.updated"}`, time.Now()
	failed := first[0]
	failed.Attempts, failed.Payload, failed.FirstAttemptAt, failed.LastAttemptAt, failed.LastStatus = 1, &payload, &now, &now, 502
	w.settle(store.Settlement{Claim: first[0].Claim, Tried: []store.Tried{
		{Row: failed, Result: store.OutboxRetry, Delay: time.Hour}, {Row: first[1], Result: store.OutboxDelivered}, {Row: first[2], Result: store.OutboxUntried},
	}})
	if got := seqs(w.claim("h", models.OutboxCampaign, 10)); !slices.Equal(got, []int64{21, 99}) {
		t.Errorf("then claimed %v", got)
	}
	if due := one[int](w, `SELECT count(*) FROM outbox WHERE stream = 'a' AND hook_id = 'h' AND due_at > now() + interval '59 minutes'`); due != 3 {
		t.Errorf("%d rows of the stream wait as long as its head", due)
	}
	if got := one[string](w, `SELECT payload FROM outbox WHERE seq = 10`); got != payload {
		t.Errorf("the payload is %q", got)
	}
}

// Settling with a claim that is not the row's any more changes nothing, for a batch neither its row nor those of its events.
func TestSettleChecksTheClaim(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.outboxRow("h", models.OutboxBatch, "", 0)
	w.outboxRow("h", models.OutboxChat, "", 0)
	batch, chat := w.claim("h", models.OutboxBatch, 1)[0], w.claim("h", models.OutboxChat, 1)[0]
	w.exec(`UPDATE outbox SET claim = gen_random_uuid()`)
	before := query[string](w, `SELECT o::text FROM outbox AS o ORDER BY id`)
	payload := "{}"
	event := models.OutboxRow{AppPK: w.app, HookID: "h", EventID: models.NewID(), EventType: "message.new", Body: json.RawMessage("{}"), Payload: &payload, CreatedAt: time.Now(), Attempts: 1}
	for name, st := range map[string]store.Settlement{
		"delivered": {Claim: chat.Claim, Tried: []store.Tried{{Row: chat, Result: store.OutboxDelivered}}},
		"retried":   {Claim: chat.Claim, Tried: []store.Tried{{Row: chat, Result: store.OutboxRetry}}},
		"given up":  {Claim: chat.Claim, Tried: []store.Tried{{Row: chat, Result: store.OutboxDead}}},
		"untried":   {Claim: chat.Claim, Tried: []store.Tried{{Row: chat}}},
		"a batch":   {Claim: batch.Claim, Batch: &batch, Rest: &models.BatchEvents{After: "m"}, Tried: []store.Tried{{Row: event, Result: store.OutboxRetry}}},
		"its end":   {Claim: batch.Claim, Batch: &batch, Tried: []store.Tried{{Row: event, Result: store.OutboxDead}}},
	} {
		if err := w.Settle(t.Context(), st); !errors.Is(err, store.ErrClaimLost) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if after := query[string](w, `SELECT o::text FROM outbox AS o ORDER BY id`); !slices.Equal(before, after) {
		t.Errorf("the rows were\n%s\nand are\n%s", before, after)
	}
	if n := one[int](w, `SELECT count(*) FROM hook_failures`); n != 0 {
		t.Errorf("%d failures", n)
	}
	held, err := w.RenewOutbox(t.Context(), time.Hour, []models.OutboxRow{batch, chat})
	if err != nil || len(held) != 0 {
		t.Errorf("renewed %v, error %v", held, err)
	}
}

// A chunk of a batch is settled with the row that says what is left: what failed has a row of its own.
func TestSettleSplitsABatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.outboxRow("h", models.OutboxBatch, "", 0)
	batch := w.claim("h", models.OutboxBatch, 1)[0]
	payload, now := `{"type": "message.new"}`, time.Now()
	event := func(attempts int) models.OutboxRow {
		return models.OutboxRow{AppPK: w.app, HookID: "h", EventID: models.NewID(), EventType: "message.new", CampaignID: "c", Body: json.RawMessage(`{"cid": "x"}`),
			Payload: &payload, CreatedAt: batch.CreatedAt, Attempts: attempts, FirstAttemptAt: &now, LastAttemptAt: &now}
	}
	w.settle(store.Settlement{Claim: batch.Claim, Batch: &batch, Rest: &models.BatchEvents{After: "m", Through: "z"}, Tried: []store.Tried{
		{Row: event(0), Result: store.OutboxDelivered}, {Row: event(0), Result: store.OutboxUntried}, {Row: event(1), Result: store.OutboxRetry, Delay: time.Hour},
		{Row: event(9), Result: store.OutboxDead, URL: "http://hook"},
	}})
	got := query[string](w, `SELECT concat_ws(' ', kind, event_type, campaign_id, attempts, payload, due_at > now() + interval '59 minutes', first_attempt_at IS NULL)
		FROM outbox WHERE kind = 'chat' ORDER BY attempts`)
	if want := []string{`chat message.new c 0 {"type": "message.new"} f t`, `chat message.new c 1 {"type": "message.new"} t f`}; !slices.Equal(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
	if body := one[string](w, `SELECT body->>'after' FROM outbox WHERE kind = 'batch'`); body != "m" {
		t.Errorf("the batch goes on after %q", body)
	}
	if got := one[string](w, `SELECT concat_ws(' ', webhook_url, attempts, event) FROM hook_failures`); got != `http://hook 9 {"type": "message.new"}` {
		t.Errorf("the failure is %s", got)
	}
	w.settle(store.Settlement{Claim: batch.Claim, Batch: &batch})
	if n := one[int](w, `SELECT count(*) FROM outbox WHERE kind = 'batch'`); n != 0 {
		t.Error("the batch is still there at its end")
	}
}

// A replayed failure is sent as it was, from its first attempt, and stands in nobody's way.
func TestReplayHookFailures(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := hook("h", "https://example.com")
	w.change(store.AppChange{Hooks: &[]models.Hook{h}})
	for i, of := range []string{"h", "h", "gone"} {
		w.outboxRow(of, models.OutboxCampaign, "c", i+1)
		rows := w.claim(of, models.OutboxCampaign, 1)
		payload := fmt.Sprintf(`{"seq": %d}`, i+1)
		rows[0].Payload = &payload
		rows[0].Attempts = 151
		w.settle(store.Settlement{Claim: rows[0].Claim, Tried: []store.Tried{{Row: rows[0], Result: store.OutboxDead, URL: "https://example.com"}}})
	}
	ids := query[string](w, `SELECT id FROM hook_failures ORDER BY seq`)
	replay := func(r store.HookReplay, want int) {
		t.Helper()
		r.Limit = max(r.Limit, 1)
		if n, err := w.ReplayHookFailures(t.Context(), w.app, r); err != nil || n != want {
			t.Errorf("replayed %d, error %v, want %d", n, err, want)
		}
	}
	replay(store.HookReplay{IDs: []string{}}, 0)
	replay(store.HookReplay{HookID: "other"}, 0)
	replay(store.HookReplay{IDs: []string{ids[2]}}, 0) // its hook is gone
	replay(store.HookReplay{IDs: []string{ids[1], "unknown"}, Limit: 9}, 1)
	replay(store.HookReplay{HookID: "h", Limit: 9}, 1)
	got := query[string](w, `SELECT concat_ws(' ', event_id, kind, seq, stream, attempts, payload, first_attempt_at) FROM outbox ORDER BY seq`)
	if want := []string{ids[0] + ` campaign 1  0 {"seq": 1}`, ids[1] + ` campaign 2  0 {"seq": 2}`}; !slices.Equal(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
	if got := seqs(w.claim("h", models.OutboxCampaign, 9)); len(got) != 2 {
		t.Errorf("%v are due", got)
	}
}

// Looking for what is due and claiming it read a few rows by index, however many wait, also while Postgres takes the outbox for the
// empty table it was when it last looked.
func TestOutboxIsReadByIndex(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	h := hook("h", "https://example.com")
	w.change(store.AppChange{Hooks: &[]models.Hook{h}})
	w.exec(`VACUUM ANALYZE outbox`)
	w.exec(`INSERT INTO outbox (app_pk, hook_id, kind, event_type, body, due_at) SELECT $1, 'h', 'chat', 'message.new', '{}', now() - interval '1 hour' FROM generate_series(1, 20000)`, w.app)
	w.exec(`INSERT INTO outbox (app_pk, hook_id, kind, event_type, body, due_at, stream)
		SELECT $1, 'h', 'campaign', 'campaign.updated', '{}', now() + interval '1 hour', 'c' || n % 100 FROM generate_series(1, 5000) n`, w.app)
	w.outboxRow("h", models.OutboxCampaign, "late", 1)
	s, err := store.Open(t.Context(), w.url, store.Options{MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	const rounds = 20
	kinds := []models.OutboxKind{models.OutboxCampaign, models.OutboxChat, models.OutboxBatch}
	for range rounds {
		due, err := s.DueHooks(t.Context(), kinds)
		if err != nil || len(due) != 1 {
			t.Fatalf("due %v, error %v", due, err)
		}
		for _, kind := range kinds {
			if _, err := s.ClaimOutbox(t.Context(), store.OutboxClaim{Receiver: due[0], Kind: kind, Limit: 10, Lease: time.Minute}); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.Close() // sessions report what they have read when they end
	w.until("the reading is reported", func() bool {
		return one[bool](w, `SELECT n_tup_upd >= $1 FROM pg_stat_user_tables WHERE relname = 'outbox'`, 10*rounds)
	})
	read := one[int](w, `SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'outbox'`) +
		one[int](w, `SELECT sum(idx_tup_read)::int FROM pg_stat_user_indexes WHERE relname = 'outbox'`)
	t.Logf("%.1f rows read for each round", float64(read)/rounds)
	if most := 400; read > rounds*most {
		t.Errorf("%d rows read for each round, want at most %d", read/rounds, most)
	}
}
