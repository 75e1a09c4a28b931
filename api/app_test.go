package api_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/api"
	"herald/events"
	"herald/models"
)

// withHosts makes host names resolve to addresses; the rest cannot be looked up.
func withHosts(hosts map[string]string) func(*api.Config) {
	return func(c *api.Config) {
		c.Webhooks = events.Addresses{Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
			if address, ok := hosts[host]; ok {
				return []netip.Addr{netip.MustParseAddr(address)}, nil
			}
			return nil, errors.New("no such host")
		}}
	}
}

func (h *harness) appObject(t *testing.T) map[string]any {
	t.Helper()
	app, _ := h.mustCall(t, http.StatusOK, http.MethodGet, "/app", nil)["app"].(map[string]any)
	return app
}

func TestGetApp(t *testing.T) { inEachDialect(t, testGetApp) }

func testGetApp(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	app := h.appObject(t)
	month := models.MonthOf(time.Now())
	want := map[string]any{
		"id": json.Number(fmt.Sprint(h.app.PK)), "name": "test", "organization": "", "placement": "",
		"campaign_enabled": true, "suspended": false, "suspended_explanation": "", "webhook_url": "", "webhook_events": []any{}, "event_hooks": []any{},
		"use_hook_v2": true, "enable_hook_payload_compression": false, "multi_tenant_enabled": false,
		"disable_auth_checks": false, "disable_permissions_checks": false, "permission_version": "v2", "enforce_unique_usernames": "no",
		"user_search_disallowed_roles": []any{}, "channel_configs": map[string]any{}, "call_types": map[string]any{}, "policies": map[string]any{}, "grants": map[string]any{},
		"mau_plan": json.Number("0"),
		"campaign_messages": map[string]any{
			"used": json.Number("0"), "allowance": nil,
			"period_start": d.time(month.Format("2006-01-02T15:04:05.000000Z")), "period_end": d.time(month.AddDate(0, 1, 0).Format("2006-01-02T15:04:05.000000Z")),
		},
	}
	if diff := cmp.Diff(want, app); diff != "" {
		t.Errorf("app (-want +got):\n%s", diff)
	}
}

func TestUpdateApp(t *testing.T) { inEachDialect(t, testUpdateApp) }

