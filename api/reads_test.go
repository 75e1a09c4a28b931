package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

// unread sums up what a user has not read.
func (h *harness) unread(t *testing.T, user string) string {
	t.Helper()
	return summary(t, h.mustCall(t, http.StatusOK, http.MethodGet, "/unread?user_id="+user, nil))
}

func summary(t *testing.T, counts map[string]any) string {
	t.Helper()
	list := []string{fmt.Sprint(counts["total_unread_count"])}
	for i := range counts["channels"].([]any) {
		ch := at(t, counts, "channels", i).(map[string]any)
		list = append(list, fmt.Sprint(ch["channel_id"], " ", ch["unread_count"]))
	}
	return strings.Join(list, "; ")
}

// newChatter is a conversation and two more channels, messaging:d of ann and bob and team:e of ann, with the messages c1 to
// c3, d1 and e1 of shop, who is only in the first.
func newChatter(t *testing.T) *harness {
	t.Helper()
	h := newConversation(t)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/d/query", `{"data": {"created_by_id": "shop", "members": ["ann", "bob"]}}`)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/team/e/query", `{"data": {"created_by_id": "shop", "members": ["ann"]}}`)
	for _, m := range []struct{ path, id string }{{"messaging/c", "c1"}, {"messaging/c", "c2"}, {"messaging/c", "c3"}, {"messaging/d", "d1"}, {"team/e", "e1"}} {
		h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/"+m.path+"/message", `{"message": {"id": "`+m.id+`", "text": "x", "user_id": "shop"}}`)
	}
	return h
}

func TestMarkRead(t *testing.T) { inEachDialect(t, testMarkRead) }

func testMarkRead(t *testing.T, d dialect) {
	h := newChatter(t).in(d)
	body := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/read", `{"user_id": "ann", "message_id": "c2", "thread_id": "x"}`)
	event := at(t, body, "event").(map[string]any)
	if at(t, event, "user", "name") != "Ann" || event["created_at"] == nil {
		t.Errorf("event %v", event)
	}
	delete(event, "user")
	want := decode(t, `{"type": "message.read", "cid": "messaging:c", "channel_id": "c", "channel_type": "messaging", "last_read_message_id": "c2", "created_at": "T"}`)
	if diff := cmp.Diff(want, maskTimes(any(event))); diff != "" {
		t.Errorf("event (-want +got):\n%s", diff)
	}
	for _, tc := range []struct {
		path, body string
		at         any
		reads      string
	}{
		{"messaging/c", `{"user_id": "ann", "message_id": "c1"}`, "c2", "c2 1"}, // never back
		{"messaging/c", `{"user": {"id": "ann"}, "message_id": null}`, "c3", "c3 0"},
		{"messaging/c", `{"user_id": "ann"}`, "c3", "c3 0"},
	} {
		body := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/"+tc.path+"/read", tc.body)
		if at(t, body, "event", "last_read_message_id") != tc.at || reads(t, h)["ann"] != tc.reads {
			t.Errorf("%s gives %v, and ann has read %s", tc.body, body, reads(t, h)["ann"])
		}
	}
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/empty/query", `{"data": {"created_by_id": "shop", "members": ["ann"]}}`)
	body = h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/empty/read", `{"user_id": "ann"}`)
	if _, has := at(t, body, "event").(map[string]any)["last_read_message_id"]; has {
		t.Errorf("an empty channel: %v", body)
	}

	for _, tc := range []struct{ body, field string }{
		{``, "user_id"}, {`{"user_id": "nobody"}`, "user_id"}, {`{"user_id": "cy"}`, "user_id"}, {`{"user_id": 1}`, "user_id"},
		{`{"user_id": "ann", "message_id": "none"}`, "message_id"}, {`{"user_id": "ann", "message_id": "d1"}`, "message_id"},
		{`{"user_id": "ann", "message_id": 1}`, "message_id"},
	} {
		wantError(t, h.call(t, http.MethodPost, "/channels/messaging/c/read", tc.body), http.StatusBadRequest, models.CodeInvalid, "MarkRead failed", tc.field)
	}
	wantError(t, h.call(t, http.MethodPost, "/channels/messaging/none/read", `{"user_id": "ann"}`), http.StatusNotFound, models.CodeNotFound, "none", "")
	wantError(t, h.stranger(t).call(t, http.MethodPost, "/channels/messaging/c/read", `{"user_id": "ann"}`), http.StatusNotFound, models.CodeNotFound, "c", "")
}

