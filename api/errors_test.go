package api_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"herald/api"
	"herald/models"
	"herald/models/store"
	"herald/workflows"
)

// Every row of the contract's table of errors (4.3) is provoked here, each of its conditions once. What precedes what is for
// TestAuthentication to say, and what each endpoint refuses for the tests of the endpoint.
func TestErrorTable(t *testing.T) { inEachDialect(t, testErrorTable) }

func testErrorTable(t *testing.T, d dialect) {
	h := newHarness(t, func(c *api.Config) {
		c.RateLimits = api.RateLimits{On: true, PerMinute: map[string]int{"GetHookEvents": 1}}
		c.Runs = panickingRuns{&recordedRuns{}}
		c.Log = slog.New(slog.DiscardHandler)
	}).in(d)
	stock(t, h)
	other, err := h.store.CreateApp(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	asOther := *h
	asOther.app, asOther.token = other, sign(t, other.Secret, jwt.MapClaims{"server": true})

	call := func(method, path string, body any) func() answer {
		return func() answer { return h.call(t, method, path, body) }
	}
	as := func(user, method, path string, body any) func() answer {
		return func() answer { return h.callAs(t, h.as(t, user), method, path, body) }
	}
	// with changes the headers or the query of a good request.
	with := func(change func(r *http.Request)) func() answer {
		return func() answer {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, d.path("/segments/s")+"?api_key="+h.app.APIKey, nil)
			r.Header.Set("stream-auth-type", "jwt")
			r.Header.Set("Authorization", h.token)
			change(r)
			return h.do(t, r)
		}
	}
	query := func(raw string) func() answer { return with(func(r *http.Request) { r.URL.RawQuery = raw }) }
	headers := func(name, value string) func() answer {
		return with(func(r *http.Request) { r.Header.Set(name, value) })
	}
	token := func(secret string, claims jwt.MapClaims) func() answer {
		return headers("Authorization", sign(t, secret, claims))
	}
	past, future := time.Now().Add(-time.Hour).Unix(), time.Now().Add(time.Hour).Unix()
	campaign := func(more m) m {
		body := m{"sender_id": "shop", "user_ids": []string{"ann"}, "message_template": m{"text": "Hi"}}
		for key, value := range more {
			body[key] = value
		}
		return body
	}
	long := strings.Repeat("ä", 5001)

	for _, row := range []struct {
		status int
		code   models.Code
		when   string
		call   func() answer
		reason string
	}{
		{401, 2, "api_key missing", query(""), "api_key is missing"},
		{401, 2, "api_key unknown", query("api_key=nobody"), "api_key is not valid"},

		{401, 5, "stream-auth-type missing", headers("stream-auth-type", ""), "stream-auth-type"},
		{401, 5, "stream-auth-type invalid", headers("stream-auth-type", "anonymous"), "stream-auth-type"},
		{401, 5, "Authorization missing", headers("Authorization", ""), "JWT"},
		{401, 5, "Authorization is no JWT", headers("Authorization", "a.b.c"), "JWT"},
		{401, 5, "algorithm other than HS256", headers("Authorization", signHS512(t, h.app.Secret)), "HS256"},
		{401, 5, "neither server:true nor user_id", token(h.app.Secret, jwt.MapClaims{}), "neither"},
		{401, 5, "user of a user token unknown", token(h.app.Secret, jwt.MapClaims{"user_id": "nobody"}), "does not exist"},
		{401, 43, "signature does not verify", token("wrong", jwt.MapClaims{"server": true}), "signature"},
		{401, 43, "signature of another app", token(other.Secret, jwt.MapClaims{"server": true}), "signature"},
		{401, 40, "exp passed", token(h.app.Secret, jwt.MapClaims{"server": true, "exp": past}), "expired"},
		{401, 41, "nbf in the future", token(h.app.Secret, jwt.MapClaims{"server": true, "nbf": future}), "not valid yet"},
		{401, 42, "iat in the future", token(h.app.Secret, jwt.MapClaims{"server": true, "iat": future}), "issued in the future"},

		{403, 17, "user token on a server-only route", as("ann", "GET", "/segments/s", nil), "server token"},
		{403, 17, "acting as another user in the query", as("ann", "GET", "/unread?user_id=bob", nil), "cannot act as"},
		{403, 17, "acting as another user in the body", as("ann", "POST", "/devices", m{"id": "d", "push_provider": "apn", "user_id": "bob"}), "cannot act as"},
		{403, 17, "in a channel the user is not a member of", as("bob", "POST", "/channels/messaging/c/read", nil), "not a member"},
		{403, 17, "user deactivated", as("off", "GET", "/users", nil), "deactivated"},
		{403, 17, "user deleted", as("gone", "GET", "/users", nil), "deleted"},
		{403, 17, "message capacity used up", call("POST", "/campaigns/capacity/start", nil), "monthly campaign message capacity"},
		{403, 17, "mau_plan pinned by the operator", call("PATCH", "/app", m{"mau_plan": 5}), "set by the operator"},

		{429, 9, "rate limit", func() answer { call("GET", "/hook/events", nil)(); return call("GET", "/hook/events", nil)() }, "Too many requests"},

		{413, 22, "body over 10 MiB", func() answer {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, d.path("/segments")+"?api_key="+h.app.APIKey, strings.NewReader(strings.Repeat(" ", 10<<20+1)))
			r.Header = http.Header{"Stream-Auth-Type": {"jwt"}, "Authorization": {h.token}}
			return h.do(t, r)
		}, "10 MiB"},

		{400, 4, "malformed input", call("POST", "/segments", `{"type"`), "malformed JSON at line 1, column 7"},
		{400, 4, "invalid input", call("POST", "/segments", m{"type": 5}), "type must be a string"},
		{400, 4, "id already exists", call("POST", "/segments", m{"id": "s", "type": "user"}), "already exists"},
		{400, 4, "move not allowed in the present status", call("POST", "/campaigns/capacity/stop", nil), "campaign is draft"},
		{400, 4, "unknown sender in the body", call("POST", "/campaigns", campaign(m{"sender_id": "nobody"})), "sender_id"},
		{400, 4, "unknown segment in the body", call("POST", "/campaigns", campaign(m{"user_ids": nil, "segment_ids": []string{"none"}})), "segment_ids"},
		{400, 4, "unknown poll in the body", call("POST", "/campaigns", campaign(m{"message_template": m{"text": "Hi", "poll_id": "none"}})), "poll_id"},
		{400, 4, "unknown member in the body", call("POST", "/campaigns", campaign(m{"channel_template": m{"type": "messaging", "members": []string{"nobody"}}})), "members"},
		{400, 20, "SendMessage over 5,000 characters", call("POST", "/channels/messaging/c/message", m{"message": m{"text": long, "user_id": "shop"}}), "5000 characters"},
		{400, 20, "UpdateChannel over 5,000 characters", call("POST", "/channels/messaging/c", m{"message": m{"text": long, "user_id": "shop"}}), "5000 characters"},

		{404, 16, "unknown route", call("GET", "/nothing", nil), "no route"},
		{404, 16, "another method", call("PUT", "/segments", nil), "no route"},
		{404, 16, "object in the path unknown", call("GET", "/segments/none", nil), "doesn't exist"},
		{404, 16, "object in the path deleted", call("GET", "/segments/gone", nil), "doesn't exist"},
		{404, 16, "object in the path of another app", func() answer { return asOther.call(t, "GET", "/segments/s", nil) }, "doesn't exist"},

		{408, 23, "body not received in time", func() answer { return slowBody(t, h) }, "not received in time"},
		{500, -1, "anything unexpected", call("GET", "/campaigns/started/execution", nil), `"internal error"`},
		{503, -1, "Postgres not reachable", func() answer { return unreachable(t).in(d).call(t, "GET", "/segments/s", nil) }, "service temporarily unavailable"},
	} {
		t.Run(fmt.Sprint(row.status, " ", row.code, " ", row.when), func(t *testing.T) {
			a := row.call()
			wantError(t, a, row.status, row.code, row.reason, "")
			wantEnvelope(t, a)
			recoverable := row.status == 408 || row.status == 429 || row.status >= 500
			if a.body["unrecoverable"] == recoverable {
				t.Errorf("unrecoverable is %v", a.body["unrecoverable"])
			}
			retryAfter := a.header.Get("Retry-After")
			if later := row.status == 429 || row.status == 503; later == (retryAfter == "") {
				t.Errorf("Retry-After %q", retryAfter)
			}
			if strings.Contains(a.raw, "a secret") || strings.Contains(a.raw, "127.0.0.1") {
				t.Errorf("internals are shown: %s", a.raw)
			}
		})
	}
}

