package models

import (
	"slices"
	"time"
)

// Limits of a poll (contract 16.5). Lengths count Unicode code points. The contract bounds neither description nor the
// text of an option; both are shown with every message that carries the poll, so Herald does.
const (
	MaxPollNameLength        = 255
	MaxPollDescriptionLength = 5000
	MaxPollOptions           = 100
	MaxPollOptionTextLength  = 1000
	MaxVotesPerUser          = 10 // the most that max_votes_allowed may say
	MaxAnswerLength          = 500
	LatestVotes              = 10 // votes shown of each option, and answers of a poll, the newest first
)

// Who sees how a user voted.
const (
	VotingPublic    = "public"
	VotingAnonymous = "anonymous" // nobody but the voter
)

// AnswerOption is the option under which answers in words are kept; no option has this id.
const AnswerOption = ""

// Poll is a question with options that users vote for. Any number of messages may carry it.
type Poll struct {
	AppPK             int64
	ID                string
	Name              string
	Description       string
	VotingVisibility  string
	EnforceUniqueVote bool
	MaxVotesAllowed   *int // nil is no maximum
	AllowAnswers      bool
	IsClosed          bool
	Options           []PollOption
	Custom            Custom
	CreatedBy         string
	CreatedAt         time.Time
	UpdatedAt         time.Time

	Tally Tally `db:"-"` // as far as it was loaded
}

// PollOption is one of the choices of a poll.
type PollOption struct {
	ID     string `json:"id"`
	Text   string `json:"text"`
	Custom Custom `json:"custom,omitempty"`
}

// Tally is what became of a poll so far. Answers stand under AnswerOption.
type Tally struct {
	Counts map[string]int64  // votes by option
	Latest map[string][]Vote // the newest votes by option, at most LatestVotes of each
	Own    []Vote            // of the user for whom the poll was read, oldest first
}

// Vote is a user's vote for an option of a poll, or its answer in words.
type Vote struct {
	ID         string
	PollID     string
	OptionID   string // AnswerOption for an answer
	UserID     string
	AnswerText *string
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// IsAnswer tells an answer from a vote for an option.
func (v Vote) IsAnswer() bool { return v.OptionID == AnswerOption }

// HasOption says whether a poll has an option of this id.
func (p Poll) HasOption(id string) bool {
	return slices.ContainsFunc(p.Options, func(o PollOption) bool { return o.ID == id })
}

// ShowsVoters says whether others than the voter may see who cast a vote.
func (p Poll) ShowsVoters() bool { return p.VotingVisibility != VotingAnonymous }

// UserIDs are the users that show with the poll: its creator, and the voters whom it names.
func (p Poll) UserIDs() []string {
	ids := []string{p.CreatedBy}
	for _, v := range p.Tally.Own {
		ids = append(ids, v.UserID)
	}
	if p.ShowsVoters() {
		for _, votes := range p.Tally.Latest {
			for _, v := range votes {
				ids = append(ids, v.UserID)
			}
		}
	}
	return ids
}

// Judge says what a vote does to the votes that its user has in the poll: the ones it replaces, or the one that says
// the same already, and stays. The error is of CodeInvalid and says why the poll does not take the vote.
//
// An answer replaces the user's earlier one and is no vote in the sense of MaxVotesAllowed and EnforceUniqueVote.
func (p Poll) Judge(v Vote, own []Vote) (replaced []Vote, same *Vote, err error) {
	switch {
	case p.IsClosed:
		return nil, nil, Invalid("poll with id %q is closed", p.ID)
	case v.IsAnswer() && !p.AllowAnswers:
		return nil, nil, InvalidField("vote.answer_text", "is not allowed: the poll takes no answers")
	case !v.IsAnswer() && !p.HasOption(v.OptionID):
		return nil, nil, InvalidField("vote.option_id", "names the option %q, which the poll doesn't have", v.OptionID)
	}
	if i := slices.IndexFunc(own, func(o Vote) bool { return o.OptionID == v.OptionID }); i >= 0 {
		if v.IsAnswer() {
			return own[i : i+1], nil, nil
		}
		return nil, &own[i], nil
	}
	votes := slices.DeleteFunc(slices.Clone(own), Vote.IsAnswer)
	switch {
	case v.IsAnswer():
	case p.EnforceUniqueVote:
		return votes, nil, nil
	case p.MaxVotesAllowed != nil && len(votes) >= *p.MaxVotesAllowed:
		return nil, nil, Invalid("poll with id %q allows at most %d votes of a user", p.ID, *p.MaxVotesAllowed)
	}
	return nil, nil, nil
}
