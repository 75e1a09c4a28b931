package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

func TestUpdateUsers(t *testing.T) {
	h := newHarness(t)
	body := h.mustCall(t, http.StatusCreated, http.MethodPost, "/users",
		`{"users": {"ann": {"id": "ann", "name": "Ann", "role": "user", "teams": ["red"], "language": "en", "country": "US", "big": 12345678901234567890, "none": null, "online": true}}}`)
	ann, _ := at(t, body, "users", "ann").(map[string]any)
	created, _ := ann["created_at"].(string)
	if len(created) != len("2026-11-01T08:00:00.000000Z") || ann["updated_at"] != created {
		t.Errorf("created_at %q, updated_at %q", created, ann["updated_at"])
	}
	delete(ann, "created_at")
	delete(ann, "updated_at")
	want := map[string]any{
		"id": "ann", "name": "Ann", "role": "user", "language": "en", "teams": []any{"red"},
		"banned": false, "online": false, "invisible": false, "shadow_banned": false, "blocked_user_ids": []any{},
		"devices": []any{}, "mutes": []any{}, "channel_mutes": []any{},
		"unread_count": json.Number("0"), "total_unread_count": json.Number("0"), "unread_channels": json.Number("0"), "unread_threads": json.Number("0"),
		"country": "US", "big": json.Number("12345678901234567890"), "none": nil,
	}
	if diff := cmp.Diff(want, ann); diff != "" {
		t.Errorf("the stored user (-want +got):\n%s", diff)
	}
	if body["membership_deletion_task_id"] != "" || !strings.HasSuffix(fmt.Sprint(body["duration"]), "ms") {
		t.Errorf("envelope %v", body)
	}

	t.Run("replaces the whole user", func(t *testing.T) {
		body := h.mustCall(t, http.StatusCreated, http.MethodPost, "/users", `{"users": {"ann": {"id": "ann", "invisible": true}}}`)
		ann, _ := at(t, body, "users", "ann").(map[string]any)
		for _, gone := range []string{"name", "country", "big", "none"} {
			if _, there := ann[gone]; there {
				t.Errorf("%s is still there", gone)
			}
		}
		if ann["created_at"] != created || ann["updated_at"] == created || ann["invisible"] != true || ann["language"] != "" {
			t.Errorf("got %v", ann)
		}
	})
}

func TestUpdateUsersRefuses(t *testing.T) {
	h := newHarness(t)
	many := map[string]any{}
	for i := range models.MaxUsersPerUpsert + 1 {
		id := fmt.Sprint("u", i)
		many[id] = map[string]any{"id": id}
	}
	for _, tc := range []struct {
		name, field, reason string
		body                any
	}{
		{"no users", "users", "is required", `{}`},
		{"null", "users", "is required", `{"users": null}`},
		{"none", "users", "1 to 100", `{"users": {}}`},
		{"too many", "users", "1 to 100", map[string]any{"users": many}},
		{"an array", "users", "must be an object", `{"users": [{"id": "a"}]}`},
		{"no object", "users.a", "must be an object", `{"users": {"a": "b"}}`},
		{"null user", "users.a", "must be an object", `{"users": {"a": null}}`},
		{"no id", "users.a.id", "is required", `{"users": {"a": {}}}`},
		{"other id", "users.a.id", "same as the key", `{"users": {"a": {"id": "b"}}}`},
		{"bad id", `users["a b"].id`, "A-Z", `{"users": {"a b": {"id": "a b"}}}`},
		{"empty id", `users[""].id`, "A-Z", `{"users": {"": {"id": ""}}}`},
		{"name is a number", "users.a.name", "must be a string", `{"users": {"a": {"id": "a", "name": 1}}}`},
		{"long name", "users.a.name", "1000 characters", map[string]any{"users": map[string]any{"a": map[string]any{"id": "a", "name": strings.Repeat("ä", 1001)}}}},
		{"team is null", "users.a.teams[1]", "must be a string", `{"users": {"a": {"id": "a", "teams": ["x", null]}}}`},
		{"teams is a string", "users.a.teams", "must be an array", `{"users": {"a": {"id": "a", "teams": "x"}}}`},
		{"invisible is a string", "users.a.invisible", "must be a boolean", `{"users": {"a": {"id": "a", "invisible": "true"}}}`},
		{"much custom data", "users.a", "5120", map[string]any{"users": map[string]any{"a": map[string]any{"id": "a", "x": strings.Repeat("x", 5200)}}}},
		{"number without bounds", "users.a.x", "out of range", `{"users": {"a": {"id": "a", "x": 1e999999}}}`},
		{"NUL", "users.a.x[0]", "U+0000", `{"users": {"a": {"id": "a", "x": ["\u0000"]}}}`},
		{"lone surrogate", "users.a.x", "surrogate", `{"users": {"a": {"id": "a", "x": "\ud83d"}}}`},
		{"invalid UTF-8", "users.a.name", "UTF-8", "{\"users\": {\"a\": {\"id\": \"a\", \"name\": \"\xff\"}}}"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := h.call(t, http.MethodPost, "/users", tc.body)
			wantError(t, a, http.StatusBadRequest, models.CodeInvalid, tc.reason, tc.field)
		})
	}
	t.Run("nothing is half-written", func(t *testing.T) {
		a := h.call(t, http.MethodPost, "/users", `{"users": {"good": {"id": "good"}, "bad": {"id": "bad", "name": 1, "teams": [2]}}}`)
		wantError(t, a, http.StatusBadRequest, models.CodeInvalid, "users.bad.name must be a string; users.bad.teams[0] must be a string", "users.bad.teams[0]")
		if got := ids(t, queryUsers(t, h, `{}`)); len(got) != 0 {
			t.Errorf("stored: %v", got)
		}
	})
}

