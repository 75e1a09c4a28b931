package workflows_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/temporal"

	"herald/models"
	"herald/workflows"
)

// A campaign of one page sends it itself, and holds and ends as any other. Its six batches take a second each, two at once.
func TestCampaignOfOnePage(t *testing.T) {
	const midway = 1500 * time.Millisecond
	broken := temporal.NewNonRetryableApplicationError("the template does not compile", workflows.ErrorCampaignConfig, nil)
	resumed := func(tr *trial) { tr.at(day, func() { tr.api(control{action: models.ActionResume}) }) }
	tests := []struct {
		name       string
		script     func(tr *trial)
		wantMidway int // sent an hour after the script began
		wantStatus models.Status
		wantSent   int64
		wantEnd    time.Duration
	}{
		{"undisturbed", func(*trial) {}, 12, models.StatusCompleted, 12, 3 * time.Second},
		{"paused by API", func(tr *trial) {
			tr.at(midway, func() { tr.api(control{action: models.ActionPause}) })
			resumed(tr)
		}, 4, models.StatusCompleted, 12, day + 2*time.Second},
		{"paused, bare", func(tr *trial) {
			tr.at(midway, func() { tr.signal(workflows.SignalPause, nil) })
			tr.at(day, func() { tr.signal(workflows.SignalResume, nil) })
		}, 4, models.StatusCompleted, 12, day + 2*time.Second},
		{"paused, of which only the fence tells", func(tr *trial) {
			tr.at(midway, func() { tr.row.must(control{action: models.ActionPause}) })
			resumed(tr)
		}, 4, models.StatusCompleted, 12, day + 2*time.Second},
		{"paused and resumed before a batch met the fence", func(tr *trial) {
			tr.at(midway, func() { tr.api(control{action: models.ActionPause}) })
			tr.at(midway+time.Millisecond, func() { tr.api(control{action: models.ActionResume}) })
		}, 12, models.StatusCompleted, 12, 3 * time.Second},
		{"stopped by API", func(tr *trial) {
			tr.at(midway, func() { tr.api(control{action: models.ActionStop}) })
		}, 4, models.StatusStopped, 4, midway},
		{"stopped, of which only the fence tells", func(tr *trial) {
			tr.at(midway, func() { tr.row.must(control{action: models.ActionStop}) })
		}, 4, models.StatusStopped, 4, midway},
		{"cancelled", func(tr *trial) {
			tr.at(midway, func() { tr.env.CancelWorkflow() })
		}, 4, models.StatusStopped, 4, midway},
		{"a batch fails for good", func(tr *trial) {
			tr.row.work = func(in workflows.BatchInput) error {
				if in.After == "user-00007" {
					return broken
				}
				return nil
			}
			tr.at(time.Hour+time.Minute, func() { tr.row.work = nil })
			resumed(tr)
		}, 10, models.StatusCompleted, 12, day + 3*time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := newRow(people(12))
			r.perPage = 6
			tr := newTrial(t, r)
			tr.repeats = true
			r.startAt(nil, nil)
			var sent int
			tr.at(time.Hour, func() { sent = r.sent() })
			tt.script(tr)
			got := tr.run()
			if got.Status != tt.wantStatus || got.Counts.Sent != tt.wantSent {
				t.Errorf("ended as %+v, want %s and %d sent", got, tt.wantStatus, tt.wantSent)
			}
			if tr.row.ended.Sub(morning) > time.Hour && sent != tt.wantMidway {
				t.Errorf("%d were sent after an hour, want %d", sent, tt.wantMidway)
			}
			expectEnded(t, r, tt.wantStatus, tt.wantEnd)
			if len(tr.pages) > 0 {
				t.Errorf("it began the pages %v", tr.pages)
			}
		})
	}
}

// What the campaign shows of its only page is what it shows of any.
func TestProgressOfOnePage(t *testing.T) {
	tr := newTrial(t, newRow(people(4)))
	tr.row.startAt(nil, nil)
	var got workflows.Progress
	tr.at(500*time.Millisecond, func() { got = tr.progress() })
	if res := tr.run(); res.Pages != 1 {
		t.Errorf("ended as %+v", res)
	}
	want := workflows.Progress{
		Phase: workflows.PhaseSending, Status: models.StatusInProgress, Hold: models.HoldNone, RecipientsTotal: 4, PagesPlanned: 1, PagesInFlight: 1, ControlSeq: 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What most campaigns are costs no more than it has to: one activity to begin, one batch, and no plan of its own.
func TestStepsOfASmallCampaign(t *testing.T) {
	tr := newTrial(t, newRow(people(2)))
	tr.row.startAt(in(day), nil)
	tr.run()
	want := map[string]int{
		workflows.ActivityAcknowledge: 1, workflows.ActivityBegin: 1, workflows.ActivitySendBatch: 1, workflows.ActivityComplete: 1,
	}
	if diff := cmp.Diff(want, tr.row.steps); diff != "" {
		t.Errorf("activities (-want +got):\n%s", diff)
	}
}
