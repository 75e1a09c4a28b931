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

// newPoll makes a poll of shop with the options red and blue.
func (h *harness) newPoll(t *testing.T, fields string) map[string]any {
	t.Helper()
	body := h.mustCall(t, http.StatusCreated, http.MethodPost, "/polls",
		`{"name": "Which?", "user_id": "shop", "options": [{"id": "red", "text": "Red"}, {"id": "blue", "text": "Blue"}], `+fields+`}`)
	return at(t, body, "poll").(map[string]any)
}

func decode(t *testing.T, text string) any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestCreatePoll(t *testing.T) { inEachDialect(t, testCreatePoll) }

func testCreatePoll(t *testing.T, d dialect) {
	h := newShop(t).in(d)
	body := h.mustCall(t, http.StatusCreated, http.MethodPost, "/polls", `{"id": "p 1", "name": "Which?", "description": "Choose", "user_id": "ann",
		"options": [{"id": "red", "text": "Red", "custom": {"hex": "f00"}}, {"id": "blue", "text": "Blue"}], "max_votes_allowed": 2, "allow_answers": true,
		"custom": {"topic": 1.50}, "extra": 1}`)
	poll := at(t, body, "poll").(map[string]any)
	if at(t, poll, "created_by", "id") != "ann" {
		t.Errorf("created by %v", poll["created_by"])
	}
	shown := map[string]any{"poll": poll}
	delete(poll, "created_by")
	want := decode(t, `{"poll": {"id": "p 1", "name": "Which?", "description": "Choose", "voting_visibility": "public", "enforce_unique_vote": false,
		"max_votes_allowed": 2, "allow_user_suggested_options": false, "allow_answers": true, "is_closed": false,
		"options": [{"id": "red", "text": "Red", "custom": {"hex": "f00"}}, {"id": "blue", "text": "Blue", "custom": {}}],
		"vote_count": 0, "vote_counts_by_option": {"red": 0, "blue": 0}, "latest_votes_by_option": {"red": [], "blue": []},
		"answers_count": 0, "latest_answers": [], "own_votes": [], "created_by_id": "ann", "created_at": "T", "updated_at": "T", "custom": {"topic": 1.50}}}`)
	if diff := cmp.Diff(want, maskTimes(shown)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got := h.mustCall(t, http.StatusOK, http.MethodGet, "/polls/p%201?user_id=bob", nil)
	delete(at(t, got, "poll").(map[string]any), "created_by")
	if diff := cmp.Diff(any(poll), got["poll"]); diff != "" {
		t.Errorf("read again (-created +got):\n%s", diff)
	}

	// The least that a poll needs; ids are made.
	a := h.callAs(t, h.as(t, "bob"), http.MethodPost, "/polls", `{"id": "", "name": "x", "options": [{"text": "a"}, {"id": null, "text": "a"}], "voting_visibility": "anonymous", "max_votes_allowed": null, "user": {"id": "bob"}}`)
	if a.status != http.StatusCreated {
		t.Fatal(a.raw)
	}
	poll = at(t, a.body, "poll").(map[string]any)
	_, hasMaximum := poll["max_votes_allowed"]
	if len(poll["id"].(string)) != 36 || at(t, poll, "options", 0, "id") == at(t, poll, "options", 1, "id") || hasMaximum || poll["created_by_id"] != "bob" || poll["description"] != "" {
		t.Errorf("poll %v", poll)
	}
	a = h.call(t, http.MethodPost, "/polls", `{"name": "x", "user_id": "ann"}`)
	if a.status != http.StatusCreated || len(at(t, a.body, "poll", "options").([]any)) != 0 {
		t.Errorf("a poll without options: %s", a.raw)
	}
}

func TestCreatePollRefuses(t *testing.T) {
	h := newShop(t)
	h.newPoll(t, `"id": "taken"`)
	long := func(n int) string { return strings.Repeat("ä", n) }
	type m = map[string]any
	options := func(n int) []m {
		list := make([]m, n)
		for i := range list {
			list[i] = m{"text": fmt.Sprint(i)}
		}
		return list
	}
	poll := func(more m) m {
		p := m{"name": "x", "user_id": "shop"}
		for key, value := range more {
			p[key] = value
		}
		return p
	}
	for _, ok := range []m{{"name": long(255)}, {"options": options(100)}, {"max_votes_allowed": 10}, {"max_votes_allowed": 1}} {
		h.mustCall(t, http.StatusCreated, http.MethodPost, "/polls", poll(ok))
	}
	for _, tc := range []struct {
		field string
		poll  m
	}{
		{"name", m{"name": nil}}, {"name", m{"name": ""}}, {"name", m{"name": long(256)}}, {"name", m{"name": 1}},
		{"id", m{"id": "a\nb"}}, {"id", m{"id": long(256)}},
		{"description", m{"description": long(5001)}},
		{"voting_visibility", m{"voting_visibility": "secret"}},
		{"max_votes_allowed", m{"max_votes_allowed": 0}}, {"max_votes_allowed", m{"max_votes_allowed": 11}}, {"max_votes_allowed", m{"max_votes_allowed": "1"}},
		{"enforce_unique_vote", m{"enforce_unique_vote": 1}}, {"allow_answers", m{"allow_answers": "true"}}, {"is_closed", m{"is_closed": "no"}},
		{"custom", m{"custom": m{"x": long(5000)}}}, {"custom", m{"custom": []int{}}},
		{"options", m{"options": options(101)}}, {"options", m{"options": m{}}},
		{"options[1].text", m{"options": []m{{"text": "a"}, {"id": "x"}}}}, {"options[0].text", m{"options": []m{{"text": long(1001)}}}},
		{"options[0]", m{"options": []any{"a"}}}, {"options[1].id", m{"options": []m{{"id": "a", "text": "a"}, {"id": "a", "text": "b"}}}},
		{"options[0].id", m{"options": []m{{"id": "\u007f", "text": "a"}}}}, {"options[0].custom", m{"options": []m{{"text": "a", "custom": 1}}}},
		{"user_id", m{"user_id": nil}}, {"user_id", m{"user_id": "nobody"}}, {"user_id", m{"user_id": 1}},
	} {
		wantError(t, h.call(t, http.MethodPost, "/polls", poll(tc.poll)), http.StatusBadRequest, models.CodeInvalid, "CreatePoll failed", tc.field)
	}
	wantError(t, h.call(t, http.MethodPost, "/polls", poll(m{"id": "taken"})), http.StatusBadRequest, models.CodeInvalid, "already exists", "")
	wantError(t, h.callAs(t, h.as(t, "ann"), http.MethodPost, "/polls", poll(nil)), http.StatusForbidden, models.CodeNotAllowed, "cannot act as", "")
}

func TestGetAndDeletePoll(t *testing.T) { inEachDialect(t, testGetAndDeletePoll) }

func testGetAndDeletePoll(t *testing.T, d dialect) {
	h := newConversation(t).in(d)
	h.newPoll(t, `"id": "p"`)
	other := h.stranger(t)
	for _, tc := range []struct {
		h            *harness
		method, path string
	}{{h, http.MethodGet, "/polls/none"}, {h, http.MethodDelete, "/polls/none"}, {other, http.MethodGet, "/polls/p"}, {other, http.MethodDelete, "/polls/p"}} {
		wantError(t, tc.h.call(t, tc.method, tc.path, nil), http.StatusNotFound, models.CodeNotFound, "poll with id", "")
	}
	wantError(t, h.call(t, http.MethodGet, "/polls/p?user_id=nobody", nil), http.StatusBadRequest, models.CodeInvalid, "nobody", "user_id")
	if a := h.callAs(t, h.as(t, "cy"), http.MethodGet, "/polls/p", nil); a.status != http.StatusOK {
		t.Errorf("a user token: %s", a.raw)
	}
	wantError(t, h.callAs(t, h.as(t, "shop"), http.MethodDelete, "/polls/p", nil), http.StatusForbidden, models.CodeNotAllowed, "server token", "")
	other.newPoll(t, `"id": "p"`) // ids are of an app

	h.send(t, map[string]any{"id": "m", "user_id": "shop", "poll_id": "p"})
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/messages/m/polls/p/vote", `{"vote": {"option_id": "red"}, "user_id": "ann"}`)
	if body := h.mustCall(t, http.StatusOK, http.MethodDelete, "/polls/p?user_id=whoever", nil); len(body) != 1 {
		t.Errorf("the answer has more than the duration: %v", body)
	}
	wantError(t, h.call(t, http.MethodGet, "/polls/p", nil), http.StatusNotFound, models.CodeNotFound, `"p"`, "")
	wantError(t, h.call(t, http.MethodPost, "/messages/m/polls/p/vote", `{"vote": {"option_id": "red"}, "user_id": "ann"}`), http.StatusNotFound, models.CodeNotFound, `"p"`, "")
	got := h.mustCall(t, http.StatusOK, http.MethodGet, "/messages/m", nil)
	if _, has := at(t, got, "message").(map[string]any)["poll"]; has || at(t, got, "message", "poll_id") != "p" {
		t.Errorf("a message whose poll was deleted: %v", got)
	}
	if at(t, other.mustCall(t, http.StatusOK, http.MethodGet, "/polls/p", nil), "poll", "id") != "p" {
		t.Error("the other app's poll went too")
	}
	// A poll of the same id begins anew.
	if poll := h.newPoll(t, `"id": "p"`); poll["vote_count"] != json.Number("0") {
		t.Errorf("the new poll has old votes: %v", poll)
	}
}

func TestPollOfCampaign(t *testing.T) { inEachDialect(t, testPollOfCampaign) }

func testPollOfCampaign(t *testing.T, d dialect) {
	h := newShop(t).in(d)
	h.newPoll(t, `"id": "p"`)
	create := func(template string) answer {
		return h.call(t, http.MethodPost, "/campaigns", `{"id": "c", "sender_id": "ann", "user_ids": ["bob"], "message_template": `+template+`}`)
	}
	wantError(t, create(`{"text": "x", "poll_id": "none"}`), http.StatusBadRequest, models.CodeInvalid, "none", "message_template.poll_id")
	a := create(`{"text": "", "poll_id": "p"}`) // somebody else's poll: campaigns are free of that rule
	if a.status != http.StatusCreated || at(t, a.body, "campaign", "message_template", "poll_id") != "p" {
		t.Fatal(a.raw)
	}
	wantError(t, h.call(t, http.MethodPut, "/campaigns/c", `{"message_template": {"text": "x", "poll_id": "none"}}`), http.StatusBadRequest, models.CodeInvalid, "none", "message_template.poll_id")
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/campaigns/c/start", `{"scheduled_for": "2199-01-01T00:00:00Z"}`)
	wantError(t, h.call(t, http.MethodDelete, "/polls/p", nil), http.StatusBadRequest, models.CodeInvalid, "used by the campaign", "")
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/campaigns/c/stop", nil)
	h.mustCall(t, http.StatusOK, http.MethodDelete, "/polls/p", nil)

	h.newPoll(t, `"id": "q"`)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/campaigns", `{"id": "d", "sender_id": "ann", "user_ids": ["bob"], "message_template": {"text": "x", "poll_id": "q"}}`)
	h.mustCall(t, http.StatusOK, http.MethodDelete, "/polls/q", nil)
	wantError(t, h.call(t, http.MethodPost, "/campaigns/d/start", nil), http.StatusBadRequest, models.CodeInvalid, `"q"`, "message_template.poll_id")
}
