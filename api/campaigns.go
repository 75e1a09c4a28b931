package api

import (
	"context"
	"net/http"
	"time"

	"herald/api/request"
	"herald/filter"
	"herald/models"
	"herald/models/store"
	"herald/wire"
	"herald/workflows"
)

// Runs tells the workflows of campaigns what was decided about them, and starts those of tasks. The decision is committed
// before: an error here is logged and nothing else, and the reconciler makes up for it.
type Runs interface {
	// Start starts the workflow of a campaign that is scheduled or in progress. One that runs learns its new times.
	Start(ctx context.Context, c models.Campaign) error
	// Control tells the workflow what became of its campaign.
	Control(ctx context.Context, c models.Campaign, action models.Action) error
	// Execution asks how the workflow stands; what does not answer is left out.
	Execution(ctx context.Context, c models.Campaign) workflows.Execution
	// StartTask starts the workflow of a pending task.
	StartTask(ctx context.Context, task models.Task) error
}

// runsTimeout bounds how long an answer waits for the workflow to be told. The SDKs give up after 3 s.
const runsTimeout = 2 * time.Second

const (
	defaultUserLimit = 100  // users of each campaign in QueryCampaigns
	maxUserLimit     = 1000 // and of the one campaign in any other answer, where it is the default too
)

func (s *Server) campaignRoutes() []route {
	const created = http.StatusCreated
	return []route{
		{operation: "CreateCampaign", method: http.MethodPost, path: "/campaigns", handle: s.createCampaign},
		{operation: "QueryCampaigns", method: http.MethodPost, path: "/campaigns/query", handle: s.queryCampaigns},
		{operation: "GetCampaign", method: http.MethodGet, path: "/campaigns/:id", handle: s.getCampaign},
		{operation: "UpdateCampaign", method: http.MethodPut, path: "/campaigns/:id", handle: s.updateCampaign},
		{operation: "DeleteCampaign", method: http.MethodDelete, path: "/campaigns/:id", handle: s.deleteCampaign},
		{operation: "CampaignExecution", method: http.MethodGet, path: "/campaigns/:id/execution", handle: s.getExecution},
		{operation: "CampaignRecipients", method: http.MethodGet, path: "/campaigns/:id/recipients", handle: s.listRecipients},
		{operation: "TestCampaign", method: http.MethodPost, path: "/campaigns/:id/test", handle: s.testCampaign},
		{operation: "PreviewCampaign", method: http.MethodPost, path: "/campaigns/:id/preview", handle: s.previewCampaign},
		{operation: "CampaignAudience", method: http.MethodPost, path: "/campaigns/:id/audience", handle: s.countAudience},
		{operation: "CampaignMoves", method: http.MethodGet, path: "/campaigns/:id/moves", handle: s.campaignMoves},
		{operation: "StartCampaign", method: http.MethodPost, path: "/campaigns/:id/start", handle: s.startCampaign},
		{operation: "StartCampaign", method: http.MethodPatch, path: "/campaigns/:id/schedule", status: created, handle: s.scheduleCampaign},
		{operation: "StopCampaign", method: http.MethodPost, path: "/campaigns/:id/stop", handle: s.stopCampaign},
		{operation: "StopCampaign", method: http.MethodPatch, path: "/campaigns/:id/stop", status: created, handle: s.stopCampaign},
		{operation: "PauseCampaign", method: http.MethodPost, path: "/campaigns/:id/pause", handle: s.pauseCampaign},
		{operation: "PauseCampaign", method: http.MethodPatch, path: "/campaigns/:id/pause", status: created, handle: s.pauseCampaign},
		{operation: "ResumeCampaign", method: http.MethodPost, path: "/campaigns/:id/resume", handle: s.resumeCampaign},
		{operation: "ResumeCampaign", method: http.MethodPatch, path: "/campaigns/:id/resume", status: created, handle: s.resumeCampaign},
	}
}

func (s *Server) createCampaign(ctx context.Context, c *call) (*wire.Object, error) {
	f := unwrapped(c.fields(), "campaign", "sender_id")
	campaign := models.Campaign{AppPK: c.app.PK, ID: newID(f)}
	readCampaign(f).apply(&campaign)
	required(f, campaign, f.Has("message_template"))
	if campaign.ID == "" {
		campaign.ID = c.newID("campaign")
	}
	if c.carriedOut() {
		created, err := s.store.Campaign(ctx, c.app.PK, campaign.ID)
		if err != nil {
			return nil, err
		}
		return s.showCampaign(ctx, c, created)
	}
	created, err := s.store.CreateCampaign(ctx, campaign, fieldErrors(f), checkTemplates)
	if err != nil {
		return nil, err
	}
	return s.showCampaign(ctx, c, created)
}

