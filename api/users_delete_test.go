package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

// taskOf gives what GetTask answers of the task that another answer names.
func (h *harness) taskOf(t *testing.T, body m) m {
	t.Helper()
	id, _ := body["task_id"].(string)
	task := h.mustCall(t, http.StatusOK, http.MethodGet, "/tasks/"+url.PathEscape(id), nil)
	if task["task_id"] != id || id == "" || len(fmt.Sprint(task["created_at"])) != len("2026-11-01T08:00:00.000000Z") {
		t.Errorf("task %v", task)
	}
	return task
}

func TestDeleteUsers(t *testing.T) {
	h, runs := withRuns(t)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/users", `{"users": {
		"ann": {"id": "ann", "name": "Ann", "country": "US"}, "bob": {"id": "bob", "name": "Bob", "country": "US"}, "cy": {"id": "cy"}, "shop": {"id": "shop"}}}`)
	soft := h.mustCall(t, http.StatusCreated, http.MethodPost, "/users/delete", `{"user_ids": ["ann"]}`)
	runs.want(t)
	task := h.taskOf(t, soft)
	if diff := cmp.Diff(m{"ann": m{"status": "ok"}}, task["result"]); diff != "" || task["status"] != "completed" || task["error"] != nil {
		t.Errorf("the task of a soft deletion: %v\n%s", task, diff)
	}
	for _, tc := range []struct{ name, body string }{
		{"messages", `{"user_ids": ["bob"], "user": "pruning", "messages": "soft"}`},
		{"conversations", `{"user_ids": ["bob"], "conversations": "hard"}`},
		{"a new owner", `{"user_ids": ["bob"], "new_channel_owner_id": "shop"}`},
		{"everything", `{"user_ids": ["ann", "bob", "ann"], "user": "hard", "messages": "hard", "conversations": "hard"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body := h.mustCall(t, http.StatusCreated, http.MethodPost, "/users/delete", tc.body)
			runs.want(t, "task delete_users "+body["task_id"].(string))
			if task := h.taskOf(t, body); task["status"] != "pending" || task["result"] != nil || task["error"] != nil {
				t.Errorf("task %v", task)
			}
		})
	}
	if got := ids(t, queryUsers(t, h, `{"sort": [{"field": "id"}], "include_deactivated_users": true}`)); strings.Join(got, " ") != "cy shop" {
		t.Errorf("still listed: %v", got)
	}
	runs.err = errors.New("connection refused")
	body := h.mustCall(t, http.StatusCreated, http.MethodPost, "/users/delete", `{"user_ids": ["cy"], "messages": "hard"}`)
	runs.want(t, "task delete_users "+body["task_id"].(string))
	if task := h.taskOf(t, body); task["status"] != "pending" {
		t.Errorf("with Temporal down: %v", task)
	}
	if err := h.store.FailTask(t.Context(), h.app.PK, body["task_id"].(string), "workflow_ended", "by hand"); err != nil {
		t.Fatal(err)
	}
	if task := h.taskOf(t, body); task["status"] != "failed" || !cmp.Equal(task["error"], any(m{"type": "workflow_ended", "description": "by hand"})) {
		t.Errorf("failed: %v", task)
	}

	t.Run("a deleted user is brought back, whole", func(t *testing.T) {
		h.mustCall(t, http.StatusCreated, http.MethodPost, "/users", `{"users": {"ann": {"id": "ann", "name": "Anna"}}}`)
		ann := at(t, queryUsers(t, h, `{"filter_conditions": {"id": "ann"}}`), "users", 0).(m)
		if _, deleted := ann["deleted_at"]; deleted || ann["name"] != "Anna" || ann["country"] != nil {
			t.Errorf("ann %v", ann)
		}
	})
}

