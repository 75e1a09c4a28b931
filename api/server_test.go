package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"herald/api"
	"herald/models"
	"herald/models/store"
)

func TestErrorBody(t *testing.T) { inEachDialect(t, testErrorBody) }

func testErrorBody(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	a := h.call(t, http.MethodPost, "/users", `{"users": {"a": {"id": "a", "name": 1, "image": "<&>\"", "role": []}}}`)
	duration, _ := a.body["duration"].(string)
	if _, err := time.ParseDuration(duration); err != nil {
		t.Errorf("duration %q", duration)
	}
	delete(a.body, "duration")
	want := map[string]any{
		"code": json.Number("4"), "StatusCode": json.Number("400"),
		"message":          `UpdateUsers failed with error: "users.a.name must be a string; users.a.role must be a string"`,
		"more_info":        "https://getstream.io/chat/docs/api_errors_response",
		"exception_fields": map[string]any{"users.a.name": "must be a string", "users.a.role": "must be a string"},
		"details":          []any{}, "unrecoverable": true,
	}
	if diff := cmp.Diff(want, a.body); diff != "" {
		t.Errorf("error (-want +got):\n%s", diff)
	}
	if got := a.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining"} {
		if got := a.header.Get(name); got != "1000000" {
			t.Errorf("%s: %q", name, got)
		}
	}
	var reset int64
	if err := json.Unmarshal([]byte(a.header.Get("X-RateLimit-Reset")), &reset); err != nil || reset%60 != 0 || reset < time.Now().Unix()-1 {
		t.Errorf("X-RateLimit-Reset %d: %v", reset, err)
	}
}

func TestAuthentication(t *testing.T) { inEachDialect(t, testAuthentication) }

