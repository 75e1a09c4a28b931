package workflows_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"herald/models"
	"herald/workflows"
)

func TestWindowOfPages(t *testing.T) {
	tr := newTrial(t, newRow(people(4*25)))
	tr.row.startAt(nil, nil)
	if got := tr.run(); got.Pages != 25 {
		t.Errorf("%d pages", got.Pages)
	}
	if tr.most != window {
		t.Errorf("at most %d pages were in flight, want %d", tr.most, window)
	}
	expectEnded(t, tr.row, models.StatusCompleted, 3*time.Second) // 25 pages of a second, ten at once
}

// The plan says in which slots the batches of a campaign are sent. One that waits for its pace most of the time takes
// one slot, of those for its like.
func TestQueueOfBatches(t *testing.T) {
	for _, tt := range []struct {
		planned, queue string
		pages          int // in flight
	}{
		{"", workflows.QueueSend, window}, // planned before there were several
		{workflows.QueueSend, workflows.QueueSend, window},
		{workflows.QueueSmall, workflows.QueueSmall, window},
		{workflows.QueuePaced, workflows.QueuePaced, 1},
	} {
		tr := newTrial(t, newRow(people(4*25)))
		tr.row.queue = tt.planned
		tr.row.startAt(nil, nil)
		var flying, most int
		queues := map[string]bool{}
		tr.prepare = func(env *testsuite.TestWorkflowEnvironment) {
			env.SetOnActivityStartedListener(func(info *activity.Info, _ context.Context, _ converter.EncodedValues) {
				if info.ActivityType.Name == workflows.ActivitySendBatch {
					queues[info.TaskQueue] = true
					flying++
					most = max(most, flying)
				}
			})
			env.SetOnActivityCompletedListener(func(info *activity.Info, _ converter.EncodedValue, _ error) {
				if info.ActivityType.Name == workflows.ActivitySendBatch {
					flying--
				}
			})
		}
		if got := tr.run(); got.Counts.Sent != 100 {
			t.Errorf("%d were sent", got.Counts.Sent)
		}
		if tr.most != tt.pages || (most == 1) != (tt.pages == 1) {
			t.Errorf("queue %q: at most %d pages and %d batches were in flight", tt.planned, tr.most, most)
		}
		if !queues[tt.queue] || len(queues) != 1 {
			t.Errorf("queue %q: batches went to %v", tt.planned, queues)
		}
	}
}

func TestSeveralSegments(t *testing.T) {
	all := people(100)
	tests := []struct {
		name    string
		sources [][]string
		want    []int // messages by source
	}{
		{"apart", [][]string{all[:40], all[40:50], all[50:]}, []int{40, 10, 50}},
		{"overlapping", [][]string{all[:60], all[40:80], all[70:]}, []int{60, 20, 20}},
		{"the same twice", [][]string{all, all}, []int{100, 0}},
		{"some empty", [][]string{nil, all[:30], nil, all[30:], nil}, []int{0, 30, 0, 70, 0}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := newTrial(t, newRow(tt.sources...))
			tr.row.startAt(nil, nil)
			if got := tr.run(); got.Counts.Sent != 100 || got.Status != models.StatusCompleted {
				t.Errorf("ended as %+v", got)
			}
			got := make([]int, len(tt.sources))
			for _, source := range tr.row.messages {
				got[source]++
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("messages by source: %v, want %v", got, tt.want)
			}
			if !slices.IsSortedFunc(tr.row.commits, func(a, b commit) int { return a.source - b.source }) {
				t.Error("the sources were not sent in their order")
			}
		})
	}
}

