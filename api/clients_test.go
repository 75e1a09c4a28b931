package api_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What clients do that a program of its own would not do (contract 17), as they send it. Those of the two SDKs for Node.js
// are in sdktest.
func TestWhatClientsSend(t *testing.T) {
	for _, client := range []struct {
		name string
		d    dialect
		sent []sentBy
	}{
		{"getstream-go", dialectV2, []sentBy{
			{"POST", "/segments", `{"id": "s", "type": "user", "all_users": null, "filter": null, "name": null}`, 201, nil},
			{"PUT", "/segments/s", `{"name": "S", "description": null, "filter": null}`, 201, wanted{{"S", place("segment", "name")}, {m{}, place("segment", "filter")}}},
			{"POST", "/segments/s/addtargets", `{"target_ids": ["a b", "a+b"]}`, 201, nil},
			{"GET", "/segments/s/target/a+b", ``, 200, nil},
			{"POST", "/segments/s/deletetargets", `{"target_ids": ["a+b"]}`, 201, nil},
			{"GET", "/segments/s/target/a+b", ``, 200, nil}, // a+b is gone, and a b is there
			{"POST", "/segments/s/targets/query", `{"Filter": {"target_id": {"$in": ["a b"]}}, "Sort": null, "next": null, "prev": null, "limit": null}`, 201,
				wanted{{"a b", place("targets", 0, "target_id")}}},
			{"POST", "/segments/query", `{"filter": null, "sort": null}`, 201, wanted{{"s", place("segments", 0, "id")}}},
			{"POST", "/campaigns", `{"id": "c", "sender_id": "shop", "segment_ids": null, "user_ids": ["ann"], "message_template": {"text": "Hi", "attachments": null, "custom": null, "poll_id": null},
				"channel_template": null, "name": null, "create_channels": null}`, 201, wanted{{"draft", place("campaign", "status")}}},
			{"PUT", "/campaigns/c", `{"sender_id": "shop", "message_template": {"text": "Hello", "attachments": []}, "segment_ids": null, "user_ids": null}`, 201,
				wanted{{[]any{"ann"}, place("user_ids")}, {"ann", place("users", 0, "id")}, {"Hello", place("campaign", "message_template", "text")}}},
			{"POST", "/campaigns/query", `{"filter": null, "sort": null, "limit": null, "user_limit": null}`, 201, wanted{{"c", place("campaigns", 0, "id")}}},
			{"POST", "/campaigns/c/start", `{"scheduled_for": "2099-01-01T00:00:00.123456789Z", "stop_at": null}`, 201,
				wanted{{jsonNumber("4070908800123456000"), place("campaign", "scheduled_for")}}},
			{"POST", "/campaigns/c/stop", `{}`, 201, wanted{{"stopped", place("status")}, {[]any{"ann"}, place("user_ids")}}},
			{"DELETE", "/campaigns/c", `null`, 200, nil},
			{"DELETE", "/segments/s", `null`, 200, nil},
		}},
		{"stream-chat-python", dialectV1, []sentBy{
			{"POST", "/campaigns", `{"id": "c", "sender_id": "shop", "user_ids": ["ann"], "create_channels": true, "message_template": {"text": "Hi"}}`, 201, nil},
			{"POST", "/campaigns/c/start", `{"scheduled_for": "2099-01-01T00:00:00.000001", "stop_at": "2099-01-02T02:00:00+02:00"}`, 201,
				wanted{{"2099-01-01T00:00:00.000001Z", place("campaign", "scheduled_for")}, {"2099-01-02T00:00:00.000000Z", place("campaign", "stop_at")}}},
			{"POST", "/campaigns/query", `{"filter": {"created_at": {"$gte": "2020-01-01T00:00:00"}}, "sort": [], "next": null, "prev": null}`, 201, wanted{{"c", place("campaigns", 0, "id")}}},
			{"POST", "/campaigns/c/test", `{"users": ["ann"]}`, 201, wanted{{"completed", place("status")}, {"", place("details")}, {"sent", place("results", "ann")}}},
		}},
		{"stream-chat-ruby", dialectV1, []sentBy{
			{"POST", "/segments", `{"type": "user", "id": "s", "all_users": true}`, 201, nil},
			{"POST", "/campaigns", `{"id": "c", "sender_id": "shop", "segment_ids": ["s"], "message_template": {"text": "Hi"}}`, 201, nil},
			{"POST", "/campaigns/c/start", `null`, 201, wanted{{"in_progress", place("campaign", "status")}}},
			{"POST", "/campaigns/c/stop", `null`, 201, wanted{{"stopped", place("campaign", "status")}}},
		}},
		{"stream-chat-java", dialectV1, []sentBy{
			{"POST", "/channels/messaging/x/query", `{"data": {"created_by": {"id": "shop"}, "members": [{"user": {"id": "ann"}}, {"user": {"id": "shop"}}]}}`, 201,
				wanted{{"shop", place("channel", "created_by", "id")}, {"ann", place("members", 0, "user_id")}}},
			{"POST", "/campaigns", `{"id": "c", "sender_id": "shop", "user_ids": ["ann"], "message_template": {"text": "Hi"}}`, 201, nil},
			{"POST", "/campaigns/c/start", `{"scheduled_for": "2099-01-01T00:00:00.000Z"}`, 201, wanted{{"2099-01-01T00:00:00.000000Z", place("campaign", "scheduled_for")}}},
		}},
		{"stream-chat-php", dialectV1, []sentBy{
			{"POST", "/segments", `{"segment": {"type": "user", "id": "s", "filter": {"country": "US"}}}`, 201, wanted{{m{"country": "US"}, place("segment", "filter")}}},
			{"PUT", "/segments/s", `{"segment": {"name": "US"}}`, 201, wanted{{"US", place("segment", "name")}}},
			{"POST", "/campaigns", `{"campaign": {"id": "c", "sender_id": "shop", "segment_ids": ["s"], "message_template": {"text": "Hi"}}}`, 201, nil},
			{"PUT", "/campaigns/c", `{"campaign": {"name": "N"}}`, 201, wanted{{"N", place("campaign", "name")}}},
			{"PATCH", "/campaigns/c/schedule", `{"send_at": 4070908800}`, 201, wanted{{"2099-01-01T00:00:00.000000Z", place("campaign", "scheduled_for")}}},
			{"PATCH", "/campaigns/c/pause", ``, 201, wanted{{true, place("campaign", "paused")}}},
			{"PATCH", "/campaigns/c/resume", ``, 201, wanted{{false, place("campaign", "paused")}}},
			{"PATCH", "/campaigns/c/stop", ``, 201, wanted{{"stopped", place("campaign", "status")}}},
			{"GET", "/campaigns", ``, 404, nil},
			{"GET", "/segments", ``, 404, nil},
			{"GET", "/recipients", ``, 404, nil},
		}},
	} {
		t.Run(client.name, func(t *testing.T) {
			h, _ := withRuns(t)
			h.users(t, "shop", "ann")
			h = h.in(client.d)
			for _, s := range client.sent {
				a := h.call(t, s.method, s.path, s.body)
				if a.status != s.status {
					t.Fatalf("%s %s %s answered %d: %s", s.method, s.path, s.body, a.status, a.raw)
				}
				for _, w := range s.want {
					if diff := cmp.Diff(w.value, at(t, a.body, w.path...)); diff != "" {
						t.Errorf("%s %s: %s (-want +got):\n%s", s.method, s.path, fmt.Sprint(w.path...), diff)
					}
				}
				for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} {
					if a.header.Get(name) == "" {
						t.Errorf("%s %s: no header %s", s.method, s.path, name)
					}
				}
			}
		})
	}
}

// sentBy is a request as a client makes it, its status, and some of the answer.
type sentBy struct {
	method, path, body string
	status             int
	want               wanted
}

type wanted []struct {
	value any
	path  []any
}

func place(path ...any) []any { return path }
