package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

// stranger is a tenant with users of the same ids.
func (h *harness) stranger(t *testing.T) *harness {
	t.Helper()
	other := h.tenant(t)
	other.users(t, "shop", "ann", "bob")
	return other
}

// send sends a message to messaging:c.
func (h *harness) send(t *testing.T, message map[string]any) map[string]any {
	t.Helper()
	body := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/message", map[string]any{"message": message})
	return at(t, body, "message").(map[string]any)
}

// texts lists id, type and text of messages.
func texts(t *testing.T, messages any) []string {
	t.Helper()
	list := []string{}
	for i := range messages.([]any) {
		m := at(t, messages, i).(map[string]any)
		list = append(list, fmt.Sprint(m["id"], " ", m["type"], " ", m["text"]))
	}
	return list
}

func TestGetManyMessages(t *testing.T) { inEachDialect(t, testGetManyMessages) }

func testGetManyMessages(t *testing.T, d dialect) {
	h := newConversation(t).in(d)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/other/query", `{"data": {"created_by_id": "shop", "members": ["ann"]}}`)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/other/message", `{"message": {"id": "elsewhere", "text": "x", "user_id": "shop"}}`)
	for _, id := range []string{"1", "2", "3", "4"} {
		h.send(t, map[string]any{"id": id, "text": "text " + id, "user_id": "shop", "mentioned_users": []string{"ann"}})
	}
	h.mustCall(t, http.StatusOK, http.MethodDelete, "/messages/2", nil)
	h.mustCall(t, http.StatusOK, http.MethodDelete, "/messages/4?hard=true", nil)

	got := h.mustCall(t, http.StatusOK, http.MethodGet, "/channels/messaging/c/messages?ids=3,none,1,elsewhere,2,4,,1", nil)
	if diff := cmp.Diff([]string{"3 regular text 3", "1 regular text 1", "2 deleted "}, texts(t, got["messages"])); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if at(t, got, "messages", 0, "mentioned_users", 0, "id") != "ann" || at(t, got, "messages", 0, "user", "id") != "shop" {
		t.Errorf("users of %v", got["messages"])
	}
	for _, query := range []string{"", "?ids=", "?ids=none"} {
		if got := h.mustCall(t, http.StatusOK, http.MethodGet, "/channels/messaging/c/messages"+query, nil); len(got["messages"].([]any)) != 0 {
			t.Errorf("%q gives %v", query, got)
		}
	}
	many := "/channels/messaging/c/messages?ids=" + strings.Repeat("x,", 100)
	h.mustCall(t, http.StatusOK, http.MethodGet, many, nil)
	wantError(t, h.call(t, http.MethodGet, many+"y", nil), http.StatusBadRequest, models.CodeInvalid, "at most 100", "ids")
	wantError(t, h.call(t, http.MethodGet, "/channels/messaging/none/messages?ids=1", nil), http.StatusNotFound, models.CodeNotFound, "none", "")
	wantError(t, h.stranger(t).call(t, http.MethodGet, "/channels/messaging/c/messages?ids=1", nil), http.StatusNotFound, models.CodeNotFound, "c", "")

	wantError(t, h.callAs(t, h.as(t, "cy"), http.MethodGet, "/channels/messaging/c/messages?ids=1", nil),
		http.StatusForbidden, models.CodeNotAllowed, "not a member", "")
	a := h.callAs(t, h.as(t, "bob"), http.MethodGet, "/channels/messaging/c/messages?ids=1,3", nil)
	if len(at(t, a.body, "messages").([]any)) != 2 {
		t.Errorf("bob reads %s", a.raw)
	}
	if _, err := connect(t, h).Exec(t.Context(), `UPDATE channel_members SET cleared_at = (SELECT created_at FROM messages WHERE id = '3') WHERE user_id = 'bob'`); err != nil {
		t.Fatal(err)
	}
	a = h.callAs(t, h.as(t, "bob"), http.MethodGet, "/channels/messaging/c/messages?ids=1,3", nil)
	if diff := cmp.Diff([]string{"3 regular text 3"}, texts(t, a.body["messages"])); diff != "" {
		t.Errorf("bob cleared the history (-want +got):\n%s", diff)
	}
}

