package api_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/api"
	"herald/api/openapi/conform"
	"herald/models"
	"herald/models/store"
)

// keyed is an API whose clock the test moves, with a connection to look behind it.
type keyed struct {
	*harness
	clock *testClock
	db    *pgx.Conn
	cfg   api.Config
}

type testClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *testClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *testClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func newKeyed(t *testing.T, d dialect, configure ...func(*api.Config)) *keyed {
	t.Helper()
	k := &keyed{clock: &testClock{now: time.Now()}}
	k.harness = newHarness(t, append(configure, func(cfg *api.Config) {
		cfg.Now = k.clock.Now
		k.cfg = *cfg
	})...).in(d)
	k.db = connect(t, k.harness)
	return k
}

// restart replaces the server by a new one over the same database.
func (k *keyed) restart() { k.handler = api.New(k.cfg) }

// post is a POST with an Idempotency-Key and the server token.
func (k *keyed) post(t *testing.T, key, path string, body any) answer {
	t.Helper()
	return k.send(t, k.token, http.MethodPost, path, body, key)
}

// send makes a request with any number of Idempotency-Key headers, and holds it against the OpenAPI document.
func (k *keyed) send(t *testing.T, token, method, path string, body any, keys ...string) answer {
	t.Helper()
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	r := httptest.NewRequestWithContext(t.Context(), method, k.dialect.path(path)+separator+"api_key="+url.QueryEscape(k.app.APIKey), reader(t, body))
	r.Header.Set("stream-auth-type", "jwt")
	r.Header.Set("Authorization", token)
	for _, key := range keys {
		r.Header.Add("Idempotency-Key", key)
	}
	sent := bodyOf(t, r)
	a := k.do(t, r)
	wantConforming(t, conform.Exchange{Method: method, URL: r.URL, RequestBody: sent, Status: a.status, Header: a.header, Body: []byte(a.raw)})
	return a
}

