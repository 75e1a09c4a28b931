package api_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/go-cmp/cmp"

	"herald/api"
	"herald/models"
)

// clock is a time that a test moves.
type clock struct{ at atomic.Pointer[time.Time] }

func newClock(at time.Time) *clock {
	c := &clock{}
	c.at.Store(&at)
	return c
}

func (c *clock) Now() time.Time { return *c.at.Load() }

func (c *clock) add(d time.Duration) {
	at := c.Now().Add(d)
	c.at.Store(&at)
}

// limited makes the API limit rates by a clock.
func limited(c *clock, perMinute map[string]int) func(*api.Config) {
	return func(cfg *api.Config) {
		cfg.Now, cfg.RateLimits = c.Now, api.RateLimits{On: true, PerMinute: perMinute}
	}
}

func rateHeaders(a answer) [3]string {
	return [3]string{a.header.Get("X-RateLimit-Limit"), a.header.Get("X-RateLimit-Remaining"), a.header.Get("X-RateLimit-Reset")}
}

func TestRateLimits(t *testing.T) {
	start := time.Date(2026, 11, 23, 12, 0, 50, 300_000_000, time.UTC)
	const reset = "1795435260" // 12:01:00
	c := newClock(start)
	h := newHarness(t, limited(c, map[string]int{"QuerySegments": 90, "UpdateUsers": 1}))
	wantLimit := func(a answer, limit, remaining, reset string) {
		t.Helper()
		if diff := cmp.Diff([3]string{limit, remaining, reset}, rateHeaders(a)); diff != "" {
			t.Errorf("limit, remaining, reset (-want +got):\n%s", diff)
		}
	}
	query := func() answer { return h.call(t, http.MethodPost, "/segments/query", nil) }
	refused := func(a answer, reason, retryAfter string) {
		t.Helper()
		wantError(t, a, http.StatusTooManyRequests, models.CodeRateLimited, reason, "")
		if got := a.header.Get("Retry-After"); got != retryAfter || a.body["unrecoverable"] != false {
			t.Errorf("Retry-After %q, want %q: %s", got, retryAfter, a.raw)
		}
	}

	// A second takes a thirtieth, and what is refused is not counted.
	for _, remaining := range []string{"89", "88", "87"} {
		wantLimit(query(), "90", remaining, reset)
	}
	for range 2 {
		a := query()
		refused(a, `QuerySegments failed with error: "Too many requests: QuerySegments is limited to 3 calls a second"`, "1")
		wantLimit(a, "90", "87", reset)
	}
	// Errors count and tell too; the limit comes before the body and after permission.
	c.add(time.Second)
	a := h.call(t, http.MethodPost, "/segments/query", "{")
	wantError(t, a, http.StatusBadRequest, models.CodeInvalid, "malformed", "")
	wantLimit(a, "90", "86", reset)
	query()
	query()
	refused(h.call(t, http.MethodPost, "/segments/query", "{"), "Too many requests", "1")
	h.exec(t, `INSERT INTO users (app_pk, id, created_at, updated_at) VALUES ($1, 'ann', now(), now())`, h.app.PK)
	a = h.callAs(t, h.as(t, "ann"), http.MethodPost, "/segments/query", nil)
	wantError(t, a, http.StatusForbidden, models.CodeNotAllowed, "", "")
	wantLimit(a, "1000000", "1000000", reset)

	// One call a second is allowed in any case, and the minute counts over all seconds and both dialects.
	users := `{"users": {"ann": {"id": "ann"}}}`
	wantLimit(h.call(t, http.MethodPost, "/users", users), "1", "0", reset)
	c.add(time.Second)
	a = h.in(dialectV2).call(t, http.MethodPost, "/users", users)
	refused(a, "UpdateUsers is limited to 1 calls a minute", "8") // 12:00:52.3
	wantLimit(a, "1", "0", reset)
	other, err := h.store.CreateApp(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	theirs := *h
	theirs.app, theirs.token = other, sign(t, other.Secret, jwt.MapClaims{"server": true})
	wantLimit(theirs.call(t, http.MethodPost, "/users", users), "1", "0", reset)
	wantLimit(h.call(t, http.MethodGet, "/users", nil), "10000", "9999", reset)
	c.add(8 * time.Second)
	wantLimit(h.call(t, http.MethodPost, "/users", users), "1", "0", "1795435320")

	// Where nobody is known the headers are there too.
	for _, path := range []string{"/nothing", "/segments/x", "/healthz"} {
		a := h.do(t, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		wantLimit(a, "1000000", "1000000", "1795435320")
	}
}

func TestDefaultRateLimits(t *testing.T) { inEachDialect(t, testDefaultRateLimits) }

func testDefaultRateLimits(t *testing.T, d dialect) {
	c := newClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	h := newHarness(t, limited(c, map[string]int{"StopCampaign": 7})).in(d)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/segments/query", nil)
	got := h.mustCall(t, http.StatusOK, http.MethodGet, "/rate_limits", nil)["server_side"].(map[string]any)
	for operation, want := range map[string][2]string{
		"CreateCampaign": {"300", "300"}, "StartCampaign": {"300", "300"}, "StopCampaign": {"7", "7"}, "CampaignRecipients": {"300", "300"}, "GetSegment": {"300", "300"},
		"AddSegmentTargets": {"1000", "1000"}, "DeleteSegmentTargets": {"1000", "1000"}, "SegmentTargetExists": {"1000", "1000"},
		"QueryCampaigns": {"1000", "1000"}, "QuerySegments": {"1000", "999"}, "QuerySegmentTargets": {"1000", "1000"},
		"QueryUsers": {"10000", "10000"}, "SendMessage": {"10000", "10000"}, "UpdateApp": {"10000", "10000"}, "GetRateLimits": {"10000", "9999"},
	} {
		if diff := cmp.Diff(map[string]any{"limit": json.Number(want[0]), "remaining": json.Number(want[1]), "reset": json.Number("1795435260")}, got[operation]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", operation, diff)
		}
	}
	for _, tc := range []struct {
		query string
		want  int // operations; -1 is no server_side
	}{
		{"server_side=true&web=true", len(got)}, {"web=true", -1}, {"android=true&ios=true", -1}, {"server_side=false", len(got)},
		{"endpoints=CreateCampaign,QueryUsers,Nothing", 2}, {"server_side=true&endpoints=CreateCampaign", 1}, {"endpoints=Nothing", 0},
	} {
		answer := h.mustCall(t, http.StatusOK, http.MethodGet, "/rate_limits?"+tc.query, nil)
		limits, ok := answer["server_side"].(map[string]any)
		if ok != (tc.want >= 0) || ok && len(limits) != tc.want {
			t.Errorf("%s: %d operations, want %d", tc.query, len(limits), tc.want)
		}
	}
	wantError(t, h.call(t, http.MethodGet, "/rate_limits?web=maybe", nil), http.StatusBadRequest, models.CodeInvalid, "true or false", "web")
}

func TestNoRateLimits(t *testing.T) {
	h := newHarness(t)
	got := h.mustCall(t, http.StatusOK, http.MethodGet, "/rate_limits?endpoints=CreateCampaign", nil)
	limit := at(t, got, "server_side", "CreateCampaign").(map[string]any)
	if limit["limit"] != json.Number("1000000") || limit["remaining"] != json.Number("1000000") {
		t.Errorf("without limits: %v", limit)
	}
}

// Calls side by side are all counted.
func TestRateLimitsAtOnce(t *testing.T) {
	c := newClock(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC))
	h := newHarness(t, limited(c, map[string]int{"QuerySegments": 900}))
	var group sync.WaitGroup
	var allowed atomic.Int64
	for range 8 {
		group.Go(func() {
			for range 10 {
				if a := h.call(t, http.MethodPost, "/segments/query", nil); a.status == http.StatusCreated {
					allowed.Add(1)
				}
			}
		})
	}
	group.Wait()
	if got := allowed.Load(); got != 30 {
		t.Errorf("%d calls in one second, want 30", got)
	}
}

func TestRateLimitOverrides(t *testing.T) {
	for name, tc := range map[string]struct {
		limits map[string]int
		want   string
	}{
		"none":    {nil, ""},
		"fine":    {map[string]int{"CreateCampaign": 1}, ""},
		"unknown": {map[string]int{"MakeCampaign": 1, "AllOfIt": 5}, "there is no operation \"AllOfIt\" to limit\nthere is no operation \"MakeCampaign\" to limit"},
		"zero":    {map[string]int{"CreateCampaign": 0}, "the limit of CreateCampaign must be at least 1 call a minute"},
	} {
		var got string
		if err := (api.RateLimits{PerMinute: tc.limits}).Check(); err != nil {
			got = err.Error()
		}
		if got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}