func TestDeleteUsersRefuses(t *testing.T) {
	h, runs := withRuns(t)
	h.users(t, "ann", "gone")
	h.mustCall(t, http.StatusOK, http.MethodDelete, "/users/gone", nil)
	h.tenant(t).users(t, "theirs")
	many := make([]string, 101)
	for i := range many {
		many[i] = "ann"
	}
	for _, tc := range []struct {
		path   string
		body   any
		fields string
	}{
		{"delete", `{}`, "user_ids"},
		{"delete", `{"user_ids": []}`, "user_ids"},
		{"delete", `{"user_ids": "ann"}`, "user_ids"},
		{"delete", `{"user_ids": ["ann", null]}`, "user_ids[1]"},
		{"delete", m{"user_ids": many}, "user_ids"},
		{"delete", `{"user_ids": ["ann", "nobody", "theirs"]}`, "user_ids[1] user_ids[2]"},
		{"delete", `{"user_ids": ["ann"], "user": "HARD"}`, "user"},
		{"delete", `{"user_ids": ["ann"], "messages": "none"}`, "messages"},
		{"delete", `{"user_ids": ["ann"], "conversations": "pruning"}`, "conversations"},
		{"delete", `{"user_ids": ["ann"], "user": "hard"}`, "conversations messages"},
		{"delete", `{"user_ids": ["ann"], "user": "hard", "messages": "soft", "conversations": "soft"}`, "conversations messages"},
		{"delete", `{"user_ids": ["ann"], "new_channel_owner_id": "nobody"}`, "new_channel_owner_id"},
		{"delete", `{"user_ids": ["ann"], "new_channel_owner_id": "ann"}`, "new_channel_owner_id"},
		{"delete", `{"user_ids": ["ann"], "new_channel_owner_id": "gone"}`, "new_channel_owner_id"},
		{"deactivate", `{}`, "user_ids"},
		{"deactivate", `{"user_ids": []}`, "user_ids"},
		{"deactivate", m{"user_ids": many}, "user_ids"},
		{"deactivate", `{"user_ids": ["ann", "gone"]}`, "user_ids[1]"},
		{"reactivate", `{"user_ids": ["nobody", "ann", "theirs"]}`, "user_ids[0] user_ids[2]"},
	} {
		t.Run(fmt.Sprint(tc.path, tc.body), func(t *testing.T) {
			wantFields(t, h.call(t, http.MethodPost, "/users/"+tc.path, tc.body), strings.Fields(tc.fields)...)
		})
	}
	runs.want(t)
	ann := at(t, queryUsers(t, h, `{}`), "users", 0).(m)
	if ann["id"] != "ann" || ann["updated_at"] != ann["created_at"] {
		t.Errorf("a refused call changed %v", ann)
	}
	for _, path := range []string{"/users/delete", "/users/deactivate", "/users/reactivate", "/users/ann/deactivate", "/users/ann/reactivate"} {
		wantError(t, h.callAs(t, h.as(t, "ann"), http.MethodPost, path, `{"user_ids": ["ann"]}`), http.StatusForbidden, models.CodeNotAllowed, "server token", "")
	}
	wantError(t, h.callAs(t, h.as(t, "ann"), http.MethodDelete, "/users/ann", nil), http.StatusForbidden, models.CodeNotAllowed, "server token", "")
}

func TestDeleteUser(t *testing.T) {
	h, runs := withRuns(t)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/users", `{"users": {"ann": {"id": "ann", "name": "Ann", "country": "US"}, "bob": {"id": "bob", "name": "Bob"}, "cy": {"id": "cy"}}}`)
	ann := at(t, h.mustCall(t, http.StatusOK, http.MethodDelete, "/users/ann", nil), "user").(m)
	if ann["id"] != "ann" || ann["name"] != "Ann" || ann["country"] != "US" || ann["deleted_at"] == nil || ann["deleted_at"] != ann["updated_at"] || ann["devices"] != nil {
		t.Errorf("ann %v", ann)
	}
	runs.want(t)
	bob := at(t, h.mustCall(t, http.StatusOK, http.MethodDelete, "/users/bob?hard_delete=true", nil), "user").(m)
	if bob["id"] != "bob" || bob["deleted_at"] == nil {
		t.Errorf("bob %v", bob)
	}
	h.mustCall(t, http.StatusOK, http.MethodDelete, "/users/cy?mark_messages_deleted=True", nil)
	runs.mu.Lock()
	if len(runs.told) != 2 || !strings.HasPrefix(runs.told[0], "task delete_users ") {
		t.Errorf("told %v", runs.told)
	}
	runs.mu.Unlock()
	rows := column(t, h, `SELECT concat_ws(' ', a.users, a."user", a.messages, a.conversations) FROM tasks,
		jsonb_to_record(args) AS a (users text, "user" text, messages text, conversations text) ORDER BY created_at`)
	if diff := cmp.Diff([]string{"soft", "hard hard hard", "soft soft"}, rows); diff != "" {
		t.Errorf("tasks (-want +got):\n%s", diff)
	}
	for _, id := range []string{"ann", "bob", "nobody", "a%20b"} {
		wantError(t, h.call(t, http.MethodDelete, "/users/"+id, nil), http.StatusNotFound, models.CodeNotFound, "doesn't exist", "")
	}
	h.users(t, "dan")
	wantFields(t, h.call(t, http.MethodDelete, "/users/dan?hard_delete=yes", nil), "hard_delete")
	other := h.tenant(t)
	wantError(t, other.call(t, http.MethodDelete, "/users/dan", nil), http.StatusNotFound, models.CodeNotFound, "doesn't exist", "")
}

