package api_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"herald/models"
)

// limit is one that the contract names: what at makes of the most is accepted, and of one more refused with the field named.
type limit struct {
	section, name string
	method, path  string // the path may have a %d, for what is limited
	body          func(d dialect, n int) any
	most          int
	field         string      // that is named one above; with %d, the index
	code          models.Code // one above; 0 is models.CodeInvalid
}

// manyIDs gives ids of a kind of those that limitsHarness has: there is one more of each than any limit allows.
func manyIDs(kind string) func(n int) []string {
	return func(n int) []string {
		list := make([]string, n)
		for i := range list {
			list[i] = fmt.Sprintf("%s%d", kind, i+1)
		}
		return list
	}
}

// limitsHarness has 10,001 users and 101 more for each thing that is done to users, 26 segments, channels and a poll.
func limitsHarness(t *testing.T, d dialect) *harness {
	t.Helper()
	h, _ := withRuns(t)
	h.exec(t, `INSERT INTO users (app_pk, id, created_at, updated_at) SELECT $1, kind || n, now(), now()
		FROM unnest(ARRAY['u', 'deactivated', 'soft']) kind, generate_series(1, 10001) n WHERE kind = 'u' OR n <= 101`, h.app.PK)
	h.exec(t, `UPDATE users SET deactivated_at = now() WHERE id LIKE 'deactivated%'`)
	h.users(t, "shop", "ann")
	h.exec(t, `INSERT INTO segments (app_pk, id, type, created_at, updated_at) SELECT $1, 's' || n, 'user', now(), now() FROM generate_series(1, 26) n`, h.app.PK)
	h.exec(t, `INSERT INTO channels (app_pk, cid, created_by, created_at, updated_at)
		SELECT $1, 'messaging:c' || n, 'shop', now(), now() FROM generate_series(1, 101) n`, h.app.PK)
	h.exec(t, `INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at)
		SELECT $1, 'messaging:c' || n, 'ann', now(), now() FROM generate_series(1, 101) n`, h.app.PK)
	h.exec(t, `INSERT INTO messages (app_pk, id, cid, user_id, text, created_at, updated_at)
		SELECT $1, 'm' || n, 'messaging:c' || n, 'shop', 'x', now(), now() FROM generate_series(1, 101) n`, h.app.PK)
	h.mustCall(t, 201, "POST", "/segments", m{"id": "list", "type": "user"})
	h.mustCall(t, 201, "POST", "/segments", m{"id": "channels", "type": "channel"})
	h.draft(t, "c", m{"user_ids": manyIDs("u")(10)})
	h.draft(t, "to-channels", m{"segment_ids": []string{"channels"}})
	h.mustCall(t, 201, "POST", "/polls", m{"id": "p", "name": "x", "user_id": "shop", "allow_answers": true})
	h.mustCall(t, 201, "POST", "/channels/messaging/c1/message", m{"message": m{"id": "m", "user_id": "shop", "poll_id": "p"}})
	return h.in(d)
}

// nested is n objects in one another.
func nested(n int) json.RawMessage {
	return json.RawMessage(strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n))
}

