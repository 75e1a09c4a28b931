package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

// campaignHarness has users, segments of both types, and a segment of the other app.
func campaignHarness(t *testing.T) (*harness, *recordedRuns) {
	t.Helper()
	h, runs := withRuns(t)
	h.users(t, "shop", "ann", "bob", "off", "gone")
	h.exec(t, `UPDATE users SET deleted_at = CASE id WHEN 'gone' THEN now() END, deactivated_at = CASE id WHEN 'off' THEN now() END`)
	for _, seg := range []m{{"id": "users-1", "type": "user"}, {"id": "users-2", "type": "user", "all_users": true}, {"id": "channels-1", "type": "channel"}} {
		h.mustCall(t, 201, "POST", "/segments", seg)
	}
	return h, runs
}

func TestCampaignFields(t *testing.T) { inEachDialect(t, testCampaignFields) }

func testCampaignFields(t *testing.T, d dialect) {
	h, _ := campaignHarness(t)
	h = h.in(d)
	h.mustCall(t, 201, "POST", "/segments", m{"id": "dead", "type": "user"})
	h.mustCall(t, 200, "DELETE", "/segments/dead", nil)
	other := h.tenant(t)
	other.mustCall(t, 201, "POST", "/segments", m{"id": "theirs", "type": "user"})
	other.users(t, "their-user")

	text := m{"text": "Hi"}
	chars := func(n int) string { return strings.Repeat("é", n) }
	list := func(n int) []string {
		ids := make([]string, n)
		for i := range ids {
			ids[i] = fmt.Sprint("x", i)
		}
		return ids
	}
	for _, tt := range []struct {
		name   string
		body   m // over a valid campaign to user_ids; nil removes
		fields []string
	}{
		{"nothing", m{"sender_id": nil, "message_template": nil, "user_ids": nil}, []string{"sender_id", "message_template", "segment_ids"}},
		{"wrong types", m{
			"id": 1, "name": 2, "description": m{}, "sender_id": []string{}, "message_template": "x", "channel_template": 7, "user_ids": "ann",
			"create_channels": "true", "show_channels": 1, "skip_push": "x", "skip_webhook": []int{}, "sender_mode": true, "messages_per_second": "10",
		}, []string{
			"id", "name", "description", "sender_id", "message_template", "channel_template", "user_ids",
			"create_channels", "show_channels", "skip_push", "skip_webhook", "sender_mode", "messages_per_second",
		}},
		{"limits", m{
			"id": "a/b", "name": chars(1001), "description": chars(5001), "sender_mode": "maybe", "sender_visibility": "seen", "messages_per_second": 1_000_001,
			"message_template": m{"text": chars(20_001), "custom": m{"a": strings.Repeat("x", 5*1024)}, "attachments": slices.Repeat([]m{{}}, 31)},
			"channel_template": m{"type": "a b", "id": chars(1001), "team": chars(1001), "custom": m{"a": strings.Repeat("x", 5*1024)}, "members": list(1001)},
			"user_ids":         list(10_001),
		}, []string{
			"id", "name", "description", "sender_mode", "sender_visibility", "messages_per_second", "message_template.text", "message_template.custom",
			"message_template.attachments", "channel_template.type", "channel_template.id", "channel_template.team", "channel_template.custom",
			"channel_template.members", "user_ids",
		}},
		{"messages_per_second below 0", m{"messages_per_second": -1}, []string{"messages_per_second"}},
		{"messages_per_second with a fraction", m{"messages_per_second": 1.5}, []string{"messages_per_second"}},
		{"both audiences", m{"segment_ids": []string{"users-1"}}, []string{"user_ids"}},
		{"empty audiences", m{"segment_ids": []string{}, "user_ids": []string{}}, []string{"segment_ids"}},
		{"null in a list", m{"user_ids": nil, "segment_ids": []any{nil}}, []string{"segment_ids[0]"}},
		{"26 segments", m{"user_ids": nil, "segment_ids": list(26)}, []string{"segment_ids"}},
		{"unknown segments", m{"user_ids": nil, "segment_ids": []string{"users-1", "none", "dead", "theirs"}}, []string{"segment_ids[1]", "segment_ids[2]", "segment_ids[3]"}},
		{"two types of segments", m{"user_ids": nil, "segment_ids": []string{"users-1", "channels-1", "users-2"}}, []string{"segment_ids[1]"}},
		{"user ids", m{"user_ids": []any{"ok", "", "a\u0001", 7, chars(256)}}, []string{"user_ids[1]", "user_ids[2]", "user_ids[3]", "user_ids[4]"}},
		{"sender unknown", m{"sender_id": "none"}, []string{"sender_id"}},
		{"sender empty", m{"sender_id": ""}, []string{"sender_id"}},
		{"sender deleted", m{"sender_id": "gone"}, []string{"sender_id"}},
		{"sender deactivated", m{"sender_id": "off"}, []string{"sender_id"}},
		{"sender of another app", m{"sender_id": "their-user"}, []string{"sender_id"}},
		{"no text", m{"message_template": m{}}, []string{"message_template.text"}},
		{"empty text", m{"message_template": m{"text": "", "attachments": []m{}}}, []string{"message_template.text"}},
		{"unknown poll", m{"message_template": m{"text": "x", "poll_id": "p"}}, []string{"message_template.poll_id"}},
		{"attachment", m{"message_template": m{"text": "x", "attachments": []any{m{"title": 7}, "x"}}},
			[]string{"message_template.attachments[0].title", "message_template.attachments[1]"}},
		{"searchable", m{"message_template": m{"text": "x", "searchable": "yes"}}, []string{"message_template.searchable"}},
		{"channel type missing", m{"channel_template": m{"id": "x"}}, []string{"channel_template.type"}},
		{"members", m{"channel_template": m{"type": "messaging", "members": []any{"ann", "none", "gone", 7}}},
			[]string{"channel_template.members[1]", "channel_template.members[2]", "channel_template.members[3]"}},
		{"members unknown", m{"channel_template": m{"type": "messaging", "members": []string{"ann", "off", "none"}}}, []string{"channel_template.members[2]"}},
		{"members_template", m{"channel_template": m{"type": "messaging", "members_template": []m{
			{"channel_role": chars(65)}, {"user_id": "none", "custom": 7}}}},
			[]string{"channel_template.members_template[0].user_id", "channel_template.members_template[0].channel_role",
				"channel_template.members_template[1].custom", "channel_template.members_template[1].user_id"}},
		{"two kinds of members", m{"channel_template": m{"type": "messaging", "members": []string{"ann"}, "members_template": []m{{"user_id": "bob"}}}},
			[]string{"channel_template.members_template"}},
		{"templates", m{
			"message_template": m{"text": "{{ a }", "attachments": []m{{"title": "{{ receiver.name"}}, "custom": m{"a": []any{m{"b": "{% include 'x' %}"}}}},
			"channel_template": m{"type": "messaging", "id": "{{ channel.id }}", "custom": m{"n": "{{ range(3) }}"}},
		}, []string{
			"message_template.text", "message_template.attachments[0].title", "message_template.custom.a[0].b",
			"channel_template.id", "channel_template.custom.n",
		}},
		{"receiver in a campaign to channels", m{"user_ids": nil, "segment_ids": []string{"channels-1"}, "message_template": m{"text": "Hi {{ receiver.name }}"}},
			[]string{"message_template.text"}},
		{"fields and references at once", m{"name": 7, "sender_id": "none", "message_template": m{"text": "{{"}}, []string{"name", "sender_id", "message_template.text"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			body := m{"sender_id": "shop", "message_template": text, "user_ids": []string{"ann"}}
			for k, v := range tt.body {
				body[k] = v
			}
			wantFields(t, h.call(t, "POST", "/campaigns", body), tt.fields...)
		})
	}
	if n := len(at(t, h.mustCall(t, 201, "POST", "/campaigns/query", nil), "campaigns").([]any)); n != 0 {
		t.Errorf("refused requests left %d campaigns", n)
	}

	a := h.call(t, "POST", "/campaigns", m{"sender_id": "shop", "message_template": m{"text": "Hi {{ receiver }"}, "user_ids": []string{"ann"}})
	wantError(t, a, 400, models.CodeInvalid, `CreateCampaign failed with error: "message_template.text: line 1, column `, "message_template.text")
	a = h.call(t, "POST", "/campaigns", m{"sender_id": "shop", "message_template": text, "segment_ids": []any{nil}})
	wantError(t, a, 400, models.CodeInvalid, `CreateCampaign failed with error: "segment_ids[0] must be a string"`, "segment_ids[0]")
}

