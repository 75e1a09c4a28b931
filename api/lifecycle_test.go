package api_test

import (
	"net/http"
	"testing"
)

// TestUsersAndChannelsChange makes every call that changes users and channels or takes them away in each dialect. What they do
// is the subject of other tests; here each of them answers in the form that the dialect has.
func TestUsersAndChannelsChange(t *testing.T) { inEachDialect(t, testUsersAndChannelsChange) }

func testUsersAndChannelsChange(t *testing.T, d dialect) {
	h, _ := withRuns(t)
	h = h.in(d)
	h.users(t, "shop", "ann", "bob", "cy")
	const created, ok = http.StatusCreated, http.StatusOK
	wantUser := func(body m, id, moment string, set bool) {
		t.Helper()
		user := at(t, body, "user").(m)
		if _, there := user[moment]; user["id"] != id || there != set {
			t.Errorf("%s of user %v is set: %t, want %t", moment, user, there, set)
		}
	}
	wantTask := func(body m) {
		t.Helper()
		id := body["task_id"].(string)
		if task := h.mustCall(t, ok, "GET", "/tasks/"+id, nil); task["task_id"] != id || task["created_at"] == nil {
			t.Errorf("task %v", task)
		}
	}
	wantUser(h.mustCall(t, created, "POST", "/users/ann/deactivate", nil), "ann", "deactivated_at", true)
	wantUser(h.mustCall(t, created, "POST", "/users/ann/reactivate", nil), "ann", "deactivated_at", false)
	wantTask(h.mustCall(t, created, "POST", "/users/deactivate", m{"user_ids": []string{"ann", "bob"}}))
	wantTask(h.mustCall(t, created, "POST", "/users/reactivate", m{"user_ids": []string{"ann", "bob"}}))
	edit := m{"id": "ann", "set": d.with(m{"name": "Ann"}, m{"desk": 4})}
	if user := at(t, h.mustCall(t, ok, "PATCH", "/users", m{"users": []m{edit}}), "users", "ann").(m); user["name"] != "Ann" {
		t.Errorf("user %v", user)
	}

	channel := "/channels/messaging/c"
	data := m{"created_by_id": "shop", "members": []m{{"user_id": "shop"}, {"user_id": "ann"}}}
	distinct := at(t, h.mustCall(t, created, "POST", "/channels/messaging/query", m{"data": data}), "channel", "cid")
	h.mustCall(t, created, "POST", channel+"/query", m{"data": data})
	for _, call := range []struct {
		status             int
		method, path, want string
		body               m
	}{
		{created, "POST", channel, "message", m{"data": d.with(m{"team": "eu"}, m{"color": "red"}), "add_members": []string{"bob"}, "message": m{"text": "x", "user_id": "shop"}}},
		{ok, "PATCH", channel, "channel", m{"set": d.with(m{"frozen": true}, m{"color": "blue"}), "unset": []string{"team"}}},
		{ok, "PATCH", channel + "/member?user_id=ann", "channel_member", m{"set": d.with(m{"archived": true}, m{"desk": 4})}},
		{ok, "GET", "/members?payload=%7B%22type%22%3A%22messaging%22%2C%22id%22%3A%22c%22%7D", "members", nil},
		{created, "POST", channel + "/hide", "duration", m{"user_id": "ann", "clear_history": true}},
		{created, "POST", channel + "/show", "duration", m{"user_id": "ann"}},
		{ok, "DELETE", channel, "channel", nil},
	} {
		if body := h.mustCall(t, call.status, call.method, call.path, call.body); body[call.want] == nil {
			t.Errorf("%s %s answered without %s: %v", call.method, call.path, call.want, body)
		}
	}
	wantTask(h.mustCall(t, created, "POST", "/channels/delete", m{"cids": []any{distinct}}))
	wantTask(h.mustCall(t, created, "POST", "/users/delete", m{"user_ids": []string{"bob"}, "messages": "pruning", "new_channel_owner_id": "shop"}))
	if !d.v2 {
		wantUser(h.mustCall(t, ok, "DELETE", "/users/cy?mark_messages_deleted=true", nil), "cy", "deleted_at", true)
	}
}