func (k *keyed) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := k.db.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func (k *keyed) count(t *testing.T, from string) int {
	t.Helper()
	var n int
	if err := k.db.QueryRow(t.Context(), "SELECT count(*) FROM "+from).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func (k *keyed) wantCount(t *testing.T, want int, from string) {
	t.Helper()
	if n := k.count(t, from); n != want {
		t.Errorf("%d rows in %s, want %d", n, from, want)
	}
}

// cutOff has no attempt come further than its effects: nothing more is written of its key, as when the process dies.
func (k *keyed) cutOff(t *testing.T) {
	t.Helper()
	k.exec(t, `CREATE FUNCTION cut_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the process died'; END $$`)
	k.exec(t, `CREATE TRIGGER cut_off_answer BEFORE UPDATE OF status, leased_until ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION cut_off()`)
	k.exec(t, `CREATE TRIGGER cut_off_release BEFORE DELETE ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION cut_off()`)
}

func (k *keyed) mend(t *testing.T) {
	t.Helper()
	k.exec(t, `DROP FUNCTION cut_off() CASCADE`)
}

func wantStatus(t *testing.T, a answer, status int) {
	t.Helper()
	if a.status != status {
		t.Fatalf("status %d, want %d: %s", a.status, status, a.raw)
	}
}

func replayed(a answer) bool { return a.header.Get("Idempotency-Replayed") == "true" }

func wantReplay(t *testing.T, first, again answer) {
	t.Helper()
	if again.status != first.status || again.raw != first.raw || !replayed(again) || replayed(first) {
		t.Errorf("the first answer was %d %s\nthe second one   %d (replayed: %t) %s", first.status, first.raw, again.status, replayed(again), again.raw)
	}
}

func TestIdempotencyKeyReplays(t *testing.T) { inEachDialect(t, testIdempotencyKeyReplays) }

func testIdempotencyKeyReplays(t *testing.T, d dialect) {
	k := newKeyed(t, d)
	body := `{"type": "user", "name": "<all> & ümläut"}`
	first := k.post(t, "a key", "/segments", body)
	wantStatus(t, first, http.StatusCreated)
	k.clock.advance(time.Hour)
	wantReplay(t, first, k.post(t, "a key", "/segments", body))

	k.restart()
	wantReplay(t, first, k.post(t, "a key", "/segments", body))
	wantReplay(t, first, k.post(t, "a key", "/segments?user_id=ann&connection_id=7", body))
	k.wantCount(t, 1, "segments")

	const other = "was used for another request"
	wantError(t, k.post(t, "a key", "/segments", `{"type": "user"}`), http.StatusConflict, models.CodeConflict, other, "")
	wantError(t, k.post(t, "a key", "/segments/query", body), http.StatusConflict, models.CodeConflict, other, "")
	wantError(t, k.post(t, "a key", "/segments?more=1", body), http.StatusConflict, models.CodeConflict, other, "")
	k.dialect.v2 = !d.v2
	wantError(t, k.post(t, "a key", "/segments", body), http.StatusConflict, models.CodeConflict, other, "")
	k.wantCount(t, 1, "segments")
}

// Without a body, and with one that names no user.
func TestIdempotencyKeyWithoutBody(t *testing.T) { inEachDialect(t, testIdempotencyKeyWithoutBody) }

func testIdempotencyKeyWithoutBody(t *testing.T, d dialect) {
	k := newKeyed(t, d)
	k.users(t, "ann")
	for _, body := range []any{nil, "null", "{}"} {
		first := k.post(t, fmt.Sprintf("query %v", body), "/segments/query", body)
		wantStatus(t, first, http.StatusCreated)
		wantReplay(t, first, k.post(t, fmt.Sprintf("query %v", body), "/segments/query", body))
	}
	// A second deactivation would be refused.
	first := k.post(t, "off", "/users/ann/deactivate", nil)
	wantStatus(t, first, http.StatusCreated)
	wantReplay(t, first, k.post(t, "off", "/users/ann/deactivate", nil))
}

func TestIdempotencyKeyOfUsersAndServers(t *testing.T) {
	inEachDialect(t, testIdempotencyKeyOfUsersAndServers)
}

func testIdempotencyKeyOfUsersAndServers(t *testing.T, d dialect) {
	k := newKeyed(t, d)
	k.users(t, "ann", "bob")
	poll := map[string]any{"name": "Lunch?", "options": []any{map[string]any{"text": "yes"}}}
	ids := map[any]bool{}
	for _, user := range []string{"ann", "bob"} {
		first := k.send(t, k.as(t, user), http.MethodPost, "/polls", poll, "lunch")
		wantStatus(t, first, http.StatusCreated)
		wantReplay(t, first, k.send(t, k.as(t, user), http.MethodPost, "/polls", poll, "lunch"))
		ids[at(t, first.body, "poll", "id")] = true
	}
	poll["user_id"] = "ann"
	first := k.post(t, "lunch", "/polls", poll)
	wantStatus(t, first, http.StatusCreated)
	ids[at(t, first.body, "poll", "id")] = true
	if len(ids) != 3 {
		t.Errorf("three callers made %d polls", len(ids))
	}

	other, err := k.store.CreateApp(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := *k
	elsewhere.harness = &harness{app: other, handler: k.handler, dialect: d, token: sign(t, other.Secret, map[string]any{"server": true})}
	if a := elsewhere.post(t, "lunch", "/segments", `{"type": "user"}`); a.status != http.StatusCreated || replayed(a) {
		t.Errorf("another app was answered %d: %s", a.status, a.raw)
	}
}

func TestIdempotencyKeyForms(t *testing.T) { inEachDialect(t, testIdempotencyKeyForms) }

func testIdempotencyKeyForms(t *testing.T, d dialect) {
	k := newKeyed(t, d)
	body := `{"type": "user"}`
	for _, key := range []string{"x", strings.Repeat("x", 255), strings.Repeat("ü", 255), `"8e03978e-40d5-43dd-bc93-6894a57f9324"`, "a b~!'"} {
		if a := k.post(t, key, "/segments", body); a.status != http.StatusCreated || replayed(a) {
			t.Errorf("%q: %d %s", key, a.status, a.raw)
		}
	}
	for _, key := range []string{"", strings.Repeat("x", 256), "a\tb", "a\x7fb", "a\xffb", "a\u00a0b", "a\u200bb"} {
		wantError(t, k.post(t, key, "/segments", body), http.StatusBadRequest, models.CodeInvalid, "must be 1 to 255 printable characters", "Idempotency-Key")
	}
	twice := k.send(t, k.token, http.MethodPost, "/segments", body, "a", "a")
	wantError(t, twice, http.StatusBadRequest, models.CodeInvalid, "is given 2 times", "Idempotency-Key")
	k.wantCount(t, 5, "segments")
	k.wantCount(t, 5, "idempotency_keys")
}

func TestIdempotencyKeyIsOfPOST(t *testing.T) { inEachDialect(t, testIdempotencyKeyIsOfPOST) }

func testIdempotencyKeyIsOfPOST(t *testing.T, d dialect) {
	k := newKeyed(t, d)
	k.users(t, "ann")
	k.mustCall(t, http.StatusCreated, http.MethodPost, "/segments", `{"id": "s", "type": "user"}`)
	for _, c := range []struct{ method, path, body string }{
		{http.MethodGet, "/segments/s", ""},
		{http.MethodPut, "/segments/s", `{"name": "new"}`},
		{http.MethodPatch, "/users", `{"users": [{"id": "ann", "set": {"name": "Ann"}}]}`},
	} {
		for range 2 {
			if a := k.send(t, k.token, c.method, c.path, c.body, strings.Repeat("x", 300)); a.status >= 400 || replayed(a) {
				t.Errorf("%s: %d %s", c.method, a.status, a.raw)
			}
		}
	}
	wantStatus(t, k.send(t, k.token, http.MethodDelete, "/segments/s", nil, "k"), http.StatusOK)
	wantStatus(t, k.send(t, k.token, http.MethodDelete, "/segments/s", nil, "k"), http.StatusNotFound)
	k.wantCount(t, 0, "idempotency_keys")
}

func TestIdempotencyKeyInCORS(t *testing.T) {
	h := newHarness(t)
	a := h.do(t, httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/segments", nil))
	if !strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "Idempotency-Key") {
		t.Error("the request header is not allowed")
	}
	if !strings.Contains(a.header.Get("Access-Control-Expose-Headers"), "Idempotency-Replayed") {
		t.Error("the answer's header is not exposed")
	}
}

// Twenty requests at once, through two servers over one database, make one thing and get one answer.
func TestIdempotencyKeyAtOnce(t *testing.T) { inEachDialect(t, testIdempotencyKeyAtOnce) }

func testIdempotencyKeyAtOnce(t *testing.T, d dialect) {
	k := newKeyed(t, d)
	k.users(t, "boss", "ann")
	second := *k
	second.harness = &harness{}
	*second.harness = *k.harness
	second.handler = api.New(k.cfg)
	servers := []*keyed{k, &second}
	for _, c := range []struct{ path, body, table string }{
		{"/segments", `{"type": "user"}`, "segments"},
		{"/campaigns", `{"sender_id": "boss", "user_ids": ["ann"], "message_template": {"text": "hi"}, "create_channels": true,
			"channel_template": {"type": "messaging", "id": "{{receiver.id}}-x"}}`, "campaigns"},
	} {
		answers := make([]answer, 20)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() { answers[i] = servers[i%2].post(t, "at once "+c.table, c.path, c.body) })
		}
		all.Wait()
		firsts := 0
		for _, a := range answers {
			if a.status != http.StatusCreated || a.raw != answers[0].raw {
				t.Errorf("%s: %d %s, and another one %s", c.path, a.status, a.raw, answers[0].raw)
			}
			if !replayed(a) {
				firsts++
			}
		}
		if firsts != 1 {
			t.Errorf("%s: %d answers are no replay", c.path, firsts)
		}
		k.wantCount(t, 1, c.table)
	}
}

