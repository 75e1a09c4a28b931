package api_test

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

// keysOf lists a key of the entries of a list in an answer.
func keysOf(t *testing.T, body m, list, key string) []string {
	t.Helper()
	out := []string{}
	for _, entry := range at(t, body, list).([]any) {
		out = append(out, entry.(m)[key].(string))
	}
	return out
}

// TestPaging walks lists of 250 rows with many equal sort keys forwards to the end and backwards to the beginning.
func TestPaging(t *testing.T) { inEachDialect(t, testPaging) }

func testPaging(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	h.users(t, "shop")
	const rows = 250
	h.exec(t, `INSERT INTO campaigns (app_pk, id, name, sender_id, message_template, user_ids, scheduled_for, created_at, updated_at)
		SELECT $1, 'c' || to_char(n, 'FM000'), 'name ' || n % 3, 'shop', '{"text": "x"}', '{ann}',
			CASE WHEN n % 5 > 0 THEN timestamptz '2030-01-01' + n % 4 * interval '1 day' END,
			timestamptz '2026-01-01' + n / 7 * interval '1 microsecond', now() FROM generate_series(1, $2::int) n`, h.app.PK, rows)
	h.exec(t, `INSERT INTO segments (app_pk, id, type, name, size, created_at, updated_at)
		SELECT $1, 's' || to_char(n, 'FM000'), 'user', 'name ' || n % 3, n % 4,
			timestamptz '2026-01-01' + n / 7 * interval '1 microsecond', now() FROM generate_series(1, $2::int) n`, h.app.PK, rows)
	h.exec(t, `INSERT INTO segment_targets (segment_pk, target_id, created_at)
		SELECT segment_pk, 't' || to_char(n, 'FM000'), timestamptz '2026-01-01' + n / 7 * interval '1 microsecond'
		FROM segments, generate_series(1, $1::int) n WHERE id = 's001'`, rows)

	for _, tt := range []struct {
		path, list, key string
		body            m
		rows            int
	}{
		{"/campaigns/query", "campaigns", "id", m{}, rows},
		{"/campaigns/query", "campaigns", "id", m{"sort": []m{{"field": "name", "direction": -1}}}, rows},
		{"/campaigns/query", "campaigns", "id", m{"sort": []m{{"field": "scheduled_for"}, {"field": "name", "direction": -1}}}, rows},
		{"/campaigns/query", "campaigns", "id", m{"sort": []m{{"field": "scheduled_for", "direction": -1}}, "filter": m{"name": m{"$in": []string{"name 0", "name 1"}}}}, 167},
		{"/segments/query", "segments", "id", m{}, rows},
		{"/segments/query", "segments", "id", m{"sort": []m{{"field": "size", "direction": -1}, {"field": "name", "direction": 1}}}, rows},
		{"/segments/s001/targets/query", "targets", "target_id", m{}, rows},
		{"/segments/s001/targets/query", "targets", "target_id", m{"sort": []m{{"field": "created_at", "direction": -1}}, "filter": m{"target_id": m{"$gt": "t100"}}}, 150},
	} {
		t.Run(fmt.Sprint(tt.path, tt.body), func(t *testing.T) {
			whole := m{"limit": 100}
			for k, v := range tt.body {
				whole[k] = v
			}
			all := []string{}
			for body := whole; ; {
				page := h.mustCall(t, 201, "POST", tt.path, body)
				all = append(all, keysOf(t, page, tt.list, tt.key)...)
				if page["next"] == nil {
					break
				}
				body = m{"next": page["next"]}
			}
			if n := len(slices.Compact(slices.Sorted(slices.Values(all)))); n != tt.rows || len(all) != tt.rows {
				t.Fatalf("pages of 100 give %d rows, %d different; want %d", len(all), n, tt.rows)
			}

			whole["limit"] = 37
			page := h.mustCall(t, 201, "POST", tt.path, whole)
			if page["prev"] != nil {
				t.Error("the first page has a prev")
			}
			begin := 0
			for {
				got := keysOf(t, page, tt.list, tt.key)
				if diff := cmp.Diff(all[begin:min(begin+37, len(all))], got); diff != "" {
					t.Fatalf("page from %d (-want +got):\n%s", begin, diff)
				}
				if page["next"] == nil {
					break
				}
				begin += 37
				// Another filter, sort and limit beside a cursor: the first two are not looked at.
				page = h.mustCall(t, 201, "POST", tt.path, m{"next": page["next"], "prev": "nonsense", "limit": 37, "filter": m{"id": "none"}, "sort": []m{{"field": "none"}}})
			}
			if begin+37 < len(all) {
				t.Fatalf("no next at %d", begin)
			}
			for begin > 0 {
				if page["prev"] == nil {
					t.Fatalf("no prev at %d", begin)
				}
				begin -= 37
				page = h.mustCall(t, 201, "POST", tt.path, m{"prev": page["prev"]})
				if diff := cmp.Diff(all[begin:begin+37], keysOf(t, page, tt.list, tt.key)); diff != "" {
					t.Fatalf("page back from %d (-want +got):\n%s", begin, diff)
				}
				if page["next"] == nil {
					t.Fatalf("no next on the way back at %d", begin)
				}
			}
			if page["prev"] != nil {
				t.Error("back on the first page there is a prev")
			}
		})
	}
}

