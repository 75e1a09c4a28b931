package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

func TestUpdatePoll(t *testing.T) { inEachDialect(t, testUpdatePoll) }

func testUpdatePoll(t *testing.T, d dialect) {
	h := newConversation(t).in(d)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/polls", `{"id": "p", "name": "Which?", "description": "Choose", "user_id": "shop",
		"options": [{"id": "red", "text": "Red"}, {"id": "blue", "text": "Blue", "custom": {"hex": "00f"}}, {"id": "grey", "text": "Grey", "custom": {"hex": "888"}}],
		"voting_visibility": "anonymous", "max_votes_allowed": 2, "allow_answers": true, "custom": {"topic": 1}}`)
	h.send(t, map[string]any{"id": "m", "user_id": "shop", "poll_id": "p"})
	h.votes(t, "ann", "red")
	h.votes(t, "ann", "blue")
	h.votes(t, "bob", "blue")
	h.votes(t, "bob", "=Because")

	body := h.mustCall(t, http.StatusCreated, http.MethodPut, "/polls", `{"id": "p", "name": "Which now?", "user_id": "ann",
		"options": [{"id": "new", "text": "New"}, {"id": "blue"}, {"id": "grey", "text": "Gray", "custom": {}}]}`)
	poll := at(t, body, "poll").(map[string]any)
	for key, count := range map[string]int{"latest_answers": 1, "own_votes": 1} {
		if n := len(poll[key].([]any)); n != count {
			t.Errorf("%d %s, want %d", n, key, count)
		}
		delete(poll, key)
	}
	if voters := at(t, poll, "latest_votes_by_option", "blue").([]any); len(voters) != 2 {
		t.Errorf("voters of blue: %v", voters)
	}
	delete(poll, "latest_votes_by_option")
	delete(poll, "created_by")
	want := decode(t, `{"poll": {"id": "p", "name": "Which now?", "description": "", "voting_visibility": "public", "enforce_unique_vote": false,
		"allow_user_suggested_options": false, "allow_answers": false, "is_closed": false,
		"options": [{"id": "new", "text": "New", "custom": {}}, {"id": "blue", "text": "Blue", "custom": {"hex": "00f"}}, {"id": "grey", "text": "Gray", "custom": {}}],
		"vote_count": 2, "vote_counts_by_option": {"new": 0, "blue": 2, "grey": 0}, "answers_count": 1,
		"created_by_id": "shop", "created_at": "T", "updated_at": "T", "custom": {}}}`)
	if diff := cmp.Diff(want, maskTimes(map[string]any{"poll": poll})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	wantError(t, h.vote(t, "ann", "red"), http.StatusBadRequest, models.CodeInvalid, "red", "vote.option_id")
	h.votes(t, "ann", "new")

	// An option that comes back begins anew; one without an id is a new one.
	body = h.mustCall(t, http.StatusCreated, http.MethodPut, "/polls",
		`{"id": "p", "name": "x", "options": [{"id": "red", "text": "Red"}, {"text": "Red"}, {"id": "blue"}], "is_closed": true, "max_votes_allowed": 1}`)
	if n := at(t, body, "poll", "vote_counts_by_option", "red"); fmt.Sprint(n) != "0" || len(at(t, body, "poll", "options", 1, "id").(string)) != 36 {
		t.Errorf("poll %v", body)
	}
	wantError(t, h.vote(t, "bob", "red"), http.StatusBadRequest, models.CodeInvalid, "closed", "")
	body = h.mustCall(t, http.StatusCreated, http.MethodPut, "/polls", `{"id": "p", "name": "x"}`)
	if len(at(t, body, "poll", "options").([]any)) != 0 || fmt.Sprint(at(t, body, "poll", "vote_count")) != "0" {
		t.Errorf("a poll without options: %v", body)
	}
}

func TestUpdatePollPartial(t *testing.T) { inEachDialect(t, testUpdatePollPartial) }

func testUpdatePollPartial(t *testing.T, d dialect) {
	h := newQuestion(t, `, "description": "Choose", "max_votes_allowed": 1, "custom": {"topic": 1, "deep": {"a": 1, "b": 2}}`).in(d)
	h.votes(t, "ann", "red")
	custom := `"topic": 2, "deep.a": 3`
	if d.v2 {
		custom = `"custom": {` + custom + `}`
	}
	change := func(body string) map[string]any {
		t.Helper()
		return at(t, h.mustCall(t, http.StatusOK, http.MethodPatch, "/polls/p", body), "poll").(map[string]any)
	}
	state := func(poll map[string]any) string {
		return fmt.Sprintf("%v %q %v %v %v %v %v %v %v %d", poll["name"], poll["description"], poll["voting_visibility"], poll["enforce_unique_vote"],
			poll["max_votes_allowed"], poll["allow_answers"], poll["is_closed"], poll["custom"], poll["vote_count"], len(poll["own_votes"].([]any)))
	}
	for _, tc := range []struct{ body, want string }{
		{`{}`, `Which? "Choose" public false 1 false false map[deep:map[a:1 b:2] topic:1] 1 0`},
		{
			`{"set": {"name": "Now?", "enforce_unique_vote": true, "voting_visibility": "anonymous", "max_votes_allowed": 3, "allow_answers": true, ` + custom + `}, "unset": ["deep.b"], "user_id": "ann"}`,
			`Now? "Choose" anonymous true 3 true false map[deep:map[a:3] topic:2] 1 1`,
		},
		{`{"set": {"custom": {"topic": 4}, "created_by_id": "ann", "vote_count": 7}}`, `Now? "Choose" anonymous true 3 true false map[deep:map[a:3] topic:4] 1 0`},
		{
			`{"set": {"max_votes_allowed": 2, "description": ""}, "unset": ["max_votes_allowed", "voting_visibility", "enforce_unique_vote", "allow_answers", "deep", "none", "id"]}`,
			`Now? "" public false 2 false false map[topic:4] 1 0`,
		},
		{`{"unset": ["max_votes_allowed", "custom"], "set": {"is_closed": true}}`, `Now? "" public false <nil> false true map[] 1 0`},
	} {
		if got := state(change(tc.body)); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", tc.body, got, tc.want)
		}
	}
	wantError(t, h.vote(t, "bob", "red"), http.StatusBadRequest, models.CodeInvalid, "closed", "")
	if change(`{"unset": ["is_closed"]}`)["is_closed"] != false {
		t.Error("is still closed")
	}
	h.votes(t, "bob", "red")
	if got := at(t, h.mustCall(t, http.StatusOK, http.MethodGet, "/messages/m", nil), "message", "poll", "name"); got != "Now?" {
		t.Errorf("the message's poll is called %v", got)
	}
}

func TestPollUpdatesRefuse(t *testing.T) { inEachDialect(t, testPollUpdatesRefuse) }

func testPollUpdatesRefuse(t *testing.T, d dialect) {
	h := newQuestion(t, "").in(d)
	before := h.mustCall(t, http.StatusOK, http.MethodGet, "/polls/p", nil)["poll"]
	other := h.stranger(t)
	long := strings.Repeat("x", 6000)
	for _, tc := range []struct{ method, body, field string }{
		{http.MethodPut, `{"name": "x"}`, "id"},
		{http.MethodPut, `{"id": "none", "name": "x"}`, "id"},
		{http.MethodPut, `{"id": "p"}`, "name"},
		{http.MethodPut, `{"id": "p", "name": "x", "options": [{"id": "red"}, {"id": "other"}]}`, "options[1].text"},
		{http.MethodPut, `{"id": "p", "name": "x", "options": [{"id": "red"}, {"id": "red"}]}`, "options[1].id"},
		{http.MethodPut, `{"id": "p", "name": "x", "max_votes_allowed": 11}`, "max_votes_allowed"},
		{http.MethodPut, `{"id": "p", "name": "x", "user_id": "nobody"}`, "user_id"},
		{http.MethodPatch, `{"set": {"name": ""}}`, "set.name"},
		{http.MethodPatch, `{"set": {"voting_visibility": "secret"}}`, "set.voting_visibility"},
		{http.MethodPatch, `{"set": {"max_votes_allowed": 0}}`, "set.max_votes_allowed"},
		{http.MethodPatch, `{"set": {"is_closed": "yes"}}`, "set.is_closed"},
		{http.MethodPatch, `{"set": {"options": []}}`, "set.options"},
		{http.MethodPatch, `{"set": {"custom": {"x": "` + long + `"}}}`, "set.custom"},
		{http.MethodPatch, `{"set": {"custom": {"x.": 1}}}`, `set["x."]`},
		{http.MethodPatch, `{"set": 1}`, "set"},
		{http.MethodPatch, `{"unset": ["name"]}`, "unset"},
		{http.MethodPatch, `{"unset": ["Options"]}`, "unset"},
		{http.MethodPatch, `{"user_id": "nobody"}`, "user_id"},
	} {
		path := map[string]string{http.MethodPut: "/polls", http.MethodPatch: "/polls/p"}[tc.method]
		wantError(t, h.call(t, tc.method, path, tc.body), http.StatusBadRequest, models.CodeInvalid, "", tc.field)
	}
	wantError(t, h.call(t, http.MethodPatch, "/polls/none", `{}`), http.StatusNotFound, models.CodeNotFound, "poll with id", "")
	wantError(t, other.call(t, http.MethodPatch, "/polls/p", `{}`), http.StatusNotFound, models.CodeNotFound, "poll with id", "")
	wantError(t, other.call(t, http.MethodPut, "/polls", `{"id": "p", "name": "x"}`), http.StatusBadRequest, models.CodeInvalid, "doesn't exist", "id")
	for _, tc := range []struct{ user, body, reason string }{
		{"ann", `{"id": "p", "name": "x"}`, "not of user"},
		{"ann", `{"id": "p", "name": "x", "user_id": "shop"}`, "cannot act as"},
	} {
		wantError(t, h.callAs(t, h.as(t, tc.user), http.MethodPut, "/polls", tc.body), http.StatusForbidden, models.CodeNotAllowed, tc.reason, "")
		wantError(t, h.callAs(t, h.as(t, tc.user), http.MethodPatch, "/polls/p", tc.body), http.StatusForbidden, models.CodeNotAllowed, tc.reason, "")
	}
	if diff := cmp.Diff(before, h.mustCall(t, http.StatusOK, http.MethodGet, "/polls/p", nil)["poll"]); diff != "" {
		t.Errorf("what was refused has changed the poll (-before +after):\n%s", diff)
	}

	shop := h.as(t, "shop")
	if a := h.callAs(t, shop, http.MethodPatch, "/polls/p", `{"set": {"is_closed": true}}`); a.status != http.StatusOK {
		t.Errorf("its creator closes it: %s", a.raw)
	}
	if a := h.callAs(t, shop, http.MethodPut, "/polls", `{"id": "p", "name": "x"}`); a.status != http.StatusCreated {
		t.Errorf("its creator replaces it: %s", a.raw)
	}
}

func TestQueryPolls(t *testing.T) { inEachDialect(t, testQueryPolls) }

func testQueryPolls(t *testing.T, d dialect) {
	h := newQuestion(t, `, "is_closed": false`).in(d)
	h.votes(t, "ann", "red")
	for _, id := range []string{"q", "r", "s"} {
		h.newPoll(t, `"id": "`+id+`", "is_closed": true`)
	}
	other := h.stranger(t)
	query := func(h *harness, path, body string) (string, map[string]any) {
		t.Helper()
		answer := h.mustCall(t, http.StatusCreated, http.MethodPost, "/polls/query"+path, body)
		var ids []string
		for i := range at(t, answer, "polls").([]any) {
			ids = append(ids, at(t, answer, "polls", i, "id").(string))
		}
		return strings.Join(ids, " "), answer
	}
	for body, want := range map[string]string{
		`{}`: "s r q p",
		`{"filter": {"is_closed": true}, "sort": [{"field": "id"}], "limit": 2}`: "q r",
		`{"filter": {"created_by_id": "shop", "id": {"$in": ["p", "s"]}}}`:       "s p",
		`{"filter": {"created_by_id": "ann"}}`:                                   "",
	} {
		if got, _ := query(h, "", body); got != want {
			t.Errorf("%s gives %q, want %q", body, got, want)
		}
	}
	page, first := query(h, "", `{"limit": 3}`)
	rest, second := query(h, "", fmt.Sprintf(`{"next": %q}`, first["next"]))
	back, _ := query(h, "", fmt.Sprintf(`{"prev": %q}`, second["prev"]))
	if page != "s r q" || rest != "p" || back != page || first["prev"] != nil || second["next"] != nil {
		t.Errorf("pages %q, %q and back %q", page, rest, back)
	}

	_, seen := query(h, "?user_id=ann", `{"filter": {"id": "p"}}`)
	if got := tally(t, at(t, seen, "polls", 0)); got != "1: red 1 ann; blue 0 ; answers 0 ; own ann" {
		t.Errorf("ann sees %s", got)
	}
	if at(t, seen, "polls", 0, "created_by", "id") != "shop" {
		t.Errorf("poll %v", seen)
	}
	a := h.callAs(t, h.as(t, "bob"), http.MethodPost, "/polls/query", `{"filter": {"id": "p"}}`)
	if got := tally(t, at(t, a.body, "polls", 0)); got != "1: red 1 ann; blue 0 ; answers 0 ; own " {
		t.Errorf("bob sees %s", got)
	}
	if got, _ := query(other, "", `{}`); got != "" {
		t.Errorf("another app sees %s", got)
	}

	foreign := at(t, h.mustCall(t, http.StatusCreated, http.MethodPost, "/polls/query", `{"limit": 1}`), "next")
	for _, tc := range []struct{ path, body, field string }{
		{"/polls/query", `{"filter": {"votes": 1}}`, "filter.votes"},
		{"/polls/query", `{"filter": {"is_closed": {"$gt": true}}}`, "filter.is_closed.$gt"},
		{"/polls/query", `{"sort": [{"field": "is_closed"}]}`, "sort[0].field"},
		{"/polls/query", `{"limit": 101}`, "limit"},
		{"/polls/query", `{"next": "x"}`, "next"},
		{"/segments/query", fmt.Sprintf(`{"next": %q}`, foreign), "next"},
		{"/polls/query?user_id=nobody", `{}`, "user_id"},
	} {
		wantError(t, h.call(t, http.MethodPost, tc.path, tc.body), http.StatusBadRequest, models.CodeInvalid, "", tc.field)
	}
	wantError(t, h.callAs(t, h.as(t, "bob"), http.MethodPost, "/polls/query?user_id=ann", `{}`), http.StatusForbidden, models.CodeNotAllowed, "ann", "")
}