func TestQueryUsers(t *testing.T) {
	h := newHarness(t)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/users", `{"users": {
		"ann": {"id": "ann", "name": "Ann", "country": "US", "age": 30},
		"bob": {"id": "bob", "name": "Bob", "country": "US", "age": 9},
		"cy":  {"id": "cy", "name": "Cy", "country": "FR"}}}`)
	other, err := h.store.CreateApp(t.Context(), "other")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.store.UpsertUsers(t.Context(), other.PK, []models.User{{ID: "dan", Role: "user"}}); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		payload string
		want    []string
	}{
		{`{"sort": [{"field": "id"}]}`, []string{"ann", "bob", "cy"}},
		{`{"filter_conditions": {"country": "US"}, "sort": [{"field": "id", "direction": -1}]}`, []string{"bob", "ann"}},
		{`{"filter_conditions": {"id": {"$in": ["cy", "dan"]}}}`, []string{"cy"}},
		{`{"sort": [{"field": "age", "direction": 1, "type": "number"}]}`, []string{"bob", "ann", "cy"}},
		{`{"sort": [{"field": "id"}], "limit": 1, "offset": 1}`, []string{"bob"}},
	} {
		if diff := cmp.Diff(tc.want, ids(t, queryUsers(t, h, tc.payload))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.payload, diff)
		}
	}
	if got := h.mustCall(t, http.StatusOK, http.MethodGet, "/users", nil); len(ids(t, got)) != 3 {
		t.Errorf("without payload: %v", got)
	}
	if a := h.callAs(t, h.as(t, "ann"), http.MethodGet, "/users?user_id=ann", nil); a.status != http.StatusOK || len(ids(t, a.body)) != 3 {
		t.Errorf("ann asks: %s", a.raw)
	}
	wantError(t, h.callAs(t, h.as(t, "ann"), http.MethodGet, "/users?user_id=bob", nil), http.StatusForbidden, models.CodeNotAllowed, "cannot act as", "")
	for _, tc := range []struct{ payload, reason, field string }{
		{`{`, "line 1, column 1", ""},
		{`[]`, "must be a JSON object", ""},
		{`{"limit": 101}`, "between 0 and 100", "limit"},
		{`{"limit": 1.0}`, "must be an integer", "limit"},
		{`{"offset": -1}`, "between 0 and 1000", "offset"},
		{`{"filter_conditions": {"id": null}}`, "filter_conditions.id: ", "filter_conditions.id"},
		{`{"filter_conditions": {"created_at": {"$gt": "soon"}}}`, "filter_conditions.created_at.$gt: expected a timestamp", "filter_conditions.created_at.$gt"},
		{`{"sort": [{"field": "banned"}]}`, "sort[0].field: ", "sort[0].field"},
	} {
		a := h.call(t, http.MethodGet, "/users?payload="+url.QueryEscape(tc.payload), nil)
		wantError(t, a, http.StatusBadRequest, models.CodeInvalid, tc.reason, tc.field)
	}
}

func queryUsers(t *testing.T, h *harness, payload string) map[string]any {
	t.Helper()
	return h.mustCall(t, http.StatusOK, http.MethodGet, "/users?payload="+url.QueryEscape(payload), nil)
}

func ids(t *testing.T, body map[string]any) []string {
	t.Helper()
	list, ok := body["users"].([]any)
	if !ok {
		t.Fatalf("no list of users: %v", body)
	}
	got := make([]string, len(list))
	for i := range list {
		got[i], _ = at(t, list, i, "id").(string)
	}
	return got
}