func (s *Server) updateCampaign(ctx context.Context, c *call) (*wire.Object, error) {
	id := c.param("id")
	if _, err := s.store.Campaign(ctx, c.app.PK, id); err != nil {
		return nil, err
	}
	f := unwrapped(c.fields(), "campaign", "sender_id")
	in := readCampaign(f)
	change := func(campaign *models.Campaign) []models.FieldError {
		in.apply(campaign)
		required(f, *campaign, true)
		return fieldErrors(f)
	}
	updated, err := s.store.UpdateCampaign(ctx, c.app.PK, id, change, checkTemplates)
	if err != nil {
		return nil, err
	}
	return s.showChanged(ctx, c, updated)
}

func (s *Server) getCampaign(ctx context.Context, c *call) (*wire.Object, error) {
	campaign, err := s.store.Campaign(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	p := newUserPager(c, campaign)
	if err := p.read(c.query()); err != nil {
		return nil, err
	}
	return s.showCampaignPage(ctx, c, campaign, p)
}

// showCampaign is the answer of everything about one campaign that shows its first users.
func (s *Server) showCampaign(ctx context.Context, c *call, campaign models.Campaign) (*wire.Object, error) {
	return s.showCampaignPage(ctx, c, campaign, newUserPager(c, campaign))
}

func (s *Server) showCampaignPage(ctx context.Context, c *call, campaign models.Campaign, p *userPager) (*wire.Object, error) {
	shown, pager, err := s.encodeCampaignPage(ctx, c, campaign, p)
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("campaign", shown).Set("users", pager), nil
}

// showChanged is the answer of an update and of a stop. In the v2 dialect it has the campaign's fields at the top too, so
// "users" is those of the campaign, and there is no pager (contract 7.5).
func (s *Server) showChanged(ctx context.Context, c *call, campaign models.Campaign) (*wire.Object, error) {
	shown, pager, err := s.encodeCampaignPage(ctx, c, campaign, newUserPager(c, campaign))
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Spread("campaign", shown).Legacy("users", pager), nil
}

func (s *Server) encodeCampaignPage(ctx context.Context, c *call, campaign models.Campaign, p *userPager) (shown, pager *wire.Object, err error) {
	users, pager, err := p.page(ctx, s.store)
	if err != nil {
		return nil, nil, err
	}
	details, err := s.store.CampaignDetails(ctx, c.app.PK, []models.Campaign{campaign}, nil)
	if err != nil {
		return nil, nil, err
	}
	return wire.Campaign(campaign, details, campaign.UserIDs, users, s.now()), pager, nil
}

func (s *Server) queryCampaigns(ctx context.Context, c *call) (*wire.Object, error) {
	f := c.fields()
	q := readList(c, f, filter.Campaigns, "QueryCampaigns", defaultListLimit, maxListLimit)
	userLimit := f.Int("user_limit", 0, maxUserLimit)
	if userLimit == 0 {
		userLimit = defaultUserLimit
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	page, err := s.store.QueryCampaigns(ctx, c.app.PK, q.Query)
	if err != nil {
		return nil, badCursor(err)
	}
	var userIDs []string
	for _, campaign := range page.Rows {
		userIDs = append(userIDs, firstIDs(campaign, userLimit)...)
	}
	details, err := s.store.CampaignDetails(ctx, c.app.PK, page.Rows, userIDs)
	if err != nil {
		return nil, err
	}
	list := make([]*wire.Object, len(page.Rows))
	for i, campaign := range page.Rows {
		ids := firstIDs(campaign, userLimit)
		users := make([]models.User, 0, len(ids))
		for _, id := range ids {
			if u, ok := details.Users[id]; ok && u.DeletedAt == nil {
				users = append(users, u)
			}
		}
		list[i] = wire.Campaign(campaign, details, ids, users, s.now())
	}
	return q.setPager(wire.NewObject().Set("campaigns", list), page.Prev, page.Next), nil
}

func firstIDs(c models.Campaign, limit int) []string { return c.UserIDs[:min(limit, len(c.UserIDs))] }

func (s *Server) deleteCampaign(ctx context.Context, c *call) (*wire.Object, error) {
	before, err := s.store.Campaign(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	after, _, err := s.store.Control(ctx, c.app.PK, before.ID, store.Control{Action: models.ActionDelete, Cause: models.Cause{Via: models.ViaAPI}})
	if err != nil {
		return nil, err
	}
	if after.Status != before.Status { // it was scheduled: its workflow waits
		s.tell(ctx, after, models.ActionDelete)
	}
	return wire.NewObject(), nil
}

func (s *Server) startCampaign(ctx context.Context, c *call) (*wire.Object, error) {
	return s.start(ctx, c, func(f *request.Object) *time.Time { return f.Time("scheduled_for") })
}

// scheduleCampaign is the start of older SDKs (contract 13).
func (s *Server) scheduleCampaign(ctx context.Context, c *call) (*wire.Object, error) {
	return s.start(ctx, c, func(f *request.Object) *time.Time {
		switch {
		case f.Has("scheduled_for"):
			return f.Time("scheduled_for")
		case !f.Has("send_at"):
			f.Invalid("scheduled_for", "is required")
		}
		return f.Time("send_at")
	})
}

func (s *Server) start(ctx context.Context, c *call, readTime func(*request.Object) *time.Time) (*wire.Object, error) {
	before, err := s.store.Campaign(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	if c.carriedOut() {
		return s.showMoved(ctx, c, before, models.ActionStart)
	}
	f := c.fields()
	control := store.Control{Action: models.ActionStart, ScheduledFor: readTime(f), StopAt: f.Time("stop_at"), Cause: readCause(f)}
	begin := s.now()
	if control.ScheduledFor != nil && control.ScheduledFor.After(begin) {
		begin = *control.ScheduledFor
		control.Action = models.ActionSchedule
	}
	if control.StopAt != nil && !control.StopAt.After(begin) {
		f.Invalid("stop_at", "must be later than now and scheduled_for")
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.move(ctx, c, before.ID, control)
}

func (s *Server) stopCampaign(ctx context.Context, c *call) (*wire.Object, error) {
	return s.steer(ctx, c, models.ActionStop)
}

func (s *Server) pauseCampaign(ctx context.Context, c *call) (*wire.Object, error) {
	return s.steer(ctx, c, models.ActionPause)
}

func (s *Server) resumeCampaign(ctx context.Context, c *call) (*wire.Object, error) {
	return s.steer(ctx, c, models.ActionResume)
}

// steer makes a move that takes nothing but its cause.
func (s *Server) steer(ctx context.Context, c *call, action models.Action) (*wire.Object, error) {
	before, err := s.store.Campaign(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	if c.carriedOut() {
		return s.showMoved(ctx, c, before, action)
	}
	f := c.fields()
	cause := readCause(f)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return s.move(ctx, c, before.ID, store.Control{Action: action, Cause: cause})
}

// readCause reads who asks for a move and why, which every move may say.
func readCause(f *request.Object) models.Cause {
	return models.Cause{
		Via: models.ViaAPI, By: f.String("by", request.MaxChars(models.MaxReasonLength)), Reason: f.String("reason", request.MaxChars(models.MaxReasonLength)),
	}
}

// move decides about a campaign and then tells its workflow. What was decided holds whether or not that works.
func (s *Server) move(ctx context.Context, c *call, id string, control store.Control) (*wire.Object, error) {
	campaign, changed, err := s.store.Control(ctx, c.app.PK, id, control)
	if err != nil {
		return nil, err
	}
	if changed {
		s.tell(ctx, campaign, control.Action)
	}
	return s.showMoved(ctx, c, campaign, control.Action)
}

// showMoved is the answer of a move.
func (s *Server) showMoved(ctx context.Context, c *call, campaign models.Campaign, action models.Action) (*wire.Object, error) {
	if action == models.ActionStop {
		return s.showChanged(ctx, c, campaign)
	}
	return s.showCampaign(ctx, c, campaign)
}

// tell tells a campaign's workflow what was decided, even where the client has gone away meanwhile.
func (s *Server) tell(ctx context.Context, c models.Campaign, action models.Action) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), runsTimeout)
	defer cancel()
	var err error
	switch action {
	case models.ActionStart, models.ActionSchedule:
		err = s.runs.Start(ctx, c)
	default:
		err = s.runs.Control(ctx, c, action)
	}
	if err != nil {
		s.log.WarnContext(ctx, "a campaign's workflow was not told; the reconciler will", "app", c.AppPK, "campaign", c.ID,
			"action", string(action), "error", err)
	}
}
