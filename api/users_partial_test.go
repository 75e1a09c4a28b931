package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

func TestUpdateUsersPartial(t *testing.T) {
	h := newHarness(t)
	before := h.mustCall(t, http.StatusCreated, http.MethodPost, "/users", `{"users": {"ann": {
		"id": "ann", "name": "Ann", "image": "i.png", "role": "admin", "language": "en", "teams": ["red"], "invisible": true,
		"country": "US", "address": {"city": "Paris", "zip": {"code": 75001}}, "big": 12345678901234567890}, "bob": {"id": "bob", "name": "Bob"}}}`)
	for _, tc := range []struct {
		name, body string
		want       m // fields of ann; nil is absent
	}{
		{"nothing", `{"id": "ann"}`, m{"name": "Ann", "country": "US"}},
		{"set", `{"id": "ann", "set": {"name": "Anna", "country": "FR", "vip": true}}`,
			m{"name": "Anna", "country": "FR", "vip": true, "image": "i.png", "role": "admin", "teams": []any{"red"}, "big": jsonNumber("12345678901234567890")}},
		{"null keeps what is built in", `{"id": "ann", "set": {"name": null, "teams": null, "country": null}}`,
			m{"name": "Anna", "teams": []any{"red"}, "country": nil}},
		{"nested", `{"id": "ann", "set": {"address.city": "Lyon", "address.zip.ext": 1, "score.last": 2.50}, "unset": ["address.zip.code"]}`,
			m{"address": m{"city": "Lyon", "zip": m{"ext": jsonNumber("1")}}, "score": m{"last": jsonNumber("2.50")}}},
		{"only answers set these", `{"id": "ann", "set": {"created_at": "2020-01-01T00:00:00Z", "banned": true, "online": true, "id": "zoe"}, "unset": ["created_at", "id"]}`,
			m{"id": "ann", "banned": false, "online": false, "created_at": at(t, before, "users", "ann", "created_at")}},
		{"unset", `{"id": "ann", "unset": ["name", "Image", "role", "language", "teams", "invisible", "vip", "missing"]}`,
			m{"name": nil, "image": nil, "role": "user", "language": "", "teams": []any{}, "invisible": false, "vip": nil, "big": jsonNumber("12345678901234567890")}},
		{"unset and set", `{"id": "ann", "set": {"name": "A", "teams": ["blue"], "address.city": "Rome"}, "unset": ["name", "teams", "address"]}`,
			m{"name": "A", "teams": []any{"blue"}, "address": m{"city": "Rome"}}},
		{"empty values", `{"id": "ann", "set": {"name": "", "role": "", "teams": [], "invisible": true}}`,
			m{"name": "", "role": "user", "teams": []any{}, "invisible": true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body := h.mustCall(t, http.StatusOK, http.MethodPatch, "/users", `{"users": [`+tc.body+`]}`)
			if users := body["users"].(m); len(users) != 1 || body["membership_deletion_task_id"] != "" {
				t.Errorf("answer %v", body)
			}
			ann := at(t, body, "users", "ann").(m)
			for key, want := range tc.want {
				if diff := cmp.Diff(want, ann[key]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", key, diff)
				}
			}
			delete(body, "duration")
			if diff := cmp.Diff(ann, at(t, queryUsers(t, h, `{"filter_conditions": {"id": "ann"}}`), "users", 0)); diff != "" {
				t.Errorf("answered and stored differ:\n%s", diff)
			}
		})
	}
	t.Run("several, one of them twice", func(t *testing.T) {
		body := h.mustCall(t, http.StatusOK, http.MethodPatch, "/users",
			`{"users": [{"id": "ann", "set": {"n": 1}}, {"id": "bob", "set": {"n": 2}}, {"id": "ann", "set": {"o": 3}}]}`)
		if at(t, body, "users", "ann", "n") != jsonNumber("1") || at(t, body, "users", "ann", "o") != jsonNumber("3") || at(t, body, "users", "bob", "name") != "Bob" {
			t.Errorf("answer %v", body)
		}
	})
}

