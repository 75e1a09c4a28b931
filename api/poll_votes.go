package api

import (
	"context"

	"herald/api/request"
	"herald/models"
	"herald/wire"
)

func (s *Server) castPollVote(ctx context.Context, c *call) (*wire.Object, error) {
	poll, err := s.pollOfMessage(ctx, c)
	if err != nil {
		return nil, err
	}
	f := c.fields()
	f.Require("vote")
	vote := readVote(f.Object("vote"))
	voter, err := s.actingUser(ctx, c, f)
	if err != nil {
		return nil, err
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	vote.ID, vote.PollID, vote.UserID = c.newID("vote"), poll, voter.ID
	if vote, err = s.castVote(ctx, c, vote); err != nil {
		return nil, err
	}
	return s.showVote(ctx, c, vote)
}

func (s *Server) castVote(ctx context.Context, c *call, vote models.Vote) (models.Vote, error) {
	if c.carriedOut() {
		cast, err := s.store.Vote(ctx, c.app.PK, vote.PollID, vote.ID)
		if models.ErrorCode(err) != models.CodeNotFound {
			return cast, err
		}
		// The earlier attempt found a vote that says the same, and there it is.
	}
	return s.store.CastVote(ctx, c.app.PK, vote)
}

// readVote reads what was voted: for an option, or an answer.
func readVote(f *request.Object) models.Vote {
	vote := models.Vote{OptionID: f.String("option_id")}
	answer := f.String("answer_text", request.MaxChars(models.MaxAnswerLength))
	switch {
	case vote.OptionID != "" && answer != "":
		f.Invalid("answer_text", "can't be given together with option_id")
	case vote.OptionID == "" && answer == "":
		f.Invalid("option_id", "is required, or answer_text")
	case answer != "":
		vote.AnswerText = &answer
	}
	return vote
}

func (s *Server) deletePollVote(ctx context.Context, c *call) (*wire.Object, error) {
	poll, err := s.pollOfMessage(ctx, c)
	if err != nil {
		return nil, err
	}
	q := c.query()
	voter, err := s.queryUser(ctx, c, q)
	if err != nil {
		return nil, err
	}
	if err := q.Err(); err != nil {
		return nil, err
	}
	vote, err := s.store.Vote(ctx, c.app.PK, poll, c.param("vote_id"))
	switch {
	case err != nil:
		return nil, err
	case vote.UserID != voter.ID && c.user != nil:
		return nil, denied("the vote %q is not of user %q", vote.ID, voter.ID)
	case vote.UserID != voter.ID:
		return nil, models.InvalidField("user_id", "names the user %q, whose vote %q is not", voter.ID, vote.ID)
	}
	if vote, err = s.store.DeleteVote(ctx, c.app.PK, poll, vote.ID, voter.ID); err != nil {
		return nil, err
	}
	return s.showVote(ctx, c, vote)
}

// pollOfMessage gives the id of the poll in the path, which the message in the path must carry, not be deleted, and be
// visible to the caller.
func (s *Server) pollOfMessage(ctx context.Context, c *call) (string, error) {
	m, _, _, err := s.visible(ctx, c, c.param("id"))
	if err != nil {
		return "", err
	}
	if m.DeletedAt != nil {
		return "", models.NotFound("message", m.ID)
	}
	poll := c.param("poll_id")
	if m.PollID == nil || *m.PollID != poll {
		return "", models.NotFound("poll", poll)
	}
	return poll, nil
}

// showVote is the answer to a vote that was cast or taken back: the vote, and the poll as its voter sees it now.
func (s *Server) showVote(ctx context.Context, c *call, vote models.Vote) (*wire.Object, error) {
	poll, err := s.store.Poll(ctx, c.app.PK, vote.PollID, vote.UserID)
	if err != nil {
		return nil, err
	}
	users, err := s.store.Users(ctx, c.app.PK, append(poll.UserIDs(), vote.UserID))
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("vote", wire.Vote(vote, true, users)).Set("poll", wire.Poll(poll, users)), nil
}
