package api_test

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/api"
	"herald/models"
)

// onlyV1 are the routes that the contract has in the v1 dialect only.
var onlyV1 = map[string]bool{
	"DELETE /users/:id": true, "PATCH /channels/:type/:id/member/:user_id": true,
}

func TestEveryRouteIsInBothDialects(t *testing.T) {
	server := api.New(api.Config{})
	for _, operation := range server.Operations() {
		method, path := operation[0], operation[1]
		if !server.Serves(method, path) {
			t.Errorf("%s %s is not served", method, path)
		}
		v2, want := dialectV2.path(path), !onlyV1[method+" "+path]
		if got := server.Serves(method, v2); got != want {
			t.Errorf("%s %s is served as %s: %t, want %t", method, path, v2, got, want)
		}
	}
	for path, want := range map[string]string{
		"/campaigns/:id/start": "/api/v2/chat/campaigns/:id/start", "/segments": "/api/v2/chat/segments",
		"/messages/:id": "/api/v2/chat/messages/:id", "/users": "/api/v2/users",
	} {
		if got := dialectV2.path(path); got != want {
			t.Errorf("the v2 path of %s is %s, want %s", path, got, want)
		}
	}
}

// TestCustomData writes custom data of every kind in each dialect and reads it in both: what one keeps beside the built-in
// keys the other keeps in "custom".
func TestCustomData(t *testing.T) { inEachDialect(t, testCustomData) }

func testCustomData(t *testing.T, d dialect) {
	h := newShop(t).in(d)
	custom := func(name string) m {
		return m{name: 1, "exact": jsonNumber("12345678901234567890.50"), "null": nil, "nested": m{"custom": []any{nil, "ü", m{"a": nil}}}}
	}
	attachment := d.with(m{"type": "image", "image_url": nil, "title": "t", "original_width": 640, "actions": []m{{"name": "n", "text": "x", "type": "button", "value": nil}},
		"fields": []m{{"title": "f", "value": "v", "short": true}}}, custom("alt"))
	h.mustCall(t, 201, "POST", "/users", m{"users": m{"zoe": d.with(m{"id": "zoe", "name": "Zoe", "language": nil}, custom("country"))}})
	h.mustCall(t, 201, "POST", "/channels/messaging/c/query", m{"data": d.with(m{
		"created_by": m{"id": "shop"},
		"members":    []any{"shop", d.with(m{"user_id": "ann", "channel_role": "channel_moderator"}, custom("desk")), m{"user": m{"id": "zoe"}}},
	}, custom("name"))})
	h.mustCall(t, 201, "POST", "/channels/messaging/c/message", m{"message": d.with(m{
		"id": "m", "text": "x", "user_id": "shop", "mentioned_users": []string{"zoe"}, "attachments": []m{attachment},
	}, custom("promo"))})

	inEachDialect(t, func(t *testing.T, read dialect) {
		h := h.in(read)
		shown := func(name string) m {
			if read.v2 {
				return m{"custom": customAsRead(custom(name))}
			}
			return customAsRead(custom(name))
		}
		wantKeys := func(what string, got any, want ...m) {
			t.Helper()
			for _, part := range want {
				for key, value := range part {
					if diff := cmp.Diff(value, got.(m)[key]); diff != "" {
						t.Errorf("%s: %s (-want +got):\n%s", what, key, diff)
					}
				}
			}
		}
		message := at(t, h.mustCall(t, 200, "GET", "/messages/m", nil), "message")
		wantKeys("message", message, shown("promo"))
		wantKeys("attachment", at(t, message, "attachments", 0), shown("alt"), m{
			"type": "image", "title": "t", "original_width": jsonNumber("640"), "image_url": nil,
			"actions": []any{m{"name": "n", "text": "x", "type": "button"}}, "fields": []any{m{"title": "f", "value": "v", "short": true}},
		})
		if _, there := at(t, message, "attachments", 0).(m)["image_url"]; there {
			t.Error("a built-in key that was null came back")
		}
		wantKeys("mentioned user", at(t, message, "mentioned_users", 0), shown("country"), m{"name": "Zoe", "language": ""})
		state := h.mustCall(t, 201, "POST", "/channels/messaging/c/query", nil)
		wantKeys("channel", state["channel"], shown("name"))
		wantKeys("member", at(t, state, "members", 0), shown("desk"), m{"user_id": "ann", "channel_role": "channel_moderator"})
		wantKeys("member of another form", at(t, state, "members", 2), m{"user_id": "zoe"})
		list := h.mustCall(t, 200, "GET", `/users?payload={"filter_conditions":{"custom.country":1}}`, nil)
		wantKeys("user", at(t, list, "users", 0), shown("country"))
	})
}