// stock makes what the rows of the table need.
func stock(t *testing.T, h *harness) {
	t.Helper()
	h.users(t, "shop", "ann", "bob", "gone", "off")
	h.exec(t, `UPDATE users SET deleted_at = CASE id WHEN 'gone' THEN now() END, deactivated_at = CASE id WHEN 'off' THEN now() END`)
	for _, id := range []string{"s", "gone"} {
		h.mustCall(t, http.StatusCreated, "POST", "/segments", m{"id": id, "type": "user"})
	}
	h.mustCall(t, http.StatusOK, "DELETE", "/segments/gone", nil)
	h.mustCall(t, http.StatusCreated, "POST", "/channels/messaging/c/query", m{"data": m{"created_by_id": "shop", "members": []any{m{"user_id": "shop"}, m{"user_id": "ann"}}}})
	h.draft(t, "capacity", nil)
	h.draft(t, "started", nil)
	h.mustCall(t, http.StatusCreated, "POST", "/campaigns/started/start", nil)
	plan := int64(1)
	if err := h.store.SetPlan(t.Context(), "test", &plan, true); err != nil {
		t.Fatal(err)
	}
	h.exec(t, `INSERT INTO campaign_usage (app_pk, month, sent) SELECT app_pk, date_trunc('month', now() AT TIME ZONE 'UTC'), 3 FROM apps WHERE name = 'test'
		ON CONFLICT DO NOTHING`)
	h.exec(t, `UPDATE campaign_usage SET sent = 3`)
}