// column reads the rows of a query with one column of text.
func column(t *testing.T, h *harness, sql string, args ...any) []string {
	t.Helper()
	rows, err := connect(t, h).Query(t.Context(), sql, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var value string
		if err := rows.Scan(&value); err != nil {
			t.Fatal(err)
		}
		list = append(list, value)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestDeactivateUser(t *testing.T) {
	h := newHarness(t)
	h.users(t, "ann", "bob", "gone")
	h.mustCall(t, http.StatusOK, http.MethodDelete, "/users/gone", nil)
	ann := at(t, h.mustCall(t, http.StatusCreated, http.MethodPost, "/users/ann/deactivate", nil), "user").(m)
	if ann["deactivated_at"] == nil || ann["deactivated_at"] == ann["created_at"] {
		t.Errorf("ann %v", ann)
	}
	wantError(t, h.call(t, http.MethodPost, "/users/ann/deactivate", `{"mark_messages_deleted": true}`), http.StatusBadRequest, models.CodeInvalid, "deactivated already", "")
	wantError(t, h.callAs(t, h.as(t, "ann"), http.MethodGet, "/users", nil), http.StatusForbidden, models.CodeNotAllowed, "deactivated or deleted", "")
	if got := ids(t, queryUsers(t, h, `{}`)); strings.Join(got, " ") != "bob" {
		t.Errorf("listed: %v", got)
	}
	if got := ids(t, queryUsers(t, h, `{"include_deactivated_users": true, "sort": [{"field": "id"}]}`)); strings.Join(got, " ") != "ann bob" {
		t.Errorf("listed with deactivated ones: %v", got)
	}
	h.users(t, "ann") // an upsert does not reactivate
	ann = at(t, h.mustCall(t, http.StatusCreated, http.MethodPost, "/users/ann/reactivate", nil), "user").(m)
	if _, there := ann["deactivated_at"]; there {
		t.Errorf("ann %v", ann)
	}
	for _, path := range []string{"/users/ann/reactivate", "/users/bob/reactivate"} {
		wantError(t, h.call(t, http.MethodPost, path, nil), http.StatusBadRequest, models.CodeInvalid, "is not deactivated", "")
	}
	other := h.tenant(t)
	for _, verb := range []string{"deactivate", "reactivate"} {
		for _, id := range []string{"nobody", "gone"} {
			wantError(t, h.call(t, http.MethodPost, "/users/"+id+"/"+verb, nil), http.StatusNotFound, models.CodeNotFound, "doesn't exist", "")
		}
		wantError(t, other.call(t, http.MethodPost, "/users/ann/"+verb, nil), http.StatusNotFound, models.CodeNotFound, "doesn't exist", "")
	}
}

func TestDeactivateUsers(t *testing.T) {
	h, runs := withRuns(t)
	h.users(t, "ann", "bob", "cy")
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/users/bob/deactivate", nil)
	since := at(t, queryUsers(t, h, `{"include_deactivated_users": true, "filter_conditions": {"id": "bob"}}`), "users", 0, "deactivated_at")
	task := h.taskOf(t, h.mustCall(t, http.StatusCreated, http.MethodPost, "/users/deactivate", `{"user_ids": ["ann", "bob"]}`))
	if task["status"] != "completed" || !cmp.Equal(task["result"], any(m{"ann": m{"status": "ok"}, "bob": m{"status": "ok"}})) {
		t.Errorf("task %v", task)
	}
	if got := ids(t, queryUsers(t, h, `{}`)); strings.Join(got, " ") != "cy" {
		t.Errorf("active: %v", got)
	}
	if now := at(t, queryUsers(t, h, `{"include_deactivated_users": true, "filter_conditions": {"id": "bob"}}`), "users", 0, "deactivated_at"); now != since {
		t.Errorf("bob is deactivated since %v, was since %v", now, since)
	}
	h.taskOf(t, h.mustCall(t, http.StatusCreated, http.MethodPost, "/users/reactivate", `{"user_ids": ["ann", "bob", "cy"]}`))
	if got := ids(t, queryUsers(t, h, `{"sort": [{"field": "id"}]}`)); strings.Join(got, " ") != "ann bob cy" {
		t.Errorf("active again: %v", got)
	}
	runs.want(t)
}

func TestGetTaskRefuses(t *testing.T) {
	h := newHarness(t)
	h.users(t, "ann")
	task := h.mustCall(t, http.StatusCreated, http.MethodPost, "/users/deactivate", `{"user_ids": ["ann"]}`)["task_id"].(string)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/users/reactivate", `{"user_ids": ["ann"]}`)
	wantError(t, h.call(t, http.MethodGet, "/tasks/unknown", nil), http.StatusNotFound, models.CodeNotFound, "doesn't exist", "")
	wantError(t, h.tenant(t).call(t, http.MethodGet, "/tasks/"+task, nil), http.StatusNotFound, models.CodeNotFound, "doesn't exist", "")
	wantError(t, h.callAs(t, h.as(t, "ann"), http.MethodGet, "/tasks/"+task, nil), http.StatusForbidden, models.CodeNotAllowed, "server token", "")
}
