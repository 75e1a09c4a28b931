package workflows_test

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"herald/models"
	"herald/workflows"
)

const (
	appPK      = 7
	campaignID = "spring-sale"
	window     = 10 // pages in flight
)

var (
	ref     = workflows.Ref{AppPK: appPK, CampaignID: campaignID}
	morning = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
)

// trial is one campaign on the skipping clock, from its start through all its runs to its end. A batch takes a second.
type trial struct {
	*testing.T
	row       *row
	env       *testsuite.TestWorkflowEnvironment
	script    []*scripted
	prepare   func(env *testsuite.TestWorkflowEnvironment) // of each run
	pageFault func(number int) error                       // of a page that is about to begin
	pageEnd   func(ctx workflow.Context, number int)       // before a page returns
	instant   bool                                         // batches take no time
	inputs    []workflows.CampaignInput                    // of each run
	pages     []string                                     // ids of the pages that began
	begun     map[string]int                               // pages by the key they begin after
	inFlight  []workflows.PageInput                        // pages
	most      int                                          // pages in flight at once
	mixed     bool                                         // pages of two sources were in flight at once
	shown     map[string]any                               // search attributes
	repeats   bool                                         // some page is sent again
}

type scripted struct {
	at   time.Duration
	do   func()
	done bool
}

func newTrial(t *testing.T, r *row) *trial {
	tr := &trial{T: t, row: r, shown: map[string]any{}, begun: map[string]int{}}
	r.now = func() time.Time { return morning }
	return tr
}

// at has something done a time after the first run began.
func (tr *trial) at(after time.Duration, do func()) {
	tr.script = append(tr.script, &scripted{at: after, do: do})
}

// api is a control by the API: the row first, then the signal with the row's state.
func (tr *trial) api(ctl control) {
	tr.signal(signalNames[ctl.action], workflows.ControlSignal{State: ptr(tr.row.must(ctl))})
}

var signalNames = map[models.Action]string{
	models.ActionPause: workflows.SignalPause, models.ActionResume: workflows.SignalResume, models.ActionStop: workflows.SignalStop,
	models.ActionDelete: workflows.SignalStop, models.ActionStart: workflows.SignalReschedule, models.ActionSchedule: workflows.SignalReschedule,
}

func (tr *trial) signal(name string, body any) { tr.env.SignalWorkflow(name, body) }

func (tr *trial) progress() workflows.Progress {
	value, err := tr.env.QueryWorkflow(workflows.QueryProgress)
	var p workflows.Progress
	if err == nil {
		err = value.Get(&p)
	}
	if err != nil {
		tr.Errorf("query progress: %v", err)
	}
	return p
}

// run runs the campaign to its end and checks what holds for every campaign.
func (tr *trial) run() workflows.CampaignResult {
	tr.Helper()
	in, start := workflows.CampaignInput{Ref: ref, Name: "Spring | sale", State: tr.row.snapshot()}, morning
	for {
		tr.inputs = append(tr.inputs, in)
		err := tr.runOnce(in, start)
		var next *workflow.ContinueAsNewError
		if !errors.As(err, &next) {
			if err != nil {
				tr.Fatalf("run %d: %v", len(tr.inputs), err)
			}
			break
		}
		if len(tr.inFlight) > 0 {
			tr.Errorf("run %d ended over pages in flight: %v", len(tr.inputs), tr.inFlight)
		}
		in, start = workflows.CampaignInput{}, tr.env.Now()
		if err := converter.GetDefaultDataConverter().FromPayloads(next.Input, &in); err != nil {
			tr.Fatal(err)
		}
	}
	var res workflows.CampaignResult
	if err := tr.env.GetWorkflowResult(&res); err != nil {
		tr.Fatal(err)
	}
	tr.check(res)
	return res
}