func testUpdateApp(t *testing.T, d dialect) {
	h := newHarness(t, withHosts(map[string]string{"example.com": "93.184.216.34"})).in(d)
	h.mustCall(t, http.StatusOK, http.MethodPatch, "/app", `{
		"event_hooks": [
			{"hook_type": "webhook", "webhook_url": "https://example.com/hook?a=<b>"},
			{"id": "mine", "hook_type": "webhook", "enabled": false, "event_types": ["campaign.started", "*", "news.flash"], "webhook_url": "http://unknown.example:8080",
				"product": "video", "timeout_ms": 100, "timestamp_format": "unix_nano", "created_at": 1}
		],
		"webhook_url": "https://example.com/old", "webhook_events": ["message.new"], "enable_hook_payload_compression": true, "multi_tenant_enabled": true, "mau_plan": 100,
		"name": "other", "id": 77, "secret": "x", "policies": {"a": 1}}`)
	app := h.appObject(t)
	hooks := app["event_hooks"].([]any)
	for _, value := range hooks {
		hook := value.(map[string]any)
		delete(hook, "created_at")
		delete(hook, "updated_at")
	}
	if id := at(t, hooks, 0, "id").(string); len(id) != 36 {
		t.Errorf("a hook's id is %q", id)
	}
	want := map[string]any{
		"name": "test", "webhook_url": "https://example.com/old", "webhook_events": []any{"message.new"},
		"enable_hook_payload_compression": true, "multi_tenant_enabled": true, "mau_plan": json.Number("100"),
		"event_hooks": []any{
			map[string]any{"id": at(t, hooks, 0, "id"), "hook_type": "webhook", "enabled": true, "event_types": []any{}, "webhook_url": "https://example.com/hook?a=<b>",
				"product": "all", "timeout_ms": json.Number("6000"), "timestamp_format": "rfc3339"},
			map[string]any{"id": "mine", "hook_type": "webhook", "enabled": false, "event_types": []any{"campaign.started", "*", "news.flash"}, "webhook_url": "http://unknown.example:8080",
				"product": "video", "timeout_ms": json.Number("100"), "timestamp_format": "unix_nano"},
		},
	}
	for key, value := range want {
		if diff := cmp.Diff(value, app[key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	if allowance := at(t, app, "campaign_messages", "allowance"); allowance != json.Number("300") {
		t.Errorf("allowance %v", allowance)
	}

	// What is absent or null stays.
	before := h.appObject(t)
	h.mustCall(t, http.StatusOK, http.MethodPatch, "/app", `{"event_hooks": null, "webhook_url": null, "mau_plan": null}`)
	if diff := cmp.Diff(before, h.appObject(t)); diff != "" {
		t.Errorf("after a change of nothing (-want +got):\n%s", diff)
	}
	// What GetApp gave can be sent back.
	h.mustCall(t, http.StatusOK, http.MethodPatch, "/app", before)
	if diff := cmp.Diff(before, h.appObject(t)); diff != "" {
		t.Errorf("after sending back what was read (-want +got):\n%s", diff)
	}
	h.mustCall(t, http.StatusOK, http.MethodPatch, "/app", `{"event_hooks": [], "webhook_url": "", "mau_plan": 0}`)
	app = h.appObject(t)
	if diff := cmp.Diff([]any{[]any{}, "", []any{}, json.Number("0")}, []any{app["event_hooks"], app["webhook_url"], app["webhook_events"], app["mau_plan"]}); diff != "" {
		t.Errorf("after removing all (-want +got):\n%s", diff)
	}
}

func TestUpdateAppRefuses(t *testing.T) {
	h := newHarness(t, withHosts(map[string]string{"inside.example": "10.1.2.3", "example.com": "93.184.216.34"}))
	hook := func(fields string) string {
		return `{"multi_tenant_enabled": true, "event_hooks": [{"hook_type": "webhook", "webhook_url": "https://example.com", ` + fields + `}]}`
	}
	url := func(u string) string { return `{"multi_tenant_enabled": true, "webhook_url": "` + u + `"}` }
	for _, tc := range []struct{ body, reason, field string }{
		{hook(`"hook_type": null`), "is required", "event_hooks[0].hook_type"},
		{hook(`"hook_type": "sqs"`), "not supported", "event_hooks[0].hook_type"},
		{hook(`"hook_type": "sns"`), "not supported", "event_hooks[0].hook_type"},
		{hook(`"hook_type": "pending_message"`), "not supported", "event_hooks[0].hook_type"},
		{hook(`"webhook_url": null`), "is required", "event_hooks[0].webhook_url"},
		{hook(`"webhook_url": ""`), "absolute http or https", "event_hooks[0].webhook_url"},
		{hook(`"webhook_url": 1`), "must be a string", "event_hooks[0].webhook_url"},
		{hook(`"timeout_ms": 99`), "between 100 and 6000", "event_hooks[0].timeout_ms"},
		{hook(`"timeout_ms": 6001`), "between 100 and 6000", "event_hooks[0].timeout_ms"},
		{hook(`"timestamp_format": "unix"`), "must be one of", "event_hooks[0].timestamp_format"},
		{hook(`"enabled": "true"`), "must be a boolean", "event_hooks[0].enabled"},
		{hook(`"event_types": ["message.new", null]`), "must be a string", "event_hooks[0].event_types[1]"},
		{hook(`"id": "legacy"`), "is the hook of webhook_url", "event_hooks[0].id"},
		{hook(`"id": "a\u0007"`), "control character", "event_hooks[0].id"},
		{`{"multi_tenant_enabled": true, "event_hooks": [{"id": "a", "hook_type": "webhook", "webhook_url": "https://example.com"}, {"id": "a", "hook_type": "webhook", "webhook_url": "https://example.com"}]}`,
			"given twice", "event_hooks[1].id"},
		{`{"multi_tenant_enabled": true, "event_hooks": [` + strings.Repeat(`{},`, 20) + `{}]}`, "at most 20", "event_hooks"},
		{`{"multi_tenant_enabled": true, "event_hooks": {}}`, "must be an array", "event_hooks"},
		{`{"multi_tenant_enabled": true, "webhook_events": "*"}`, "must be an array", "webhook_events"},
		{`{"multi_tenant_enabled": true, "mau_plan": -1}`, "must be between 0", "mau_plan"},
		{`{"multi_tenant_enabled": true, "mau_plan": 1.0}`, "must be an integer", "mau_plan"},
		{`{"multi_tenant_enabled": true, "enable_hook_payload_compression": 1}`, "must be a boolean", "enable_hook_payload_compression"},
		{url("example.com/hook"), "absolute http or https", "webhook_url"},
		{url("//example.com/hook"), "absolute http or https", "webhook_url"},
		{url("ftp://example.com"), "absolute http or https", "webhook_url"},
		{url("http://"), "absolute http or https", "webhook_url"},
		{url("http://:80/"), "absolute http or https", "webhook_url"},
		{url("http://example.com:70000/"), "absolute http or https", "webhook_url"},
		{url("http://exam ple.com"), "absolute http or https", "webhook_url"},
		{url("https://example.com/" + strings.Repeat("a", 2048)), "at most 2048", "webhook_url"},
		{url("http://inside.example/"), "not public (private)", "webhook_url"},
		{url("http://127.0.0.1/"), "not public (loopback)", "webhook_url"},
		{url("http://[::ffff:10.0.0.1]/"), "not public (private)", "webhook_url"},
		{url("http://169.254.169.254/latest"), "not public (link-local)", "webhook_url"},
		{url("http://localhost"), "", ""}, // cannot be looked up here: passes, and is refused when it is called
	} {
		a := h.call(t, http.MethodPatch, "/app", tc.body)
		if tc.reason == "" {
			if a.status != http.StatusOK {
				t.Errorf("%s: %s", tc.body, a.raw)
			}
			h.mustCall(t, http.StatusOK, http.MethodPatch, "/app", `{"multi_tenant_enabled": false, "webhook_url": ""}`)
			continue
		}
		wantError(t, a, http.StatusBadRequest, models.CodeInvalid, tc.reason, tc.field)
		if app := h.appObject(t); app["multi_tenant_enabled"] != false || app["webhook_url"] != "" {
			t.Errorf("%s was refused and changed something: %v", tc.body, app)
		}
	}
	if err := h.store.SetPlan(t.Context(), "test", nil, true); err != nil {
		t.Fatal(err)
	}
	wantError(t, h.call(t, http.MethodPatch, "/app", `{"mau_plan": 5}`), http.StatusForbidden, models.CodeNotAllowed, "set by the operator", "")
	h.users(t, "ann")
	for _, path := range []string{"/app", "/hook/events", "/hook/failures"} {
		wantError(t, h.callAs(t, h.as(t, "ann"), http.MethodGet, path, nil), http.StatusForbidden, models.CodeNotAllowed, "server token", "")
	}
}

func TestAllowedNetworks(t *testing.T) {
	h := newHarness(t, func(c *api.Config) {
		c.Webhooks.Allowed = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	h.mustCall(t, http.StatusOK, http.MethodPatch, "/app", `{"webhook_url": "http://127.0.0.1:9/hook"}`)
	wantError(t, h.call(t, http.MethodPatch, "/app", `{"webhook_url": "http://10.0.0.1/hook"}`), http.StatusBadRequest, models.CodeInvalid, "not public", "webhook_url")
}

func TestHookEvents(t *testing.T) { inEachDialect(t, testHookEvents) }

func testHookEvents(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	listed := h.mustCall(t, http.StatusOK, http.MethodGet, "/hook/events?product=chat,video", nil)["events"].([]any)
	var names []string
	for _, e := range listed {
		event := e.(map[string]any)
		if event["description"] == "" || cmp.Diff([]any{"chat"}, event["products"]) != "" || len(event) != 3 {
			t.Errorf("event %v", event)
		}
		names = append(names, event["name"].(string))
	}
	want := strings.Fields(`campaign.created campaign.scheduled campaign.started campaign.updated campaign.paused campaign.resumed campaign.stopped
		campaign.completed campaign.deleted message.new message.read channel.created member.added channel.visible channel.hidden`)
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestHookFailures(t *testing.T) { inEachDialect(t, testHookFailures) }

func testHookFailures(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	other, err := h.store.CreateApp(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	conn := connect(t, h)
	const n = 7
	for i := range n { // pairs have the same time
		app, hook := h.app.PK, "legacy"
		if i == 3 {
			hook = "mine"
		}
		for _, app := range []int64{app, other.PK} {
			_, err := conn.Exec(t.Context(), `
				INSERT INTO hook_failures (app_pk, id, hook_id, webhook_url, event_type, campaign_id, seq, attempts, first_attempt_at, last_attempt_at, last_status, last_error, event)
				VALUES ($1, $2, $3, 'https://example.com/hook', 'campaign.completed', 'sale', 7, 151, '2026-11-23T10:01:02.900000Z',
					timestamptz '2026-11-24T10:01:01.100000Z' + $4 * interval '1 second', 502, '', '{"type": "campaign.completed", "b": 1, "a": [ ]}')`,
				app, fmt.Sprintf("f%d-%d", i, app), hook, i/2)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	id := func(i int) string { return fmt.Sprintf("f%d-%d", i, h.app.PK) }
	page := func(query string) (ids []string, next, prev string) {
		t.Helper()
		a := h.mustCall(t, http.StatusOK, http.MethodGet, "/hook/failures?"+query, nil)
		for _, f := range a["failures"].([]any) {
			ids = append(ids, f.(map[string]any)["id"].(string))
		}
		next, _ = a["next"].(string)
		prev, _ = a["prev"].(string)
		return ids, next, prev
	}
	first, next, prev := page("limit=3")
	if diff := cmp.Diff([]string{id(6), id(5), id(4)}, first); diff != "" || prev != "" {
		t.Errorf("first page: prev %q (-want +got):\n%s", prev, diff)
	}
	second, next, prev := page("next=" + next)
	if diff := cmp.Diff([]string{id(3), id(2), id(1)}, second); diff != "" || prev == "" {
		t.Errorf("second page: prev %q (-want +got):\n%s", prev, diff)
	}
	third, last, _ := page("next=" + next)
	if diff := cmp.Diff([]string{id(0)}, third); diff != "" || last != "" {
		t.Errorf("third page: next %q (-want +got):\n%s", last, diff)
	}
	back, _, none := page("limit=10&prev=" + prev)
	if diff := cmp.Diff(first, back); diff != "" || none != "" {
		t.Errorf("back on the first page: prev %q (-want +got):\n%s", none, diff)
	}
	mine, none, _ := page("hook_id=mine")
	if diff := cmp.Diff([]string{id(3)}, mine); diff != "" || none != "" {
		t.Errorf("of one hook: next %q (-want +got):\n%s", none, diff)
	}
	legacy, next, _ := page("hook_id=legacy&limit=2")
	if rest, _, _ := page("limit=10&hook_id=mine&next=" + next); cmp.Diff([]string{id(6), id(5), id(4), id(2), id(1), id(0)}, append(legacy, rest...)) != "" {
		t.Errorf("of one hook, page by page: %v, then %v", legacy, rest)
	}
	a := h.call(t, http.MethodGet, "/hook/failures?hook_id=mine", nil)
	want := map[string]any{
		"id": id(3), "hook_id": "mine", "webhook_url": "https://example.com/hook", "event_type": "campaign.completed", "campaign_id": "sale", "seq": json.Number("7"),
		"attempts": json.Number("151"), "first_attempt_at": d.time("2026-11-23T10:01:02.900000Z"), "last_attempt_at": d.time("2026-11-24T10:01:02.100000Z"),
		"last_status": json.Number("502"), "last_error": "", "event": map[string]any{"type": "campaign.completed", "b": json.Number("1"), "a": []any{}},
	}
	if diff := cmp.Diff(want, at(t, a.body, "failures", 0)); diff != "" {
		t.Errorf("failure (-want +got):\n%s", diff)
	}
	if !strings.Contains(a.raw, `"event":{"type": "campaign.completed", "b": 1, "a": [ ]}`) {
		t.Errorf("the event is not as it was sent: %s", a.raw)
	}
	for _, query := range []string{"limit=-1", "limit=101", "next=x", "limit=x", "prev=" + next[:len(next)-2]} {
		wantError(t, h.call(t, http.MethodGet, "/hook/failures?"+query, nil), http.StatusBadRequest, models.CodeInvalid, "", "")
	}
}

func TestReplayHookFailures(t *testing.T) { inEachDialect(t, testReplayHookFailures) }

func testReplayHookFailures(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	h.mustCall(t, http.StatusOK, http.MethodPatch, "/app", `{"webhook_url": "https://example.com/hook"}`)
	conn := connect(t, h)
	ids := make([]string, 4)
	for i := range ids {
		ids[i] = models.NewID()
		hook := "legacy"
		if i == 3 {
			hook = "gone"
		}
		_, err := conn.Exec(t.Context(), `
			INSERT INTO hook_failures (app_pk, id, hook_id, webhook_url, event_type, attempts, first_attempt_at, last_attempt_at, event)
			VALUES ($1, $2, $3, 'https://example.com/hook', 'message.new', 151, now(), now(), '{"type": "message.new"}')`, h.app.PK, ids[i], hook)
		if err != nil {
			t.Fatal(err)
		}
	}
	replay := func(body m, want int) {
		t.Helper()
		a := h.mustCall(t, http.StatusCreated, http.MethodPost, "/hook/failures/replay", body)
		if got := a["replayed"]; got != json.Number(fmt.Sprint(want)) {
			t.Errorf("%v replayed %v, want %d", body, got, want)
		}
	}
	replay(m{"ids": []string{ids[1], "unknown"}}, 1)
	replay(m{"ids": []string{ids[1]}}, 0)
	replay(m{"ids": []string{}}, 0)
	replay(m{"hook_id": "other", "all": true}, 0)
	replay(m{"hook_id": "legacy", "all": true}, 2)
	replay(m{"all": true}, 0)
	if left := h.mustCall(t, http.StatusOK, http.MethodGet, "/hook/failures", nil)["failures"].([]any); len(left) != 1 {
		t.Errorf("%d failures are left, want that of the hook that is gone", len(left))
	}
	for _, body := range []m{{}, {"all": false}, {"ids": []string{ids[0]}, "all": true}} {
		wantError(t, h.call(t, http.MethodPost, "/hook/failures/replay", body), http.StatusBadRequest, models.CodeInvalid, "", "ids")
	}
	h.users(t, "ann")
	wantError(t, h.callAs(t, h.as(t, "ann"), http.MethodPost, "/hook/failures/replay", m{"all": true}), http.StatusForbidden, models.CodeNotAllowed, "server token", "")
}

func TestMessageCapacity(t *testing.T) { inEachDialect(t, testMessageCapacity) }

func testMessageCapacity(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	h.users(t, "shop", "ann")
	create := func(id string) {
		h.mustCall(t, http.StatusCreated, http.MethodPost, "/campaigns", m{"id": id, "sender_id": "shop", "user_ids": []string{"ann"}, "message_template": m{"text": "Hi"}})
	}
	refused := func(path string) {
		t.Helper()
		wantError(t, h.call(t, http.MethodPost, path, nil), http.StatusForbidden, models.CodeNotAllowed, `failed with error: "monthly campaign message capacity of 300 is used up"`, "")
	}
	create("now")
	create("running")
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/campaigns/running/start", nil)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/campaigns/running/pause", nil)
	h.mustCall(t, http.StatusOK, http.MethodPatch, "/app", m{"mau_plan": 100})
	h.exec(t, `UPDATE campaign_usage SET sent = 300`)
	if diff := cmp.Diff([]any{json.Number("300"), json.Number("300")}, []any{at(t, h.appObject(t), "campaign_messages", "used"), at(t, h.appObject(t), "campaign_messages", "allowance")}); diff != "" {
		t.Errorf("used and allowance (-want +got):\n%s", diff)
	}
	refused("/campaigns/now/start")
	refused("/campaigns/running/resume")
	if status := at(t, h.mustCall(t, http.StatusOK, http.MethodGet, "/campaigns/now", nil), "campaign", "status"); status != "draft" {
		t.Errorf("a refused start left status %v", status)
	}
	wantError(t, h.call(t, http.MethodPost, "/campaigns/nothing/start", nil), http.StatusNotFound, models.CodeNotFound, "", "")
	wantError(t, h.call(t, http.MethodPost, "/campaigns/running/start", nil), http.StatusBadRequest, models.CodeInvalid, "can't be started", "")
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/campaigns/now/start", m{"scheduled_for": time.Now().Add(time.Hour)})
	refused("/campaigns/now/start")
	h.mustCall(t, http.StatusOK, http.MethodPatch, "/app", m{"mau_plan": 101})
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/campaigns/running/resume", nil)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/campaigns/now/start", nil)
}