func TestCampaignAtItsLimits(t *testing.T) { inEachDialect(t, testCampaignAtItsLimits) }

func testCampaignAtItsLimits(t *testing.T, d dialect) {
	h, _ := campaignHarness(t)
	h = h.in(d)
	chars := func(n int) string { return strings.Repeat("é", n) }
	got := h.draft(t, strings.Repeat("A-@_", 63), m{
		"name": chars(1000), "description": chars(5000), "messages_per_second": 1_000_000, "sender_mode": "include", "sender_visibility": "hidden",
		"message_template": m{"text": chars(20_000), "attachments": slices.Repeat([]m{{"type": "x"}}, 30), "searchable": true},
		"channel_template": m{"type": strings.Repeat("x", 64), "id": chars(1000), "team": chars(1000), "members": []string{"ann", "off"}},
		"user_ids":         nil, "segment_ids": []string{"users-1", "users-2", "users-1"},
	})
	for key, want := range (m{
		"segment_ids": []any{"users-1", "users-2"}, "messages_per_second": jsonNumber("1000000"), "sender_mode": "include", "status": "draft",
	}) {
		if diff := cmp.Diff(want, got[key]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", key, diff)
		}
	}
	if diff := cmp.Diff(any([]any{"ann", "off"}), at(t, got, "channel_template", "members")); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if at(t, got, "message_template", "searchable") != true || at(t, got, "segments", 1, "id") != "users-2" {
		t.Errorf("message_template.searchable or segments: %v", got)
	}
	// For a campaign to channels the channel template is taken as it is, receiver and all.
	h.draft(t, "to-channels", m{"segment_ids": []string{"channels-1"}, "message_template": m{"text": "{{ channel.name }}"},
		"channel_template": m{"type": "messaging", "id": "{{ receiver.id }}"}})
}