func (tr *trial) runOnce(in workflows.CampaignInput, start time.Time) error {
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	tr.env, tr.row.now = env, env.Now
	env.SetStartTime(start)
	env.SetStartWorkflowOptions(client.StartWorkflowOptions{
		ID: workflows.CampaignWorkflowID(appPK, campaignID), TaskQueue: workflows.QueueCampaigns,
	})
	env.RegisterWorkflowWithOptions(workflows.Campaign, workflow.RegisterOptions{Name: workflows.TypeCampaign})
	env.RegisterWorkflowWithOptions(tr.page, workflow.RegisterOptions{Name: workflows.TypeSegmentPage})
	tr.row.register(env)
	if !tr.instant {
		env.OnActivity(workflows.ActivitySendBatch, mock.Anything, mock.Anything).After(time.Second).Return(tr.row.SendBatch)
	}
	env.OnUpsertTypedSearchAttributes(mock.Anything).Run(func(args mock.Arguments) {
		for key, value := range args.Get(0).(temporal.SearchAttributes).GetUntypedValues() {
			tr.shown[key.GetName()] = value
		}
	}).Return(nil).Maybe()
	if tr.prepare != nil {
		tr.prepare(env)
	}
	for _, s := range tr.script {
		if !s.done {
			env.RegisterDelayedCallback(func() { s.done = true; s.do() }, max(0, s.at-start.Sub(morning)))
		}
	}
	env.ExecuteWorkflow(workflows.TypeCampaign, in)
	if !env.IsWorkflowCompleted() {
		tr.Fatal("the campaign hangs")
	}
	return env.GetWorkflowError()
}

// page is SegmentPage, watched.
func (tr *trial) page(ctx workflow.Context, in workflows.PageInput) (workflows.PageResult, error) {
	tr.pages = append(tr.pages, workflow.GetInfo(ctx).WorkflowExecution.ID)
	for _, other := range tr.inFlight {
		tr.mixed = tr.mixed || other.Page.Source != in.Page.Source
	}
	tr.inFlight = append(tr.inFlight, in)
	tr.begun[in.Page.After]++
	tr.most = max(tr.most, len(tr.inFlight))
	defer func() {
		tr.inFlight = slices.DeleteFunc(tr.inFlight, func(p workflows.PageInput) bool { return p.Number == in.Number })
	}()
	if tr.pageFault != nil {
		if err := tr.pageFault(in.Number); err != nil {
			return workflows.PageResult{}, err
		}
	}
	res, err := workflows.SegmentPage(ctx, in)
	if tr.pageEnd != nil {
		tr.pageEnd(ctx, in.Number)
	}
	return res, err
}

// sleep is for a pageEnd; no cancellation wakes it.
func sleep(ctx workflow.Context, d time.Duration) {
	ctx, _ = workflow.NewDisconnectedContext(ctx)
	if err := workflow.Sleep(ctx, d); err != nil {
		panic(err)
	}
}

// check checks what holds for every campaign that has ended.
func (tr *trial) check(res workflows.CampaignResult) {
	tr.Helper()
	r := tr.row
	if res.Status != r.state.Status && !r.deleted {
		tr.Errorf("the workflow ended as %s, the row says %s", res.Status, r.state.Status)
	}
	if r.acked != r.state.ControlSeq && !r.deleted {
		tr.Errorf("control %d is acknowledged, the newest is %d", r.acked, r.state.ControlSeq)
	}
	if int(res.Counts.Sent) != len(r.messages) {
		tr.Errorf("the workflow counts %d messages, there are %d", res.Counts.Sent, len(r.messages))
	}
	everybody, ranges := map[string]bool{}, map[string]bool{}
	for _, keys := range r.sources {
		for _, key := range keys {
			everybody[key] = true
		}
	}
	if r.state.Status == models.StatusCompleted && len(r.messages) != len(everybody) {
		tr.Errorf("completed with messages for %d of %d recipients", len(r.messages), len(everybody))
	}
	for _, c := range r.commits {
		id := fmt.Sprintf("%d/%s", c.source, c.after)
		if ranges[id] && !tr.repeats {
			tr.Errorf("batch %s was sent twice", id)
		}
		ranges[id] = true
	}
	if tr.mixed {
		tr.Error("pages of two sources were in flight at once")
	}
	if tr.most > window {
		tr.Errorf("%d pages were in flight at once", tr.most)
	}
	var want []string
	for n := range tr.pages {
		want = append(want, fmt.Sprintf("campaign/%d/%s/page-%06d", appPK, campaignID, n+1))
	}
	// Pages begun in one workflow task begin in any order.
	if got := slices.Sorted(slices.Values(tr.pages)); !slices.Equal(got, want) {
		tr.Errorf("pages are %v, want %v", got, want)
	}
}

func ptr[T any](v T) *T { return &v }

const day = 24 * time.Hour

// in is a time after the first run begins.
func in(after time.Duration) *time.Time { return ptr(morning.Add(after)) }
