package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

// newQuestion is a conversation with the message m of shop that carries a poll p with these fields.
func newQuestion(t *testing.T, fields string) *harness {
	t.Helper()
	h := newConversation(t)
	h.newPoll(t, `"id": "p"`+fields)
	h.send(t, map[string]any{"id": "m", "user_id": "shop", "poll_id": "p"})
	return h
}

const votePath = "/messages/m/polls/p/vote"

// vote casts a vote of a user: an option, or with a "=" before it an answer.
func (h *harness) vote(t *testing.T, user, option string) answer {
	t.Helper()
	vote := map[string]string{"option_id": option}
	if text, isAnswer := strings.CutPrefix(option, "="); isAnswer {
		vote = map[string]string{"answer_text": text}
	}
	return h.call(t, http.MethodPost, votePath, map[string]any{"user_id": user, "vote": vote})
}

func (h *harness) votes(t *testing.T, user, option string) map[string]any {
	t.Helper()
	a := h.vote(t, user, option)
	if a.status != http.StatusCreated {
		t.Fatalf("%s votes %s: %s", user, option, a.raw)
	}
	return a.body
}

// tally sums up a poll: its counts, and who is shown to have voted how.
func tally(t *testing.T, poll any) string {
	t.Helper()
	p := poll.(map[string]any)
	voters := func(votes any) string {
		var list []string
		for i := range votes.([]any) {
			v := at(t, votes, i).(map[string]any)
			user := "?"
			if v["user_id"] != nil {
				user = fmt.Sprint(at(t, v, "user", "id"))
			}
			list = append(list, user)
		}
		return strings.Join(list, ",")
	}
	return fmt.Sprintf("%v: red %v %s; blue %v %s; answers %v %s; own %s", p["vote_count"],
		at(t, p, "vote_counts_by_option", "red"), voters(at(t, p, "latest_votes_by_option", "red")),
		at(t, p, "vote_counts_by_option", "blue"), voters(at(t, p, "latest_votes_by_option", "blue")),
		p["answers_count"], voters(p["latest_answers"]), voters(p["own_votes"]))
}

func TestCastPollVote(t *testing.T) { inEachDialect(t, testCastPollVote) }

func testCastPollVote(t *testing.T, d dialect) {
	h := newQuestion(t, `, "allow_answers": true`).in(d)
	body := h.votes(t, "ann", "red")
	if at(t, body, "vote", "user", "id") != "ann" || at(t, body, "poll", "id") != "p" {
		t.Errorf("the answer %v", body)
	}
	vote := at(t, body, "vote").(map[string]any)
	id := vote["id"]
	delete(vote, "id")
	delete(vote, "user")
	want := decode(t, `{"poll_id": "p", "option_id": "red", "user_id": "ann", "is_answer": false, "created_at": "T", "updated_at": "T"}`)
	if diff := cmp.Diff(want, maskTimes(any(vote))); diff != "" {
		t.Errorf("vote (-want +got):\n%s", diff)
	}
	if again := h.votes(t, "ann", "red"); at(t, again, "vote", "id") != id {
		t.Errorf("the same vote again is %v", again)
	}
	h.votes(t, "bob", "red")
	body = h.votes(t, "bob", "=Because")
	if v := at(t, body, "vote").(map[string]any); v["answer_text"] != "Because" || v["is_answer"] != true || v["option_id"] != "" {
		t.Errorf("answer %v", v)
	}
	h.votes(t, "bob", "=Why not")
	body = h.votes(t, "bob", "blue")
	wantTally := "3: red 2 bob,ann; blue 1 bob; answers 1 bob; own bob,bob,bob"
	if got := tally(t, body["poll"]); got != wantTally {
		t.Errorf("%s, want %s", got, wantTally)
	}
	if at(t, body, "poll", "latest_answers", 0, "answer_text") != "Why not" {
		t.Errorf("the answer was not replaced: %v", body)
	}
	// The poll as others see it, and wherever a message carries it.
	wantTally = "3: red 2 bob,ann; blue 1 bob; answers 1 bob; own "
	for path, place := range map[string][]any{
		"/polls/p": {"poll"}, "/polls/p?user_id=cy": {"poll"}, "/messages/m": {"message", "poll"}, "/channels/messaging/c/messages?ids=m": {"messages", 0, "poll"},
	} {
		if got := tally(t, at(t, h.mustCall(t, http.StatusOK, http.MethodGet, path, nil), place...)); got != wantTally {
			t.Errorf("%s: %s, want %s", path, got, wantTally)
		}
	}
	for path, place := range map[string][]any{"/channels/messaging/c/query": {"messages", 0, "poll"}, "/channels": {"channels", 0, "messages", 0, "poll"}} {
		for _, tc := range []struct{ body, own string }{{`{}`, ""}, {`{"user_id": "ann"}`, "ann"}} {
			if got := tally(t, at(t, h.mustCall(t, http.StatusCreated, http.MethodPost, path, tc.body), place...)); got != wantTally+tc.own {
				t.Errorf("%s %s: %s", path, tc.body, got)
			}
		}
	}
	if a := h.callAs(t, h.as(t, "ann"), http.MethodGet, "/messages/m", nil); tally(t, at(t, a.body, "message", "poll")) != wantTally+"ann" {
		t.Errorf("ann reads %s", a.raw)
	}
}