func limits() []limit {
	const customBytes = 5 * 1024
	chars := func(n int) string { return strings.Repeat("é", n) }
	letters := func(n int) string { return strings.Repeat("x", n) }
	bytesOfJSON := func(n int) m { return m{"a": letters(n - len(`{"a":""}`))} }
	users, segments := manyIDs("u"), manyIDs("s")
	objects := func(n int, one m) []m { return slices.Repeat([]m{one}, n) }
	each := func(key string, list []string) []m {
		all := make([]m, len(list))
		for i, s := range list {
			all[i] = m{key: s}
		}
		return all
	}
	mapOf := func(ids []string, one func(id string) any) m {
		all := m{}
		for _, id := range ids {
			all[id] = one(id)
		}
		return all
	}

	campaign := func(more func(n int) m) func(dialect, int) any {
		return func(_ dialect, n int) any {
			body := m{"sender_id": "shop", "message_template": m{"text": "Hi"}, "user_ids": []string{"ann"}}
			for key, value := range more(n) {
				body[key] = value
			}
			if body["segment_ids"] != nil {
				delete(body, "user_ids")
			}
			return body
		}
	}
	message := func(key string, value func(n int) any) func(dialect, int) any {
		return campaign(func(n int) m { return m{"message_template": m{"text": "Hi", key: value(n)}} })
	}
	channel := func(key string, value func(n int) any) func(dialect, int) any {
		return campaign(func(n int) m {
			template := m{"type": "messaging"}
			template[key] = value(n)
			return m{"channel_template": template}
		})
	}
	segment := func(key string, value func(n int) any) func(dialect, int) any {
		return func(_ dialect, n int) any { return m{"type": "user", key: value(n)} }
	}
	plain := func(key string, value func(n int) any) func(dialect, int) any {
		return func(_ dialect, n int) any { return m{key: value(n)} }
	}
	number := func(key string) func(dialect, int) any { return plain(key, func(n int) any { return n }) }
	user := func(key string, value func(n int) any) func(dialect, int) any {
		return plain("users", func(n int) any { return m{"limited": m{"id": "limited", key: value(n)}} })
	}
	partly := func(key string, value func(n int) any) func(dialect, int) any {
		return plain("users", func(n int) any { return []m{{"id": "ann", "set": m{key: value(n)}}} })
	}
	said := func(key string, value func(n int) any) func(dialect, int) any {
		return plain("message", func(n int) any {
			said := m{"user_id": "shop", "text": "x"}
			said[key] = value(n)
			return said
		})
	}
	data := func(key string, value func(n int) any) func(dialect, int) any {
		return plain("data", func(n int) any {
			made := m{"created_by_id": "shop"}
			made[key] = value(n)
			return made
		})
	}
	poll := func(key string, value func(n int) any) func(dialect, int) any {
		return func(_ dialect, n int) any {
			asked := m{"name": "x", "user_id": "shop"}
			asked[key] = value(n)
			return asked
		}
	}
	hook := func(key string, value func(n int) any) func(dialect, int) any {
		return plain("event_hooks", func(n int) any {
			one := m{"hook_type": "webhook", "webhook_url": "https://93.184.216.34/"}
			one[key] = value(n)
			return []m{one}
		})
	}
	text := func(n int) any { return chars(n) }
	id := func(n int) any { return letters(n) }
	count := func(n int) any { return n }
	withIDs := func(list func(int) []string) func(int) any { return func(n int) any { return list(n) } }
	payload := func(key string, more string) string { return `?payload={"` + key + `":%d` + more + `}` }

	return []limit{
		{"3.2", "nesting of a body", "POST", "/campaigns", message("custom", func(n int) any { return nested(n - 2) }), 32, "message_template.custom*", 0},
		{"3.4", "id of a campaign", "POST", "/campaigns", campaign(func(n int) m { return m{"id": letters(n)} }), 255, "id", 0},
		{"3.4", "id of a segment", "POST", "/segments", segment("id", id), 255, "id", 0},
		{"3.4", "id of a user", "POST", "/users", func(_ dialect, n int) any { return m{"users": m{letters(n): m{"id": letters(n)}}} }, 255, "users.*", 0},
		{"3.4", "id of a channel", "POST", "/channels/messaging/%x/query", data("frozen", func(int) any { return true }), 255, "id", 0},
		{"3.4", "type of a channel", "POST", "/channels/%x/id/query", data("frozen", func(int) any { return true }), 64, "type", 0},
		{"3.4", "segment target", "POST", "/segments/list/addtargets", plain("target_ids", func(n int) any { return []string{chars(n)} }), 255, "target_ids[0]", 0},
		{"3.4", "entry of user_ids", "POST", "/campaigns", campaign(func(n int) m { return m{"user_ids": []string{chars(n)}} }), 255, "user_ids[0]", 0},
		{"3.4", "id of a message", "POST", "/channels/messaging/c1/message", said("id", text), 255, "message.id", 0},
		{"3.4", "id of a poll", "POST", "/polls", poll("id", text), 255, "id", 0},
		{"3.4", "id of an option", "POST", "/polls", poll("options", func(n int) any { return []m{{"text": "x", "id": chars(n)}} }), 255, "options[0].id", 0},
		{"3.4", "id of a hook", "PATCH", "/app", hook("id", text), 255, "event_hooks[0].id", 0},

		{"6.1", "depth of a filter", "POST", "/segments", segment("filter", func(n int) any {
			return json.RawMessage(strings.Repeat(`{"$and":[`, n-1) + `{"a":1}` + strings.Repeat("]}", n-1))
		}), 8, "filter*", 0},
		{"6.1", "conditions of a filter", "POST", "/segments", segment("filter", func(n int) any { return m{"$or": objects(n, m{"a": 1})} }), 100, "filter*", 0},
		{"6.1", "values of $in", "POST", "/segments", segment("filter", func(n int) any { return m{"id": m{"$in": users(n)}} }), 10_000, "filter.id.$in", 0},
		{"6.1", "$autocomplete", "POST", "/segments", segment("filter", func(n int) any { return m{"name": m{"$autocomplete": chars(n)}} }), 255, "filter.name.$autocomplete", 0},
		{"6.1", "$q", "POST", "/channels", plain("filter_conditions", func(n int) any { return m{"name": m{"$q": chars(n)}} }), 255, "filter_conditions.name.$q", 0},
		{"6.3", "fields of a sort", "POST", "/campaigns/query", plain("sort", func(n int) any {
			return each("field", []string{"id", "name", "status", "created_at", "updated_at", "scheduled_for"}[:n])
		}), 5, "sort", 0},

		{"7.1", "name", "POST", "/campaigns", campaign(func(n int) m { return m{"name": chars(n)} }), 1000, "name", 0},
		{"7.1", "description", "POST", "/campaigns", campaign(func(n int) m { return m{"description": chars(n)} }), 5000, "description", 0},
		{"7.1", "segment_ids", "POST", "/campaigns", campaign(func(n int) m { return m{"segment_ids": segments(n)} }), 25, "segment_ids", 0},
		{"7.1", "user_ids", "POST", "/campaigns", campaign(func(n int) m { return m{"user_ids": users(n)} }), 10_000, "user_ids", 0},
		{"7.1", "messages_per_second", "POST", "/campaigns", campaign(func(n int) m { return m{"messages_per_second": n} }), 1_000_000, "messages_per_second", 0},
		{"7.1.1", "text", "POST", "/campaigns", message("text", text), 20_000, "message_template.text", 0},
		{"7.1.1", "attachments", "POST", "/campaigns", message("attachments", func(n int) any { return objects(n, m{"type": "x"}) }), 30, "message_template.attachments", 0},
		{"7.1.1", "custom", "POST", "/campaigns", message("custom", func(n int) any { return bytesOfJSON(n) }), customBytes, "message_template.custom", 0},
		{"7.1.2", "type", "POST", "/campaigns", channel("type", id), 64, "channel_template.type", 0},
		{"7.1.2", "id", "POST", "/campaigns", channel("id", text), 1000, "channel_template.id", 0},
		{"7.1.2", "team", "POST", "/campaigns", channel("team", text), 1000, "channel_template.team", 0},
		{"7.1.2", "custom", "POST", "/campaigns", channel("custom", func(n int) any { return bytesOfJSON(n) }), customBytes, "channel_template.custom", 0},
		{"7.1.2", "members", "POST", "/campaigns", channel("members", withIDs(users)), 1000, "channel_template.members", 0},
		{"7.1.2", "members_template", "POST", "/campaigns", channel("members_template", func(n int) any { return each("user_id", users(n)) }), 1000, "channel_template.members_template", 0},
		{"7.1.2", "channel_role", "POST", "/campaigns", channel("members_template", func(n int) any { return []m{{"user_id": "ann", "channel_role": chars(n)}} }), 64,
			"channel_template.members_template[0].channel_role", 0},

		{"7.4", "users of a campaign", "GET", "/campaigns/c?limit=%d", nil, 1000, "limit", 0},
		{"7.4", "page of campaigns", "POST", "/campaigns/query", number("limit"), 100, "limit", 0},
		{"7.4", "users of listed campaigns", "POST", "/campaigns/query", number("user_limit"), 1000, "user_limit", 0},
		{"9.2", "page of segments", "POST", "/segments/query", number("limit"), 100, "limit", 0},
		{"9.2", "page of targets", "POST", "/segments/list/targets/query", number("limit"), 10_000, "limit", 0},
		{"9.2", "targets added", "POST", "/segments/list/addtargets", plain("target_ids", withIDs(users)), 10_000, "target_ids", 0},
		{"9.2", "targets deleted", "POST", "/segments/list/deletetargets", plain("target_ids", withIDs(users)), 100, "target_ids", 0},
		{"9.3", "name", "POST", "/segments", segment("name", text), 128, "name", 0},
		{"9.3", "description", "POST", "/segments", segment("description", text), 256, "description", 0},
		{"9.4", "name", "PUT", "/segments/list", plain("name", text), 128, "name", 0},
		{"12.1", "users of a test", "POST", "/campaigns/c/test", plain("user_ids", withIDs(users)), 20, "user_ids", 0},
		{"12.1", "channels of a test", "POST", "/campaigns/to-channels/test", plain("channel_cids", withIDs(manyIDs("messaging:c"))), 20, "channel_cids", 0},
		{"12.2", "users of a preview", "POST", "/campaigns/c/preview", plain("user_ids", withIDs(users)), 20, "user_ids", 0},
		{"12.2", "channels of a preview", "POST", "/campaigns/to-channels/preview", plain("channel_cids", withIDs(manyIDs("messaging:c"))), 20, "channel_cids", 0},
		{"12.4", "page of recipients", "GET", "/campaigns/c/recipients?limit=%d", nil, 1000, "limit", 0},
		{"14.1", "hooks", "PATCH", "/app", plain("event_hooks", func(n int) any { return objects(n, m{"hook_type": "webhook", "webhook_url": "https://93.184.216.34/"}) }), 20, "event_hooks", 0},
		{"14.1", "webhook_url", "PATCH", "/app", hook("webhook_url", func(n int) any { return "https://93.184.216.34/" + letters(n-len("https://93.184.216.34/")) }), 2048, "event_hooks[0].webhook_url", 0},
		{"14.1", "webhook_url of the older form", "PATCH", "/app", plain("webhook_url", func(n int) any { return "https://93.184.216.34/" + letters(n-len("https://93.184.216.34/")) }), 2048, "webhook_url", 0},
		{"14.1", "timeout_ms", "PATCH", "/app", hook("timeout_ms", count), 6000, "event_hooks[0].timeout_ms", 0},
		{"14.1", "timeout_ms, at least", "PATCH", "/app", hook("timeout_ms", func(n int) any { return -n }), -100, "event_hooks[0].timeout_ms", 0},
		{"14.4", "page of failures", "GET", "/hook/failures?limit=%d", nil, 100, "limit", 0},
		{"15.1", "mau_plan, at least", "PATCH", "/app", plain("mau_plan", func(n int) any { return -n }), 0, "mau_plan", 0},

		{"16.1", "users of an upsert", "POST", "/users", plain("users", func(n int) any { return mapOf(users(n), func(id string) any { return m{"id": id} }) }), 100, "users", 0},
		{"16.1", "name", "POST", "/users", user("name", text), 1000, "users.limited.name", 0},
		{"16.1", "image", "POST", "/users", user("image", text), 1000, "users.limited.image", 0},
		{"16.1", "role", "POST", "/users", user("role", text), 1000, "users.limited.role", 0},
		{"16.1", "teams", "POST", "/users", user("teams", withIDs(users)), 250, "users.limited.teams", 0},
		{"16.1", "custom", "POST", "/users", func(d dialect, n int) any {
			return m{"users": m{"limited": d.with(m{"id": "limited"}, bytesOfJSON(n))}}
		}, customBytes, "users.limited*", 0},
		{"16.1", "users changed in part", "PATCH", "/users", plain("users", func(n int) any { return each("id", users(n)) }), 100, "users", 0},
		{"16.1", "name, changed in part", "PATCH", "/users", partly("name", text), 1000, "users[0].set.name", 0},
		{"16.1", "page of users", "GET", "/users" + payload("limit", ""), nil, 100, "limit", 0},
		{"16.1", "offset of users", "GET", "/users" + payload("offset", ""), nil, 1000, "offset", 0},
		{"16.1", "users deactivated", "POST", "/users/deactivate", plain("user_ids", withIDs(users)), 100, "user_ids", 0},
		{"16.1", "users reactivated", "POST", "/users/reactivate", plain("user_ids", withIDs(manyIDs("deactivated"))), 100, "user_ids", 0},
		{"16.1", "users deleted", "POST", "/users/delete", plain("user_ids", withIDs(manyIDs("soft"))), 100, "user_ids", 0},

		{"16.2", "page of channels", "POST", "/channels", number("limit"), 30, "limit", 0},
		{"16.2", "offset of channels", "POST", "/channels", number("offset"), 1000, "offset", 0},
		{"16.2", "messages of listed channels", "POST", "/channels", number("message_limit"), 300, "message_limit", 0},
		{"16.2", "members of listed channels", "POST", "/channels", number("member_limit"), 100, "member_limit", 0},
		{"16.2", "members added", "POST", "/channels/messaging/c1", plain("add_members", withIDs(users)), 100, "add_members", 0},
		{"16.2", "members removed", "POST", "/channels/messaging/c1", plain("remove_members", withIDs(users)), 100, "remove_members", 0},
		{"16.2", "page of members", "GET", "/members" + payload("limit", `,"type":"messaging","id":"c1"`), nil, 300, "limit", 0},
		{"16.3", "members", "POST", "/channels/messaging/x/query", data("members", withIDs(users)), 100, "data.members", 0},
		{"16.3", "team", "POST", "/channels/messaging/y/query", data("team", text), 1000, "data.team", 0},
		{"16.3", "custom", "POST", "/channels/messaging/z/query", func(d dialect, n int) any { return m{"data": d.with(m{"created_by_id": "shop"}, bytesOfJSON(n))} }, customBytes, "data*", 0},
		{"16.3", "messages", "POST", "/channels/messaging/c1/query", plain("messages", func(n int) any { return m{"limit": n} }), 300, "messages.limit", 0},
		{"16.3", "page of members", "POST", "/channels/messaging/c1/query", plain("members", func(n int) any { return m{"limit": n} }), 100, "members.limit", 0},

		{"16.5", "text", "POST", "/channels/messaging/c1/message", said("text", text), 5000, "message.text", models.CodeTextTooLong},
		{"16.2", "text of an update", "POST", "/channels/messaging/c1", said("text", text), 5000, "message.text", models.CodeTextTooLong},
		{"16.5", "attachments", "POST", "/channels/messaging/c1/message", said("attachments", func(n int) any { return objects(n, m{"type": "x"}) }), 30, "message.attachments", 0},
		{"16.5", "mentioned_users", "POST", "/channels/messaging/c1/message", said("mentioned_users", withIDs(users)), 100, "message.mentioned_users", 0},
		{"16.5", "custom", "POST", "/channels/messaging/c1/message", func(d dialect, n int) any {
			return m{"message": d.with(m{"user_id": "shop", "text": "x"}, bytesOfJSON(n))}
		}, customBytes, "message*", 0},
		{"16.5", "messages by id", "GET", "/channels/messaging/c1/messages?ids=%,", nil, 100, "ids", 0},
		{"16.5", "name of a poll", "POST", "/polls", poll("name", text), 255, "name", 0},
		{"16.5", "options", "POST", "/polls", poll("options", func(n int) any { return each("text", users(n)) }), 100, "options", 0},
		{"16.5", "max_votes_allowed", "POST", "/polls", poll("max_votes_allowed", count), 10, "max_votes_allowed", 0},
		{"16.5", "max_votes_allowed, at least", "POST", "/polls", poll("max_votes_allowed", func(n int) any { return -n }), -1, "max_votes_allowed", 0},
		{"16.5", "answer_text", "POST", "/messages/m/polls/p/vote", func(_ dialect, n int) any { return m{"user_id": "ann", "vote": m{"answer_text": chars(n)}} }, 500, "vote.answer_text", 0},
		{"16.6", "channels marked", "POST", "/channels/read", func(_ dialect, n int) any {
			return m{"user_id": "ann", "read_by_channel": mapOf(manyIDs("messaging:c")(n), func(cid string) any { return strings.Replace(cid, "messaging:c", "m", 1) })}
		}, 30, "read_by_channel", 0},
		{"16.6", "users counted", "POST", "/unread_batch", plain("user_ids", withIDs(users)), 100, "user_ids", 0},
		{"16.6", "id of a device", "POST", "/devices", func(_ dialect, n int) any { return m{"id": chars(n), "push_provider": "apn", "user_id": "ann"} }, 255, "id", 0},

		{"8.4", "reason of a pause", "POST", "/campaigns/scheduled/pause", plain("reason", text), 255, "reason", 0},
		{"16.2", "channels deleted", "POST", "/channels/delete", plain("cids", func(n int) any { return manyIDs("messaging:c")(n + 1)[1:] }), 100, "cids", 0},
	}
}

