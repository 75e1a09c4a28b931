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

// shopChannel makes a channel of the shop's with more in its data, and gives its state.
func (h *harness) shopChannel(t *testing.T, id string, more m, members ...string) m {
	t.Helper()
	data := m{"created_by_id": "shop", "members": members}
	for k, v := range more {
		data[k] = v
	}
	return h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/"+id+"/query", m{"data": data})
}

// memberIDs lists the users of "members" of an answer.
func memberIDs(t *testing.T, body m) string {
	t.Helper()
	var list []string
	for _, member := range body["members"].([]any) {
		list = append(list, at(t, member, "user_id").(string))
	}
	return strings.Join(list, " ")
}

func TestUpdateChannelReplacesTheData(t *testing.T) {
	h := newShop(t)
	before := at(t, h.shopChannel(t, "x", m{"name": "X", "color": "red", "team": "eu", "frozen": true}, "shop", "ann"), "channel").(m)
	for _, tc := range []struct {
		name, body string
		want       m // of the channel; nil is absent
		members    string
	}{
		{"no data keeps it", `{"add_members": ["bob"]}`, m{"name": "X", "color": "red", "team": "eu", "frozen": true, "member_count": jsonNumber("3")}, "ann bob shop"},
		{"null is no data", `{"data": null}`, m{"name": "X", "team": "eu", "frozen": true}, "ann bob shop"},
		{"replaced", `{"data": {"name": "Y", "disabled": true, "n": 1.50, "z": null}}`,
			m{"name": "Y", "disabled": true, "n": jsonNumber("1.50"), "color": nil, "team": nil, "frozen": false}, "ann bob shop"},
		{"only answers set these", `{"data": {"name": "Z", "id": "other", "created_by_id": "ann", "member_count": 9, "members": ["cy"], "created_at": "2020-01-01T00:00:00Z"}}`,
			m{"name": "Z", "id": "x", "disabled": false, "member_count": jsonNumber("3"), "created_at": before["created_at"]}, "ann bob shop"},
		{"emptied", `{"data": {}}`, m{"name": nil}, "ann bob shop"},
		{"added and removed", `{"add_members": [{"user_id": "ann", "channel_role": "boss"}, {"user": {"id": "cy"}, "channel_role": "channel_moderator", "desk": 4}], "remove_members": ["bob", "nobody"]}`,
			m{"member_count": jsonNumber("3")}, "ann cy shop"},
		{"nothing", `{}`, m{"member_count": jsonNumber("3")}, "ann cy shop"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/x", tc.body)
			channel := body["channel"].(m)
			for key, want := range tc.want {
				if diff := cmp.Diff(want, channel[key]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", key, diff)
				}
			}
			if got := memberIDs(t, body); got != tc.members || body["message"] != nil || at(t, channel, "created_by", "id") != "shop" || channel["updated_at"] == before["updated_at"] {
				t.Errorf("members %q: %v", got, body)
			}
			stored := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/x/query", nil)
			if diff := cmp.Diff(channel, stored["channel"]); diff != "" {
				t.Errorf("answered and stored differ:\n%s", diff)
			}
		})
	}
	members := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/x/query", nil)["members"].([]any)
	if members[0].(m)["channel_role"] != "channel_member" || members[1].(m)["channel_role"] != "channel_moderator" || members[1].(m)["desk"] != jsonNumber("4") {
		t.Errorf("members %v", members)
	}
}

