package api

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"

	"herald/api/request"
	"herald/filter"
	"herald/models"
	"herald/wire"
)

func (s *Server) pollRoutes() []route {
	const vote = "/messages/:id/polls/:poll_id/vote"
	return []route{
		{operation: "CreatePoll", method: http.MethodPost, path: "/polls", usersToo: true, handle: s.createPoll},
		{operation: "UpdatePoll", method: http.MethodPut, path: "/polls", usersToo: true, handle: s.updatePoll},
		{operation: "QueryPolls", method: http.MethodPost, path: "/polls/query", usersToo: true, handle: s.queryPolls},
		{operation: "GetPoll", method: http.MethodGet, path: "/polls/:id", usersToo: true, handle: s.getPoll},
		{operation: "UpdatePollPartial", method: http.MethodPatch, path: "/polls/:id", usersToo: true, handle: s.updatePollPartial},
		{operation: "DeletePoll", method: http.MethodDelete, path: "/polls/:id", handle: s.deletePoll},
		{operation: "CastPollVote", method: http.MethodPost, path: vote, usersToo: true, handle: s.castPollVote},
		{operation: "DeletePollVote", method: http.MethodDelete, path: vote + "/:vote_id", usersToo: true, handle: s.deletePollVote},
	}
}

func (s *Server) createPoll(ctx context.Context, c *call) (*wire.Object, error) {
	f := c.fields()
	poll := readPoll(f, c)
	keepOptions(f, &poll, nil)
	creator, err := s.actingUser(ctx, c, f)
	if err != nil {
		return nil, err
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if poll.ID == "" {
		poll.ID = c.newID("poll")
	}
	poll.AppPK, poll.CreatedBy = c.app.PK, creator.ID
	if c.carriedOut() {
		poll, err = s.store.Poll(ctx, c.app.PK, poll.ID, "")
	} else {
		poll, err = s.store.CreatePoll(ctx, poll)
	}
	if err != nil {
		return nil, err
	}
	return s.showPoll(ctx, c, poll)
}

// readPoll reads a poll, all but who creates it. What keepOptions has to see to is left out: the texts of its options.
func readPoll(f *request.Object, c *call) models.Poll {
	p := models.Poll{
		ID:                f.String("id"),
		Name:              f.String("name", request.MaxChars(models.MaxPollNameLength)),
		Description:       f.String("description", request.MaxChars(models.MaxPollDescriptionLength)),
		VotingVisibility:  f.String("voting_visibility", request.OneOf("", models.VotingPublic, models.VotingAnonymous)),
		EnforceUniqueVote: f.Bool("enforce_unique_vote", false),
		MaxVotesAllowed:   f.OptionalInt("max_votes_allowed", 1, models.MaxVotesPerUser),
		AllowAnswers:      f.Bool("allow_answers", false),
		IsClosed:          f.Bool("is_closed", false),
		Custom:            f.JSONObject("custom", models.MaxCustomBytes),
	}
	if p.ID != "" && !models.ValidTarget(p.ID) {
		f.Invalid("id", "must be 1 to 255 characters, none of them a control character")
	}
	if p.Name == "" {
		f.Invalid("name", "is required")
	}
	if p.VotingVisibility == "" {
		p.VotingVisibility = models.VotingPublic
	}
	taken := map[string]bool{}
	for i, o := range f.Objects("options", models.MaxPollOptions) {
		option := readPollOption(o, c.newID(numbered("option", i)))
		if taken[option.ID] {
			o.Invalid("id", "%q names another option too", option.ID)
		}
		taken[option.ID] = true
		p.Options = append(p.Options, option)
	}
	return p
}

// readPollOption reads an option; id is that of one to which the body gives none.
func readPollOption(f *request.Object, id string) models.PollOption {
	option := models.PollOption{
		ID:     f.String("id"),
		Text:   f.String("text", request.MaxChars(models.MaxPollOptionTextLength)),
		Custom: f.JSONObject("custom", models.MaxCustomBytes),
	}
	switch {
	case option.ID == "":
		option.ID = id
	case !models.ValidTarget(option.ID):
		f.Invalid("id", "must be 1 to 255 characters, none of them a control character")
	}
	return option
}

// keepOptions gives the options of a poll that are stored already what the request leaves out of them. Others must have
// a text.
func keepOptions(f *request.Object, p *models.Poll, stored []models.PollOption) {
	for i := range p.Options {
		option := &p.Options[i]
		if at := slices.IndexFunc(stored, func(o models.PollOption) bool { return o.ID == option.ID }); at >= 0 {
			option.Text = cmp.Or(option.Text, stored[at].Text)
			if option.Custom == nil {
				option.Custom = stored[at].Custom
			}
		}
		if option.Text == "" {
			f.InvalidAt(fmt.Sprintf("%s[%d].text", f.Path("options"), i), "is required")
		}
	}
}

func (s *Server) getPoll(ctx context.Context, c *call) (*wire.Object, error) {
	poll, err := s.store.Poll(ctx, c.app.PK, c.param("id"), c.userID())
	if err != nil {
		return nil, err
	}
	q := c.query()
	viewerID, err := s.queryViewer(ctx, c, q)
	if err != nil {
		return nil, err
	}
	if err := q.Err(); err != nil {
		return nil, err
	}
	if viewerID != c.userID() {
		if poll, err = s.store.Poll(ctx, c.app.PK, poll.ID, viewerID); err != nil {
			return nil, err
		}
	}
	return s.showPoll(ctx, c, poll)
}

func (s *Server) queryPolls(ctx context.Context, c *call) (*wire.Object, error) {
	f, in := c.fields(), c.query()
	q := readList(c, f, filter.Polls, "QueryPolls", defaultListLimit, maxListLimit)
	viewerID, err := s.queryViewer(ctx, c, in)
	if err != nil {
		return nil, err
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := in.Err(); err != nil {
		return nil, err
	}
	page, err := s.store.QueryPolls(ctx, c.app.PK, q.Query, viewerID)
	if err != nil {
		return nil, badCursor(err)
	}
	var ids []string
	for _, poll := range page.Rows {
		ids = append(ids, poll.UserIDs()...)
	}
	users, err := s.store.Users(ctx, c.app.PK, ids)
	if err != nil {
		return nil, err
	}
	polls := wire.Each(page.Rows, func(p models.Poll) *wire.Object { return wire.Poll(p, users) })
	return q.setPager(wire.NewObject().Set("polls", polls), page.Prev, page.Next), nil
}

func (s *Server) deletePoll(ctx context.Context, c *call) (*wire.Object, error) {
	return wire.NewObject(), s.store.DeletePoll(ctx, c.app.PK, c.param("id"))
}

// showPoll is the answer of what concerns one poll.
func (s *Server) showPoll(ctx context.Context, c *call, poll models.Poll) (*wire.Object, error) {
	users, err := s.store.Users(ctx, c.app.PK, poll.UserIDs())
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("poll", wire.Poll(poll, users)), nil
}