// A request whose first attempt is at work waits for a while, and then is told to come again.
func TestIdempotencyKeyInProgress(t *testing.T) {
	k := newKeyed(t, dialectV1)
	tx, err := k.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE segments"); err != nil {
		t.Fatal(err)
	}
	var first answer
	var working sync.WaitGroup
	working.Go(func() { first = k.post(t, "slow", "/segments", `{"type": "user"}`) })
	waitFor(t, "the first attempt", func(context.Context) bool {
		var n int
		err := tx.QueryRow(t.Context(), "SELECT count(*) FROM pg_locks WHERE relation = 'segments'::regclass AND NOT granted").Scan(&n)
		return err == nil && n == 1
	})
	wantError(t, k.post(t, "slow", "/segments", `{"type": "channel"}`), http.StatusConflict, models.CodeConflict, "another request", "")
	a := k.post(t, "slow", "/segments", `{"type": "user"}`)
	wantError(t, a, http.StatusConflict, models.CodeConflict, "still in progress", "")
	if a.header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After is %q", a.header.Get("Retry-After"))
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	working.Wait()
	wantStatus(t, first, http.StatusCreated)
	wantReplay(t, first, k.post(t, "slow", "/segments", `{"type": "user"}`))
	k.wantCount(t, 1, "segments")
}

