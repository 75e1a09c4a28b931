package workflows_test

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"herald/models"
	"herald/workflows"
)

const stateSignal = "state" // histories hold the name

// pageTrial is one page on the skipping clock, alone. A batch takes a second.
type pageTrial struct {
	*testing.T
	row *row
	env *testsuite.TestWorkflowEnvironment
	in  workflows.PageInput
}

// newPageTrial makes a page of so many batches of two, in a campaign in progress.
func newPageTrial(t *testing.T, batches int) *pageTrial {
	r := newRow(people(2 * batches))
	r.perPage = batches
	state := r.startAt(nil, nil)
	plan, err := r.PlanPages(t.Context(), workflows.PlanInput{Ref: ref, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(morning)
	env.RegisterWorkflowWithOptions(workflows.SegmentPage, workflow.RegisterOptions{Name: workflows.TypeSegmentPage})
	r.now = env.Now
	r.register(env)
	env.OnActivity(workflows.ActivitySendBatch, mock.Anything, mock.Anything).After(time.Second).Return(r.SendBatch)
	return &pageTrial{T: t, row: r, env: env, in: workflows.PageInput{Ref: ref, Number: 1, Page: plan.Pages[0], CommitSize: 2, State: state}}
}

func (p *pageTrial) at(after time.Duration, do func()) { p.env.RegisterDelayedCallback(do, after) }

func (p *pageTrial) tell(state models.State) { p.env.SignalWorkflow(stateSignal, state) }

// run runs the page, which never ends with an error, and returns with its result how long it took.
func (p *pageTrial) run() (workflows.PageResult, time.Duration) {
	p.Helper()
	p.env.ExecuteWorkflow(workflows.TypeSegmentPage, p.in)
	var res workflows.PageResult
	if err := p.env.GetWorkflowResult(&res); err != nil {
		p.Fatalf("the page ended with an error: %v", err)
	}
	return res, p.env.Now().Sub(morning)
}

func expectPage(t *testing.T, got, want workflows.PageResult) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestPageSendsTwoBatchesAtOnce(t *testing.T) {
	p := newPageTrial(t, 5)
	got, took := p.run()
	expectPage(t, got, workflows.PageResult{Batches: 5, Counts: models.Counts{Sent: 10}})
	if took != 3*time.Second {
		t.Errorf("five batches of a second took %v, want 3s", took)
	}
	// In each second two batches, in the order of their keys.
	want := []string{"", "user-00001", "user-00003", "user-00005", "user-00007"}
	inSecond := func(n int, key string) bool {
		return slices.ContainsFunc(p.row.commits, func(c commit) bool {
			return c.after == key && c.at.Equal(morning.Add(time.Duration(n)*time.Second)) && c.count == 2
		})
	}
	for i, key := range want {
		if !inSecond(i/2+1, key) {
			t.Errorf("batch %d was not sent in second %d: %+v", i, i/2+1, p.row.commits)
		}
	}
}

func TestPageHolds(t *testing.T) {
	p := newPageTrial(t, 5)
	p.at(1500*time.Millisecond, func() { p.row.must(control{action: models.ActionPause}) }) // the batches tell the page
	p.at(time.Hour, func() { p.tell(p.row.must(control{action: models.ActionResume})) })
	got, took := p.run()
	expectPage(t, got, workflows.PageResult{Batches: 5, Counts: models.Counts{Sent: 10}})
	if took != time.Hour+2*time.Second || p.row.held != 2 {
		t.Errorf("took %v with %d batches held, want 1h0m2s and 2", took, p.row.held)
	}
}

func TestPageHoldsBeforeTheNextBatchWhenTold(t *testing.T) {
	p := newPageTrial(t, 5)
	var sent int
	p.at(500*time.Millisecond, func() {
		// The page hears of the pause before its batches could meet it, and these still commit.
		state := p.row.snapshot()
		state.Hold, state.ControlSeq = models.HoldPaused, 2
		p.tell(state)
	})
	p.at(time.Hour, func() {
		sent = p.row.sent()
		state := p.row.snapshot()
		state.ControlSeq = 3
		p.tell(state)
	})
	got, took := p.run()
	expectPage(t, got, workflows.PageResult{Batches: 5, Counts: models.Counts{Sent: 10}})
	if sent != 4 || took != time.Hour+2*time.Second {
		t.Errorf("%d sent before the resume, took %v", sent, took)
	}
}

// The page knows of the resume already when its batch comes back held by the pause before it.
func TestPageHeldByAnOldPauseSendsAgainAtOnce(t *testing.T) {
	p := newPageTrial(t, 1)
	p.row.must(control{action: models.ActionPause})
	p.in.State.ControlSeq = p.row.state.ControlSeq + 1
	p.at(1500*time.Millisecond, func() { p.row.must(control{action: models.ActionResume}) })
	got, took := p.run()
	expectPage(t, got, workflows.PageResult{Batches: 1, Counts: models.Counts{Sent: 2}})
	if p.row.held != 1 || took != 2*time.Second {
		t.Errorf("%d batches held, took %v; want 1 and 2s", p.row.held, took)
	}
}

func TestPageIgnoresOldStates(t *testing.T) {
	p := newPageTrial(t, 5)
	p.in.State.ControlSeq = 9
	p.row.state.ControlSeq = 9
	p.at(500*time.Millisecond, func() {
		p.tell(models.State{ControlSeq: 8, Status: models.StatusStopped, Hold: models.HoldStopped})
		p.tell(models.State{ControlSeq: 7, Status: models.StatusInProgress, Hold: models.HoldPaused})
	})
	got, took := p.run()
	expectPage(t, got, workflows.PageResult{Batches: 5, Counts: models.Counts{Sent: 10}})
	if took != 3*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestPageEndsEarly(t *testing.T) {
	cut := workflows.PageResult{Batches: 2, Counts: models.Counts{Sent: 4}}
	stop := func(p *pageTrial) models.State { return p.row.must(control{action: models.ActionStop}) }
	tests := []struct {
		name string
		end  func(p *pageTrial)
		at   time.Duration
		want workflows.PageResult
		took time.Duration
	}{
		{"stopped, and told", func(p *pageTrial) { p.tell(stop(p)) }, 1500 * time.Millisecond, cut, 2 * time.Second},
		{"stopped, the batches tell", func(p *pageTrial) { stop(p) }, 1500 * time.Millisecond, cut, 2 * time.Second},
		{"deleted, the batches tell", func(p *pageTrial) { stop(p); p.row.must(control{action: models.ActionDelete}) }, 1500 * time.Millisecond, cut, 2 * time.Second},
		{"cancelled", func(p *pageTrial) { p.env.CancelWorkflow() }, 1500 * time.Millisecond, cut, 1500 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPageTrial(t, 50)
			p.at(tt.at, func() { tt.end(p) })
			got, took := p.run()
			expectPage(t, got, tt.want)
			if took != tt.took || p.row.held > 2 {
				t.Errorf("took %v with %d batches held, want %v and at most 2", took, p.row.held, tt.took)
			}
		})
	}
	for name, end := range map[string]func(p *pageTrial){
		"stopped while it holds":   func(p *pageTrial) { p.tell(stop(p)) },
		"cancelled while it holds": func(p *pageTrial) { p.env.CancelWorkflow() },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPageTrial(t, 50)
			p.at(1500*time.Millisecond, func() { p.tell(p.row.must(control{action: models.ActionPause})) })
			p.at(time.Hour, func() { end(p) })
			got, took := p.run()
			expectPage(t, got, cut)
			if took != time.Hour {
				t.Errorf("took %v", took)
			}
		})
	}
}