func TestCustomComesBackAsGiven(t *testing.T) { inEachDialect(t, testCustomComesBackAsGiven) }

func testCustomComesBackAsGiven(t *testing.T, d dialect) {
	h, _ := campaignHarness(t)
	h = h.in(d)
	body := `{"id": "c", "sender_id": "shop", "user_ids": ["ann"], "message_template": {"text": "<b>&amp;\u2028", "custom":
		{"big": 12345678901234567890, "exact": 1.50, "null": null, "nested": {"custom": [1, "ü", false, null]}}}}`
	h.mustCall(t, 201, "POST", "/campaigns", body)
	got := at(t, h.mustCall(t, 200, "GET", "/campaigns/c", nil), "campaign", "message_template")
	want := m{"text": "<b>&amp;\u2028", "attachments": []any{}, "custom": m{
		"big": jsonNumber("12345678901234567890"), "exact": jsonNumber("1.50"), "null": nil,
		"nested": m{"custom": []any{jsonNumber("1"), "ü", false, nil}},
	}}
	if diff := cmp.Diff(any(want), got); diff != "" {
		t.Errorf("message_template (-want +got):\n%s", diff)
	}
}

func TestUpdateCampaignMerges(t *testing.T) { inEachDialect(t, testUpdateCampaignMerges) }

