package api

import "herald/models"

// encodePoll is the Poll of contract 5. Every option has its key in the counts and among the latest votes.
func encodePoll(p models.Poll, users map[string]models.User) *object {
	o := newObject().set("id", p.ID).set("name", p.Name).set("description", p.Description).
		set("voting_visibility", p.VotingVisibility).set("enforce_unique_vote", p.EnforceUniqueVote)
	optional(o, "max_votes_allowed", p.MaxVotesAllowed)
	o.set("allow_user_suggested_options", false).set("allow_answers", p.AllowAnswers).set("is_closed", p.IsClosed).
		set("options", encodeEach(p.Options, encodePollOption))

	vote := func(v models.Vote) *object { return encodeVote(v, p.ShowsVoters(), users) }
	var votes int64
	counts, latest := newObject(), newObject()
	for _, option := range p.Options {
		votes += p.Tally.Counts[option.ID]
		counts.set(option.ID, p.Tally.Counts[option.ID])
		latest.set(option.ID, encodeEach(p.Tally.Latest[option.ID], vote))
	}
	return o.set("vote_count", votes).set("vote_counts_by_option", counts).set("latest_votes_by_option", latest).
		set("answers_count", p.Tally.Counts[models.AnswerOption]).set("latest_answers", encodeEach(p.Tally.Latest[models.AnswerOption], vote)).
		set("own_votes", encodeEach(p.Tally.Own, func(v models.Vote) *object { return encodeVote(v, true, users) })).
		set("created_by_id", p.CreatedBy).setUser("created_by", users, p.CreatedBy).
		set("created_at", p.CreatedAt).set("updated_at", p.UpdatedAt).set("custom", orEmpty(p.Custom))
}

func encodePollOption(option models.PollOption) *object {
	return newObject().set("id", option.ID).set("text", option.Text).set("custom", orEmpty(option.Custom))
}

// encodeVote is the Vote of contract 5; without showVoter it does not say whose it is.
func encodeVote(v models.Vote, showVoter bool, users map[string]models.User) *object {
	o := newObject().set("id", v.ID).set("poll_id", v.PollID).set("option_id", v.OptionID)
	if showVoter {
		o.set("user_id", v.UserID).setUser("user", users, v.UserID)
	}
	o.set("is_answer", v.IsAnswer())
	optional(o, "answer_text", v.AnswerText)
	return o.set("created_at", v.CreatedAt).set("updated_at", v.UpdatedAt)
}