func TestCastPollVoteRefuses(t *testing.T) {
	h := newQuestion(t, `, "max_votes_allowed": 1`)
	h.send(t, map[string]any{"id": "plain", "user_id": "shop", "text": "x"})
	h.newPoll(t, `"id": "other"`)
	long := strings.Repeat("x", 501)
	for _, tc := range []struct{ body, field string }{
		{`{"user_id": "ann"}`, "vote"}, {`{"user_id": "ann", "vote": {}}`, "vote.option_id"}, {`{"user_id": "ann", "vote": "red"}`, "vote"},
		{`{"user_id": "ann", "vote": {"option_id": "green"}}`, "vote.option_id"}, {`{"user_id": "ann", "vote": {"answer_text": "x"}}`, "vote.answer_text"},
		{`{"user_id": "ann", "vote": {"option_id": "red", "answer_text": "x"}}`, "vote.answer_text"}, {`{"user_id": "ann", "vote": {"answer_text": "` + long + `"}}`, "vote.answer_text"},
		{`{"vote": {"option_id": "red"}}`, "user_id"}, {`{"user": {"id": "nobody"}, "vote": {"option_id": "red"}}`, "user_id"},
	} {
		wantError(t, h.call(t, http.MethodPost, votePath, tc.body), http.StatusBadRequest, models.CodeInvalid, "CastPollVote failed", tc.field)
	}
	h.votes(t, "ann", "red")
	wantError(t, h.vote(t, "ann", "blue"), http.StatusBadRequest, models.CodeInvalid, "at most 1 votes", "")

	good := `{"user_id": "ann", "vote": {"option_id": "red"}}`
	for _, path := range []string{"/messages/none/polls/p/vote", "/messages/plain/polls/p/vote", "/messages/m/polls/other/vote", "/messages/m/polls/none/vote"} {
		wantError(t, h.call(t, http.MethodPost, path, good), http.StatusNotFound, models.CodeNotFound, "doesn't exist", "")
	}
	wantError(t, h.stranger(t).call(t, http.MethodPost, votePath, good), http.StatusNotFound, models.CodeNotFound, "doesn't exist", "")
	h.newPoll(t, `"id": "closed", "is_closed": true`)
	h.send(t, map[string]any{"id": "late", "user_id": "shop", "poll_id": "closed"})
	wantError(t, h.call(t, http.MethodPost, "/messages/late/polls/closed/vote", good), http.StatusBadRequest, models.CodeInvalid, "is closed", "")
	h.mustCall(t, http.StatusOK, http.MethodDelete, "/messages/m", nil)
	wantError(t, h.vote(t, "bob", "red"), http.StatusNotFound, models.CodeNotFound, "message", "")
}