func testUpdateCampaignMerges(t *testing.T, d dialect) {
	h, _ := campaignHarness(t)
	h = h.in(d)
	h.draft(t, "c", m{
		"name": "n", "description": "d", "sender_mode": "exclude", "sender_visibility": "hidden", "create_channels": true, "messages_per_second": 5,
		"message_template": m{"text": "Hi", "custom": m{"a": 1}}, "channel_template": m{"type": "team", "team": "red"},
	})
	h.draft(t, "other", nil)
	for _, tt := range []struct {
		body any
		want m // these fields of the campaign after it
	}{
		{m{}, m{"name": "n", "description": "d", "sender_mode": "exclude", "create_channels": true, "messages_per_second": jsonNumber("5"),
			"user_ids": []any{"ann"}, "channel_template": m{"type": "team", "team": "red", "custom": m{}}}},
		{m{"id": "other", "name": nil, "sender_id": nil, "message_template": nil, "channel_template": nil, "user_ids": nil, "segment_ids": nil},
			m{"id": "c", "name": "n", "sender_id": "shop", "channel_template": m{"type": "team", "team": "red", "custom": m{}}, "user_ids": []any{"ann"}}},
		{m{"name": "", "description": "", "sender_mode": "", "sender_visibility": "", "messages_per_second": 0, "create_channels": false},
			m{"name": "", "description": "", "sender_mode": d.unset(), "sender_visibility": d.unset(), "messages_per_second": nil, "create_channels": false}},
		{m{"message_template": m{"text": "new"}}, m{"message_template": m{"text": "new", "attachments": []any{}, "custom": m{}}}},
		{m{"channel_template": m{"type": "x"}}, m{"channel_template": m{"type": "x", "custom": m{}}}},
		{m{"channel_template": m{}}, m{"channel_template": nil}},
		{m{"segment_ids": []string{"users-2", "users-1"}, "user_ids": []string{}}, m{"segment_ids": []any{"users-2", "users-1"}, "user_ids": []any{}}},
		{m{"segment_ids": []string{}}, m{"segment_ids": []any{"users-2", "users-1"}}},
		{m{"user_ids": []string{"bob", "ann", "bob"}}, m{"segment_ids": []any{}, "segments": []any{}, "user_ids": []any{"bob", "ann"}}},
		{m{"campaign": m{"name": "wrapped"}}, m{"name": "wrapped"}},
		{"null", m{"name": "wrapped"}},
	} {
		got := at(t, h.mustCall(t, 201, "PUT", "/campaigns/c", tt.body), "campaign").(m)
		for key, want := range tt.want {
			if diff := cmp.Diff(want, got[key]); diff != "" {
				t.Errorf("PUT %v: %s (-want +got):\n%s", tt.body, key, diff)
			}
		}
		read := at(t, h.mustCall(t, 200, "GET", "/campaigns/c", nil), "campaign")
		if diff := cmp.Diff(any(got), read); diff != "" {
			t.Errorf("GET after PUT %v (-put +get):\n%s", tt.body, diff)
		}
	}
	before := h.mustCall(t, 200, "GET", "/campaigns/c", nil)["campaign"]
	for _, tt := range []struct {
		body   m
		fields []string
	}{
		{m{"name": 7, "sender_id": "none", "message_template": m{"text": "{{"}}, []string{"name", "sender_id", "message_template.text"}},
		{m{"sender_id": ""}, []string{"sender_id"}},
		{m{"message_template": m{}}, []string{"message_template.text"}},
		{m{"segment_ids": []string{"users-1"}, "user_ids": []string{"ann"}}, []string{"user_ids"}},
		{m{"segment_ids": []string{"channels-1"}, "message_template": m{"text": "{{ receiver.id }}"}}, []string{"message_template.text"}},
	} {
		wantFields(t, h.call(t, "PUT", "/campaigns/c", tt.body), tt.fields...)
	}
	if diff := cmp.Diff(before, h.mustCall(t, 200, "GET", "/campaigns/c", nil)["campaign"]); diff != "" {
		t.Errorf("a refused update changed the campaign (-before +after):\n%s", diff)
	}
	wantError(t, h.call(t, "PUT", "/campaigns/none", m{"name": 7}), 404, models.CodeNotFound, `UpdateCampaign failed`, "")
}