// The other batches of a page are sent, and its result says what was wrong with the one.
func TestPageWithAFailingBatch(t *testing.T) {
	p := newPageTrial(t, 5)
	p.row.work = func(in workflows.BatchInput) error {
		if in.After == "user-00003" {
			return temporal.NewNonRetryableApplicationError("the template does not compile", workflows.ErrorCampaignConfig, errors.New("line 3"))
		}
		return nil
	}
	got, _ := p.run()
	if !strings.Contains(got.Failure, "batch 3") || !strings.Contains(got.Failure, "the template does not compile") {
		t.Errorf("failure is %q", got.Failure)
	}
	got.Failure = ""
	expectPage(t, got, workflows.PageResult{Batches: 4, Counts: models.Counts{Sent: 8}})
}

func TestBatchesOfAPageCarryItsRanges(t *testing.T) {
	p := newPageTrial(t, 3)
	p.in.Page.Source, p.in.Page.After, p.in.CommitSize = 0, "user-00000", 7
	var got []workflows.BatchInput
	p.row.work = func(in workflows.BatchInput) error {
		p.row.mu.Lock()
		defer p.row.mu.Unlock()
		got = append(got, in)
		return nil
	}
	p.run()
	slices.SortFunc(got, func(a, b workflows.BatchInput) int { return strings.Compare(a.After, b.After) })
	want := []workflows.BatchInput{
		{Ref: ref, After: "user-00000", Through: "user-00001", Size: 7},
		{Ref: ref, After: "user-00001", Through: "user-00003", Size: 7},
		{Ref: ref, After: "user-00003", Through: "user-00005", Size: 7},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
