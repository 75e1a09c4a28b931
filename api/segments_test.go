package api_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/api"
	"herald/models"
)

func TestCreateSegment(t *testing.T) { inEachDialect(t, testCreateSegment) }

func testCreateSegment(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	for _, tt := range []struct {
		name string
		body m
		want m // of the segment, beside what every segment has
	}{
		{"by filter", m{"id": "us", "type": "user", "name": "US", "description": "d", "filter": m{"country": "US"}},
			m{"id": "us", "type": "user", "name": "US", "description": "d", "filter": m{"country": "US"}}},
		{"all users", m{"id": "all", "type": "user", "all_users": true}, m{"id": "all", "type": "user", "all_users": true}},
		{"all sender channels", m{"id": "chs", "type": "channel", "all_sender_channels": true},
			m{"id": "chs", "type": "channel", "all_sender_channels": true}},
		{"manual, everything null", m{"id": "list", "type": "user", "name": nil, "filter": nil, "all_users": nil}, m{"id": "list", "type": "user"}},
		{"wrapped", m{"segment": m{"id": "wrapped", "type": "channel", "filter": m{"frozen": true}}},
			m{"id": "wrapped", "type": "channel", "filter": m{"frozen": true}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := at(t, h.mustCall(t, 201, "POST", "/segments", tt.body), "segment").(m)
			want := m{
				"name": "", "description": "", "filter": m{}, "all_users": false, "all_sender_channels": false, "size": jsonNumber("0"),
				"locked": false, "task_id": "", "created_at": got["created_at"], "updated_at": got["created_at"], "deleted_at": nil,
			}
			for k, v := range tt.want {
				want[k] = v
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("segment (-want +got):\n%s", diff)
			}
			read := at(t, h.mustCall(t, 200, "GET", "/segments/"+got["id"].(string), nil), "segment")
			if diff := cmp.Diff(any(got), read); diff != "" {
				t.Errorf("GET after create (-create +get):\n%s", diff)
			}
		})
	}

	generated := at(t, h.mustCall(t, 201, "POST", "/segments", m{"id": nil, "type": "user"}), "segment", "id").(string)
	if len(generated) != 36 {
		t.Errorf("generated id %q is no UUID", generated)
	}
	wantError(t, h.call(t, "POST", "/segments", m{"id": "us", "type": "channel"}), 400, models.CodeInvalid, `segment with id "us" already exists`, "")

	h.mustCall(t, 200, "DELETE", "/segments/us", nil)
	wantError(t, h.call(t, "GET", "/segments/us", nil), 404, models.CodeNotFound, "doesn't exist", "")
	again := at(t, h.mustCall(t, 201, "POST", "/segments", m{"id": "us", "type": "channel"}), "segment").(m)
	if again["type"] != "channel" || again["name"] != "" {
		t.Errorf("the id of a deleted segment gives %v", again)
	}
}

func TestSegmentFields(t *testing.T) { inEachDialect(t, testSegmentFields) }

func testSegmentFields(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	for _, tt := range []struct {
		name   string
		body   m
		fields []string
	}{
		{"no type", m{}, []string{"type"}},
		{"all at once", m{"id": "a b", "type": "thing", "name": 7, "description": strings.Repeat("x", 257), "all_users": "yes"},
			[]string{"id", "type", "name", "description", "all_users"}},
		{"id too long", m{"id": strings.Repeat("x", 256), "type": "user"}, []string{"id"}},
		{"name in code points", m{"type": "user", "name": strings.Repeat("é", 129)}, []string{"name"}},
		{"empty filter", m{"type": "user", "filter": m{}}, []string{"filter"}},
		{"filter no object", m{"type": "user", "filter": "x"}, []string{"filter"}},
		{"filter with null", m{"type": "user", "filter": m{"country": nil}}, []string{"filter.country"}},
		{"filter of the wrong type", m{"type": "user", "filter": m{"$or": []m{{"a": 1}, {"created_at": m{"$gte": "soon"}}}}},
			[]string{"filter.$or[1].created_at.$gte"}},
		{"member field in a channel segment", m{"type": "channel", "filter": m{"hidden": true}}, []string{"filter.hidden"}},
		{"all_users of channels", m{"type": "channel", "all_users": true}, []string{"all_users"}},
		{"all_sender_channels of users", m{"type": "user", "all_sender_channels": true}, []string{"all_sender_channels"}},
		{"two selections", m{"type": "user", "all_users": true, "filter": m{"a": 1}}, []string{"filter"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			wantFields(t, h.call(t, "POST", "/segments", tt.body), tt.fields...)
		})
	}
	if n := len(at(t, h.mustCall(t, 201, "POST", "/segments/query", nil), "segments").([]any)); n != 0 {
		t.Errorf("refused requests left %d segments", n)
	}
	h.mustCall(t, 201, "POST", "/segments", m{"type": "user", "name": strings.Repeat("é", 128), "description": strings.Repeat("é", 256)})
}

