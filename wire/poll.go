package wire

import "herald/models"

// PollKeys are the built-in keys of a poll (contract 5), in requests too: what only answers set is ignored there.
var PollKeys = []string{
	"id", "name", "description", "voting_visibility", "enforce_unique_vote", "max_votes_allowed", "allow_user_suggested_options",
	"allow_answers", "is_closed", "options", "vote_count", "vote_counts_by_option", "latest_votes_by_option", "answers_count",
	"latest_answers", "own_votes", "created_by_id", "created_by", "created_at", "updated_at", "custom",
}

// Poll is the Poll of contract 5. Every option has its key in the counts and among the latest votes.
func Poll(p models.Poll, users map[string]models.User) *Object {
	o := NewObject().Set("id", p.ID).Set("name", p.Name).Set("description", p.Description).
		Set("voting_visibility", p.VotingVisibility).Set("enforce_unique_vote", p.EnforceUniqueVote)
	Optional(o, "max_votes_allowed", p.MaxVotesAllowed)
	o.Set("allow_user_suggested_options", false).Set("allow_answers", p.AllowAnswers).Set("is_closed", p.IsClosed).
		Set("options", Each(p.Options, pollOption))

	vote := func(v models.Vote) *Object { return Vote(v, p.ShowsVoters(), users) }
	var votes int64
	counts, latest := NewObject(), NewObject()
	for _, option := range p.Options {
		votes += p.Tally.Counts[option.ID]
		counts.Set(option.ID, p.Tally.Counts[option.ID])
		latest.Set(option.ID, Each(p.Tally.Latest[option.ID], vote))
	}
	return o.Set("vote_count", votes).Set("vote_counts_by_option", counts).Set("latest_votes_by_option", latest).
		Set("answers_count", p.Tally.Counts[models.AnswerOption]).Set("latest_answers", Each(p.Tally.Latest[models.AnswerOption], vote)).
		Set("own_votes", Each(p.Tally.Own, func(v models.Vote) *Object { return Vote(v, true, users) })).
		Set("created_by_id", p.CreatedBy).SetUser("created_by", users, p.CreatedBy).
		Set("created_at", p.CreatedAt).Set("updated_at", p.UpdatedAt).Set("custom", OrEmpty(p.Custom))
}

func pollOption(option models.PollOption) *Object {
	return NewObject().Set("id", option.ID).Set("text", option.Text).Set("custom", OrEmpty(option.Custom))
}

// Vote is the Vote of contract 5; without showVoter it does not say whose it is.
func Vote(v models.Vote, showVoter bool, users map[string]models.User) *Object {
	o := NewObject().Set("id", v.ID).Set("poll_id", v.PollID).Set("option_id", v.OptionID)
	if showVoter {
		o.Set("user_id", v.UserID).SetUser("user", users, v.UserID)
	}
	o.Set("is_answer", v.IsAnswer())
	Optional(o, "answer_text", v.AnswerText)
	return o.Set("created_at", v.CreatedAt).Set("updated_at", v.UpdatedAt)
}