func TestAnonymousPoll(t *testing.T) { inEachDialect(t, testAnonymousPoll) }

func testAnonymousPoll(t *testing.T, d dialect) {
	h := newQuestion(t, `, "voting_visibility": "anonymous", "allow_answers": true`).in(d)
	h.votes(t, "ann", "red")
	h.votes(t, "ann", "=Because")
	body := h.votes(t, "bob", "red")
	if at(t, body, "vote", "user_id") != "bob" {
		t.Errorf("a voter's own vote %v", body)
	}
	if got, want := tally(t, body["poll"]), "2: red 2 ?,?; blue 0 ; answers 1 ?; own bob"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	a := h.call(t, http.MethodGet, "/polls/p", nil)
	if strings.Contains(a.raw, `"ann"`) || strings.Contains(a.raw, `"bob"`) {
		t.Errorf("a voter is named: %s", a.raw)
	}
}

func TestUniqueVoteIsReplaced(t *testing.T) {
	h := newQuestion(t, `, "enforce_unique_vote": true, "max_votes_allowed": 1`)
	first := h.votes(t, "ann", "red")
	body := h.votes(t, "ann", "blue")
	if got, want := tally(t, body["poll"]), "1: red 0 ; blue 1 ann; answers 0 ; own ann"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	a := h.call(t, http.MethodDelete, votePath+"/"+fmt.Sprint(at(t, first, "vote", "id"))+"?user_id=ann", nil)
	wantError(t, a, http.StatusNotFound, models.CodeNotFound, "vote", "")
}

func TestDeletePollVote(t *testing.T) { inEachDialect(t, testDeletePollVote) }

func testDeletePollVote(t *testing.T, d dialect) {
	h := newQuestion(t, "").in(d)
	ann := fmt.Sprint(at(t, h.votes(t, "ann", "red"), "vote", "id"))
	bob := fmt.Sprint(at(t, h.votes(t, "bob", "red"), "vote", "id"))
	wantError(t, h.call(t, http.MethodDelete, votePath+"/"+ann, nil), http.StatusBadRequest, models.CodeInvalid, "is required", "user_id")
	wantError(t, h.call(t, http.MethodDelete, votePath+"/"+ann+"?user_id=nobody", nil), http.StatusBadRequest, models.CodeInvalid, "exists", "user_id")
	wantError(t, h.call(t, http.MethodDelete, votePath+"/"+ann+"?user_id=bob", nil), http.StatusBadRequest, models.CodeInvalid, "bob", "user_id")
	wantError(t, h.call(t, http.MethodDelete, votePath+"/none?user_id=bob", nil), http.StatusNotFound, models.CodeNotFound, "none", "")
	wantError(t, h.callAs(t, h.as(t, "bob"), http.MethodDelete, votePath+"/"+ann, nil), http.StatusForbidden, models.CodeNotAllowed, "not of user", "")
	wantError(t, h.callAs(t, h.as(t, "cy"), http.MethodDelete, votePath+"/"+ann, nil), http.StatusForbidden, models.CodeNotAllowed, "not a member", "")
	wantError(t, h.callAs(t, h.as(t, "bob"), http.MethodDelete, votePath+"/"+bob+"?user_id=ann", nil), http.StatusForbidden, models.CodeNotAllowed, "cannot act as", "")
	body := h.mustCall(t, http.StatusOK, http.MethodDelete, votePath+"/"+ann+"?user_id=ann", nil)
	if got, want := tally(t, body["poll"]), "1: red 1 bob; blue 0 ; answers 0 ; own "; got != want || at(t, body, "vote", "id") != ann || at(t, body, "vote", "user", "id") != "ann" {
		t.Errorf("%s, want %s: %v", got, want, body["vote"])
	}
	a := h.callAs(t, h.as(t, "bob"), http.MethodDelete, votePath+"/"+bob, nil)
	if a.status != http.StatusOK || at(t, a.body, "poll", "vote_count") != json.Number("0") {
		t.Errorf("bob takes his vote back: %s", a.raw)
	}
}