func TestMarkReadUserTokens(t *testing.T) {
	h := newChatter(t)
	if a := h.callAs(t, h.as(t, "ann"), http.MethodPost, "/channels/messaging/c/read", nil); a.status != http.StatusCreated || at(t, a.body, "event", "user", "id") != "ann" {
		t.Errorf("ann reads: %s", a.raw)
	}
	wantError(t, h.callAs(t, h.as(t, "ann"), http.MethodPost, "/channels/messaging/c/read", `{"user_id": "bob"}`), http.StatusForbidden, models.CodeNotAllowed, "cannot act as", "")
	wantError(t, h.callAs(t, h.as(t, "cy"), http.MethodPost, "/channels/messaging/c/read", nil), http.StatusForbidden, models.CodeNotAllowed, "not a member", "")
	wantError(t, h.callAs(t, h.as(t, "bob"), http.MethodPost, "/channels/read", `{"read_by_channel": {"team:e": ""}}`), http.StatusForbidden, models.CodeNotAllowed, "not a member", "")
	wantError(t, h.callAs(t, h.as(t, "bob"), http.MethodPost, "/channels/read", `{"user_id": "ann"}`), http.StatusForbidden, models.CodeNotAllowed, "cannot act as", "")
	if a := h.callAs(t, h.as(t, "bob"), http.MethodPost, "/channels/read", nil); a.status != http.StatusCreated || at(t, a.body, "event", "user", "id") != "bob" {
		t.Errorf("bob reads all: %s", a.raw)
	}
	a := h.callAs(t, h.as(t, "bob"), http.MethodGet, "/unread", nil)
	if a.status != http.StatusOK || summary(t, a.body) != "0" {
		t.Errorf("bob asks: %s", a.raw)
	}
	wantError(t, h.callAs(t, h.as(t, "bob"), http.MethodGet, "/unread?user_id=ann", nil), http.StatusForbidden, models.CodeNotAllowed, "cannot act as", "")
	wantError(t, h.callAs(t, h.as(t, "bob"), http.MethodPost, "/unread_batch", `{"user_ids": ["bob"]}`), http.StatusForbidden, models.CodeNotAllowed, "server token", "")
}

func TestMarkChannelsRead(t *testing.T) { inEachDialect(t, testMarkChannelsRead) }

func testMarkChannelsRead(t *testing.T, d dialect) {
	h := newChatter(t).in(d)
	for _, tc := range []struct{ body, want string }{
		{`{"user_id": "ann", "read_by_channel": {}}`, "5; messaging:c 3; messaging:d 1; team:e 1"},
		{`{"user_id": "ann", "read_by_channel": {"messaging:c": "c2", "team:e": null}}`, "3; messaging:c 1; messaging:d 1; team:e 1"},
		{`{"user_id": "ann", "read_by_channel": {"messaging:c": "c1", "team:e": ""}}`, "2; messaging:c 1; messaging:d 1"},
		{`{"user": {"id": "ann"}, "read_by_channel": null}`, "0"},
	} {
		body := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/read", tc.body)
		event := at(t, body, "event").(map[string]any)
		if len(event) != 3 || event["type"] != "message.read" || at(t, event, "user", "id") != "ann" {
			t.Errorf("event %v", event)
		}
		if got := h.unread(t, "ann"); got != tc.want {
			t.Errorf("%s leaves unread %s, want %s", tc.body, got, tc.want)
		}
	}
	many := map[string]string{}
	for i := range 31 {
		many[fmt.Sprint("messaging:", i)] = ""
	}
	for _, tc := range []struct {
		body  any
		field string
	}{
		{nil, "user_id"}, {`{"user_id": "nobody"}`, "user_id"},
		{map[string]any{"user_id": "bob", "read_by_channel": many}, "read_by_channel"},
		{`{"user_id": "bob", "read_by_channel": ["messaging:c"]}`, "read_by_channel"},
		{`{"user_id": "bob", "read_by_channel": {"messaging:c": 1}}`, `read_by_channel["messaging:c"]`},
		{`{"user_id": "bob", "read_by_channel": {"messaging:c": "d1"}}`, `read_by_channel["messaging:c"]`},
		{`{"user_id": "bob", "read_by_channel": {"messaging:c": "", "team:e": ""}}`, `read_by_channel["team:e"]`},
		{`{"user_id": "bob", "read_by_channel": {"none": ""}}`, "read_by_channel.none"},
	} {
		wantError(t, h.call(t, http.MethodPost, "/channels/read", tc.body), http.StatusBadRequest, models.CodeInvalid, "MarkChannelsRead failed", tc.field)
	}
	if got := h.unread(t, "bob"); got != "4; messaging:c 3; messaging:d 1" {
		t.Errorf("refused marks moved a marker: %s", got)
	}
}