func TestPagingWhileRowsChange(t *testing.T) {
	h := newHarness(t)
	for _, id := range []string{"b", "d", "f", "h"} {
		h.mustCall(t, 201, "POST", "/segments", m{"id": id, "type": "user"})
	}
	first := h.mustCall(t, 201, "POST", "/segments/query", m{"sort": []m{{"field": "id"}}, "limit": 2})
	h.mustCall(t, 200, "DELETE", "/segments/d", nil) // the row that the cursor stands at
	h.mustCall(t, 201, "POST", "/segments", m{"id": "a", "type": "user"})
	h.mustCall(t, 201, "POST", "/segments", m{"id": "e", "type": "user"})
	second := h.mustCall(t, 201, "POST", "/segments/query", m{"next": first["next"], "limit": 10})
	if diff := cmp.Diff([]string{"e", "f", "h"}, keysOf(t, second, "segments", "id")); diff != "" {
		t.Errorf("second page (-want +got):\n%s", diff)
	}
	for _, id := range []string{"a", "b"} {
		h.mustCall(t, 200, "DELETE", "/segments/"+id, nil)
	}
	second = h.mustCall(t, 201, "POST", "/segments/query", m{"next": first["next"]})
	if second["prev"] != nil {
		t.Error("prev although no rows precede")
	}
}

func TestLimits(t *testing.T) { inEachDialect(t, testLimits) }

func testLimits(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	h.mustCall(t, 201, "POST", "/segments", m{"id": "list", "type": "user"})
	targets := make([]string, 31)
	for i := range targets {
		targets[i] = fmt.Sprint(i)
	}
	h.mustCall(t, 201, "POST", "/segments/list/addtargets", m{"target_ids": targets})
	for _, limit := range []any{nil, 0} {
		if n := len(at(t, h.mustCall(t, 201, "POST", "/segments/list/targets/query", m{"limit": limit}), "targets").([]any)); n != 30 {
			t.Errorf("limit %v gives %d rows, want 30", limit, n)
		}
	}
	for path, limits := range map[string][]any{
		"/campaigns/query":             {-1, 101, "10", 1.5},
		"/segments/query":              {-1, 101},
		"/segments/list/targets/query": {-1, 10_001},
	} {
		for _, limit := range limits {
			wantFields(t, h.call(t, "POST", path, m{"limit": limit}), "limit")
		}
	}
	wantFields(t, h.call(t, "POST", "/campaigns/query", m{"user_limit": 1001, "sort": []m{{"field": "nope"}}, "filter": m{"x": 1}}),
		"user_limit", "sort[0].field", "filter.x")
}

func TestCursorIsBound(t *testing.T) {
	h := newHarness(t)
	for _, list := range []string{"s0", "s1", "s2"} {
		h.mustCall(t, 201, "POST", "/segments", m{"id": list, "type": "user"})
		h.mustCall(t, 201, "POST", "/segments/"+list+"/addtargets", m{"target_ids": []string{"a", "b", "c"}})
	}
	next := h.mustCall(t, 201, "POST", "/segments/query", m{"limit": 1})["next"].(string)
	ofTargets := h.mustCall(t, 201, "POST", "/segments/s0/targets/query", m{"limit": 1})["next"].(string)
	if strings.Trim(next, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Errorf("the cursor %q is not URL-safe", next)
	}
	h.mustCall(t, 201, "POST", "/segments/query", m{"next": next})

	flipped := func(i int) string {
		b := []byte(next)
		if b[i] == 'A' {
			b[i] = 'B'
		} else {
			b[i] = 'A'
		}
		return string(b)
	}
	for _, bad := range []string{"x", "####", next[:len(next)-2], next + "AA", flipped(0), flipped(len(next) / 2), ofTargets, strings.Repeat("A", 100)} {
		for _, side := range []string{"next", "prev"} {
			wantFields(t, h.call(t, "POST", "/segments/query", m{side: bad}), side)
		}
	}
	wantFields(t, h.call(t, "POST", "/campaigns/query", m{"next": next}), "next")
	wantFields(t, h.call(t, "POST", "/segments/s1/targets/query", m{"next": ofTargets}), "next")

	other := h.tenant(t)
	wantFields(t, other.call(t, "POST", "/segments/query", m{"next": next}), "next")
}

func TestCursorOfALongFilter(t *testing.T) { inEachDialect(t, testCursorOfALongFilter) }