// What is no success is not kept, and as it has changed nothing its key is free.
func TestIdempotencyKeyKeepsSuccessOnly(t *testing.T) {
	inEachDialect(t, testIdempotencyKeyKeepsSuccessOnly)
}

func testIdempotencyKeyKeepsSuccessOnly(t *testing.T, d dialect) {
	k := newKeyed(t, d, func(cfg *api.Config) {
		cfg.RateLimits = api.RateLimits{On: true, PerMinute: map[string]int{"QuerySegments": 1}}
	})
	k.users(t, "ann", "bob")
	k.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/query", `{"data": {"created_by_id": "ann", "members": ["ann"]}}`)
	large := `{"type": "user", "x": "` + strings.Repeat("x", 10<<20) + `"}`
	for _, c := range []struct {
		status            int
		token, path, body string
	}{
		{http.StatusBadRequest, k.token, "/segments", `{"type": "cat"}`},
		{http.StatusBadRequest, k.token, "/segments", `{`},
		{http.StatusUnauthorized, "no token", "/segments", `{"type": "user"}`},
		{http.StatusForbidden, k.as(t, "ann"), "/segments", `{"type": "user"}`},
		{http.StatusForbidden, k.as(t, "bob"), "/channels/messaging/c/message", `{"message": {"text": "hi"}}`},
		{http.StatusNotFound, k.token, "/segments/none/addtargets", `{"target_ids": ["a"]}`},
		{http.StatusRequestEntityTooLarge, k.token, "/segments", large},
	} {
		for range 2 {
			a := k.send(t, c.token, http.MethodPost, c.path, c.body, "repaired")
			if a.status != c.status || replayed(a) {
				t.Errorf("%s %.50s: %d, want %d: %s", c.path, c.body, a.status, c.status, a.raw)
			}
		}
	}
	k.wantCount(t, 0, "idempotency_keys")
	wantStatus(t, k.post(t, "limited", "/segments/query", nil), http.StatusCreated)
	wantStatus(t, k.post(t, "limited", "/segments/query", nil), http.StatusTooManyRequests)
	k.clock.advance(time.Minute)
	if a := k.post(t, "limited", "/segments/query", nil); !replayed(a) {
		t.Errorf("after the limit: %d %s", a.status, a.raw)
	}

	// A 5xx that has changed nothing.
	k.exec(t, "ALTER TABLE segments RENAME TO gone")
	wantStatus(t, k.post(t, "repaired", "/segments", `{"type": "user"}`), http.StatusInternalServerError)
	k.exec(t, "ALTER TABLE gone RENAME TO segments")
	k.wantCount(t, 0, "idempotency_keys WHERE key = 'repaired'")
	first := k.post(t, "repaired", "/segments", `{"type": "channel"}`)
	wantStatus(t, first, http.StatusCreated)
	wantReplay(t, first, k.post(t, "repaired", "/segments", `{"type": "channel"}`))
}