func signHS512(t *testing.T, secret string) string {
	t.Helper()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS512, jwt.MapClaims{"server": true}).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// impatient serves the harness's database with little patience for bodies.
func impatient(t *testing.T, h *harness) (address string) {
	t.Helper()
	return serve(t, api.New(api.Config{Store: h.store, Log: slog.New(slog.DiscardHandler), BodyTimeout: 50 * time.Millisecond}))
}

// slowBody sends half a body to a server that is not patient.
func slowBody(t *testing.T, h *harness) answer {
	t.Helper()
	address := impatient(t, h)
	head := "POST " + h.dialect.path("/segments") + "?api_key=" + h.app.APIKey + " HTTP/1.1\r\nHost: herald\r\nStream-Auth-Type: jwt\r\n" +
		"Authorization: " + h.token + "\r\nContent-Length: 100\r\n\r\n"
	return raw(t, address, http.MethodPost, head+`{"type":`)
}

// A body that never comes does not keep the answer back for long.
func TestBodyThatNeverComes(t *testing.T) {
	h := newHarness(t)
	address := impatient(t, h)
	for _, first := range []string{"POST /segments", "POST /nothing", "DELETE /segments/s", "OPTIONS /segments"} {
		method, _, _ := strings.Cut(first, " ")
		a := raw(t, address, method, first+" HTTP/1.1\r\nHost: herald\r\nContent-Length: 100\r\n\r\n{")
		if want := map[string]int{"POST /nothing": http.StatusNotFound, "OPTIONS /segments": http.StatusNoContent}[first]; a.status != cmp.Or(want, http.StatusUnauthorized) {
			t.Errorf("%s answered %d: %s", first, a.status, a.raw)
		}
	}
}

// unreachable is a harness whose Postgres is not there.
func unreachable(t *testing.T) *harness {
	t.Helper()
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
	return &harness{
		app: models.App{APIKey: "key"}, handler: api.New(api.Config{Store: st, Log: slog.New(slog.DiscardHandler)}),
		token: sign(t, "secret", jwt.MapClaims{"server": true}),
	}
}

// panickingRuns has a bug.
type panickingRuns struct{ api.Runs }

func (panickingRuns) Execution(context.Context, models.Campaign) workflows.Execution {
	panic("a secret")
}