// A page that is not through pauses the campaign. Nothing starts meanwhile, and a resume sends the page again.
func TestPageThatIsNotThrough(t *testing.T) {
	broken := temporal.NewNonRetryableApplicationError("the template does not compile", workflows.ErrorCampaignConfig, nil)
	tests := []struct {
		name  string
		spoil func(tr *trial) // until it is mended
		mend  func(tr *trial)
		want  int // batches sent before the resume
	}{
		{
			"a batch fails for good",
			func(tr *trial) {
				tr.row.work = func(in workflows.BatchInput) error {
					if in.After == "user-00009" {
						return broken
					}
					return nil
				}
			},
			func(tr *trial) { tr.row.work = nil }, 19,
		},
		{
			"a page terminated",
			func(tr *trial) {
				tr.pageFault = func(number int) error {
					if number == 3 {
						return errors.New("terminated")
					}
					return nil
				}
			},
			func(*trial) {}, 0, // the pause comes before the first batch ends
		},
		{
			"a page cancelled by hand",
			func(tr *trial) {
				tr.at(500*time.Millisecond, func() {
					tr.env.CancelWorkflowByID(workflows.PageWorkflowID(appPK, campaignID, 3), "")
				})
			},
			func(*trial) {}, 0,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := newTrial(t, newRow(people(84)))
			tr.repeats = true
			tr.row.startAt(nil, nil)
			tt.spoil(tr)
			var held models.State
			var commits, begun int
			var p workflows.Progress
			tr.at(time.Hour, func() {
				held, commits, begun, p = tr.row.snapshot(), len(tr.row.commits), tr.begun["user-00007"], tr.progress()
				tt.mend(tr)
				tr.api(control{action: models.ActionResume})
			})
			got := tr.run()
			if want := (workflows.CampaignResult{Status: models.StatusCompleted, Pages: 21, Counts: models.Counts{Sent: 84}}); got != want {
				t.Error(cmp.Diff(want, got))
			}
			if held.Hold != models.HoldPaused || held.HoldReason != models.ReasonDeliveryFailed || p.Phase != workflows.PhasePaused {
				t.Errorf("the page left the campaign as %+v, phase %s", held, p.Phase)
			}
			if commits != tt.want {
				t.Errorf("%d batches were sent before the resume, want %d", commits, tt.want)
			}
			if begun != 1 || tr.begun["user-00007"] != 2 {
				t.Errorf("the page began %d times before the resume and %d in all, want 1 and 2", begun, tr.begun["user-00007"])
			}
			if len(tr.pages) != 22 {
				t.Errorf("%d pages began, want 21 and one again", len(tr.pages))
			}
		})
	}
}

// What is left of a segment comes before the next one.
func TestPageThatIsNotThroughComesFirst(t *testing.T) {
	all := people(40)
	tr := newTrial(t, newRow(all[:20], all[20:]))
	tr.repeats = true
	tr.row.startAt(nil, nil)
	tr.pageFault = func(number int) error {
		if number == 5 {
			return errors.New("terminated")
		}
		return nil
	}
	tr.at(time.Hour, func() { tr.api(control{action: models.ActionResume}) })
	if got := tr.run(); got.Pages != 10 {
		t.Errorf("ended as %+v", got)
	}
	if !slices.IsSortedFunc(tr.row.commits, func(a, b commit) int { return a.source - b.source }) {
		t.Errorf("the segments were not sent in their order: %+v", tr.row.commits)
	}
}

// A batch that fails now and then is the activity's own affair.
func TestBatchIsRetried(t *testing.T) {
	tr := newTrial(t, newRow(people(25)))
	tr.row.startAt(nil, nil)
	var attempts atomic.Int64
	tr.row.work = func(in workflows.BatchInput) error {
		if in.After == "" && attempts.Add(1) < 5 {
			return errors.New("connection reset")
		}
		return nil
	}
	if got := tr.run(); got.Counts.Sent != 25 || tr.row.state.ControlSeq != 1 {
		t.Errorf("ended as %+v, control_seq %d", got, tr.row.state.ControlSeq)
	}
	if n := attempts.Load(); n != 5 {
		t.Errorf("%d attempts", n)
	}
}