func testAuthentication(t *testing.T, d dialect) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	h := newHarness(t, func(c *api.Config) { c.Now = func() time.Time { return now } }).in(d)
	h.users(t, "ann", "gone", "off")
	conn := connect(t, h)
	if _, err := conn.Exec(t.Context(), `UPDATE users SET deleted_at = CASE id WHEN 'gone' THEN now() END, deactivated_at = CASE id WHEN 'off' THEN now() END`); err != nil {
		t.Fatal(err)
	}
	token := func(claims jwt.MapClaims) string { return sign(t, h.app.Secret, claims) }
	server := func(more jwt.MapClaims) string {
		more["server"] = true
		return token(more)
	}
	in := func(d time.Duration) int64 { return now.Add(d).Unix() }
	otherAlgorithm, err := jwt.NewWithClaims(jwt.SigningMethodHS512, jwt.MapClaims{"server": true}).SignedString([]byte(h.app.Secret))
	if err != nil {
		t.Fatal(err)
	}
	unsigned, err := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims{"server": true}).SignedString(jwt.UnsafeAllowNoneSignatureType)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name   string
		key    string // "" is the app's
		kind   string // "" is jwt
		token  string
		path   string // "" is POST /users, server-only; else GET
		status int
		code   models.Code
	}{
		{name: "no api_key", key: "-", token: "", status: 401, code: models.CodeNoAPIKey},
		{name: "unknown api_key", key: "nobody", kind: "anonymous", token: "", status: 401, code: models.CodeNoAPIKey},
		{name: "api_key with a NUL", key: "%00", token: "", status: 401, code: models.CodeNoAPIKey},
		{name: "api_key that is no text", key: "%FF", token: "", status: 401, code: models.CodeNoAPIKey},
		{name: "anonymous", kind: "anonymous", token: h.token, status: 401, code: models.CodeAuthFailed},
		{name: "no token", token: "", status: 401, code: models.CodeAuthFailed},
		{name: "no JWT", token: "Bearer abc", status: 401, code: models.CodeAuthFailed},
		{name: "other algorithm", token: otherAlgorithm, status: 401, code: models.CodeAuthFailed},
		{name: "unsigned", token: unsigned, status: 401, code: models.CodeAuthFailed},
		{name: "nobody's", token: token(jwt.MapClaims{"server": false}), status: 401, code: models.CodeAuthFailed},
		{name: "server as text", token: token(jwt.MapClaims{"server": "true"}), status: 401, code: models.CodeAuthFailed},
		{name: "exp as text", token: server(jwt.MapClaims{"exp": "soon"}), status: 401, code: models.CodeAuthFailed},
		{name: "nobody's with a bad signature", token: sign(t, "wrong", jwt.MapClaims{}), status: 401, code: models.CodeAuthFailed},
		{name: "bad signature, expired", token: sign(t, "wrong", jwt.MapClaims{"server": true, "exp": 1}), status: 401, code: models.CodeBadSignature},
		{name: "expired now", token: server(jwt.MapClaims{"exp": in(0)}), status: 401, code: models.CodeTokenExpired},
		{name: "expired in 1970", token: server(jwt.MapClaims{"exp": 0}), status: 401, code: models.CodeTokenExpired},
		{name: "expired before all time", token: server(jwt.MapClaims{"exp": -1e300}), status: 401, code: models.CodeTokenExpired},
		{name: "never expires", token: server(jwt.MapClaims{"exp": 1e300}), status: 400, code: models.CodeInvalid},
		{name: "valid after all time", token: server(jwt.MapClaims{"nbf": 1e300}), status: 401, code: models.CodeTokenNotYet},
		{name: "exp null", token: server(jwt.MapClaims{"exp": nil}), status: 400, code: models.CodeInvalid},
		{name: "expires soon", token: server(jwt.MapClaims{"exp": in(time.Second)}), status: 400, code: models.CodeInvalid},
		{name: "not yet", token: server(jwt.MapClaims{"nbf": in(6 * time.Second)}), status: 401, code: models.CodeTokenNotYet},
		{name: "issued later", token: server(jwt.MapClaims{"iat": in(6 * time.Second)}), status: 401, code: models.CodeTokenIssued},
		{name: "within the leeway", token: server(jwt.MapClaims{"nbf": in(5 * time.Second), "iat": in(5 * time.Second)}), status: 400, code: models.CodeInvalid},
		{name: "with Bearer", token: "Bearer " + h.token, status: 400, code: models.CodeInvalid},
		{name: "user on a server-only route", token: h.as(t, "ann"), status: 403, code: models.CodeNotAllowed},
		{name: "unknown user", token: h.as(t, "nobody"), status: 401, code: models.CodeAuthFailed},
		{name: "user with a NUL", token: h.as(t, "\x00"), status: 401, code: models.CodeAuthFailed},
		{name: "deleted user", token: h.as(t, "gone"), path: "/users", status: 403, code: models.CodeNotAllowed},
		{name: "deactivated user", token: h.as(t, "off"), path: "/users", status: 403, code: models.CodeNotAllowed},
		{name: "user acting for another in the query", token: h.as(t, "ann"), path: "/users?user_id=bob", status: 403, code: models.CodeNotAllowed},
		{name: "user acting for itself", token: h.as(t, "ann"), path: "/users?user_id=ann", status: 200},
		{name: "server wins over user_id", token: server(jwt.MapClaims{"user_id": "nobody"}), path: "/users?user_id=bob", status: 200},
	} {
		t.Run(tc.name, func(t *testing.T) {
			method, path := http.MethodGet, tc.path
			if path == "" {
				method, path = http.MethodPost, "/users"
			}
			separator := "?"
			if strings.Contains(path, "?") {
				separator = "&"
			}
			switch tc.key {
			case "":
				path += separator + "api_key=" + h.app.APIKey
			case "-":
			default:
				path += separator + "api_key=" + tc.key
			}
			path = d.path(path)
			// Malformed, to see that nobody gets as far as the body before this.
			r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader("{"))
			r.Header.Set("stream-auth-type", "jwt")
			if tc.kind != "" {
				r.Header.Set("stream-auth-type", tc.kind)
			}
			if tc.token != "" {
				r.Header.Set("Authorization", tc.token)
			}
			a := h.do(t, r)
			if tc.code == 0 {
				if a.status != tc.status {
					t.Errorf("status %d, want %d: %s", a.status, tc.status, a.raw)
				}
				return
			}
			wantError(t, a, tc.status, tc.code, "failed with error", "")
		})
	}
}

