package workflows

import (
	"fmt"
	"slices"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/workflow"

	"herald/models"
)

const (
	// windowPages is how many pages are in flight at once. It bounds what a pause has to wait for and how many batches
	// one campaign can put ahead of another's.
	windowPages = 10
	// pagesPerPlan is how many pages one PlanPages cuts: their bounds stay some 20 kB of history.
	pagesPerPlan = 20
	// maxPagesPerRun keeps a run's history near 3,300 events, under the 4,096 at which the server suggests a new one.
	maxPagesPerRun = 500
)

type runningPage struct {
	number  int
	page    PageRange
	child   workflow.ChildWorkflowFuture
	started bool
	told    int64 // control_seq of the newest state the page was given
}

// send cuts and sends pages until the audience is worked off, the campaign has ended, or this run's history is long
// enough. Nothing new starts while the campaign is held, and never more than the window.
func (c *campaign) send(ctx workflow.Context) error {
	for !c.sent() {
		if err := workflow.Await(ctx, c.canStep); err != nil || c.ended() {
			return err
		}
		if c.startedNow >= maxPagesPerRun || workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return c.continueAsNew(ctx)
		}
		switch {
		case len(c.Queue) > 0:
			c.startPage(ctx)
		case !c.Planned:
			if err := c.planPages(ctx); err != nil {
				return err
			}
		}
		c.describe(ctx)
	}
	return nil
}

// canStep says whether send has something to do. Nothing starts while a control is being written: a page that failed
// would begin again before the pause it asked for is there. Pages of two segments are never in flight together: a
// recipient in both would else be judged twice at once.
func (c *campaign) canStep() bool {
	switch {
	case c.ended():
		return true
	case c.held(), !c.controlled():
		return false
	case len(c.Queue) > 0:
		return len(c.running) < c.window() && (len(c.running) == 0 || c.Queue[0].Source == c.source)
	case !c.Planned:
		return true
	default:
		return len(c.running) == 0
	}
}

// window is how many pages may be in flight.
func (c *campaign) window() int {
	if c.Plan.Queue == QueuePaced {
		return 1
	}
	return windowPages
}

func (c *campaign) planPages(ctx workflow.Context) error {
	in := PlanInput{Ref: c.ref, Plan: c.Plan, Cursor: c.Cursor, Limit: pagesPerPlan}
	var res PlanResult
	if err := workflow.ExecuteActivity(scans(ctx, fmt.Sprintf("pages %d and on", c.Pages+1)), ActivityPlanPages, in).Get(ctx, &res); err != nil {
		return err
	}
	c.enqueue(res)
	return nil
}

func (c *campaign) enqueue(planned PlanResult) {
	c.Queue = append(c.Queue, planned.Pages...)
	c.Pages += len(planned.Pages)
	c.Cursor, c.Planned = planned.Cursor, planned.Done
}

// startPage starts the child workflow of the first page in the queue, and a coroutine that hears its result.
func (c *campaign) startPage(ctx workflow.Context) {
	page := c.Queue[0]
	c.Queue = c.Queue[1:]
	c.source = page.Source
	c.Numbers++
	c.startedNow++
	c.speed.begin(workflow.Now(ctx), c.done())
	opts := workflow.ChildWorkflowOptions{
		WorkflowID:          PageWorkflowID(c.ref.AppPK, c.ref.CampaignID, c.Numbers),
		TaskQueue:           QueueCampaigns,
		WaitForCancellation: true,
		// A campaign that was reset, or started again after Temporal lost it, may find pages of its earlier self at work.
		// Nobody tells those of a pause or a resume any more.
		WorkflowIDReusePolicy: enums.WORKFLOW_ID_REUSE_POLICY_TERMINATE_IF_RUNNING, //nolint:staticcheck // the conflict policy that replaced it does not exist for children
		StaticSummary:         fmt.Sprintf("page %d, %d recipients", c.Numbers, page.Count()),
	}
	p := &runningPage{number: c.Numbers, page: page, told: c.state.ControlSeq}
	in := PageInput{Ref: c.ref, Number: p.number, Page: page, CommitSize: c.Plan.CommitSize, Queue: c.Plan.Queue, State: c.state}
	p.child = workflow.ExecuteChildWorkflow(workflow.WithChildOptions(c.children, opts), TypeSegmentPage, in)
	c.running = append(c.running, p)
	workflow.Go(ctx, func(ctx workflow.Context) { c.hear(ctx, p) })
}

// hear waits for a page. One that is not through goes back to the front of the queue, and the campaign is paused until
// somebody has looked, unless its row says that it has ended: what the page has sent already is not sent again.
func (c *campaign) hear(ctx workflow.Context, p *runningPage) {
	if err := p.child.GetChildWorkflowExecution().Get(ctx, nil); err == nil {
		p.started = true
		c.tell(ctx, p)
	}
	var res PageResult
	err := p.child.Get(ctx, &res)
	c.running = slices.DeleteFunc(c.running, func(r *runningPage) bool { return r == p })
	if err == nil && res.Batches == len(p.page.Batches) {
		c.Done++
		c.Counts = c.Counts.Plus(res.Counts)
		c.speed.note(workflow.Now(ctx), c.done())
		c.describe(ctx)
		return
	}
	if !c.ended() {
		c.log.Warn("Page is not through", "page", p.number, "failure", res.Failure, "error", err)
		c.Queue = slices.Insert(c.Queue, 0, p.page)
		c.control(ctx, ControlInput{Ref: c.ref, Action: models.ActionPause, Cause: herald(models.ReasonDeliveryFailed)})
	}
	if c.ended() { // else the page that is sent again counts all of it
		c.Counts = c.Counts.Plus(res.Counts)
	}
	c.describe(ctx)
}

// tell passes the newest state on to a page that has started. A page that has just finished cannot be told; that is fine.
func (c *campaign) tell(ctx workflow.Context, p *runningPage) {
	if p.started && p.told < c.state.ControlSeq {
		p.told = c.state.ControlSeq
		p.child.SignalChildWorkflow(ctx, signalState, c.state)
	}
}