func testCursorOfALongFilter(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	random := make([]string, 400)
	for i := range random {
		b := make([]byte, 10)
		if _, err := rand.Read(b); err != nil {
			t.Fatal(err)
		}
		random[i] = hex.EncodeToString(b)
	}
	for _, id := range random[:3] {
		h.mustCall(t, 201, "POST", "/segments", m{"id": id, "type": "user"})
	}
	where := m{"id": m{"$in": random}, "all_users": false}
	first := h.mustCall(t, 201, "POST", "/segments/query", m{"filter": where, "limit": 2})
	next := first["next"].(string)
	if len(next) > 4096 {
		t.Errorf("the cursor has %d bytes", len(next))
	}
	second := h.mustCall(t, 201, "POST", "/segments/query", m{"filter": where, "next": next})
	if n := len(at(t, second, "segments").([]any)); n != 1 {
		t.Errorf("%d rows on the second page, want 1", n)
	}
	a := h.call(t, "POST", "/segments/query", m{"next": next})
	wantError(t, a, 400, models.CodeInvalid, "repeat that filter", "next")
	wantFields(t, h.call(t, "POST", "/segments/query", m{"next": next, "filter": m{"id": "x"}}), "next")
}

func TestCampaignUsersPager(t *testing.T) { inEachDialect(t, testCampaignUsersPager) }

func testCampaignUsersPager(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	userIDs := make([]string, 250)
	var existing []string
	for i := range userIDs {
		userIDs[i] = fmt.Sprintf("u%03d", 250-i) // not in the order of the ids
		if i%10 != 3 {
			existing = append(existing, userIDs[i])
		}
	}
	for chunk := range slices.Chunk(append(slices.Clone(existing), "shop"), 100) {
		h.users(t, chunk...)
	}
	h.exec(t, `UPDATE users SET deactivated_at = now() WHERE id = 'u250'`)
	h.exec(t, `UPDATE users SET deleted_at = now() WHERE id = 'u249'`)
	existing = slices.DeleteFunc(existing, func(id string) bool { return id == "u249" })

	created := h.mustCall(t, 201, "POST", "/campaigns", m{"id": "c", "sender_id": "shop", "message_template": m{"text": "x"}, "user_ids": userIDs})
	if diff := cmp.Diff(existing, keysOf(t, created["campaign"].(m), "users", "id")); diff != "" {
		t.Errorf("users of a new campaign (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(any(m{}), created["users"]); diff != "" {
		t.Errorf("pager when everything fits (-want +got):\n%s", diff)
	}

	pager := ""
	begin := 0
	get := func(query string) m { return h.mustCall(t, 200, "GET", "/campaigns/c"+query, nil) }
	page := get("?limit=60")
	for {
		if diff := cmp.Diff(existing[begin:min(begin+60, len(existing))], keysOf(t, page["campaign"].(m), "users", "id")); diff != "" {
			t.Fatalf("users from %d (-want +got):\n%s", begin, diff)
		}
		if n := len(at(t, page, "campaign", "user_ids").([]any)); n != 250 {
			t.Errorf("%d user_ids, want all", n)
		}
		if (begin > 0) != (at(t, page, "users").(m)["prev"] != nil) {
			t.Errorf("at %d the pager is %v", begin, page["users"])
		}
		next, more := at(t, page, "users").(m)["next"].(string)
		if !more {
			break
		}
		begin += 60
		page = get("?next=" + next + "&prev=nonsense")
	}
	if begin+60 < len(existing) {
		t.Fatalf("no next at %d", begin)
	}
	for ; begin > 0; begin -= 60 {
		pager = at(t, page, "users", "prev").(string)
		page = get("?prev=" + pager)
		if diff := cmp.Diff(existing[begin-60:begin], keysOf(t, page["campaign"].(m), "users", "id")); diff != "" {
			t.Fatalf("users back from %d (-want +got):\n%s", begin, diff)
		}
	}
	if at(t, page, "users").(m)["prev"] != nil || at(t, page, "users").(m)["next"] == nil {
		t.Errorf("back at the beginning the pager is %v", page["users"])
	}
	wantFields(t, h.call(t, "GET", "/campaigns/c?limit=1001", nil), "limit")
	wantFields(t, h.call(t, "GET", "/campaigns/c?next="+pager+"x", nil), "next")

	list := h.mustCall(t, 201, "POST", "/campaigns/query", m{"user_limit": 4})
	if diff := cmp.Diff([]string{"u250", "u248"}, keysOf(t, at(t, list, "campaigns", 0).(m), "users", "id")); diff != "" {
		t.Errorf("users in a query (-want +got):\n%s", diff)
	}
	if n := len(at(t, list, "campaigns", 0, "user_ids").([]any)); n != 4 {
		t.Errorf("%d user_ids in a query, want 4", n)
	}
}
