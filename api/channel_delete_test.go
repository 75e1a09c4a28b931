package api_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/api"
	"herald/models"
)

func TestDeleteChannel(t *testing.T) {
	runs := &recordedRuns{}
	h := newHarness(t, func(c *api.Config) { c.Runs = runs })
	h.users(t, "shop", "ann")
	h.shopChannel(t, "soft", m{"name": "Soft"}, "shop", "ann")
	h.shopChannel(t, "hard", nil, "shop")
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/soft/message", `{"message": {"text": "old", "user_id": "shop"}}`)
	for id, query := range map[string]string{"soft": "", "hard": "?hard_delete=true"} {
		channel := at(t, h.mustCall(t, http.StatusOK, http.MethodDelete, "/channels/messaging/"+id+query, nil), "channel").(m)
		if channel["cid"] != "messaging:"+id || channel["deleted_at"] == nil || channel["deleted_at"] != channel["updated_at"] || at(t, channel, "created_by", "id") != "shop" {
			t.Errorf("channel %v", channel)
		}
	}
	tasks := column(t, h, `SELECT id FROM tasks WHERE status = 'pending'`)
	if len(tasks) != 1 {
		t.Fatalf("tasks %v", tasks)
	}
	runs.want(t, "task delete_channels "+tasks[0])
	if got := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels", nil); len(cids(t, got)) != 0 {
		t.Errorf("still listed: %v", cids(t, got))
	}
	// A deleted channel is created anew, empty.
	again := h.shopChannel(t, "soft", nil, "ann")
	if memberIDs(t, again) != "ann" || len(again["messages"].([]any)) != 0 || at(t, again, "channel").(m)["name"] != nil || at(t, again, "channel").(m)["deleted_at"] != nil {
		t.Errorf("created anew: %v", again)
	}
	wantFields(t, h.call(t, http.MethodDelete, "/channels/messaging/soft?hard_delete=1", nil), "hard_delete")
}

func TestDeleteChannels(t *testing.T) {
	h, runs := withRuns(t)
	h.users(t, "shop", "ann")
	for _, id := range []string{"a", "b", "c", "d"} {
		h.shopChannel(t, id, nil, "shop", "ann")
	}
	soft := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/delete", `{"cids": ["messaging:a"]}`)
	if diff := cmp.Diff(m{}, soft["result"]); diff != "" {
		t.Errorf("result %v", soft["result"])
	}
	if task := h.taskOf(t, soft); task["status"] != "completed" || !cmp.Equal(task["result"], any(m{"messaging:a": m{"status": "ok"}})) {
		t.Errorf("task %v", task)
	}
	runs.want(t)
	runs.err = errors.New("connection refused")
	hard := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/delete", `{"cids": ["messaging:c", "messaging:b", "messaging:c"], "hard_delete": true}`)
	runs.want(t, "task delete_channels "+hard["task_id"].(string))
	if task := h.taskOf(t, hard); task["status"] != "pending" {
		t.Errorf("task %v", task)
	}
	if got := cids(t, h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels", nil)); strings.Join(got, " ") != "messaging:d" {
		t.Errorf("left: %v", got)
	}

	h.tenant(t).shopless(t, "messaging:theirs")
	many := make([]string, 101)
	for i := range many {
		many[i] = "messaging:d"
	}
	for _, tc := range []struct {
		body   any
		fields string
	}{
		{`{}`, "cids"},
		{`{"cids": []}`, "cids"},
		{`{"cids": "messaging:d"}`, "cids"},
		{m{"cids": many}, "cids"},
		{`{"cids": ["messaging:d", 1]}`, "cids[1]"},
		{`{"cids": ["messaging:d", "messaging:a", "nonsense", "messaging:theirs"]}`, "cids[1] cids[2] cids[3]"},
		{`{"cids": ["messaging:d"], "hard_delete": "yes"}`, "hard_delete"},
	} {
		t.Run(fmt.Sprint(tc.body), func(t *testing.T) {
			wantFields(t, h.call(t, http.MethodPost, "/channels/delete", tc.body), strings.Fields(tc.fields)...)
		})
	}
	wantError(t, h.callAs(t, h.as(t, "ann"), http.MethodPost, "/channels/delete", `{"cids": ["messaging:d"]}`), http.StatusForbidden, models.CodeNotAllowed, "server token", "")
	runs.want(t)
	if got := cids(t, h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels", nil)); strings.Join(got, " ") != "messaging:d" {
		t.Errorf("a refused call deleted: %v", got)
	}
}

// shopless makes a channel of an app's own user.
func (h *harness) shopless(t *testing.T, cid string) {
	t.Helper()
	h.users(t, "owner")
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/"+strings.Replace(cid, ":", "/", 1)+"/query", `{"data": {"created_by_id": "owner"}}`)
}