func TestUnreadCounts(t *testing.T) { inEachDialect(t, testUnreadCounts) }

func testUnreadCounts(t *testing.T, d dialect) {
	h := newChatter(t).in(d)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/message", `{"message": {"id": "own", "text": "x", "user_id": "bob"}}`)
	h.mustCall(t, http.StatusOK, http.MethodDelete, "/messages/c2", nil)
	h.mustCall(t, http.StatusOK, http.MethodDelete, "/messages/c3?hard=true", nil)
	body := h.mustCall(t, http.StatusOK, http.MethodGet, "/unread?user_id=ann", nil)
	want := decode(t, `{"total_unread_count": 4, "total_unread_threads_count": 0, "threads": [], "duration": "T",
		"channels": [{"channel_id": "messaging:c", "unread_count": 2, "last_read": "T"}, {"channel_id": "messaging:d", "unread_count": 1, "last_read": "T"},
			{"channel_id": "team:e", "unread_count": 1, "last_read": "T"}],
		"channel_type": [{"channel_type": "messaging", "channel_count": 2, "unread_count": 3}, {"channel_type": "team", "channel_count": 1, "unread_count": 1}]}`)
	if diff := cmp.Diff(want, maskTimes(any(body))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	// Sending moves the sender's own marker, so the other's message before it is read.
	if got := h.unread(t, "bob"); got != "1; messaging:d 1" {
		t.Errorf("bob: %s", got)
	}
	batch := h.mustCall(t, http.StatusCreated, http.MethodPost, "/unread_batch", `{"user_ids": ["ann", "shop", "nobody", "ann", "bob"]}`)
	got := map[string]string{}
	for user, counts := range at(t, batch, "counts_by_user").(map[string]any) {
		if _, has := counts.(map[string]any)["duration"]; has {
			t.Errorf("%s has a duration of its own", user)
		}
		got[user] = summary(t, counts.(map[string]any))
	}
	wantBatch := map[string]string{"ann": "4; messaging:c 2; messaging:d 1; team:e 1", "shop": "1; messaging:c 1", "bob": "1; messaging:d 1"}
	if diff := cmp.Diff(wantBatch, got); diff != "" {
		t.Errorf("batch (-want +got):\n%s", diff)
	}
	// What ann cleared is no longer unread, nor is what is in a channel that is gone.
	conn := connect(t, h)
	for _, statement := range []string{
		`UPDATE channel_members SET cleared_at = now() WHERE cid = 'messaging:d' AND user_id = 'ann'`, `UPDATE channels SET deleted_at = now() WHERE cid = 'team:e'`,
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if got := h.unread(t, "ann"); got != "2; messaging:c 2" {
		t.Errorf("ann: %s", got)
	}
	state := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/d/query", nil)
	if at(t, state, "read", 0, "unread_messages") != json.Number("0") || at(t, state, "read", 1, "unread_messages") != json.Number("1") {
		t.Errorf("reads of d: %v", state["read"])
	}
	if got := h.stranger(t).unread(t, "ann"); got != "0" {
		t.Errorf("another app's ann: %s", got)
	}

	ids := make([]string, 101)
	for i := range ids {
		ids[i] = fmt.Sprint(i)
	}
	for _, tc := range []struct{ body any }{{nil}, {`{"user_ids": []}`}, {`{"user_ids": "ann"}`}, {map[string]any{"user_ids": ids}}} {
		wantError(t, h.call(t, http.MethodPost, "/unread_batch", tc.body), http.StatusBadRequest, models.CodeInvalid, "UnreadCountsBatch failed", "user_ids")
	}
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/unread_batch", map[string]any{"user_ids": ids[:100]})
	wantError(t, h.call(t, http.MethodGet, "/unread", nil), http.StatusBadRequest, models.CodeInvalid, "is required", "user_id")
	wantError(t, h.call(t, http.MethodGet, "/unread?user_id=nobody", nil), http.StatusBadRequest, models.CodeInvalid, "exists", "user_id")
}

// usersRead gives stats_users_read of campaigns.
func (h *harness) usersRead(t *testing.T, ids ...string) string {
	t.Helper()
	var list []string
	for _, id := range ids {
		body := h.mustCall(t, http.StatusOK, http.MethodGet, "/campaigns/"+id, nil)
		list = append(list, fmt.Sprint(id, " ", at(t, body, "campaign", "stats", "stats_users_read")))
	}
	return strings.Join(list, ", ")
}

func TestMarkingCountsCampaignReads(t *testing.T) { inEachDialect(t, testMarkingCountsCampaignReads) }

func testMarkingCountsCampaignReads(t *testing.T, d dialect) {
	h := newConversation(t).in(d)
	campaignMessages(t, h)
	for _, tc := range []struct{ path, body, want string }{
		{"/channels/messaging/c/read", `{"user_id": "shop"}`, "direct 0, all 0"},
		{"/channels/messaging/c/read", `{"user_id": "bob"}`, "direct 0, all 1"},
		{"/channels/read", `{"user_id": "ann"}`, "direct 1, all 2"},
		{"/channels/messaging/c/read", `{"user_id": "ann"}`, "direct 1, all 2"},
	} {
		h.mustCall(t, http.StatusCreated, http.MethodPost, tc.path, tc.body)
		if got := h.usersRead(t, "direct", "all"); got != tc.want {
			t.Errorf("%s %s: %s, want %s", tc.path, tc.body, got, tc.want)
		}
	}
	h.mustCall(t, http.StatusOK, http.MethodDelete, "/messages/d?hard=true", nil)
	if got := h.usersRead(t, "direct"); got != "direct 1" {
		t.Errorf("after the message was deleted: %s", got)
	}
}

// The users of one campaign read at once, each more than once: each counts once.
func TestReadingAtOnce(t *testing.T) {
	h := newConversation(t)
	campaignMessages(t, h)
	users := make([]string, 40)
	for i := range users {
		users[i] = fmt.Sprint("reader-", i)
	}
	h.users(t, users...)
	if _, err := connect(t, h).Exec(t.Context(), `INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at)
		SELECT 1, ch.cid, id, ch.created_at, now() FROM channels AS ch, unnest($1::text[]) AS id`, users); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	failed := make(chan string, 1000)
	for i := range 8 {
		wait.Go(func() {
			for n := range users {
				path := []string{"/channels/messaging/c/read", "/channels/read"}[(n+i)%2]
				if a := h.call(t, http.MethodPost, path, map[string]string{"user_id": users[(n*3+i)%len(users)]}); a.status != http.StatusCreated {
					failed <- a.raw
				}
			}
		})
	}
	wait.Wait()
	close(failed)
	for raw := range failed {
		t.Error(raw)
	}
	if got := h.usersRead(t, "direct", "all"); got != "direct 0, all 40" {
		t.Errorf("read: %s", got)
	}
}