func TestFilterErrorNamesThePath(t *testing.T) { inEachDialect(t, testFilterErrorNamesThePath) }

func testFilterErrorNamesThePath(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	a := h.call(t, "POST", "/segments", m{"type": "user", "filter": m{"created_at": m{"$gte": "soon"}}})
	wantError(t, a, 400, models.CodeInvalid, `CreateSegment failed with error: "filter.created_at.$gte: expected a timestamp`, "filter.created_at.$gte")
}

func TestUpdateSegment(t *testing.T) { inEachDialect(t, testUpdateSegment) }

func testUpdateSegment(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	h.mustCall(t, 201, "POST", "/segments", m{"id": "f", "type": "user", "name": "n", "description": "d", "filter": m{"a": 1}})
	h.mustCall(t, 201, "POST", "/segments", m{"id": "empty", "type": "user"})
	h.mustCall(t, 201, "POST", "/segments", m{"id": "list", "type": "user"})
	h.mustCall(t, 201, "POST", "/segments/list/addtargets", m{"target_ids": []string{"ann"}})
	h.mustCall(t, 201, "POST", "/segments", m{"id": "all", "type": "user", "all_users": true})
	h.mustCall(t, 201, "POST", "/segments", m{"id": "chs", "type": "channel", "all_sender_channels": true})

	for _, tt := range []struct {
		id   string
		body m
		want m
	}{
		{"f", m{"id": "other", "name": nil, "filter": nil}, m{"id": "f", "name": "n", "description": "d", "filter": m{"a": jsonNumber("1")}}},
		{"f", m{"name": "", "description": ""}, m{"name": "", "description": ""}},
		{"f", m{"segment": m{"name": "wrapped"}}, m{"name": "wrapped"}},
		{"f", m{"filter": m{"b": m{"$gt": 2}}}, m{"name": "wrapped", "filter": m{"b": m{"$gt": jsonNumber("2")}}}},
		{"empty", m{"filter": m{"a": 1}}, m{"filter": m{"a": jsonNumber("1")}}},
		{"list", m{"name": "L"}, m{"name": "L", "size": jsonNumber("1")}},
	} {
		got := at(t, h.mustCall(t, 201, "PUT", "/segments/"+tt.id, tt.body), "segment").(m)
		for k, v := range tt.want {
			if diff := cmp.Diff(v, got[k]); diff != "" {
				t.Errorf("PUT %s %v: %s (-want +got):\n%s", tt.id, tt.body, k, diff)
			}
		}
	}
	for _, id := range []string{"list", "all"} {
		wantFields(t, h.call(t, "PUT", "/segments/"+id, m{"filter": m{"a": 1}}), "filter")
	}
	wantFields(t, h.call(t, "PUT", "/segments/chs", m{"filter": m{"frozen": true}}), "filter")
	wantFields(t, h.call(t, "PUT", "/segments/f", m{"filter": m{}, "name": strings.Repeat("x", 129)}), "filter", "name")
	wantError(t, h.call(t, "POST", "/segments/empty/addtargets", m{"target_ids": []string{"x"}}), 400, models.CodeInvalid, "not a manual list", "")
	wantError(t, h.call(t, "PUT", "/segments/none", m{"filter": m{}}), 404, models.CodeNotFound, "doesn't exist", "")
}