func TestDeleteMessage(t *testing.T) { inEachDialect(t, testDeleteMessage) }

func testDeleteMessage(t *testing.T, d dialect) {
	h := newConversation(t).in(d)
	campaignMessages(t, h)
	for _, id := range []string{"soft", "hard"} {
		h.send(t, d.with(m{"id": id, "text": "x", "user_id": "shop", "attachments": []m{{"type": "image"}}}, m{"promo": 1}))
	}
	for _, tc := range []struct{ id, query string }{{"soft", ""}, {"soft", ""}, {"hard", "?hard=true"}, {"d", "?hard=true"}, {"t", "?hard=True"}, {"a", "?hard=false"}} {
		body := h.mustCall(t, http.StatusOK, http.MethodDelete, "/messages/"+tc.id+tc.query, nil)
		m := at(t, body, "message").(map[string]any)
		if m["id"] != tc.id || m["type"] != "deleted" || m["text"] != "" || m["deleted_at"] == nil || len(m["attachments"].([]any)) != 0 {
			t.Errorf("deleted %v", m)
		}
	}
	got := h.mustCall(t, http.StatusOK, http.MethodGet, "/messages/soft", nil)
	custom := at(t, got, "message").(m)
	if d.v2 {
		custom = custom["custom"].(m)
	}
	if at(t, got, "message", "type") != "deleted" || custom["promo"] == nil {
		t.Errorf("a message that was deleted softly: %v", got)
	}
	for _, id := range []string{"hard", "d", "t", "none"} {
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			wantError(t, h.call(t, method, "/messages/"+id, nil), http.StatusNotFound, models.CodeNotFound, id, "")
		}
	}
	state := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/query", nil)
	list := strings.Join(texts(t, state["messages"]), "; ")
	if !strings.Contains(list, "soft deleted") || !strings.Contains(list, "a deleted") || strings.Contains(list, "hard") || strings.Contains(list, "d erased") {
		t.Errorf("messages of the channel: %s", list)
	}
	wantError(t, h.call(t, http.MethodDelete, "/messages/soft?hard=1", nil), http.StatusBadRequest, models.CodeInvalid, "true or false", "hard")
	wantError(t, h.stranger(t).call(t, http.MethodDelete, "/messages/soft", nil), http.StatusNotFound, models.CodeNotFound, "soft", "")
	// The claim of the campaign's message stays, and with it its id.
	wantError(t, h.call(t, http.MethodPost, "/channels/messaging/c/message", `{"message": {"id": "d", "text": "x", "user_id": "shop"}}`),
		http.StatusBadRequest, models.CodeInvalid, "already exists", "message.id")
}

func TestDeleteMessageUserTokens(t *testing.T) {
	h := newConversation(t)
	for _, user := range []string{"ann", "bob"} {
		h.send(t, map[string]any{"id": user, "text": "x", "user_id": user})
	}
	wantError(t, h.callAs(t, h.as(t, "ann"), http.MethodDelete, "/messages/bob", nil), http.StatusForbidden, models.CodeNotAllowed, "not of user", "")
	wantError(t, h.callAs(t, h.as(t, "cy"), http.MethodDelete, "/messages/bob", nil), http.StatusForbidden, models.CodeNotAllowed, "not a member", "")
	if a := h.callAs(t, h.as(t, "ann"), http.MethodDelete, "/messages/ann", nil); a.status != http.StatusOK || at(t, a.body, "message", "type") != "deleted" {
		t.Errorf("ann deletes: %s", a.raw)
	}
	if a := h.callAs(t, h.as(t, "ann"), http.MethodDelete, "/messages/ann?hard=true", nil); a.status != http.StatusOK {
		t.Errorf("ann deletes for good: %s", a.raw)
	}
	wantError(t, h.callAs(t, h.as(t, "ann"), http.MethodGet, "/messages/ann", nil), http.StatusNotFound, models.CodeNotFound, "ann", "")
}
