package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/jackc/pgx/v5"

	"herald/api"
	"herald/api/openapi/conform"
	"herald/internal/devstack"
	"herald/models"
	"herald/models/store"
)

func TestMain(m *testing.M) {
	code := devstack.RunTests(m)
	if code == 0 {
		code = checkExercised()
	}
	os.Exit(code)
}

var migrated = devstack.Template{Prepare: store.Migrate}

// harness is the API over a fresh database with one app, called as an app's server would.
type harness struct {
	url     string // of the database
	store   *store.Store
	app     models.App
	handler http.Handler
	token   string // a server token
	dialect dialect
}

// newHarness makes a harness; configure may change the server's configuration.
func newHarness(t *testing.T, configure ...func(*api.Config)) *harness {
	t.Helper()
	databaseURL := migrated.Clone(t)
	st, err := store.Open(t.Context(), databaseURL, store.Options{Push: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	app, err := st.CreateApp(t.Context(), "test")
	if err != nil {
		t.Fatal(err)
	}
	cfg := api.Config{Store: st, Runs: &recordedRuns{}, Log: slog.New(slog.NewTextHandler(testLog{t}, &slog.HandlerOptions{Level: slog.LevelError}))}
	for _, f := range configure {
		f(&cfg)
	}
	return &harness{
		url: databaseURL, store: st, app: app, handler: api.New(cfg),
		token: sign(t, app.Secret, jwt.MapClaims{"server": true}),
	}
}

// testLog sends the server's log to the test's.
type testLog struct{ t *testing.T }

func (l testLog) Write(line []byte) (int, error) {
	l.t.Log(strings.TrimSpace(string(line)))
	return len(line), nil
}

func sign(t *testing.T, secret string, claims jwt.MapClaims) string {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// answer is what came back: the status, the body as it is, and decoded with numbers as json.Number.
type answer struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

// call makes a request with the server token. body is nil, a string or []byte taken as it is, or a value sent as JSON.
func (h *harness) call(t *testing.T, method, path string, body any) answer {
	t.Helper()
	return h.callAs(t, h.token, method, path, body)
}

// as gives a user token.
func (h *harness) as(t *testing.T, userID string) string {
	t.Helper()
	return sign(t, h.app.Secret, jwt.MapClaims{"user_id": userID})
}

// callAs is call with another token. Every answer has to be what the OpenAPI document says, and so has a request that is
// accepted.
func (h *harness) callAs(t *testing.T, token, method, path string, body any) answer {
	t.Helper()
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	target := h.dialect.path(path) + separator + "api_key=" + url.QueryEscape(h.app.APIKey)
	r := httptest.NewRequestWithContext(t.Context(), method, target, reader(t, body))
	r.Header.Set("stream-auth-type", "jwt")
	r.Header.Set("Authorization", token)
	sent := bodyOf(t, r)
	a := h.do(t, r)
	wantConforming(t, conform.Exchange{
		Method: method, URL: r.URL, RequestBody: sent, Status: a.status, Header: a.header, Body: []byte(a.raw),
	})
	return a
}

// bodyOf reads a request's body and leaves it there.
func bodyOf(t *testing.T, r *http.Request) []byte {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body
}

var checker = sync.OnceValues(conform.New)

// wantConforming holds a request and its answer against the OpenAPI document.
func wantConforming(t *testing.T, e conform.Exchange) {
	t.Helper()
	c, err := checker()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Check(e); err != nil {
		t.Error(err)
	}
	if op, ok := c.Operation(e.Method, e.URL); ok && e.Status < http.StatusBadRequest {
		exercised.Store(op.ID, true)
	}
}

// do makes any request.
func (h *harness) do(t *testing.T, r *http.Request) answer {
	t.Helper()
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	a := answer{status: w.Code, header: w.Header(), raw: w.Body.String()}
	if a.raw == "" {
		return a
	}
	decoder := json.NewDecoder(w.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&a.body); err != nil {
		t.Fatalf("%s %s: the answer is no JSON object: %v\n%s", r.Method, r.URL.Path, err, a.raw)
	}
	return a
}

func reader(t *testing.T, body any) io.Reader {
	t.Helper()
	switch b := body.(type) {
	case nil:
		return nil
	case string:
		return strings.NewReader(b)
	case []byte:
		return bytes.NewReader(b)
	default:
		encoded, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		return bytes.NewReader(encoded)
	}
}

// mustCall is call for a request that must succeed with the status.
func (h *harness) mustCall(t *testing.T, status int, method, path string, body any) map[string]any {
	t.Helper()
	a := h.call(t, method, path, body)
	if a.status != status {
		t.Fatalf("%s %s answered %d, want %d: %s", method, path, a.status, status, a.raw)
	}
	return a.body
}

// users upserts users that have nothing but these ids.
func (h *harness) users(t *testing.T, ids ...string) {
	t.Helper()
	users := map[string]any{}
	for _, id := range ids {
		users[id] = map[string]any{"id": id}
	}
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/users", map[string]any{"users": users})
}

// wantError checks status, code, and that the reason and exception_fields say what they should. A field "" is not looked for.
func wantError(t *testing.T, a answer, status int, code models.Code, reason, field string) {
	t.Helper()
	message, _ := a.body["message"].(string)
	fields, _ := a.body["exception_fields"].(map[string]any)
	switch {
	case a.status != status || a.body["code"] != json.Number(jsonInt(int(code))):
		t.Errorf("status %d, want %d with code %d: %s", a.status, status, code, a.raw)
	case !strings.Contains(message, reason):
		t.Errorf("message %q does not say %q", message, reason)
	case field != "" && fields[field] == nil:
		t.Errorf("exception_fields %v do not name %q", fields, field)
	}
}

func jsonInt(i int) string {
	b, err := json.Marshal(i)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// at walks a decoded answer: keys of objects and indices of arrays.
func at(t *testing.T, value any, path ...any) any {
	t.Helper()
	for i, step := range path {
		var ok bool
		switch s := step.(type) {
		case string:
			var object map[string]any
			if object, ok = value.(map[string]any); ok {
				value, ok = object[s]
			}
		case int:
			var array []any
			if array, ok = value.([]any); ok {
				if ok = s < len(array); ok {
					value = array[s]
				}
			}
		}
		if !ok {
			t.Fatalf("nothing at %v of the answer", path[:i+1])
		}
	}
	return value
}

// waitFor waits until a condition holds, for at most ten seconds.
func waitFor(t *testing.T, what string, condition func(ctx context.Context) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for !condition(ctx) {
		select {
		case <-ctx.Done():
			t.Fatalf("waited in vain for %s", what)
		case <-ticker.C:
		}
	}
}

// connect opens a connection to the harness's database, to bring about what the API cannot.
func connect(t *testing.T, h *harness) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), h.url)
	if err != nil {
		t.Fatal(err)
	}
	// The test's context has ended by then.
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}
