package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

func (h *harness) queryMembers(t *testing.T, payload string) m {
	t.Helper()
	return h.mustCall(t, http.StatusOK, http.MethodGet, "/members?payload="+url.QueryEscape(payload), nil)
}

func TestQueryMembers(t *testing.T) {
	h := newShop(t)
	h.shopChannel(t, "x", nil, "shop", "bob", "ann", "cy")
	h.shopChannel(t, "y", nil, "shop")
	for payload, want := range map[string]string{
		`{"type": "messaging", "id": "x"}`:                                          "ann bob cy shop",
		`{"type": "messaging", "id": "x", "filter_conditions": {}, "sort": []}`:     "ann bob cy shop",
		`{"type": "messaging", "id": "x", "filter_conditions": {"user_id": "bob"}}`: "bob",
		`{"type": "messaging", "id": "x", "filter_conditions": {"id": {"$in": ["shop", "ann", "zoe"]}}, "sort": [{"field": "user_id", "direction": -1}]}`: "shop ann",
		`{"type": "messaging", "id": "x", "limit": 2, "offset": 1}`:                                                                                       "bob cy",
		`{"type": "messaging", "id": "x", "offset": 4}`:                                                                                                   "",
		`{"type": "messaging", "id": "y"}`:                                                                                                                "shop",
	} {
		if got := memberIDs(t, h.queryMembers(t, payload)); got != want {
			t.Errorf("%s: %q, want %q", payload, got, want)
		}
	}
	shop := at(t, h.queryMembers(t, `{"type": "messaging", "id": "y"}`), "members", 0).(m)
	if shop["role"] != "owner" || at(t, shop, "user", "name") != "The Shop" || shop["channel_role"] != "channel_member" || shop["banned"] != false {
		t.Errorf("the shop %v", shop)
	}
	for payload, fields := range map[string]string{
		`{}`:                             "id type",
		`{"type": "messaging"}`:          "id",
		`{"type": "messaging", "id": 1}`: "id",
		`{"type": "messaging", "id": "x", "limit": 301, "offset": -1}`:                                      "limit offset",
		`{"type": "messaging", "id": "x", "filter_conditions": {"name": "x"}, "sort": [{"field": "name"}]}`: "filter_conditions.name sort[0].field",
		`{"type": "messaging", "id": "x", "filter_conditions": {"user_id": {"$gt": "a"}}}`:                  "filter_conditions.user_id.$gt",
	} {
		wantFields(t, h.call(t, http.MethodGet, "/members?payload="+url.QueryEscape(payload), nil), strings.Fields(fields)...)
	}
	wantFields(t, h.call(t, http.MethodGet, "/members", nil), "id", "type")
	const x = "/members?payload=%7B%22type%22%3A%22messaging%22%2C%22id%22%3A%22x%22%7D"
	wantError(t, h.call(t, http.MethodGet, "/members?payload=%7B", nil), http.StatusBadRequest, models.CodeInvalid, "line 1, column 1", "")
	wantError(t, h.call(t, http.MethodGet, strings.Replace(x, "%22x%22", "%22z%22", 1), nil), http.StatusNotFound, models.CodeNotFound, "messaging:z", "")
	wantError(t, h.tenant(t).call(t, http.MethodGet, x, nil), http.StatusNotFound, models.CodeNotFound, "messaging:x", "")
	if a := h.callAs(t, h.as(t, "ann"), http.MethodGet, x, nil); a.status != http.StatusOK || memberIDs(t, a.body) != "ann bob cy shop" {
		t.Errorf("ann asks: %s", a.raw)
	}
	h.users(t, "stranger")
	wantError(t, h.callAs(t, h.as(t, "stranger"), http.MethodGet, x, nil), http.StatusForbidden, models.CodeNotAllowed, "not a member", "")
}

