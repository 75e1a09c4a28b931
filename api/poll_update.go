package api

import (
	"context"
	"strings"

	"herald/api/request"
	"herald/models"
	"herald/wire"
)

func (s *Server) updatePoll(ctx context.Context, c *call) (*wire.Object, error) {
	f := c.fields()
	poll := readPoll(f, c)
	if poll.ID == "" {
		f.Invalid("id", "is required")
	}
	viewer, err := s.viewer(ctx, c, f)
	if err != nil {
		return nil, err
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	answer, err := s.changePoll(ctx, c, poll.ID, viewer, func(stored *models.Poll) error {
		keepOptions(f, &poll, stored.Options)
		poll.AppPK, poll.CreatedBy = stored.AppPK, stored.CreatedBy
		*stored = poll
		return f.Err()
	})
	if models.ErrorCode(err) == models.CodeNotFound {
		return nil, models.InvalidField("id", "names the poll %q, which doesn't exist", poll.ID)
	}
	return answer, err
}

func (s *Server) updatePollPartial(ctx context.Context, c *call) (*wire.Object, error) {
	f := c.fields()
	edit := readPollEdit(f, c)
	viewer, err := s.viewer(ctx, c, f)
	if err != nil {
		return nil, err
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.changePoll(ctx, c, c.param("id"), viewer, func(p *models.Poll) error {
		edit.apply(p)
		return f.Err()
	})
}

// changePoll changes a poll, which with a user token only its creator may, and shows it as the viewer sees it.
func (s *Server) changePoll(ctx context.Context, c *call, id string, viewer wire.Viewer, change func(*models.Poll) error) (*wire.Object, error) {
	err := s.store.ChangePoll(ctx, c.app.PK, id, func(p *models.Poll) error {
		if c.user != nil && c.user.ID != p.CreatedBy {
			return denied("the poll %q is not of user %q", id, c.user.ID)
		}
		return change(p)
	})
	if err != nil {
		return nil, err
	}
	poll, err := s.store.Poll(ctx, c.app.PK, id, viewer.ID)
	if err != nil {
		return nil, err
	}
	return s.showPoll(ctx, c, poll)
}

// pollEdit is what of a poll to set, and what to take back to its default.
type pollEdit struct {
	set   *request.Object
	unset []string

	name, description, visibility *string
	uniqueVote, answers, closed   *bool
	maxVotes                      *int
	custom                        models.Custom
	inner                         models.Custom // of a key "custom", where custom is of the keys beside it
}

func readPollEdit(f *request.Object, c *call) pollEdit {
	set := f.Object("set")
	edit := pollEdit{
		set:         set,
		unset:       f.Strings("unset", maxUnset),
		name:        set.OptionalString("name", request.MaxChars(models.MaxPollNameLength)),
		description: set.OptionalString("description", request.MaxChars(models.MaxPollDescriptionLength)),
		visibility:  set.OptionalString("voting_visibility", request.OneOf(models.VotingPublic, models.VotingAnonymous)),
		uniqueVote:  set.OptionalBool("enforce_unique_vote"),
		answers:     set.OptionalBool("allow_answers"),
		closed:      set.OptionalBool("is_closed"),
		maxVotes:    set.OptionalInt("max_votes_allowed", 1, models.MaxVotesPerUser),
		custom:      set.Custom(wire.PollKeys...),
	}
	if !c.dialect.nested {
		edit.inner = set.JSONObject("custom", models.MaxCustomBytes)
	}
	if edit.name != nil && *edit.name == "" {
		set.Invalid("name", "must not be empty")
	}
	if set.Has("options") {
		set.Invalid("options", "can't be changed in part: replace the poll")
	}
	for _, name := range edit.unset {
		if name := strings.ToLower(name); name == "name" || name == "options" {
			f.Invalid("unset", "names %q, which a poll keeps", name)
		}
	}
	return edit
}

// apply edits the poll, and notes in the request what cannot be done.
func (e *pollEdit) apply(p *models.Poll) {
	for _, name := range e.unset {
		switch strings.ToLower(name) {
		case "description":
			p.Description = ""
		case "voting_visibility":
			p.VotingVisibility = models.VotingPublic
		case "enforce_unique_vote":
			p.EnforceUniqueVote = false
		case "max_votes_allowed":
			p.MaxVotesAllowed = nil
		case "allow_answers":
			p.AllowAnswers = false
		case "is_closed":
			p.IsClosed = false
		case "custom":
			p.Custom = nil
		}
	}
	put(&p.Name, e.name)
	put(&p.Description, e.description)
	put(&p.VotingVisibility, e.visibility)
	put(&p.EnforceUniqueVote, e.uniqueVote)
	put(&p.AllowAnswers, e.answers)
	put(&p.IsClosed, e.closed)
	replace(&p.MaxVotesAllowed, e.maxVotes)
	p.Custom = editCustom(e.set, p.Custom, e.custom, e.unset, wire.PollKeys)
	p.Custom = editCustom(e.set, p.Custom, e.inner, nil, wire.PollKeys)
}

// put is replace for what is never absent.
func put[T any](old *T, with *T) {
	if with != nil {
		*old = *with
	}
}