// customAsRead is custom data as a decoded answer has it.
func customAsRead(custom m) m {
	read := maps.Clone(custom)
	for key, value := range read {
		if n, ok := value.(int); ok {
			read[key] = jsonNumber(fmt.Sprint(n))
		}
	}
	return read
}

// TestCustomDataOfBuiltInNames checks what the two dialects make of keys that are built-in in one place and not in the other.
func TestCustomDataOfBuiltInNames(t *testing.T) {
	h := newHarness(t)
	h.in(dialectV2).mustCall(t, 201, "POST", "/users", `{"users": {"ann": {"id": "ann", "name": "Ann", "country": "ignored",
		"custom": {"name": "clash", "role": 7, "created_at": "x", "color": "red", "custom": 1}}}}`)
	h.mustCall(t, 201, "POST", "/users", `{"users": {"bob": {"id": "bob", "online": true, "custom": {"deep": 1}, "Role": "admin"}}}`)
	for _, tc := range []struct {
		d    dialect
		id   string
		want m
	}{
		{dialectV2, "ann", m{"name": "Ann", "role": "user", "custom": m{"name": "clash", "role": jsonNumber("7"), "created_at": "x", "color": "red", "custom": jsonNumber("1")}}},
		{dialectV1, "ann", m{"name": "Ann", "role": "user", "color": "red", "custom": jsonNumber("1"), "country": nil}},
		{dialectV2, "bob", m{"role": "admin", "custom": m{"custom": m{"deep": jsonNumber("1")}}, "online": false}},
		{dialectV1, "bob", m{"role": "admin", "custom": m{"deep": jsonNumber("1")}, "online": false}},
	} {
		got := at(t, h.in(tc.d).mustCall(t, 200, "GET", `/users?payload={"filter_conditions":{"id":"`+tc.id+`"}}`, nil), "users", 0).(m)
		for key, want := range tc.want {
			if diff := cmp.Diff(want, got[key]); diff != "" {
				t.Errorf("%s of %s in %s (-want +got):\n%s", key, tc.id, tc.d, diff)
			}
		}
	}

	conversation := newConversation(t)
	campaignMessages(t, conversation)
	for id, want := range map[string]m{
		"d": {"campaign_id": "direct", "lang": "en"}, "t": {"campaign_id": "direct", "campaign_test": true, "lang": "en"},
	} {
		got := conversation.in(dialectV2).mustCall(t, 200, "GET", "/messages/"+id, nil)
		if diff := cmp.Diff(any(want), at(t, got, "message", "custom")); diff != "" {
			t.Errorf("custom data of the campaign's message %s (-want +got):\n%s", id, diff)
		}
	}
}