func TestTargets(t *testing.T) { inEachDialect(t, testTargets) }

func testTargets(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	h.mustCall(t, 201, "POST", "/segments", m{"id": "list", "type": "user"})
	add := func(ids ...string) { h.mustCall(t, 201, "POST", "/segments/list/addtargets", m{"target_ids": ids}) }
	size := func() any { return at(t, h.mustCall(t, 200, "GET", "/segments/list", nil), "segment", "size") }

	add("ann", "bob", "ann", "messaging:x", "ж и")
	first := at(t, h.mustCall(t, 201, "POST", "/segments/list/targets/query", nil), "targets").([]any)
	add("bob", "zoe")
	second := at(t, h.mustCall(t, 201, "POST", "/segments/list/targets/query", nil), "targets").([]any)
	want := []any{}
	for i, id := range []string{"ann", "bob", "messaging:x", "zoe", "ж и"} {
		want = append(want, m{"app_pk": jsonNumber(fmt.Sprint(h.app.PK)), "segment_id": "list", "target_id": id, "created_at": second[i].(m)["created_at"]})
	}
	if diff := cmp.Diff(want, second); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(first[:3], second[:3]); diff != "" {
		t.Errorf("adding a present target changed it (-before +after):\n%s", diff)
	}
	if got := size(); got != jsonNumber("5") {
		t.Errorf("size %v, want 5", got)
	}

	for path, status := range map[string]int{
		"/segments/list/target/ann": 200, "/segments/list/target/messaging%3Ax": 200, "/segments/list/target/messaging:x": 200,
		"/segments/list/target/%D0%B6%20%D0%B8": 200, "/segments/list/target/%D0%B6+%D0%B8": 200,
		"/segments/list/target/nobody": 404, "/segments/none/target/ann": 404,
	} {
		if a := h.call(t, "GET", path, nil); a.status != status {
			t.Errorf("GET %s answered %d, want %d: %s", path, a.status, status, a.raw)
		}
	}

	h.mustCall(t, 201, "POST", "/segments/list/deletetargets", m{"target_ids": []string{"ann", "nobody", "ann"}})
	if got := size(); got != jsonNumber("4") {
		t.Errorf("size after a deletion %v, want 4", got)
	}

	long := strings.Repeat("ж", 255)
	add(long)
	for _, tt := range []struct {
		path   string
		body   any
		fields []string
	}{
		{"addtargets", m{}, []string{"target_ids"}},
		{"addtargets", m{"target_ids": []string{}}, []string{"target_ids"}},
		{"addtargets", m{"target_ids": "ann"}, []string{"target_ids"}},
		{"addtargets", m{"target_ids": []any{"new", 7, nil, "", "a\nb", long + "x"}},
			[]string{"target_ids[1]", "target_ids[2]", "target_ids[3]", "target_ids[4]", "target_ids[5]"}},
		{"addtargets", m{"target_ids": make([]string, 10_001)}, []string{"target_ids"}},
		{"deletetargets", m{"target_ids": make([]string, 101)}, []string{"target_ids"}},
		{"deletetargets", m{"target_ids": []any{nil}}, []string{"target_ids[0]"}},
	} {
		wantFields(t, h.call(t, "POST", "/segments/list/"+tt.path, tt.body), tt.fields...)
	}
	if got := size(); got != jsonNumber("5") {
		t.Errorf("size after refused changes %v, want 5", got)
	}

	many := make([]string, 10_000)
	for i := range many {
		many[i] = fmt.Sprintf("u-%05d", i)
	}
	add(many...)
	if got := size(); got != jsonNumber("10005") {
		t.Errorf("size %v, want 10005", got)
	}
	all := at(t, h.mustCall(t, 201, "POST", "/segments/list/targets/query", m{"limit": 10_000}), "targets").([]any)
	if len(all) != 10_000 {
		t.Errorf("%d targets, want 10000", len(all))
	}

	h.mustCall(t, 201, "POST", "/segments", m{"id": "all", "type": "user", "all_users": true})
	for _, path := range []string{"addtargets", "deletetargets"} {
		wantError(t, h.call(t, "POST", "/segments/all/"+path, m{"target_ids": []string{"x"}}), 400, models.CodeInvalid, "not a manual list", "")
		wantError(t, h.call(t, "POST", "/segments/none/"+path, m{}), 404, models.CodeNotFound, "doesn't exist", "")
	}
	if got := at(t, h.mustCall(t, 201, "POST", "/segments/all/targets/query", nil), "targets").([]any); len(got) != 0 {
		t.Errorf("targets of a segment of all users: %v", got)
	}
}