func TestUpdateUsersPartialRefuses(t *testing.T) {
	h := newHarness(t)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/users", `{"users": {"ann": {"id": "ann", "city": "Paris", "text": "`+strings.Repeat("x", 5000)+`"}, "gone": {"id": "gone"}}}`)
	h.exec(t, `UPDATE users SET deleted_at = now() WHERE id = 'gone'`)
	other := h.tenant(t)
	other.users(t, "theirs")
	many := make([]m, models.MaxUsersPerUpsert+1)
	for i := range many {
		many[i] = m{"id": "ann"}
	}
	for _, tc := range []struct {
		name string
		body any
		want string // the fields
	}{
		{"no users", `{}`, "users"},
		{"none", `{"users": []}`, "users"},
		{"too many", m{"users": many}, "users"},
		{"an object", `{"users": {"ann": {"id": "ann"}}}`, "users"},
		{"no object", `{"users": ["ann"]}`, "users[0] users[0].id"},
		{"no id", `{"users": [{"set": {"name": "x"}}]}`, "users[0].id"},
		{"unknown", `{"users": [{"id": "ann", "set": {"n": 1}}, {"id": "nobody"}]}`, "users[1].id"},
		{"deleted", `{"users": [{"id": "gone", "set": {"n": 1}}]}`, "users[0].id"},
		{"another app's", `{"users": [{"id": "theirs"}]}`, "users[0].id"},
		{"set is a list", `{"users": [{"id": "ann", "set": ["x"]}]}`, "users[0].set"},
		{"unset is an object", `{"users": [{"id": "ann", "unset": {"x": 1}}]}`, "users[0].unset"},
		{"name is a number", `{"users": [{"id": "ann", "set": {"name": 1}}]}`, "users[0].set.name"},
		{"long image", m{"users": []m{{"id": "ann", "set": m{"image": strings.Repeat("ä", 1001)}}}}, "users[0].set.image"},
		{"many teams", m{"users": []m{{"id": "ann", "set": m{"teams": strings.Split(strings.Repeat("x,", models.MaxUserTeams), ",")}}}}, "users[0].set.teams"},
		{"through a string", `{"users": [{"id": "ann", "set": {"city.name": "x"}}]}`, `users[0].set["city.name"]`},
		{"into a built-in field", `{"users": [{"id": "ann", "set": {"name.first": "x"}}]}`, `users[0].set["name.first"]`},
		{"a step without a name", `{"users": [{"id": "ann", "set": {"a..b": "x"}}]}`, `users[0].set["a..b"]`},
		{"too much in all", m{"users": []m{{"id": "ann", "set": m{"more": strings.Repeat("x", 200)}}}}, "users[0].set"},
		{"too much at once", m{"users": []m{{"id": "ann", "set": m{"more": strings.Repeat("x", 5200)}}}}, "users[0].set"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			wantFields(t, h.call(t, http.MethodPatch, "/users", tc.body), strings.Fields(tc.want)...)
		})
	}
	ann := at(t, queryUsers(t, h, `{"filter_conditions": {"id": "ann"}}`), "users", 0).(m)
	if _, there := ann["n"]; there || ann["created_at"] != ann["updated_at"] {
		t.Errorf("a refused call changed %v", ann)
	}
	wantError(t, h.callAs(t, h.as(t, "ann"), http.MethodPatch, "/users", `{"users": [{"id": "ann"}]}`), http.StatusForbidden, models.CodeNotAllowed, "server token", "")
}

// Two calls that change the same users, named in any order, see each other's changes.
func TestUpdateUsersPartialAtOnce(t *testing.T) {
	h := newHarness(t)
	h.users(t, "ann", "bob")
	const callers = 8
	done := make(chan answer, callers)
	for i := range callers {
		ids := []string{"ann", "bob"}
		if i%2 == 1 {
			ids = []string{"bob", "ann"}
		}
		go func() {
			done <- h.call(t, http.MethodPatch, "/users", fmt.Sprintf(`{"users": [{"id": %q, "set": {"k%d": %d}}, {"id": %q, "set": {"k%d": %d}}]}`, ids[0], i, i, ids[1], i, i))
		}()
	}
	for range callers {
		if a := <-done; a.status != http.StatusOK {
			t.Error(a.raw)
		}
	}
	for _, u := range queryUsers(t, h, `{}`)["users"].([]any) {
		for i := range callers {
			if got := at(t, u, fmt.Sprintf("k%d", i)); got != json.Number(fmt.Sprint(i)) {
				t.Errorf("k%d of %v is %v", i, at(t, u, "id"), got)
			}
		}
	}
}
