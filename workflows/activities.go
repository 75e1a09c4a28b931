package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"herald/models"
)

// Names of the activities; package activities registers its methods under them.
const (
	ActivityBegin       = "Begin"
	ActivityPlanPages   = "PlanPages"
	ActivitySendBatch   = "SendBatch"
	ActivityControl     = "Control"
	ActivityComplete    = "Complete"
	ActivityAcknowledge = "Acknowledge"
	ActivityReconcile   = "Reconcile"
	ActivityRunTask     = "RunTask"
)

// Ref names a campaign.
type Ref struct {
	AppPK      int64  `json:"app_pk"`
	CampaignID string `json:"campaign_id"`
}

// StepInput is the input of Complete and Acknowledge, and part of Begin's: steps that rest on the newest control the workflow knows.
type StepInput struct {
	Ref
	Seen int64 `json:"seen"` // control_seq
}

// StepResult is what the campaign's row says after a step. Done is false when a newer control stood in the way; the
// workflow then adopts State and decides anew. Gone means the campaign was deleted.
type StepResult struct {
	Done  bool         `json:"done"`
	Gone  bool         `json:"gone,omitempty"`
	State models.State `json:"state"`
}

// BeginInput is the input of Begin.
type BeginInput struct {
	StepInput
	Limit int `json:"limit"` // pages to cut at once; 0: none
}

// BeginResult is the outcome of Begin: the campaign is in progress, its audience counted and its first pages cut, which
// for most campaigns are all.
type BeginResult struct {
	StepResult
	Plan  Plan       `json:"plan"`
	First PlanResult `json:"first"`
}

// Plan says how a campaign's audience is worked off; fixed when it begins.
type Plan struct {
	Sources    int    `json:"sources"`    // segments of the campaign, or one for user_ids
	Recipients int64  `json:"recipients"` // counted at the start; one in two segments counts twice
	PageSize   int    `json:"page_size"`
	BatchSize  int    `json:"batch_size"`  // of one SendBatch
	CommitSize int    `json:"commit_size"` // most targets in one transaction
	Target     string `json:"target"`      // models.SegmentUser or models.SegmentChannel

	// Queue is the task queue of its batches; empty is QueueSend. On QueuePaced one batch at a time is in flight.
	Queue string `json:"queue,omitempty"`
}

// Cursor is how far planning has come.
type Cursor struct {
	Source int    `json:"source"`
	After  string `json:"after"` // key of the last target planned
}

// PlanInput is the input of PlanPages.
type PlanInput struct {
	Ref
	Plan   Plan   `json:"plan"`
	Cursor Cursor `json:"cursor"`
	Limit  int    `json:"limit"` // pages
}

// PlanResult is the next pages of one source. No pages and Done unset: this source is through, go on at Cursor.
type PlanResult struct {
	Pages  []PageRange `json:"pages,omitempty"`
	Cursor Cursor      `json:"cursor"`
	Done   bool        `json:"done"` // nothing follows
}

// PageRange is one page: the targets of a source in (After, last Through].
type PageRange struct {
	Source  int          `json:"source"`
	After   string       `json:"after"`
	Batches []BatchBound `json:"batches"`
}

// Count is the number of targets planned for the page.
func (p PageRange) Count() int {
	n := 0
	for _, b := range p.Batches {
		n += b.Count
	}
	return n
}

// BatchBound ends one batch of a page.
type BatchBound struct {
	Through string `json:"through"`
	Count   int    `json:"count"`
}

// BatchInput is the input of SendBatch: the targets of a source in (After, Through].
type BatchInput struct {
	Ref
	Source  int    `json:"source"`
	After   string `json:"after"`
	Through string `json:"through"`
	Size    int    `json:"size"` // most targets in one transaction
}

// BatchResult is the outcome of SendBatch. Held: the fence was closed and (the rest of) the range is still to be sent.
type BatchResult struct {
	Held   bool          `json:"held,omitempty"`
	State  models.State  `json:"state"` // of the campaign as the batch saw it
	Counts models.Counts `json:"counts"`
}

// ControlInput is the input of Control: an action from a signal without a control_seq, or the workflow's own.
type ControlInput struct {
	Ref
	models.Cause
	Action       models.Action `json:"action"`
	Seen         *int64        `json:"seen,omitempty"` // act only if this control_seq is the newest
	ScheduledFor *time.Time    `json:"scheduled_for,omitempty"`
	StopAt       *time.Time    `json:"stop_at,omitempty"`
}

const (
	stepTimeout   = 30 * time.Second
	countTimeout  = 30 * time.Minute          // Begin and PlanPages scan the audience
	taskTimeout   = 12 * time.Hour            // one attempt of a task; each begins where there is something left
	batchTimeout  = time.Minute               // one attempt; far above what a batch takes
	batchDeadline = 6 * time.Hour             // all attempts; a page that meets it pauses the campaign
	forever       = 10 * 365 * 24 * time.Hour // a local activity has no "until it works"
	heartbeat     = 5 * time.Second           // after which a killed worker's activity runs elsewhere
)

// steps is for the workflow's own bookkeeping: short, and repeated until it works.
func steps(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: QueueCampaigns, StartToCloseTimeout: stepTimeout, RetryPolicy: persistent(), Summary: summary,
	})
}

// notes is for bookkeeping that writes one row, may be repeated, and waits for nobody. It runs inside the workflow's task,
// which saves Temporal three events and two writes, and another task. While it runs the task stays open, so whatever may
// have to wait at the fence is one of steps.
func notes(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithLocalActivityOptions(ctx, workflow.LocalActivityOptions{
		StartToCloseTimeout: stepTimeout, ScheduleToCloseTimeout: forever, RetryPolicy: persistent(), Summary: summary,
	})
}

// scans is for what reads the whole audience and heartbeats while it does.
func scans(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: QueueCampaigns, StartToCloseTimeout: countTimeout, HeartbeatTimeout: heartbeat, RetryPolicy: persistent(), Summary: summary,
	})
}

// works is for tasks, which may take as long as there is something to delete, and heartbeat while they do.
func works(ctx workflow.Context, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: QueueCampaigns, StartToCloseTimeout: taskTimeout, HeartbeatTimeout: heartbeat, RetryPolicy: persistent(), Summary: summary,
	})
}

// sends is for batches.
func sends(ctx workflow.Context, queue, summary string) workflow.Context {
	return workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
		TaskQueue: queue, StartToCloseTimeout: batchTimeout, ScheduleToCloseTimeout: batchDeadline, HeartbeatTimeout: heartbeat,
		WaitForCancellation: true, RetryPolicy: persistent(), Summary: summary,
	})
}

// ErrorCampaignConfig is the type of an activity error that no repetition cures: the campaign itself is at fault, say by
// a template that no longer compiles.
const ErrorCampaignConfig = "campaign_config"

func persistent() *temporal.RetryPolicy {
	return &temporal.RetryPolicy{
		InitialInterval: time.Second, BackoffCoefficient: 2, MaximumInterval: time.Minute,
		NonRetryableErrorTypes: []string{ErrorCampaignConfig},
	}
}