// TestRefusalsAreTheSame compares the whole answer to bad requests, in both dialects.
func TestRefusalsAreTheSame(t *testing.T) {
	h := newShop(t)
	h.mustCall(t, 201, "POST", "/segments", m{"id": "s", "type": "user"})
	h.draft(t, "c", nil)
	deep := func(levels int) string {
		return `{"users": ` + strings.Repeat(`{"a":`, levels-1) + "1" + strings.Repeat("}", levels)
	}
	for _, tc := range []struct {
		name, method, path, body string
		status                   int
		code                     models.Code
	}{
		{"cut off", "POST", "/users", `{"users": `, 400, models.CodeInvalid},
		{"array", "POST", "/campaigns", `[]`, 400, models.CodeInvalid},
		{"invalid UTF-8", "POST", "/campaigns", "{\"name\": \"\xff\"}", 400, models.CodeInvalid},
		{"invalid UTF-8 in custom data", "POST", "/users", "{\"users\": {\"a\": {\"id\": \"a\", \"custom\": {\"x\": \"\xc0\"}}}}", 400, models.CodeInvalid},
		{"lone surrogate", "POST", "/segments", `{"type": "user", "name": "\ud800"}`, 400, models.CodeInvalid},
		{"lone surrogate in a filter", "POST", "/segments/query", `{"Filter": {"name": "\udc00"}}`, 400, models.CodeInvalid},
		{"NUL", "POST", "/segments/s/addtargets", `{"target_ids": ["a\u0000"]}`, 400, models.CodeInvalid},
		{"NUL in a key", "PUT", "/campaigns/c", `{"message_template": {"custom": {"\u0000": 1}}}`, 400, models.CodeInvalid},
		{"33 levels", "POST", "/users", deep(33), 400, models.CodeInvalid},
		{"a number out of range", "PUT", "/campaigns/c", `{"messages_per_second": 1e400}`, 400, models.CodeInvalid},
		{"wrong types", "PUT", "/campaigns/c", `{"name": 1, "segment_ids": [null], "skip_push": "true", "messages_per_second": 1.0}`, 400, models.CodeInvalid},
		{"duplicate keys, the last is wrong", "PUT", "/campaigns/c", `{"name": "x", "NAME": 7}`, 400, models.CodeInvalid},
		{"times", "POST", "/campaigns/c/start", `{"scheduled_for": "0001-01-01T00:00:00Z", "stop_at": 1.7e18}`, 400, models.CodeInvalid},
		{"schedule without a time", "PATCH", "/campaigns/c/schedule", `{"stop_at": 4070908800}`, 400, models.CodeInvalid},
		{"null in a filter", "POST", "/campaigns/query", `{"filter": {"name": null}}`, 400, models.CodeInvalid},
		{"a move", "POST", "/campaigns/c/stop", ``, 400, models.CodeInvalid},
		{"a move by a legacy verb", "PATCH", "/campaigns/c/stop", ``, 400, models.CodeInvalid},
		{"a taken id", "POST", "/segments", `{"id": "s", "type": "user"}`, 400, models.CodeInvalid},
		{"an attachment", "PUT", "/campaigns/c", `{"message_template": {"text": "x", "attachments": [{"fields": [{"short": "yes"}], "actions": [{"name": 1}, null]}]}}`, 400, models.CodeInvalid},
		{"unknown member", "POST", "/channels/messaging/x/query", `{"data": {"created_by_id": "shop", "members": ["ann", {"user_id": "nobody"}, {"user": {}}]}}`, 400, models.CodeInvalid},
		{"unknown channel", "POST", "/channels/messaging/x/message", `{}`, 404, models.CodeNotFound},
		{"unknown object", "GET", "/campaigns/none", ``, 404, models.CodeNotFound},
		{"unknown target", "GET", "/segments/s/target/a+b%2Fc", ``, 404, models.CodeNotFound},
		{"query", "GET", "/campaigns/c?limit=1001&next=x", ``, 400, models.CodeInvalid},
		{"payload", "GET", "/users?payload=%7B%22limit%22%3A%20101%7D", ``, 400, models.CodeInvalid},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var bodies []m
			for _, d := range []dialect{dialectV1, dialectV2} {
				a := h.in(d).call(t, tc.method, tc.path, tc.body)
				wantError(t, a, tc.status, tc.code, "failed with error", "")
				delete(a.body, "duration")
				bodies = append(bodies, a.body)
			}
			if diff := cmp.Diff(bodies[0], bodies[1]); diff != "" {
				t.Errorf("(-v1 +v2):\n%s", diff)
			}
		})
	}
	if a := h.in(dialectV2).call(t, "POST", "/users", deep(32)); a.status != 400 || strings.Contains(a.raw, "nested deeper") {
		t.Errorf("32 levels: %s", a.raw)
	}
	for _, path := range []string{"/api/v2", "/api/v2/chat/users", "/api/v2/campaigns", "/api/v2/chat/campaigns/", "/API/v2/users"} {
		wantError(t, h.call(t, "GET", path, nil), 404, models.CodeNotFound, "Request failed with error", "")
	}
	for _, user := range []struct {
		token  string
		status int
	}{{h.as(t, "ann"), 403}, {h.as(t, "nobody"), 401}} {
		if a := h.in(dialectV2).callAs(t, user.token, "POST", "/campaigns/query", nil); a.status != user.status {
			t.Errorf("%d %s, want %d", a.status, a.raw, user.status)
		}
	}
}

func TestLenientBodies(t *testing.T) { inEachDialect(t, testLenientBodies) }