func TestUpdateChannelWithAMessage(t *testing.T) {
	h := newShop(t)
	h.shopChannel(t, "x", nil, "shop", "ann")
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/x/hide", `{"user_id": "ann"}`)
	body := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/x",
		`{"data": {"name": "X"}, "add_members": ["bob"], "message": {"text": "Bob is here", "user": {"id": "shop"}, "mentioned_users": ["bob"], "x": 1}}`)
	message := body["message"].(m)
	if message["text"] != "Bob is here" || message["type"] != "system" || at(t, message, "user", "id") != "shop" || message["x"] != jsonNumber("1") ||
		at(t, message, "mentioned_users", 0, "id") != "bob" || at(t, body, "channel", "last_message_at") != message["created_at"] || at(t, body, "channel", "name") != "X" {
		t.Errorf("answer %v", body)
	}
	state := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/x/query", `{"user_id": "ann"}`)
	if at(t, state, "messages", 0, "id") != message["id"] || state["hidden"] != false {
		t.Errorf("state %v", state)
	}
	// Who joined in the same update has not read it yet.
	for _, read := range state["read"].([]any) {
		if unread, want := at(t, read, "unread_messages"), map[any]json.Number{"shop": "0", "ann": "1", "bob": "1"}[at(t, read, "user", "id")]; unread != want {
			t.Errorf("%v has %v unread, want %v", at(t, read, "user", "id"), unread, want)
		}
	}
	body = h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/x", `{"message": {"id": "m1", "text": "Hi", "type": "regular", "user_id": "ann"}}`)
	if at(t, body, "message", "type") != "regular" || at(t, body, "message", "id") != "m1" {
		t.Errorf("answer %v", body)
	}
}

func TestUpdateChannelRefuses(t *testing.T) {
	h := newShop(t)
	h.users(t, "asleep")
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/users/asleep/deactivate", nil)
	before := h.shopChannel(t, "x", m{"name": "X"}, "shop", "ann")
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/x/message", `{"message": {"id": "taken", "text": "x", "user_id": "shop"}}`)
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprint("u", i)
	}
	for _, tc := range []struct {
		body   any
		fields string
	}{
		{`{"data": []}`, "data"},
		{`{"data": {"frozen": "yes", "disabled": 1, "team": 2}}`, "data.disabled data.frozen data.team"},
		{m{"data": m{"team": strings.Repeat("x", 1001)}}, "data.team"},
		{m{"data": m{"x": strings.Repeat("x", 5200)}}, "data"},
		{m{"add_members": many}, "add_members"},
		{m{"remove_members": many}, "remove_members"},
		{`{"add_members": ["bob", "nobody"]}`, "add_members"},
		{`{"add_members": [{}]}`, "add_members[0].user_id"},
		{`{"add_members": ["bob"], "remove_members": ["ann", "bob"]}`, "remove_members"},
		{`{"message": {"text": "x"}}`, "message.user_id"},
		{`{"message": {"text": "x", "user_id": "nobody"}}`, "message.user_id"},
		{`{"message": {"text": "x", "user_id": "asleep"}}`, "message.user_id"},
		{`{"message": {"text": " ", "user_id": "ann"}}`, "message.text"},
		{`{"message": "x"}`, "message message.text message.user_id"},
		{`{"data": {"name": "Y"}, "add_members": ["bob"], "message": {"id": "taken", "text": "x", "user_id": "shop"}}`, "message.id"},
	} {
		t.Run(fmt.Sprint(tc.body), func(t *testing.T) {
			wantFields(t, h.call(t, http.MethodPost, "/channels/messaging/x", tc.body), strings.Fields(tc.fields)...)
		})
	}
	a := h.call(t, http.MethodPost, "/channels/messaging/x", m{"data": m{"name": "Y"}, "message": m{"text": strings.Repeat("é", 5001), "user_id": "shop"}})
	wantError(t, a, http.StatusBadRequest, models.CodeTextTooLong, "5000 characters", "message.text")
	after := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/x/query", nil)
	if memberIDs(t, after) != "ann shop" || at(t, after, "channel", "updated_at") != at(t, before, "channel", "updated_at") || len(after["messages"].([]any)) != 1 {
		t.Errorf("a refused call changed %v", after)
	}
}