func TestSegmentInUse(t *testing.T) {
	h, _ := withRuns(t)
	h.users(t, "shop")
	h.mustCall(t, 201, "POST", "/segments", m{"id": "seg", "type": "user"})
	h.draft(t, "sale", m{"segment_ids": []string{"seg"}})
	h.draft(t, "later", m{"segment_ids": []string{"seg"}})
	h.mustCall(t, 201, "POST", "/campaigns/sale/start", m{"scheduled_for": "2099-01-01T00:00:00Z"})

	wantError(t, h.call(t, "DELETE", "/segments/seg", nil), 400, models.CodeInvalid, "sale", "")
	h.mustCall(t, 201, "POST", "/segments/seg/addtargets", m{"target_ids": []string{"ann"}})
	h.mustCall(t, 201, "POST", "/campaigns/sale/stop", nil)
	h.mustCall(t, 200, "DELETE", "/segments/seg", nil)

	wantError(t, h.call(t, "POST", "/campaigns/later/start", nil), 400, models.CodeInvalid, "segment", "segment_ids")
	stopped := at(t, h.mustCall(t, 200, "GET", "/campaigns/sale", nil), "campaign").(m)
	if at(t, stopped, "segments", 0, "deleted_at") == nil || at(t, stopped, "segments", 0, "id") != "seg" {
		t.Errorf("a stopped campaign no longer shows its deleted segment: %v", stopped["segments"])
	}
}

// TestSegmentSizeIsCounted runs the server, whose background counts.
func TestSegmentSizeIsCounted(t *testing.T) {
	h := newHarness(t)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- h.handler.(*api.Server).Run(ctx, listener) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})

	h.users(t, "ann", "bob", "zoe", "gone", "off")
	h.exec(t, `UPDATE users SET deleted_at = CASE id WHEN 'gone' THEN now() END, deactivated_at = CASE id WHEN 'off' THEN now() END`)
	h.exec(t, `INSERT INTO channels (app_pk, cid, created_by, created_at, updated_at, deleted_at)
		VALUES ($1, 'messaging:a', 'ann', now(), now(), NULL), ($1, 'messaging:b', 'ann', now(), now(), now())`, h.app.PK)
	h.mustCall(t, 201, "POST", "/segments", m{"id": "all", "type": "user", "all_users": true})
	h.mustCall(t, 201, "POST", "/segments", m{"id": "some", "type": "user", "filter": m{"id": m{"$gte": "b"}}})
	h.mustCall(t, 201, "POST", "/segments", m{"id": "chs", "type": "channel", "filter": m{"type": "messaging"}})
	size := func(id string) string {
		return fmt.Sprint(at(t, h.mustCall(t, 201, "POST", "/segments/query", m{"filter": m{"id": id}}), "segments", 0, "size"))
	}
	want := func(id, n string) {
		t.Helper()
		waitFor(t, "size "+n+" of "+id, func(context.Context) bool { return size(id) == n })
	}
	want("all", "3")
	want("some", "2")
	want("chs", "1")

	h.mustCall(t, 201, "PUT", "/segments/some", m{"filter": m{"id": m{"$gte": "z"}}})
	want("some", "1")

	h.users(t, "new")
	h.mustCall(t, 200, "GET", "/segments/all", nil) // younger than a minute: not counted again
	h.exec(t, `UPDATE segments SET counted_at = now() - interval '61 seconds' WHERE id = 'some'`)
	h.users(t, "zzz")
	h.mustCall(t, 200, "GET", "/segments/some", nil)
	want("some", "2")
	if got := size("all"); got != "3" {
		t.Errorf("a young count was counted again: %s", got)
	}
}