func TestPollUserTokens(t *testing.T) { inEachDialect(t, testPollUserTokens) }

func testPollUserTokens(t *testing.T, d dialect) {
	h := newQuestion(t, "").in(d)
	a := h.callAs(t, h.as(t, "ann"), http.MethodPost, votePath, `{"vote": {"option_id": "red"}}`)
	if a.status != http.StatusCreated || at(t, a.body, "vote", "user_id") != "ann" || tally(t, a.body["poll"]) != "1: red 1 ann; blue 0 ; answers 0 ; own ann" {
		t.Errorf("ann votes: %s", a.raw)
	}
	wantError(t, h.callAs(t, h.as(t, "ann"), http.MethodPost, votePath, `{"vote": {"option_id": "red"}, "user_id": "bob"}`), http.StatusForbidden, models.CodeNotAllowed, "cannot act as", "")
	wantError(t, h.callAs(t, h.as(t, "cy"), http.MethodPost, votePath, `{"vote": {"option_id": "red"}}`), http.StatusForbidden, models.CodeNotAllowed, "not a member", "")
	// Only the creator of a poll sends it.
	wantError(t, h.callAs(t, h.as(t, "ann"), http.MethodPost, "/channels/messaging/c/message", `{"message": {"poll_id": "p"}}`),
		http.StatusBadRequest, models.CodeInvalid, "only its creator", "message.poll_id")
	wantError(t, h.call(t, http.MethodPost, "/channels/messaging/c/message", `{"message": {"user_id": "ann", "text": "x", "poll_id": "p"}}`),
		http.StatusBadRequest, models.CodeInvalid, "only its creator", "message.poll_id")
	a = h.callAs(t, h.as(t, "shop"), http.MethodPost, "/channels/messaging/c/message", `{"message": {"poll_id": "p"}}`)
	if a.status != http.StatusCreated || at(t, a.body, "message", "poll", "id") != "p" || at(t, a.body, "message", "poll_id") != "p" {
		t.Errorf("the creator sends it again: %s", a.raw)
	}
}

// Everybody changes their vote at once; each has one in the end, and the counts agree.
func TestVotingAtOnce(t *testing.T) {
	h := newQuestion(t, `, "enforce_unique_vote": true`)
	users := make([]string, 20)
	for i := range users {
		users[i] = fmt.Sprint("voter-", i)
	}
	h.users(t, users...)
	var wait sync.WaitGroup
	failed := make(chan string, 1000)
	for i := range 12 {
		wait.Go(func() {
			for n := range users {
				if a := h.vote(t, users[(n+i)%len(users)], []string{"red", "blue"}[(n+i)%2]); a.status != http.StatusCreated {
					failed <- a.raw
				}
				if a := h.vote(t, users[n], []string{"blue", "red"}[n%2]); a.status != http.StatusCreated {
					failed <- a.raw
				}
			}
		})
	}
	wait.Wait()
	close(failed)
	for raw := range failed {
		t.Error(raw)
	}
	poll := at(t, h.mustCall(t, http.StatusOK, http.MethodGet, "/polls/p", nil), "poll").(map[string]any)
	counts := map[string]any{}
	for _, option := range []string{"red", "blue"} {
		counts[option] = json.Number(fmt.Sprint(countRows(t, h, `SELECT count(*) FROM poll_votes WHERE option_id = $1`, option)))
	}
	if diff := cmp.Diff(any(counts), poll["vote_counts_by_option"]); diff != "" || poll["vote_count"] != json.Number("20") {
		t.Errorf("%v votes; (-rows +counts):\n%s", poll["vote_count"], diff)
	}
}

func countRows(t *testing.T, h *harness, query string, args ...any) int {
	t.Helper()
	var n int
	if err := connect(t, h).QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
