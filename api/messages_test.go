package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"herald/models"
)

// newConversation is a shop with a channel messaging:c of shop, ann and bob.
func newConversation(t *testing.T) *harness {
	t.Helper()
	h := newShop(t)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/query", `{"data": {"created_by_id": "shop", "members": ["shop", "ann", "bob"], "name": "C"}}`)
	return h
}

func TestSendMessage(t *testing.T) {
	h := newConversation(t)
	body := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/message", `{"skip_push": true, "message": {
		"id": "m 1", "text": "Hi <you> & \"me\" 👋", "user": {"id": "shop"}, "mentioned_users": ["ann", "nobody"], "silent": true, "promo": {"a": 1.50}, "reply_count": 7,
		"attachments": [{"type": "image", "image_url": null, "alt": "x", "custom": {"alt": "y", "z": [1]}}]}}`)
	var want map[string]any
	decoder := json.NewDecoder(strings.NewReader(`{"id": "m 1", "cid": "messaging:c", "text": "Hi <you> & \"me\" 👋", "html": "", "type": "regular",
		"attachments": [{"type": "image", "alt": "y", "z": [1]}], "latest_reactions": [], "own_reactions": [], "reaction_counts": {}, "reaction_scores": {},
		"reply_count": 0, "deleted_reply_count": 0, "silent": true, "pinned": false, "shadowed": false, "mentioned_channel": false, "mentioned_here": false,
		"restricted_visibility": [], "created_at": "T", "updated_at": "T", "promo": {"a": 1.50}}`))
	decoder.UseNumber()
	if err := decoder.Decode(&want); err != nil {
		t.Fatal(err)
	}
	message, _ := body["message"].(map[string]any)
	if at(t, message, "user", "id") != "shop" || at(t, message, "mentioned_users", 0, "id") != "ann" || len(message["mentioned_users"].([]any)) != 1 {
		t.Errorf("users of the message: %v", message)
	}
	withoutUsers := cmpopts.IgnoreMapEntries(func(key string, _ any) bool { return key == "user" || key == "mentioned_users" })
	if diff := cmp.Diff(any(want), maskTimes(message), withoutUsers); diff != "" {
		t.Errorf("message (-want +got):\n%s", diff)
	}

	got := h.mustCall(t, http.StatusOK, http.MethodGet, "/messages/m%201", nil)
	if at(t, got, "message", "channel", "name") != "C" || at(t, got, "message", "channel", "last_message_at") != message["created_at"] {
		t.Errorf("channel of the message: %v", got)
	}
	delete(got["message"].(map[string]any), "channel")
	if diff := cmp.Diff(message, got["message"]); diff != "" {
		t.Errorf("read again (-sent +got):\n%s", diff)
	}

	t.Run("ids are made", func(t *testing.T) {
		body := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/message", `{"message": {"id": "", "text": "x", "user_id": "shop", "type": "system"}}`)
		if id, _ := at(t, body, "message", "id").(string); len(id) != 36 || id[14] != '7' || at(t, body, "message", "type") != "system" {
			t.Errorf("message %v", body)
		}
	})
}

func TestSendMessageRefuses(t *testing.T) {
	h := newConversation(t)
	send := func(message any) answer {
		return h.call(t, http.MethodPost, "/channels/messaging/c/message", map[string]any{"message": message})
	}
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/message", `{"message": {"id": "taken", "text": "x", "user_id": "shop"}}`)
	if a := send(map[string]any{"text": strings.Repeat("ä", 5000), "user_id": "shop"}); a.status != http.StatusCreated {
		t.Errorf("5,000 characters: %s", a.raw)
	}
	attachments := make([]map[string]any, 31)
	for _, tc := range []struct {
		field   string
		message map[string]any
	}{
		{"message.user_id", map[string]any{"text": "x"}},
		{"message.user_id", map[string]any{"text": "x", "user_id": "nobody"}},
		{"message.user_id", map[string]any{"text": "x", "user_id": 1}},
		{"message.id", map[string]any{"text": "x", "user_id": "shop", "id": "taken"}},
		{"message.id", map[string]any{"text": "x", "user_id": "shop", "id": "a\nb"}},
		{"message.text", map[string]any{"user_id": "shop"}},
		{"message.text", map[string]any{"text": " \n", "user_id": "shop", "attachments": []any{}}},
		{"message.type", map[string]any{"text": "x", "user_id": "shop", "type": "deleted"}},
		{"message.poll_id", map[string]any{"text": "x", "user_id": "shop", "poll_id": "p"}},
		{"message.attachments", map[string]any{"text": "x", "user_id": "shop", "attachments": attachments}},
		{"message.attachments[0].title", map[string]any{"text": "x", "user_id": "shop", "attachments": []any{map[string]any{"title": 1}}}},
		{"message.mentioned_users[0]", map[string]any{"text": "x", "user_id": "shop", "mentioned_users": []any{map[string]any{"id": "ann"}}}},
		{"message", map[string]any{"text": "x", "user_id": "shop", "x": strings.Repeat("x", 5200)}},
	} {
		wantError(t, send(tc.message), http.StatusBadRequest, models.CodeInvalid, "SendMessage failed", tc.field)
	}
	wantError(t, send(nil), http.StatusBadRequest, models.CodeInvalid, "is required", "message")
	wantError(t, send(map[string]any{"text": strings.Repeat("ä", 5001), "user_id": "shop"}), http.StatusBadRequest, models.CodeTextTooLong, "5000 characters", "message.text")
	a := h.call(t, http.MethodPost, "/channels/messaging/none/message", `{"message": 1}`)
	wantError(t, a, http.StatusNotFound, models.CodeNotFound, "messaging:none", "")
	wantError(t, h.call(t, http.MethodGet, "/messages/none", nil), http.StatusNotFound, models.CodeNotFound, "none", "")
}

func TestMessageUserTokens(t *testing.T) {
	h := newConversation(t)
	a := h.callAs(t, h.as(t, "ann"), http.MethodPost, "/channels/messaging/c/message", `{"message": {"id": "m", "text": "x"}}`)
	if a.status != http.StatusCreated || at(t, a.body, "message", "user", "id") != "ann" {
		t.Errorf("ann sends: %s", a.raw)
	}
	wantError(t, h.callAs(t, h.as(t, "ann"), http.MethodPost, "/channels/messaging/c/message", `{"message": {"text": "x", "user_id": "bob"}}`),
		http.StatusForbidden, models.CodeNotAllowed, "cannot act as", "")
	wantError(t, h.callAs(t, h.as(t, "cy"), http.MethodPost, "/channels/messaging/c/message", `{"message": {"text": "x"}}`),
		http.StatusForbidden, models.CodeNotAllowed, "not a member", "")
	wantError(t, h.callAs(t, h.as(t, "cy"), http.MethodGet, "/messages/m", nil), http.StatusForbidden, models.CodeNotAllowed, "not a member", "")
	got := h.callAs(t, h.as(t, "bob"), http.MethodGet, "/messages/m", nil)
	if at(t, got.body, "message", "channel", "hidden") != false || len(at(t, got.body, "message", "channel", "own_capabilities").([]any)) != 4 {
		t.Errorf("bob reads: %s", got.raw)
	}
	if _, err := connect(t, h).Exec(t.Context(), `UPDATE channel_members SET cleared_at = now() WHERE user_id = 'bob'`); err != nil {
		t.Fatal(err)
	}
	wantError(t, h.callAs(t, h.as(t, "bob"), http.MethodGet, "/messages/m", nil), http.StatusNotFound, models.CodeNotFound, "m", "")
	state := h.callAs(t, h.as(t, "bob"), http.MethodPost, "/channels/messaging/c/query", nil)
	if list := at(t, state.body, "messages").([]any); len(list) != 0 {
		t.Errorf("bob cleared the history and sees %v", list)
	}
}

// reads gives last_read_message_id and unread_messages of every member of messaging:c.
func reads(t *testing.T, h *harness) map[string]string {
	t.Helper()
	state := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/query", nil)
	got := map[string]string{}
	for i := range state["read"].([]any) {
		r := at(t, state, "read", i).(map[string]any)
		got[fmt.Sprint(at(t, r, "user", "id"))] = fmt.Sprint(r["last_read_message_id"], " ", r["unread_messages"])
	}
	return got
}

func TestSendingMovesTheOwnReadMarker(t *testing.T) {
	h := newConversation(t)
	send := func(id, user string) {
		h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/message",
			map[string]any{"message": map[string]any{"id": id, "text": "x", "user_id": user}})
	}
	send("1", "shop")
	send("2", "ann")
	send("3", "shop")
	want := map[string]string{"shop": "3 0", "ann": "2 1", "bob": "<nil> 3"}
	if diff := cmp.Diff(want, reads(t, h)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	state := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/query", `{"messages": {"limit": 2}}`)
	if at(t, state, "messages", 0, "id") != "2" || at(t, state, "messages", 1, "id") != "3" {
		t.Errorf("the two newest, oldest first: %v", state["messages"])
	}
	for body, want := range map[string]string{
		`{"messages": {"id_lt": "3", "limit": 1}}`: "[2]", `{"messages": {"id_gt": "1", "limit": 1}}`: "[2]",
		`{"messages": {"id_gt": "1", "id_lt": "3"}}`: "[2]", `{"messages": {"id_gt": "3"}}`: "[]", `{"messages": {"id_lt": "none"}}`: "[]",
	} {
		state := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/query", body)
		ids := []any{}
		for i := range state["messages"].([]any) {
			ids = append(ids, at(t, state, "messages", i, "id"))
		}
		if fmt.Sprint(ids) != want {
			t.Errorf("%s gives %v, want %s", body, ids, want)
		}
	}
}

func TestSendingShowsHiddenChannels(t *testing.T) {
	h := newConversation(t)
	conn := connect(t, h)
	for _, tc := range []struct {
		keep bool
		want bool
	}{{true, true}, {false, false}} {
		if _, err := conn.Exec(t.Context(), `UPDATE channel_members SET hidden = true`); err != nil {
			t.Fatal(err)
		}
		h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/message",
			map[string]any{"message": map[string]any{"text": "x", "user_id": "shop"}, "keep_channel_hidden": tc.keep})
		for _, user := range []string{"ann", "bob", "shop"} {
			got := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/query", `{"user_id": "`+user+`"}`)
			if got["hidden"] != tc.want {
				t.Errorf("keep_channel_hidden %v: hidden is %v for %s", tc.keep, got["hidden"], user)
			}
		}
	}
}

// Whether devices are told of a message is what its sender says.
func TestSendingSkipsPush(t *testing.T) {
	h := newConversation(t)
	conn := connect(t, h)
	for skip, want := range map[any]int{nil: 1, false: 1, true: 0} {
		h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/message",
			map[string]any{"message": map[string]any{"text": "x", "user_id": "shop"}, "skip_push": skip})
		var told int
		if err := conn.QueryRow(t.Context(), `SELECT count(*) FROM outbox WHERE hook_id = ''`).Scan(&told); err != nil || told != want {
			t.Errorf("skip_push %v: %d rows for push, want %d: %v", skip, told, want, err)
		}
		if _, err := conn.Exec(t.Context(), `DELETE FROM outbox`); err != nil {
			t.Fatal(err)
		}
	}
}

// campaignMessages stores what three campaigns left in messaging:c: "direct" to ann, "all" to the channel, and "gone", which
// is deleted, to ann; and a test message of "direct".
func campaignMessages(t *testing.T, h *harness) {
	t.Helper()
	conn := connect(t, h)
	for _, statement := range []string{
		`INSERT INTO campaigns (app_pk, id, sender_id, message_template, created_at, updated_at, deleted_at)
		 SELECT 1, id, 'shop', '{}', now(), now(), CASE id WHEN 'gone' THEN now() END FROM unnest(ARRAY['direct', 'all', 'gone']) AS id`,
		`INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, recipient, custom, created_at, updated_at)
		 SELECT 1, m.id, 'messaging:c', 'shop', 'x', campaign, recipient, '{"campaign_id": "forged", "lang": "en"}', now(), now()
		 FROM (VALUES ('d', 'direct', 'ann'), ('a', 'all', 'messaging:c'), ('g', 'gone', 'ann'), ('t', 'direct', NULL)) AS m (id, campaign, recipient)`,
		`UPDATE channels SET last_message_at = now()`,
	} {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCampaignMessage(t *testing.T) {
	h := newConversation(t)
	campaignMessages(t, h)
	for id, want := range map[string]map[string]any{
		"d": {"campaign_id": "direct", "lang": "en", "campaign_test": nil}, "t": {"campaign_id": "direct", "lang": "en", "campaign_test": true},
	} {
		a := h.call(t, http.MethodGet, "/messages/"+id, nil)
		message, _ := a.body["message"].(map[string]any)
		for key, value := range want {
			if message[key] != value {
				t.Errorf("%s: %s is %v, want %v", id, key, message[key], value)
			}
		}
		if strings.Count(a.raw, `"campaign_id"`) != 1 {
			t.Errorf("campaign_id twice: %s", a.raw)
		}
	}
}

func TestSendingCountsCampaignReads(t *testing.T) {
	h := newConversation(t)
	campaignMessages(t, h)
	if _, err := connect(t, h).Exec(t.Context(), `INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at)
		VALUES (1, 'messaging:c', 'cy', now() + interval '1 second', now())`); err != nil {
		t.Fatal(err)
	}
	counted := func() []string {
		rows, err := connect(t, h).Query(t.Context(), `SELECT campaign_id || ' ' || user_id FROM campaign_reads WHERE cid = 'messaging:c' ORDER BY 1`)
		if err != nil {
			t.Fatal(err)
		}
		list, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	for _, tc := range []struct {
		user, why string
		want      []string
	}{
		{"shop", "the sender reads nothing", []string{}},
		{"bob", "a message to ann is not bob's", []string{"all bob"}},
		{"cy", "cy joined later", []string{"all bob"}},
		{"ann", "both are ann's, and the deleted campaign counts no more", []string{"all ann", "all bob", "direct ann"}},
		{"ann", "once", []string{"all ann", "all bob", "direct ann"}},
	} {
		h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/message",
			map[string]any{"message": map[string]any{"text": "x", "user_id": tc.user}})
		if diff := cmp.Diff(tc.want, counted()); diff != "" {
			t.Errorf("%s sends; %s (-want +got):\n%s", tc.user, tc.why, diff)
		}
	}
}

// Messages of one channel sent at once come out in the order of their times, each once, and deadlock with nothing.
func TestSendingAtOnce(t *testing.T) {
	h := newConversation(t)
	const senders, each = 6, 10
	var wait sync.WaitGroup
	failed := make(chan string, senders*each)
	for i := range senders {
		wait.Go(func() {
			for n := range each {
				a := h.call(t, http.MethodPost, "/channels/messaging/c/message",
					map[string]any{"message": map[string]any{"id": fmt.Sprintf("%d-%d", i, n), "text": "x", "user_id": []string{"shop", "ann", "bob"}[i%3]}})
				if a.status != http.StatusCreated {
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
	state := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/query", `{"messages": {"limit": 300}}`)
	list := state["messages"].([]any)
	if len(list) != senders*each {
		t.Fatalf("%d messages", len(list))
	}
	last := at(t, list, len(list)-1).(map[string]any)
	if at(t, state, "channel", "last_message_at") != last["created_at"] {
		t.Errorf("last_message_at %v, newest message %v", at(t, state, "channel", "last_message_at"), last["created_at"])
	}
}

func TestDeletedChannelIsCreatedAnew(t *testing.T) {
	h := newConversation(t)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/message", `{"message": {"id": "old", "text": "x", "user_id": "shop"}}`)
	if _, err := connect(t, h).Exec(t.Context(), `UPDATE channels SET deleted_at = now()`); err != nil {
		t.Fatal(err)
	}
	wantError(t, h.call(t, http.MethodGet, "/messages/old", nil), http.StatusNotFound, models.CodeNotFound, "old", "")
	wantError(t, h.call(t, http.MethodPost, "/channels/messaging/c/message", `{"message": {"text": "x", "user_id": "shop"}}`), http.StatusNotFound, models.CodeNotFound, "c", "")
	if got := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels", nil); len(cids(t, got)) != 0 {
		t.Errorf("deleted channels are listed: %v", got)
	}
	state := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/c/query", `{"data": {"created_by_id": "ann", "members": ["ann"]}}`)
	channel := at(t, state, "channel").(map[string]any)
	if len(state["messages"].([]any)) != 0 || len(state["members"].([]any)) != 1 || channel["name"] != nil || channel["last_message_at"] != nil || channel["member_count"] != json.Number("1") {
		t.Errorf("created anew: %v", state)
	}
	wantError(t, h.call(t, http.MethodGet, "/messages/old", nil), http.StatusNotFound, models.CodeNotFound, "old", "")
}
