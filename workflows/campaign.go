package workflows

import (
	"time"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/workflow"

	"herald/models"
)

// CampaignInput starts a campaign's workflow, and carries it from one run to the next.
type CampaignInput struct {
	Ref
	Name    string       `json:"name,omitempty"` // of the campaign, to show
	State   models.State `json:"state"`          // of the row when the workflow was started
	Carried *Carried     `json:"carried,omitempty"`
}

// Carried is what a campaign has done in its earlier runs.
type Carried struct {
	Plan    Plan          `json:"plan"`
	Cursor  Cursor        `json:"cursor"`
	Planned bool          `json:"planned"`         // every page of the audience is cut
	Queue   []PageRange   `json:"queue,omitempty"` // pages cut and not yet sent
	Pages   int           `json:"pages"`           // pages cut so far
	Done    int           `json:"done"`            // pages sent
	Numbers int           `json:"numbers"`         // page numbers given out; more than Pages where one was repeated
	Counts  models.Counts `json:"counts"`          // of the pages sent
	Acked   int64         `json:"acked"`           // newest control recorded as taken up
}

// CampaignResult is how a campaign ended.
type CampaignResult struct {
	Status models.Status `json:"status"`
	Pages  int           `json:"pages"`
	Counts models.Counts `json:"counts"`
}

// Campaign drives one campaign: it sleeps until the campaign's time, sends page by page, holds while the campaign is
// paused, and ends when the last recipient is done, when it is stopped, or at stop_at.
func Campaign(ctx workflow.Context, in CampaignInput) (CampaignResult, error) {
	c := newCampaign(ctx, in)
	// Cancelling the workflow is a stop like any other: it closes the fence first. So the work itself runs where the
	// cancellation does not reach.
	work, _ := workflow.NewDisconnectedContext(ctx)
	if err := c.setup(ctx, work); err != nil {
		return CampaignResult{}, err
	}
	return c.run(work)
}

type campaign struct {
	ref   Ref
	name  string
	log   log.Logger
	state models.State
	gone  bool // the row was deleted

	Carried
	running    []*runningPage
	source     int // of the running pages
	startedNow int // pages started in this run
	speed      speed

	asked       []ControlInput // by bare signals, the first one being carried out
	controls    int            // controls being written
	closing     bool           // this run is about to end
	children    workflow.Context
	cancelPages workflow.CancelFunc
}

func newCampaign(ctx workflow.Context, in CampaignInput) *campaign {
	c := &campaign{
		ref: in.Ref, name: in.Name, state: in.State,
		log: log.With(workflow.GetLogger(ctx), "app", in.AppPK, "campaign", in.CampaignID),
	}
	if in.Carried != nil {
		c.Carried = *in.Carried
	}
	return c
}

// setup registers everything that may talk to the campaign while it sleeps or sends.
func (c *campaign) setup(ctx, work workflow.Context) error {
	c.children, c.cancelPages = workflow.WithCancel(work)
	for _, s := range signals {
		ch := workflow.GetSignalChannelWithOptions(work, s.name, workflow.SignalChannelOptions{Description: s.description})
		workflow.Go(work, func(work workflow.Context) { c.receive(work, s.name, ch) })
	}
	workflow.Go(work, c.obey)
	workflow.Go(work, func(work workflow.Context) {
		ctx.Done().Receive(work, nil)
		c.control(work, ControlInput{Ref: c.ref, Action: models.ActionStop, Cause: herald(models.ReasonWorkflowCancelled)})
	})
	workflow.Go(work, c.watchDeadline)
	workflow.Go(work, c.acknowledge)
	return workflow.SetQueryHandlerWithOptions(ctx, QueryProgress, func() (Progress, error) { return c.progress(), nil },
		workflow.QueryHandlerOptions{Description: "How far the campaign is: the progress of GET /campaigns/{id}/execution."})
}

func (c *campaign) run(ctx workflow.Context) (CampaignResult, error) {
	for !c.ended() {
		var err error
		switch {
		case !c.began():
			err = c.begin(ctx)
		case !c.sent():
			err = c.send(ctx)
		default:
			err = c.complete(ctx)
		}
		if err != nil { // continue-as-new among them
			return CampaignResult{}, err
		}
	}
	c.cancelPages()
	if err := c.settle(ctx); err != nil {
		return CampaignResult{}, err
	}
	if !c.ended() { // meanwhile another campaign was created and started under the id of this one, which was deleted
		return CampaignResult{}, workflow.NewContinueAsNewError(ctx, TypeCampaign, CampaignInput{Ref: c.ref, State: c.state})
	}
	return CampaignResult{Status: c.state.Status, Pages: c.Done, Counts: c.Counts}, nil
}