func TestUpdateMemberPartial(t *testing.T) {
	h := newShop(t)
	h.shopChannel(t, "x", m{"members": []m{{"user_id": "ann", "channel_role": "boss", "desk": 4, "badge": m{"color": "red"}}, {"user_id": "shop"}}})
	var archivedAt any
	for _, tc := range []struct {
		name, body string
		want       m // nil is absent
	}{
		{"nothing", `{}`, m{"desk": jsonNumber("4"), "channel_role": "boss", "archived_at": nil, "pinned_at": nil}},
		{"archived", `{"set": {"archived": true, "desk": 5, "badge.size": 1}}`, m{"desk": jsonNumber("5"), "badge": m{"color": "red", "size": jsonNumber("1")}, "pinned_at": nil}},
		{"pinned, and archived still", `{"set": {"archived": true, "pinned": true}, "unset": ["desk", "badge.color"]}`, m{"desk": nil, "badge": m{"size": jsonNumber("1")}}},
		{"no longer", `{"set": {"pinned": false, "channel_role": "owner", "user_id": "bob"}, "unset": ["archived", "badge"]}`,
			m{"archived_at": nil, "pinned_at": nil, "archived": nil, "channel_role": "boss", "user_id": "ann", "badge": nil}},
		{"set wins", `{"set": {"archived": true}, "unset": ["archived"]}`, m{"pinned_at": nil}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, path := range []string{"/channels/messaging/x/member/ann", "/channels/messaging/x/member?user_id=ann"} {
				member := h.mustCall(t, http.StatusOK, http.MethodPatch, path, tc.body)["channel_member"].(m)
				for key, want := range tc.want {
					if diff := cmp.Diff(want, member[key]); diff != "" {
						t.Errorf("%s (-want +got):\n%s", key, diff)
					}
				}
				if strings.Contains(tc.name, "archived") {
					if archivedAt == nil {
						archivedAt = member["archived_at"]
					}
					if archivedAt == nil || member["archived_at"] != archivedAt {
						t.Errorf("archived at %v, before at %v", member["archived_at"], archivedAt)
					}
				}
				if diff := cmp.Diff(any(member), at(t, h.queryMembers(t, `{"type": "messaging", "id": "x", "filter_conditions": {"id": "ann"}}`), "members", 0)); diff != "" {
					t.Errorf("answered and stored differ:\n%s", diff)
				}
			}
		})
	}
	for body, fields := range map[string]string{
		`{"set": {"archived": 1, "pinned": "x"}}`: "set.archived set.pinned", `{"set": 1, "unset": 1}`: "set unset", `{"set": {"a..b": 1}}`: `set["a..b"]`,
		`{"set": {"archived.x": 1}}`: `set["archived.x"]`, `{"set": {"big": "` + strings.Repeat("x", 5200) + `"}}`: "set",
	} {
		wantFields(t, h.call(t, http.MethodPatch, "/channels/messaging/x/member/ann", body), strings.Fields(fields)...)
	}
	for _, id := range []string{"nobody", "bob"} {
		wantError(t, h.call(t, http.MethodPatch, "/channels/messaging/x/member/"+id, `{}`), http.StatusNotFound, models.CodeNotFound, "member", "")
		wantFields(t, h.call(t, http.MethodPatch, "/channels/messaging/x/member?user_id="+id, `{}`), "user_id")
	}
	wantFields(t, h.call(t, http.MethodPatch, "/channels/messaging/x/member", `{}`), "user_id")
	for _, path := range []string{"/member/ann", "/member?user_id=ann", "/member"} {
		a := h.callAs(t, h.as(t, "ann"), http.MethodPatch, "/channels/messaging/x"+path, `{"set": {"pinned": true}}`)
		if a.status != http.StatusOK || at(t, a.body, "channel_member", "user_id") != "ann" || at(t, a.body, "channel_member", "pinned_at") == nil {
			t.Errorf("%s by ann: %s", path, a.raw)
		}
	}
}

func TestHideAndShowChannel(t *testing.T) {
	h := newShop(t)
	h.shopChannel(t, "x", nil, "shop", "ann", "bob")
	const x = "/channels/messaging/x"
	send := func(text, more string) {
		h.mustCall(t, http.StatusCreated, http.MethodPost, x+"/message", fmt.Sprintf(`{"message": {"text": %q, "user_id": "shop"}%s}`, text, more))
	}
	// sees gives what a user is shown: whether the channel is listed, and its messages.
	sees := func(user string) string {
		list := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels", `{"user_id": "`+user+`"}`)
		state := h.mustCall(t, http.StatusCreated, http.MethodPost, x+"/query", `{"user_id": "`+user+`"}`)
		words := []string{strings.Join(cids(t, list), " ")}
		for _, message := range state["messages"].([]any) {
			words = append(words, at(t, message, "text").(string))
		}
		if hidden := at(t, state, "channel", "hidden"); hidden != state["hidden"] || hidden != (words[0] == "") {
			t.Errorf("hidden is %v and %v, listed %q", hidden, state["hidden"], words[0])
		}
		return strings.TrimSpace(strings.Join(words, " "))
	}
	check := func(what, ann, bob string) {
		t.Helper()
		if gotAnn, gotBob := sees("ann"), sees("bob"); gotAnn != ann || gotBob != bob {
			t.Errorf("%s: ann sees %q, bob %q", what, gotAnn, gotBob)
		}
	}
	send("one", "")
	check("at first", "messaging:x one", "messaging:x one")
	for range 2 {
		h.mustCall(t, http.StatusCreated, http.MethodPost, x+"/hide", `{"user_id": "ann"}`)
	}
	check("hidden", "one", "messaging:x one")
	send("two", `, "keep_channel_hidden": true`)
	check("kept hidden", "one two", "messaging:x one two")
	for range 2 {
		h.mustCall(t, http.StatusCreated, http.MethodPost, x+"/show", `{"user": {"id": "ann"}}`)
	}
	check("shown", "messaging:x one two", "messaging:x one two")
	a := h.callAs(t, h.as(t, "ann"), http.MethodPost, x+"/hide", `{"clear_history": true}`)
	if a.status != http.StatusCreated || len(a.body) != 1 {
		t.Errorf("ann hides: %s", a.raw)
	}
	check("cleared", "", "messaging:x one two")
	send("three", "")
	check("a message un-hides", "messaging:x three", "messaging:x one two three")
	h.callAs(t, h.as(t, "ann"), http.MethodPost, x+"/hide", `{"user_id": "ann"}`)
	if a := h.callAs(t, h.as(t, "ann"), http.MethodPost, x+"/show", nil); a.status != http.StatusCreated {
		t.Errorf("ann shows: %s", a.raw)
	}
	check("shown again, and cleared still", "messaging:x three", "messaging:x one two three")

	for _, verb := range []string{"/hide", "/show"} {
		for body, field := range map[string]string{`{}`: "user_id", `{"user_id": 1}`: "user_id", `{"user_id": "nobody"}`: "user_id", `{"user_id": "cy"}`: "user_id"} {
			a := h.call(t, http.MethodPost, x+verb, body)
			wantError(t, a, http.StatusBadRequest, models.CodeInvalid, "user_id", field)
		}
	}
	wantFields(t, h.call(t, http.MethodPost, x+"/hide", `{"user_id": "ann", "clear_history": 1}`), "clear_history")
}