func TestUserTokenSetsLastActive(t *testing.T) {
	h := newHarness(t)
	h.users(t, "ann")
	lastActive := func() time.Time {
		u, err := h.store.User(t.Context(), h.app.PK, "ann")
		if err != nil {
			t.Fatal(err)
		}
		if u.LastActive == nil {
			return time.Time{}
		}
		return *u.LastActive
	}
	if !lastActive().IsZero() {
		t.Fatal("active before any call")
	}
	get := func() { h.callAs(t, h.as(t, "ann"), http.MethodGet, "/users", nil) }
	get()
	first := lastActive()
	get()
	if first.IsZero() || !lastActive().Equal(first) {
		t.Errorf("last_active %v, then %v: want one write a minute", first, lastActive())
	}
	if _, err := connect(t, h).Exec(t.Context(), `UPDATE users SET last_active = now() - interval '61 seconds'`); err != nil {
		t.Fatal(err)
	}
	get()
	if !lastActive().After(first.Add(-time.Second)) {
		t.Errorf("last_active %v did not move", lastActive())
	}
}

func TestRouting(t *testing.T) { inEachDialect(t, testRouting) }

func testRouting(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	h.users(t, "ann")
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/query", `{"data": {"created_by_id": "ann"}}`)
	for _, id := range []string{"a b", "x+y", "50%", "a/b", "ü:@"} {
		h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/message",
			map[string]any{"message": map[string]any{"id": id, "text": "t", "user_id": "ann"}})
	}
	for _, tc := range []struct {
		path string
		want string // id of the message; "" is 404
	}{
		{"/messages/a%20b", "a b"},
		{"/messages/a+b", "a b"}, // no message is called a+b
		{"/messages/x+y", "x+y"},
		{"/messages/x%2By", "x+y"},
		{"/messages/50%25", "50%"},
		{"/messages/50%2525", ""}, // decoded once
		{"/messages/a%2Fb", "a/b"},
		{"/messages/%C3%BC:%40", "ü:@"},
		{"/messages/%C3%BC%3A@", "ü:@"},
		{"/messages/%FF", ""},
		{"/messages/%00", ""},
		{"/messages/a/b", ""},
		{"/messages/a%20b/", ""},
		{"/Messages/a%20b", ""},
		{"/messages/", ""},
		{"/messages//", ""},
	} {
		a := h.call(t, http.MethodGet, tc.path, nil)
		if tc.want == "" {
			wantError(t, a, http.StatusNotFound, models.CodeNotFound, "failed with error", "")
			continue
		}
		if a.status != http.StatusOK || at(t, a.body, "message", "id") != tc.want {
			t.Errorf("%s: %d %s", tc.path, a.status, a.raw)
		}
	}
	// The cases below need no authentication.
	for _, path := range []string{"/", "/nothing", "/users/", "/connect"} {
		a := h.do(t, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		wantError(t, a, http.StatusNotFound, models.CodeNotFound, "Request failed with error", "")
	}
	for _, method := range []string{http.MethodDelete, http.MethodPut, "BREW"} {
		a := h.do(t, httptest.NewRequestWithContext(t.Context(), method, "/users", nil))
		wantError(t, a, http.StatusNotFound, models.CodeNotFound, "Request failed with error", "")
	}
	for _, path := range []string{"/users", "/nothing"} {
		a := h.do(t, httptest.NewRequestWithContext(t.Context(), http.MethodOptions, path, nil))
		if a.status != http.StatusNoContent || a.raw != "" || a.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("OPTIONS %s: %d %v", path, a.status, a.header)
		}
		for _, name := range []string{"Authorization", "stream-auth-type", "Content-Type", "X-Stream-Client", "x-client-request-id"} {
			if !strings.Contains(a.header.Get("Access-Control-Allow-Headers"), name) {
				t.Errorf("OPTIONS %s does not allow %s", path, name)
			}
		}
	}
}

type brokenBody struct{ err error }

func (b brokenBody) Read([]byte) (int, error) { return 0, b.err }

func TestBodies(t *testing.T) { inEachDialect(t, testBodies) }

func testBodies(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	post := func(t *testing.T, body io.Reader) answer {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, d.path("/users")+"?api_key="+h.app.APIKey, body)
		r.Header.Set("stream-auth-type", "jwt")
		r.Header.Set("Authorization", h.token)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return h.do(t, r)
	}
	for _, empty := range []string{"", "null", " {} "} {
		wantError(t, post(t, strings.NewReader(empty)), http.StatusBadRequest, models.CodeInvalid, "users is required", "users")
	}
	large := bytes.Repeat([]byte(" "), 10<<20)
	wantError(t, post(t, bytes.NewReader(large)), http.StatusBadRequest, models.CodeInvalid, "users is required", "users")
	wantError(t, post(t, bytes.NewReader(append(large, ' '))), http.StatusRequestEntityTooLarge, models.CodeTooLarge, "10 MiB", "")
	wantError(t, post(t, brokenBody{os.ErrDeadlineExceeded}), http.StatusRequestTimeout, models.CodeTimeout, "not received in time", "")
	wantError(t, post(t, brokenBody{io.ErrUnexpectedEOF}), http.StatusBadRequest, models.CodeInvalid, "could not be read", "")
	wantError(t, post(t, strings.NewReader(`{"users": {"a"}}`)), http.StatusBadRequest, models.CodeInvalid, "line 1, column 15", "")
	if a := h.call(t, http.MethodGet, "/users", "this is ignored"); a.status != http.StatusOK {
		t.Errorf("a body of GET: %s", a.raw)
	}
}