func TestUpdateChannelPartial(t *testing.T) {
	h := newShop(t)
	h.shopChannel(t, "x", m{"name": "X", "team": "eu", "frozen": true, "style": m{"color": "red", "size": m{"w": 1}}}, "shop", "ann")
	for _, tc := range []struct {
		name, body string
		want       m
	}{
		{"nothing", `{}`, m{"name": "X", "team": "eu", "frozen": true}},
		{"set", `{"set": {"name": "Y", "disabled": true, "rank": 2.50}}`, m{"name": "Y", "disabled": true, "rank": jsonNumber("2.50"), "team": "eu", "frozen": true}},
		{"nested", `{"set": {"style.color": "blue", "style.size.h": 2}, "unset": ["style.size.w"]}`, m{"style": m{"color": "blue", "size": m{"h": jsonNumber("2")}}}},
		{"null", `{"set": {"team": null, "rank": null}}`, m{"team": "eu", "rank": nil}},
		{"unset", `{"unset": ["team", "Frozen", "disabled", "style", "missing"]}`, m{"team": nil, "frozen": false, "disabled": false, "style": nil, "name": "Y"}},
		{"built in", `{"set": {"id": "y", "member_count": 9, "created_by_id": "ann"}, "unset": ["created_by", "id"]}`, m{"id": "x", "member_count": jsonNumber("2")}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body := h.mustCall(t, http.StatusOK, http.MethodPatch, "/channels/messaging/x", tc.body)
			for key, want := range tc.want {
				if diff := cmp.Diff(want, at(t, body, "channel").(m)[key]); diff != "" {
					t.Errorf("%s (-want +got):\n%s", key, diff)
				}
			}
			if memberIDs(t, body) != "ann shop" || at(t, body, "channel", "created_by", "id") != "shop" {
				t.Errorf("answer %v", body)
			}
		})
	}
	for body, field := range map[string]string{
		`{"set": []}`: "set", `{"unset": "name"}`: "unset", `{"unset": [1]}`: "unset[0]", `{"set": {"frozen": 1}}`: "set.frozen",
		`{"set": {"name.first": 1}}`: `set["name.first"]`, `{"set": {"created_by.id": "ann"}}`: `set["created_by.id"]`,
		`{"set": {"big": "` + strings.Repeat("x", 5110) + `"}}`: "set",
	} {
		wantFields(t, h.call(t, http.MethodPatch, "/channels/messaging/x", body), field)
	}
}

// A channel that is not there, gone or another app's is the same to every route of a channel, and users may not update one.
func TestChannelRoutesFindTheirChannel(t *testing.T) {
	h := newShop(t)
	h.shopChannel(t, "x", nil, "shop", "ann")
	h.shopChannel(t, "gone", nil, "shop", "ann")
	h.mustCall(t, http.StatusOK, http.MethodDelete, "/channels/messaging/gone", nil)
	other := h.tenant(t)
	other.users(t, "ann", "shop")
	for _, r := range []struct {
		method, path, body string
		usersToo           bool
	}{
		{http.MethodPost, "", `{}`, false},
		{http.MethodPatch, "", `{}`, false},
		{http.MethodDelete, "", "", false},
		{http.MethodPatch, "/member/ann", `{}`, true},
		{http.MethodPatch, "/member?user_id=ann", `{}`, true},
		{http.MethodPost, "/hide", `{"user_id": "ann"}`, true},
		{http.MethodPost, "/show", `{"user_id": "ann"}`, true},
	} {
		for _, id := range []string{"none", "gone"} {
			wantError(t, h.call(t, r.method, "/channels/messaging/"+id+r.path, r.body), http.StatusNotFound, models.CodeNotFound, "channel", "")
			if r.usersToo {
				wantError(t, h.callAs(t, h.as(t, "ann"), r.method, "/channels/messaging/"+id+r.path, r.body), http.StatusNotFound, models.CodeNotFound, "channel", "")
			}
		}
		wantError(t, other.call(t, r.method, "/channels/messaging/x"+r.path, r.body), http.StatusNotFound, models.CodeNotFound, "channel", "")
		if r.usersToo {
			body := strings.ReplaceAll(r.body, "ann", "bob")
			path := strings.ReplaceAll(r.path, "ann", "bob")
			wantError(t, h.callAs(t, h.as(t, "bob"), r.method, "/channels/messaging/x"+path, body), http.StatusForbidden, models.CodeNotAllowed, "not a member", "")
			wantError(t, h.callAs(t, h.as(t, "ann"), r.method, "/channels/messaging/x"+path, body), http.StatusForbidden, models.CodeNotAllowed, "cannot act as", "")
		} else {
			wantError(t, h.callAs(t, h.as(t, "ann"), r.method, "/channels/messaging/x"+r.path, r.body), http.StatusForbidden, models.CodeNotAllowed, "server token", "")
		}
	}
}
