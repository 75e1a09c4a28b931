package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

// newShop is a harness with the users of the contract's examples.
func newShop(t *testing.T) *harness {
	t.Helper()
	h := newHarness(t)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/users", `{"users": {
		"shop": {"id": "shop", "name": "The Shop"}, "bob": {"id": "bob"}, "cy": {"id": "cy"},
		"ann": {"id": "ann", "name": "Ann", "teams": ["red"], "language": "en", "country": "US"}}}`)
	return h
}

func TestChannelState(t *testing.T) { inEachDialect(t, testChannelState) }

func testChannelState(t *testing.T, d dialect) {
	h := newShop(t).in(d)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/general/query", m{
		"data":  d.with(m{"created_by_id": "shop", "members": []string{"shop", "ann"}}, m{"name": "General", "color": "red"}),
		"state": true, "messages": m{"limit": 5},
	})
	h.exec(t, `UPDATE users SET created_at = '2026-11-01T08:00:00Z', updated_at = '2026-11-01T08:00:00Z'`)
	h.exec(t, `UPDATE channels SET created_at = '2026-11-23T09:15:04.207332Z', updated_at = '2026-11-23T09:15:04.207332Z'`)
	h.exec(t, `UPDATE channel_members SET created_at = '2026-11-23T09:15:04.207332Z', updated_at = '2026-11-23T09:15:04.207332Z'`)
	wantExample(t, d, "channel_state.json", h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/general/query", nil))

	t.Run("for a user", func(t *testing.T) {
		got := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/general/query", `{"user": {"id": "ann"}, "state": false}`)
		if at(t, got, "membership", "user_id") != "ann" || got["hidden"] != false || at(t, got, "channel", "hidden") != false {
			t.Errorf("membership of ann: %v", got)
		}
		if _, there := at(t, got, "channel").(map[string]any)["own_capabilities"]; there {
			t.Error("own_capabilities with a server token")
		}
		for _, key := range []string{"members", "messages", "read", "watchers", "threads", "pinned_messages"} {
			if list, ok := got[key].([]any); !ok || len(list) != 0 {
				t.Errorf("%s without state: %v", key, got[key])
			}
		}
	})
	t.Run("with a user token", func(t *testing.T) {
		a := h.callAs(t, h.as(t, "ann"), http.MethodPost, "/channels/messaging/general/query", nil)
		capabilities, ok := at(t, a.body, "channel", "own_capabilities").([]any)
		if a.status != http.StatusCreated || !ok || len(capabilities) != 4 {
			t.Errorf("status %d, own_capabilities %v", a.status, capabilities)
		}
	})
}

// timestamp is the form of every time in an answer.
var timestamp = regexp.MustCompile(`^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$`)

// maskTimes makes all timestamps of either dialect and durations "T" that have the right form, except those of the
// configuration.
func maskTimes(value any) any {
	switch v := value.(type) {
	case map[string]any:
		masked := make(map[string]any, len(v))
		for key, inner := range v {
			masked[key] = maskTimes(inner)
			if s, ok := inner.(string); ok && key == "duration" && strings.HasSuffix(s, "ms") {
				masked[key] = "T"
			}
		}
		return masked
	case []any:
		masked := make([]any, len(v))
		for i, inner := range v {
			masked[i] = maskTimes(inner)
		}
		return masked
	case string:
		if timestamp.MatchString(v) && v != "2026-01-01T00:00:00.000000Z" {
			return "T"
		}
	case json.Number:
		if len(v) == len("1795425304207332000") && v != "1767225600000000000" {
			return "T"
		}
	}
	return value
}

func TestCreateChannelMembers(t *testing.T) {
	h := newShop(t)
	got := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/team/x/query", `{
		"hide_for_creator": true, "data": {"created_by": {"id": "shop"}, "team": "red", "frozen": true, "disabled": true, "id": "other", "member_count": 9,
		"members": ["shop", {"user_id": "ann", "channel_role": "channel_moderator", "desk": 4}, {"user": {"id": "bob"}}, "shop"]},
		"members": {"limit": 2, "offset": 1}, "user_id": "shop"}`)
	channel, _ := at(t, got, "channel").(map[string]any)
	for key, want := range map[string]any{
		"id": "x", "cid": "team:x", "team": "red", "frozen": true, "disabled": true, "member_count": json.Number("3"), "hidden": true,
	} {
		if channel[key] != want {
			t.Errorf("channel.%s is %v, want %v", key, channel[key], want)
		}
	}
	if at(t, got, "members", 0, "user_id") != "bob" || at(t, got, "members", 1, "user_id") != "shop" || len(at(t, got, "members").([]any)) != 2 {
		t.Errorf("the page of members: %v", got["members"])
	}
	got = h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/team/x/query", `{"data": {"created_by_id": "nobody", "members": ["nobody"], "color": "ignored"}}`)
	ann := at(t, got, "members", 0).(map[string]any)
	if ann["user_id"] != "ann" || ann["channel_role"] != "channel_moderator" || ann["role"] != "member" || ann["desk"] != json.Number("4") {
		t.Errorf("ann: %v", ann)
	}
}

func TestDistinctChannel(t *testing.T) {
	h := newShop(t)
	first := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/query", `{"data": {"created_by_id": "shop", "members": ["shop", "ann"]}}`)
	cid, _ := at(t, first, "channel", "cid").(string)
	if want := models.CID("messaging", models.DistinctID("ann", "shop")); cid != want {
		t.Errorf("cid %q, want %q", cid, want)
	}
	for _, body := range []string{`{"data": {"members": ["ann", "shop", "ann"]}}`, `{"data": {"members": [{"user_id": "ann"}, {"user": {"id": "shop"}}]}}`} {
		if again := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/query", body); at(t, again, "channel", "created_at") != at(t, first, "channel", "created_at") {
			t.Errorf("%s is another channel", body)
		}
	}
	byID := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/"+strings.TrimPrefix(cid, "messaging:")+"/query", nil)
	if at(t, byID, "channel", "cid") != cid {
		t.Errorf("addressed by id: %v", byID)
	}
	a := h.callAs(t, h.as(t, "ann"), http.MethodPost, "/channels/messaging/query", `{"data": {"members": ["shop"]}}`)
	if a.status != http.StatusCreated || at(t, a.body, "channel", "cid") != cid {
		t.Errorf("a user token's user is one of the members: %s", a.raw)
	}
}

// All who make the same channel at once get one channel, with its members.
func TestCreateChannelAtOnce(t *testing.T) {
	h := newShop(t)
	const callers = 8
	answers := make([]answer, callers)
	var wait sync.WaitGroup
	for i := range callers {
		wait.Go(func() {
			answers[i] = h.call(t, http.MethodPost, "/channels/messaging/query", `{"data": {"created_by_id": "shop", "members": ["shop", "ann"]}}`)
		})
	}
	wait.Wait()
	for _, a := range answers {
		if a.status != http.StatusCreated || len(at(t, a.body, "members").([]any)) != 2 ||
			at(t, a.body, "channel", "created_at") != at(t, answers[0].body, "channel", "created_at") {
			t.Errorf("%d: %s", a.status, a.raw)
		}
	}
}

func TestCreateChannelRefuses(t *testing.T) {
	h := newShop(t)
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprint("u", i)
	}
	for _, tc := range []struct {
		path, field string
		body        any
	}{
		{"/channels/messaging/x/query", "data.created_by_id", `{}`},
		{"/channels/messaging/x/query", "data.created_by_id", `{"data": {"created_by_id": "nobody"}}`},
		{"/channels/messaging/x/query", "data.members", `{"data": {"created_by_id": "shop", "members": ["ann", "nobody"]}}`},
		{"/channels/messaging/x/query", "data.members[0]", `{"data": {"created_by_id": "shop", "members": [null]}}`},
		{"/channels/messaging/x/query", "data.members[0].user_id", `{"data": {"created_by_id": "shop", "members": [{}]}}`},
		{"/channels/messaging/x/query", "data.members", map[string]any{"data": map[string]any{"created_by_id": "shop", "members": many}}},
		{"/channels/messaging/x/query", "data.frozen", `{"data": {"created_by_id": "shop", "frozen": "yes"}}`},
		{"/channels/messaging/x/query", "data", map[string]any{"data": map[string]any{"created_by_id": "shop", "x": strings.Repeat("x", 5200)}}},
		{"/channels/messaging/x/query", "messages.limit", `{"data": {"created_by_id": "shop"}, "messages": {"limit": 301}}`},
		{"/channels/messaging/x/query", "user_id", `{"data": {"created_by_id": "shop"}, "user_id": "nobody"}`},
		{"/channels/messaging/a%20b/query", "id", `{"data": {"created_by_id": "shop"}}`},
		{"/channels/messaging/!members-x/query", "id", `{"data": {"created_by_id": "shop"}}`},
		{"/channels/a@b/x/query", "type", `{"data": {"created_by_id": "shop"}}`},
		{"/channels/messaging/query", "data.members", `{"data": {"created_by_id": "shop"}}`},
		{"/channels/messaging/query", "data.members", `{"data": {"created_by_id": "shop", "members": []}}`},
	} {
		a := h.call(t, http.MethodPost, tc.path, tc.body)
		wantError(t, a, http.StatusBadRequest, models.CodeInvalid, "failed with error", tc.field)
	}
	if got := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels", nil); len(got["channels"].([]any)) != 0 {
		t.Errorf("a refused call made %v", got)
	}
}

func TestChannelUserTokens(t *testing.T) {
	h := newShop(t)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/shop/query", `{"data": {"created_by_id": "shop", "members": ["shop"]}}`)
	ann := h.as(t, "ann")
	a := h.callAs(t, ann, http.MethodPost, "/channels/messaging/mine/query", `{"data": {"created_by_id": "shop", "members": ["bob"]}}`)
	if a.status != http.StatusCreated || at(t, a.body, "channel", "created_by", "id") != "ann" || at(t, a.body, "members", 0, "user_id") != "ann" || at(t, a.body, "membership", "role") != "owner" {
		t.Errorf("ann creates: %s", a.raw)
	}
	wantError(t, h.callAs(t, ann, http.MethodPost, "/channels/messaging/shop/query", nil), http.StatusForbidden, models.CodeNotAllowed, "not a member", "")
	wantError(t, h.callAs(t, ann, http.MethodPost, "/channels/messaging/mine/query", `{"user_id": "bob"}`), http.StatusForbidden, models.CodeNotAllowed, "cannot act as", "")
	wantError(t, h.callAs(t, ann, http.MethodPost, "/channels", `{"user": {"id": "bob"}}`), http.StatusForbidden, models.CodeNotAllowed, "cannot act as", "")
	a = h.callAs(t, ann, http.MethodPost, "/channels", nil)
	if diff := cmp.Diff([]string{"messaging:mine"}, cids(t, a.body)); diff != "" {
		t.Errorf("channels of ann (-want +got):\n%s", diff)
	}
}

func TestQueryChannels(t *testing.T) {
	h := newShop(t)
	for id, members := range map[string]string{"a": `["shop", "ann"]`, "b": `["shop", "bob"]`, "c": `["shop", "ann", "bob"]`} {
		h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/"+id+"/query", `{"data": {"created_by_id": "shop", "color": "`+id+`", "members": `+members+`}}`)
	}
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/a/message", `{"message": {"text": "x", "user_id": "shop"}}`)
	if _, err := connect(t, h).Exec(t.Context(), `UPDATE channel_members SET hidden = true WHERE cid = 'messaging:c' AND user_id = 'ann'`); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		body string
		want []string
	}{
		{`{"sort": [{"field": "cid"}]}`, []string{"messaging:a", "messaging:b", "messaging:c"}},
		{`{"filter_conditions": {"members": {"$eq": ["ann", "shop"]}}}`, []string{"messaging:a"}},
		{`{"filter_conditions": {"members": {"$in": ["bob"]}}, "sort": [{"field": "cid", "direction": -1}]}`, []string{"messaging:c", "messaging:b"}},
		{`{"filter_conditions": {"color": "b"}}`, []string{"messaging:b"}},
		{`{"sort": [{"field": "last_message_at", "direction": -1}], "limit": 1}`, []string{"messaging:a"}},
		{`{"sort": [{"field": "cid"}], "limit": 1, "offset": 1}`, []string{"messaging:b"}},
		{`{"filter_conditions": {"members": {"$in": ["ann"]}}, "user_id": "ann"}`, []string{"messaging:a"}},
		{`{"filter_conditions": {"hidden": true}, "user_id": "ann"}`, []string{"messaging:c"}},
		{`{"filter_conditions": {"joined": true}, "user_id": "bob", "sort": [{"field": "cid"}]}`, []string{"messaging:b", "messaging:c"}},
	} {
		got := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels", tc.body)
		if diff := cmp.Diff(tc.want, cids(t, got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.body, diff)
		}
	}
	got := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels", `{"filter_conditions": {"id": "a"}, "member_limit": 1}`)
	state := at(t, got, "channels", 0).(map[string]any)
	if len(state["messages"].([]any)) != 1 || len(state["members"].([]any)) != 1 || state["duration"] != nil {
		t.Errorf("state %v", state)
	}
	got = h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels", `{"filter_conditions": {"id": "a"}, "state": false}`)
	if state := at(t, got, "channels", 0).(map[string]any); len(state["messages"].([]any)) != 0 || len(state["members"].([]any)) != 0 {
		t.Errorf("without state: %v", state)
	}
	for body, field := range map[string]string{
		`{"limit": 31}`: "limit", `{"message_limit": 301}`: "message_limit", `{"member_limit": 101}`: "member_limit", `{"offset": 1001}`: "offset",
		`{"filter_conditions": {"hidden": true}}`: "filter_conditions.hidden", `{"filter_conditions": {"muted": true}}`: "filter_conditions.muted",
		`{"user_id": "nobody"}`: "user_id", `{"state": 1}`: "state", `{"sort": {}}`: "sort",
	} {
		wantError(t, h.call(t, http.MethodPost, "/channels", body), http.StatusBadRequest, models.CodeInvalid, "QueryChannels failed", field)
	}
}

func cids(t *testing.T, body map[string]any) []string {
	t.Helper()
	list, ok := body["channels"].([]any)
	if !ok {
		t.Fatalf("no list of channels: %v", body)
	}
	got := make([]string, len(list))
	for i := range list {
		got[i], _ = at(t, list, i, "channel", "cid").(string)
	}
	return got
}
