package api_test

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Partial updates take custom data from where the dialect has it; the names of "unset" are the same in both.
func TestPartialUpdates(t *testing.T) { inEachDialect(t, testPartialUpdates) }

func testPartialUpdates(t *testing.T, d dialect) {
	h := newShop(t).in(d)
	before := m{"desk": 4, "badge": m{"color": "red", "size": m{"w": 1, "h": 2}}, "old": true}
	change := d.with(m{}, m{"desk": 5, "badge.size.w": nil, "badge.shape": "round"})
	after := m{"desk": jsonNumber("5"), "badge": m{"color": "red", "shape": "round", "size": m{"w": nil}}}
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/users", m{"users": m{"zoe": d.with(m{"id": "zoe", "name": "Zoe"}, before)}})
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/x/query",
		m{"data": d.with(m{"created_by_id": "shop", "team": "eu", "members": []any{d.with(m{"user_id": "ann"}, before)}}, before)})
	edit := func(builtin m, unset ...string) m {
		set := m{}
		for _, part := range []m{change, builtin} {
			for key, value := range part {
				set[key] = value
			}
		}
		return m{"set": set, "unset": append(unset, "old", "badge.size.h", "missing")}
	}
	user := edit(m{"language": "en"}, "name")
	user["id"] = "zoe"
	for what, got := range map[string]any{
		"user":    at(t, h.mustCall(t, http.StatusOK, http.MethodPatch, "/users", m{"users": []m{user}}), "users", "zoe"),
		"channel": h.mustCall(t, http.StatusOK, http.MethodPatch, "/channels/messaging/x", edit(m{"frozen": true}, "team"))["channel"],
		"member":  h.mustCall(t, http.StatusOK, http.MethodPatch, "/channels/messaging/x/member?user_id=ann", edit(m{"pinned": true}, "archived"))["channel_member"],
	} {
		custom := got.(m)
		if d.v2 {
			custom = at(t, got, "custom").(m)
			if diff := cmp.Diff(after, custom); diff != "" {
				t.Errorf("custom of the %s (-want +got):\n%s", what, diff)
			}
		}
		for key, want := range after {
			if diff := cmp.Diff(want, custom[key]); diff != "" {
				t.Errorf("%s of the %s (-want +got):\n%s", key, what, diff)
			}
		}
		for key, want := range map[string]m{
			"user": {"language": "en", "name": nil}, "channel": {"frozen": true, "team": nil}, "member": {"old": nil, "user_id": "ann"},
		}[what] {
			if diff := cmp.Diff(want, got.(m)[key]); diff != "" {
				t.Errorf("%s of the %s (-want +got):\n%s", key, what, diff)
			}
		}
	}
	replaced := h.mustCall(t, http.StatusCreated, http.MethodPost, "/channels/messaging/x", m{"data": d.with(m{"team": "us"}, m{"n": "x"}), "add_members": []any{d.with(m{"user_id": "bob"}, m{"desk": 7})}})
	channel, bob := replaced["channel"], at(t, replaced, "members", 1)
	if d.v2 {
		channel, bob = at(t, channel, "custom"), at(t, bob, "custom")
	}
	if channel.(m)["n"] != "x" || channel.(m)["desk"] != nil || bob.(m)["desk"] != jsonNumber("7") {
		t.Errorf("updated: %v", replaced)
	}
}
