package models_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

func TestPollJudge(t *testing.T) {
	two := 2
	options := []models.PollOption{{ID: "a"}, {ID: "b"}, {ID: "c"}}
	votes := func(options ...string) []models.Vote {
		var list []models.Vote
		for _, o := range options {
			list = append(list, models.Vote{ID: "old-" + o, OptionID: o})
		}
		return list
	}
	for _, tc := range []struct {
		name     string
		poll     models.Poll
		own      []models.Vote
		option   string
		replaced []models.Vote
		same     string
		err      string
	}{
		{name: "the first", poll: models.Poll{}, option: "a"},
		{name: "closed", poll: models.Poll{IsClosed: true}, option: "a", err: "is closed"},
		{name: "closed for answers too", poll: models.Poll{IsClosed: true, AllowAnswers: true}, err: "is closed"},
		{name: "unknown option", poll: models.Poll{}, option: "d", err: "vote.option_id"},
		{name: "no answers", poll: models.Poll{}, err: "vote.answer_text"},
		{name: "without a maximum", poll: models.Poll{}, own: votes("a", "b"), option: "c"},
		{name: "below the maximum", poll: models.Poll{MaxVotesAllowed: &two}, own: votes("a"), option: "b"},
		{name: "over the maximum", poll: models.Poll{MaxVotesAllowed: &two}, own: votes("a", "b"), option: "c", err: "at most 2"},
		{name: "again at the maximum", poll: models.Poll{MaxVotesAllowed: &two}, own: votes("a", "b"), option: "b", same: "old-b"},
		{name: "unique replaces", poll: models.Poll{EnforceUniqueVote: true}, own: votes("a"), option: "b", replaced: votes("a")},
		{name: "unique again", poll: models.Poll{EnforceUniqueVote: true}, own: votes("a"), option: "a", same: "old-a"},
		{name: "unique leaves answers", poll: models.Poll{EnforceUniqueVote: true, AllowAnswers: true}, own: votes("", "a"), option: "b", replaced: votes("a")},
		{name: "an answer is no vote", poll: models.Poll{MaxVotesAllowed: &two, AllowAnswers: true}, own: votes("a", "b")},
		{name: "an answer leaves votes", poll: models.Poll{EnforceUniqueVote: true, AllowAnswers: true}, own: votes("a")},
		{name: "an answer replaces the answer", poll: models.Poll{AllowAnswers: true}, own: votes("a", ""), replaced: votes("")},
		{name: "answers do not count", poll: models.Poll{MaxVotesAllowed: &two, AllowAnswers: true}, own: votes("a", ""), option: "b"},
	} {
		tc.poll.Options = options
		replaced, same, err := tc.poll.Judge(models.Vote{OptionID: tc.option}, tc.own)
		if tc.err != "" {
			if models.ErrorCode(err) != models.CodeInvalid || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%s: error %v, want %q", tc.name, err, tc.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		if diff := cmp.Diff(tc.replaced, replaced); diff != "" {
			t.Errorf("%s: replaced (-want +got):\n%s", tc.name, diff)
		}
		if id := ""; same != nil {
			id = same.ID
			if id != tc.same {
				t.Errorf("%s: the same is %q, want %q", tc.name, id, tc.same)
			}
		} else if tc.same != "" {
			t.Errorf("%s: nothing is the same, want %q", tc.name, tc.same)
		}
	}
}