func TestIdempotencyKeyExpires(t *testing.T) { inEachDialect(t, testIdempotencyKeyExpires) }

func testIdempotencyKeyExpires(t *testing.T, d dialect) {
	k := newKeyed(t, d)
	first := k.post(t, "k", "/segments", `{"type": "user"}`)
	k.clock.advance(store.KeyLife - time.Second)
	wantReplay(t, first, k.post(t, "k", "/segments", `{"type": "user"}`))
	k.clock.advance(time.Second)
	next := k.post(t, "k", "/segments", `{"type": "user"}`)
	if next.status != http.StatusCreated || replayed(next) || at(t, next.body, "segment", "id") == at(t, first.body, "segment", "id") {
		t.Errorf("after a day: %d %s", next.status, next.raw)
	}
	k.clock.advance(store.KeyLife)
	if a := k.post(t, "k", "/segments", `{"type": "channel"}`); a.status != http.StatusCreated || replayed(a) {
		t.Errorf("after another day, with another body: %d %s", a.status, a.raw)
	}
	k.wantCount(t, 3, "segments")
}

// The server deletes what has expired by itself.
func TestIdempotencyKeysAreForgotten(t *testing.T) {
	k := newKeyed(t, dialectV1)
	wantStatus(t, k.post(t, "old", "/segments", `{"type": "user"}`), http.StatusCreated)
	k.exec(t, `INSERT INTO idempotency_keys (app_pk, user_id, key, request, attempt, created_at, leased_until)
		SELECT 1, '', 'many ' || n, '', gen_random_uuid(), $1, $1 FROM generate_series(1, 2500) AS n`, k.clock.Now().Add(-store.KeyLife))
	k.clock.advance(store.KeyLife)
	wantStatus(t, k.post(t, "young", "/segments", `{"type": "user"}`), http.StatusCreated)

	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var server sync.WaitGroup
	server.Go(func() {
		if err := api.New(k.cfg).Run(ctx, listener); err != nil {
			t.Error(err)
		}
	})
	waitFor(t, "old keys to be deleted", func(context.Context) bool { return k.count(t, "idempotency_keys") == 1 })
	stop()
	server.Wait()
	k.wantCount(t, 1, "idempotency_keys WHERE key = 'young'")
}

// A large answer is kept whole.
func TestIdempotencyKeyOfALargeAnswer(t *testing.T) {
	inEachDialect(t, testIdempotencyKeyOfALargeAnswer)
}

func testIdempotencyKeyOfALargeAnswer(t *testing.T, d dialect) {
	k := newKeyed(t, d)
	users := map[string]any{}
	for i := range 100 {
		id := fmt.Sprintf("user-%d", i)
		user := map[string]any{"id": id, "custom": map[string]any{"text": strings.Repeat("ü€", 1000)}}
		users[id] = user
	}
	first := k.post(t, "k", "/users", map[string]any{"users": users})
	wantStatus(t, first, http.StatusCreated)
	if len(first.raw) < 400_000 {
		t.Fatalf("the answer has %d bytes only", len(first.raw))
	}
	wantReplay(t, first, k.post(t, "k", "/users", map[string]any{"users": users}))
}

// Requests without the header do not touch the table.
func TestNoIdempotencyKeyCostsNothing(t *testing.T) {
	k := newKeyed(t, dialectV1)
	k.exec(t, "DROP TABLE idempotency_keys")
	wantStatus(t, k.send(t, k.token, http.MethodPost, "/segments", `{"type": "user"}`), http.StatusCreated)
}