// ended says that nothing is left to do. A draft is another campaign, created under the id of this one, which was deleted.
func (c *campaign) ended() bool {
	return c.gone || c.state.Ended() || c.state.Status == models.StatusDraft
}

func (c *campaign) began() bool { return c.Plan.Sources > 0 }
func (c *campaign) held() bool  { return c.state.Hold != models.HoldNone }
func (c *campaign) sent() bool  { return c.Planned && len(c.Queue) == 0 && len(c.running) == 0 }

// begin sleeps until the campaign's time and begins it, unless something newer came between.
func (c *campaign) begin(ctx workflow.Context) error {
	if err := c.sleep(ctx); err != nil || c.ended() {
		return err
	}
	var res BeginResult
	in := BeginInput{StepInput: StepInput{Ref: c.ref, Seen: c.state.ControlSeq}, Limit: pagesPerPlan}
	if err := workflow.ExecuteActivity(scans(ctx, "begin, count recipients"), ActivityBegin, in).Get(ctx, &res); err != nil {
		return err
	}
	c.adoptStep(ctx, res.StepResult)
	if res.Done {
		c.Plan = res.Plan
		c.enqueue(res.First)
		c.describe(ctx)
		return workflow.UpsertTypedSearchAttributes(ctx, AttributeRecipients.ValueSet(res.Plan.Recipients))
	}
	return nil
}

// sleep returns when the campaign is due and not held, or has ended. While paused the time may pass without a start.
func (c *campaign) sleep(ctx workflow.Context) error {
	for {
		c.describe(ctx)
		seq := c.state.ControlSeq
		changed := func() bool { return c.ended() || c.state.ControlSeq != seq }
		switch due := c.state.ScheduledFor; {
		case c.ended():
			return nil
		case c.held():
			if err := workflow.Await(ctx, changed); err != nil {
				return err
			}
		case due == nil || !due.After(workflow.Now(ctx)):
			return nil
		default:
			if _, err := awaitUntil(ctx, *due, "start at "+due.UTC().Format(time.RFC3339), changed); err != nil {
				return err
			}
		}
	}
}

// complete ends a campaign whose last recipient is done. While it is paused it stays in progress.
func (c *campaign) complete(ctx workflow.Context) error {
	c.describe(ctx)
	if err := workflow.Await(ctx, func() bool { return c.ended() || !c.held() }); err != nil || c.ended() {
		return err
	}
	var res StepResult
	// Every batch has ended, so there is nothing at the fence to wait for.
	err := workflow.ExecuteLocalActivity(notes(ctx, "complete"), ActivityComplete, StepInput{Ref: c.ref, Seen: c.state.ControlSeq}).Get(ctx, &res)
	if err != nil {
		return err
	}
	c.adoptStep(ctx, res)
	return nil
}

// settle waits until nothing of this run is open: no page, no control, no acknowledgement; so that no signal is lost.
func (c *campaign) settle(ctx workflow.Context) error {
	idle := func() bool {
		return len(c.running) == 0 && c.controlled() && (c.gone || c.Acked >= c.state.ControlSeq)
	}
	for {
		if err := workflow.Await(ctx, idle); err != nil {
			return err
		}
		if err := yield(ctx); err != nil {
			return err
		}
		if idle() {
			c.closing = true
			c.describe(ctx)
			return nil
		}
	}
}

// continueAsNew goes on in a new run with a short history, the window empty.
func (c *campaign) continueAsNew(ctx workflow.Context) error {
	if err := c.settle(ctx); err != nil {
		return err
	}
	carried := c.Carried
	return workflow.NewContinueAsNewError(ctx, TypeCampaign, CampaignInput{Ref: c.ref, Name: c.name, State: c.state, Carried: &carried})
}

// awaitUntil waits for the condition, at most until an absolute time; false means that the time came first.
func awaitUntil(ctx workflow.Context, until time.Time, summary string, condition func() bool) (bool, error) {
	left := until.Sub(workflow.Now(ctx))
	if left <= 0 {
		return condition(), nil
	}
	return workflow.AwaitWithOptions(ctx, workflow.AwaitOptions{Timeout: left, TimerOptions: workflow.TimerOptions{Summary: summary}}, condition)
}