func TestHealth(t *testing.T) {
	var temporal error
	h := newHarness(t, func(c *api.Config) {
		c.Ready = append(c.Ready, func(context.Context) error { return temporal })
		c.Log = slog.New(slog.DiscardHandler)
	})
	get := func(path string) int {
		return h.do(t, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)).status
	}
	if got := get("/readyz"); got != http.StatusOK {
		t.Errorf("ready: %d", got)
	}
	temporal = errors.New("not there")
	if got := get("/readyz"); got != http.StatusServiceUnavailable {
		t.Errorf("without Temporal: %d", got)
	}
	if got := get("/healthz"); got != http.StatusOK {
		t.Errorf("healthy: %d", got)
	}
}

func TestPanicIsAnInternalError(t *testing.T) {
	var log bytes.Buffer
	h := newHarness(t, func(c *api.Config) {
		c.Ready = append(c.Ready, func(context.Context) error { panic("a secret") })
		c.Log = slog.New(slog.NewTextHandler(&log, nil))
	})
	a := h.do(t, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil))
	wantError(t, a, http.StatusInternalServerError, models.CodeInternal, `Request failed with error: "internal error"`, "")
	if strings.Contains(a.raw, "secret") || !strings.Contains(log.String(), "a secret") || !strings.Contains(log.String(), "server_test.go") {
		t.Errorf("the cause belongs into the log alone: %s\n%s", a.raw, log.String())
	}
}

func TestDatabaseDown(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	listener.Close() // nobody listens there now, which is the point
	st, err := store.Open(t.Context(), "postgres://nobody@"+address+"/none?sslmode=disable", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	var log bytes.Buffer
	h := &harness{
		app:     models.App{APIKey: "key", Secret: "secret"},
		handler: api.New(api.Config{Store: st, Log: slog.New(slog.NewTextHandler(&log, nil))}),
		token:   sign(t, "secret", jwt.MapClaims{"server": true}),
	}
	a := h.call(t, http.MethodGet, "/users", nil)
	wantError(t, a, http.StatusServiceUnavailable, models.CodeInternal, "service temporarily unavailable", "")
	if a.header.Get("Retry-After") != "1" || a.body["unrecoverable"] != false {
		t.Errorf("Retry-After %q: %s", a.header.Get("Retry-After"), a.raw)
	}
	if strings.Contains(a.raw, address) || !strings.Contains(log.String(), address) {
		t.Errorf("the cause belongs into the log alone: %s\n%s", a.raw, log.String())
	}
	if got := h.do(t, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", nil)).status; got != http.StatusServiceUnavailable {
		t.Errorf("ready: %d", got)
	}
}

func TestRunServesUntilTold(t *testing.T) {
	st, err := store.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	inCall, release := make(chan struct{}), make(chan struct{})
	working := make(chan struct{}) // closed when the work in the background, which looks at the clock once, has done so
	atWork := sync.OnceFunc(func() { close(working) })
	server := api.New(api.Config{Store: st, Log: slog.New(slog.DiscardHandler), Now: func() time.Time {
		defer atWork()
		select {
		case inCall <- struct{}{}:
			<-release
		default:
		}
		return time.Now()
	}})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx, listener) }()
	<-working
	answered := make(chan error, 1)
	go func() {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+listener.Addr().String()+"/healthz", nil)
		if err != nil {
			answered <- err
			return
		}
		response, err := http.DefaultClient.Do(r)
		if err == nil {
			err = response.Body.Close()
		}
		answered <- err
	}()
	<-inCall
	stop()
	close(release)
	if err := <-answered; err != nil {
		t.Errorf("the call in progress was cut off: %v", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run: %v", err)
	}
}