func TestCampaignIDs(t *testing.T) {
	h, runs := campaignHarness(t)
	if id := h.draft(t, "", nil)["id"].(string); len(id) != 36 {
		t.Errorf("generated id %q is no UUID", id)
	}
	h.draft(t, "c", nil)
	taken := m{"id": "c", "sender_id": "shop", "message_template": m{"text": "x"}, "user_ids": []string{"ann"}}
	wantError(t, h.call(t, "POST", "/campaigns", taken), 400, models.CodeInvalid, `campaign with id "c" already exists`, "")

	// Free again: it was scheduled, but never began to send.
	h.mustCall(t, 201, "POST", "/campaigns/c/start", m{"scheduled_for": "2099-01-01T00:00:00Z", "stop_at": "2099-01-02T00:00:00Z"})
	h.mustCall(t, 201, "POST", "/campaigns/c/pause", m{"reason": "wait"})
	h.mustCall(t, 200, "DELETE", "/campaigns/c", nil)
	runs.want(t, "start c scheduled", "pause c scheduled", "delete c stopped")
	wantError(t, h.call(t, "GET", "/campaigns/c", nil), 404, models.CodeNotFound, "doesn't exist", "")
	again := h.draft(t, "c", m{"name": "again", "segment_ids": []string{"users-1"}})
	for key, want := range (m{"status": "draft", "paused": false, "paused_at": nil, "pause_reason": "", "name": "again", "scheduled_for": nil, "stop_at": nil}) {
		if diff := cmp.Diff(want, again[key]); diff != "" {
			t.Errorf("%s of the new campaign (-want +got):\n%s", key, diff)
		}
	}
	stored, err := h.store.Campaign(t.Context(), h.app.PK, "c")
	if err != nil || stored.ControlSeq != 4 {
		t.Errorf("control_seq is %d, %v; want 4: start, pause, delete and the new one", stored.ControlSeq, err)
	}

	// Not free: it began to send.
	h.exec(t, `UPDATE campaigns SET status = 'stopped', started_at = now() WHERE id = 'c'`)
	h.mustCall(t, 200, "DELETE", "/campaigns/c", nil)
	wantError(t, h.call(t, "POST", "/campaigns", taken), 400, models.CodeInvalid, `campaign with id "c" already exists`, "")
	runs.want(t)
}

func TestCampaignsOfAnotherApp(t *testing.T) { inEachDialect(t, testCampaignsOfAnotherApp) }