// TestLimitsOfTheContract asks for the most that each limit allows, and for one more.
func TestLimitsOfTheContract(t *testing.T) { inEachDialect(t, testLimitsOfTheContract) }

func testLimitsOfTheContract(t *testing.T, d dialect) {
	h := limitsHarness(t, d)
	h.draft(t, "scheduled", nil)
	h.mustCall(t, 201, "POST", "/campaigns/scheduled/start", m{"scheduled_for": "2099-01-01T00:00:00Z"})
	ask := func(t *testing.T, l limit, n int) answer {
		path := l.path
		switch {
		case strings.Contains(path, "payload="):
			before, text, _ := strings.Cut(path, "payload=")
			path = before + "payload=" + url.QueryEscape(fmt.Sprintf(text, n))
		case strings.Contains(path, "%d"):
			path = fmt.Sprintf(path, n)
		case strings.Contains(path, "%x"):
			path = strings.Replace(path, "%x", strings.Repeat("x", n), 1)
		case strings.Contains(path, "%,"):
			path = strings.Replace(path, "%,", strings.Join(manyIDs("m")(n), ","), 1)
		}
		var body any
		if l.body != nil {
			body = l.body(d, n)
		}
		return h.call(t, l.method, path, body)
	}
	for _, l := range limits() {
		t.Run(l.section+" "+l.name, func(t *testing.T) {
			// One more is asked for first: what is refused must leave nothing behind that the other would meet.
			over := ask(t, l, l.most+1)
			code := l.code
			if code == 0 {
				code = models.CodeInvalid
			}
			wantError(t, over, 400, code, "", "")
			prefix, anywhere := strings.CutSuffix(l.field, "*")
			named := func(field string) bool { return field == l.field || anywhere && strings.HasPrefix(field, prefix) }
			fields, _ := over.body["exception_fields"].(m)
			for field := range fields {
				if !named(field) {
					t.Errorf("the field %q is named, want %q", field, l.field)
				}
			}
			if len(fields) == 0 {
				t.Errorf("no field is named: %.300s", over.raw)
			}
			if a := ask(t, l, l.most); a.status >= 400 {
				t.Errorf("%d: %.500s", l.most, a.raw)
			}
		})
	}
}