// testLenientBodies sends what older SDKs send (contract 13), and everything null.
func testLenientBodies(t *testing.T, d dialect) {
	h, runs := withRuns(t)
	h = h.in(d)
	h.users(t, "shop", "ann", "bob")
	h.mustCall(t, 201, "POST", "/segments", `{"segment": {"id": "s", "type": "user", "filter": null}, "type": null}`)
	h.mustCall(t, 201, "PUT", "/segments/s", `{"segment": {"name": "wrapped"}}`)
	h.mustCall(t, 201, "POST", "/segments/s/addtargets", `{"target_ids": ["ann", "bob", "cy"]}`)
	for _, body := range []string{
		`{"filter": {"target_id": {"$gt": "ann"}}, "sort": [{"field": "target_id", "direction": -1, "type": null}]}`,
		`{"Filter": {"target_id": {"$gt": "ann"}}, "Sort": [{"Field": "target_id", "Direction": -1}], "next": null, "prev": ""}`,
	} {
		got := h.mustCall(t, 201, "POST", "/segments/s/targets/query", body)
		if diff := cmp.Diff([]string{"cy", "bob"}, keysOf(t, got, "targets", "target_id")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", body, diff)
		}
	}

	created := h.mustCall(t, 201, "POST", "/campaigns", `{"campaign": {"id": "c", "name": "first", "name": "last", "description": null, "sender_id": "shop", "segment_ids": null,
		"user_ids": ["ann"], "channel_template": {"type": "messaging", "id": null, "custom": null, "members": null, "members_template": [{"user_id": "bob", "custom": null}]},
		"message_template": {"text": "x", "attachments": null, "poll_id": null, "custom": {"kept": null}}, "sender_mode": null, "messages_per_second": null}}`)
	for key, want := range (m{
		"name": "last", "description": "", "sender_mode": d.unset(), "messages_per_second": nil,
		"channel_template": m{"type": "messaging", "custom": m{}, "members_template": []any{m{"user_id": "bob", "custom": m{}}}},
		"message_template": m{"text": "x", "attachments": []any{}, "custom": m{"kept": nil}},
	}) {
		if diff := cmp.Diff(want, at(t, created, "campaign", key)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	h.mustCall(t, 201, "PUT", "/campaigns/c", `{"campaign": {"name": "again"}}`)
	for _, verb := range []struct{ method, path, body, told string }{
		{"PATCH", "schedule", `{"send_at": 4070908800}`, "start c scheduled"},
		{"PATCH", "pause", `{"reason": null}`, "pause c scheduled"},
		{"POST", "pause", ``, ""},
		{"POST", "resume", `null`, "resume c scheduled"},
		{"PATCH", "resume", ``, ""},
		{"PATCH", "schedule", `{"scheduled_for": "2099-01-01T00:00:00", "send_at": null}`, "start c scheduled"},
		{"PATCH", "stop", ``, "stop c stopped"},
	} {
		got := h.mustCall(t, http.StatusCreated, verb.method, "/campaigns/c/"+verb.path, verb.body)
		wantChanged(t, d, verb.path == "stop", got)
		if for2099 := d.time("2099-01-01T00:00:00.000000Z"); at(t, got, "campaign", "scheduled_for") != for2099 {
			t.Errorf("%s: scheduled_for is %v", verb.path, at(t, got, "campaign", "scheduled_for"))
		}
		if verb.told == "" {
			runs.want(t)
		} else {
			runs.want(t, verb.told)
		}
	}
}

// A cursor belongs to an endpoint, not to a dialect: what it holds is the same in both.
func TestCursorsCrossDialects(t *testing.T) {
	h := newHarness(t)
	for _, id := range []string{"a", "b", "c", "d"} {
		h.mustCall(t, 201, "POST", "/segments", m{"id": id, "type": "user"})
	}
	page := h.mustCall(t, 201, "POST", "/segments/query", m{"filter": m{"created_at": m{"$gt": "2020-01-01T00:00:00Z"}}, "sort": []m{{"field": "created_at"}}, "limit": 2})
	page = h.in(dialectV2).mustCall(t, 201, "POST", "/segments/query", m{"next": page["next"], "filter": nil, "sort": nil})
	if diff := cmp.Diff([]string{"c", "d"}, keysOf(t, page, "segments", "id")); diff != "" {
		t.Errorf("the second page (-want +got):\n%s", diff)
	}
	page = h.mustCall(t, 201, "POST", "/segments/query", m{"prev": page["prev"]})
	if diff := cmp.Diff([]string{"a", "b"}, keysOf(t, page, "segments", "id")); diff != "" {
		t.Errorf("back on the first page (-want +got):\n%s", diff)
	}
}