func testCampaignsOfAnotherApp(t *testing.T, d dialect) {
	h, _ := campaignHarness(t)
	h = h.in(d)
	h.draft(t, "mine", m{"segment_ids": []string{"users-1"}})
	other := h.tenant(t)
	for _, tt := range []struct{ method, path string }{
		{"GET", "/campaigns/mine"}, {"PUT", "/campaigns/mine"}, {"DELETE", "/campaigns/mine"}, {"POST", "/campaigns/mine/start"},
		{"POST", "/campaigns/mine/stop"}, {"POST", "/campaigns/mine/pause"}, {"POST", "/campaigns/mine/resume"}, {"PATCH", "/campaigns/mine/schedule"},
		{"GET", "/segments/users-1"}, {"PUT", "/segments/users-1"}, {"DELETE", "/segments/users-1"}, {"POST", "/segments/users-1/addtargets"},
		{"POST", "/segments/users-1/deletetargets"}, {"POST", "/segments/users-1/targets/query"}, {"GET", "/segments/users-1/target/x"},
	} {
		wantError(t, other.call(t, tt.method, tt.path, m{}), 404, models.CodeNotFound, "doesn't exist", "")
	}
	for _, list := range []string{"campaigns", "segments"} {
		if got := at(t, other.mustCall(t, 201, "POST", "/"+list+"/query", nil), list).([]any); len(got) != 0 {
			t.Errorf("another app sees %v", got)
		}
	}
	other.users(t, "shop")
	if got := other.draft(t, "mine", m{"name": "theirs"}); got["name"] != "theirs" {
		t.Errorf("the same id in another app gives %v", got)
	}
	for _, path := range []string{"/campaigns", "/campaigns/mine/start", "/campaigns/query", "/segments"} {
		a := h.callAs(t, h.as(t, "ann"), "POST", path, m{})
		wantError(t, a, 403, models.CodeNotAllowed, "server token", "")
	}
}

func TestQueryCampaigns(t *testing.T) { inEachDialect(t, testQueryCampaigns) }

func testQueryCampaigns(t *testing.T, d dialect) {
	h, _ := campaignHarness(t)
	h = h.in(d)
	h.draft(t, "a", m{"name": "A", "segment_ids": []string{"users-1", "users-2"}})
	h.draft(t, "b", m{"name": "B", "segment_ids": []string{"users-2"}})
	h.draft(t, "c", m{"name": "C", "sender_id": "ann", "user_ids": []string{"bob", "gone", "nobody", "ann"}})
	h.mustCall(t, 201, "POST", "/campaigns/b/start", m{"scheduled_for": "2099-01-01T00:00:00Z"})
	h.mustCall(t, 201, "POST", "/campaigns/b/pause", nil)
	for _, tt := range []struct {
		filter m
		want   []string
	}{
		{nil, []string{"c", "b", "a"}},
		{m{"segments": "users-1"}, []string{"a"}},
		{m{"segments": m{"$in": []string{"users-1", "users-2"}}}, []string{"b", "a"}},
		{m{"paused": true}, []string{"b"}},
		{m{"sender_id": "ann"}, []string{"c"}},
		{m{"scheduled_for": m{"$gt": "2098-12-31T00:00:00Z"}}, []string{"b"}},
		{m{"$or": []m{{"status": "scheduled"}, {"name": m{"$in": []string{"A"}}}}}, []string{"b", "a"}},
	} {
		got := h.mustCall(t, 201, "POST", "/campaigns/query", m{"filter": tt.filter})
		if diff := cmp.Diff(tt.want, keysOf(t, got, "campaigns", "id")); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tt.filter, diff)
		}
		for _, c := range got["campaigns"].([]any) {
			one := at(t, h.mustCall(t, 200, "GET", "/campaigns/"+c.(m)["id"].(string), nil), "campaign")
			if diff := cmp.Diff(one, c); diff != "" {
				t.Errorf("a campaign in a query and alone (-alone +query):\n%s", diff)
			}
		}
	}
}

func TestOneOfManyCreatesWins(t *testing.T) {
	h, _ := campaignHarness(t)
	h.draft(t, "c", nil)
	h.mustCall(t, 200, "DELETE", "/campaigns/c", nil)
	body := m{"id": "c", "sender_id": "shop", "message_template": m{"text": "x"}, "user_ids": []string{"ann"}}
	const calls = 8
	answers := make(chan answer, calls)
	for range calls {
		go func() { answers <- h.call(t, "POST", "/campaigns", body) }()
	}
	created := 0
	for range calls {
		if a := <-answers; a.status == 201 {
			created++
		} else {
			wantError(t, a, 400, models.CodeInvalid, "already exists", "")
		}
	}
	if created != 1 {
		t.Errorf("%d creates of one id succeeded, want 1", created)
	}
}
