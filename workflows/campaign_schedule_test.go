package workflows_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/workflows"
)

func TestImmediateStart(t *testing.T) {
	tr := newTrial(t, newRow(people(25)))
	tr.row.startAt(nil, nil)
	got := tr.run()
	want := workflows.CampaignResult{Status: models.StatusCompleted, Pages: 7, Counts: models.Counts{Sent: 25}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	expectBegun(t, tr.row, 0)
	if want := map[string]any{"CampaignStatus": "completed", "CampaignRecipients": int64(25)}; !cmp.Equal(want, tr.shown) {
		t.Error(cmp.Diff(want, tr.shown))
	}
}

func TestEmptyAudienceCompletesWithZero(t *testing.T) {
	for name, r := range map[string]*row{"one source": newRow(nil), "several": newRow(nil, nil, nil)} {
		t.Run(name, func(t *testing.T) {
			tr := newTrial(t, r)
			r.startAt(nil, nil)
			if diff := cmp.Diff(workflows.CampaignResult{Status: models.StatusCompleted}, tr.run()); diff != "" {
				t.Error(diff)
			}
			expectBegun(t, r, 0)
		})
	}
}

// Each case schedules a campaign for 30 days after its start call, at which its workflow starts.
func TestScheduledStart(t *testing.T) {
	const due = 30 * day
	bare := func(at time.Duration) workflows.ControlSignal { return workflows.ControlSignal{ScheduledFor: in(at)} }
	tests := []struct {
		name   string
		script func(tr *trial)
		want   time.Duration // when it begins
	}{
		{"weeks ahead", func(*trial) {}, due},
		{"earlier", func(tr *trial) {
			tr.at(day, func() { tr.api(control{action: models.ActionSchedule, scheduledFor: in(3 * day)}) })
		}, 3 * day},
		{"later", func(tr *trial) {
			tr.at(day, func() { tr.api(control{action: models.ActionSchedule, scheduledFor: in(60 * day)}) })
		}, 60 * day},
		{"later, then earlier", func(tr *trial) {
			tr.at(day, func() { tr.api(control{action: models.ActionSchedule, scheduledFor: in(60 * day)}) })
			tr.at(40*day, func() { tr.api(control{action: models.ActionSchedule, scheduledFor: in(50 * day)}) })
		}, 50 * day},
		{"now", func(tr *trial) {
			tr.at(day, func() { tr.api(control{action: models.ActionStart}) })
		}, day},
		{"earlier, bare", func(tr *trial) {
			tr.at(day, func() { tr.signal(workflows.SignalReschedule, bare(3*day)) })
		}, 3 * day},
		{"later, bare", func(tr *trial) {
			tr.at(day, func() { tr.signal(workflows.SignalReschedule, bare(60*day)) })
		}, 60 * day},
		{"now, bare", func(tr *trial) {
			tr.at(day, func() { tr.signal(workflows.SignalReschedule, nil) })
		}, day},
		{"to a time that has passed, bare", func(tr *trial) {
			tr.at(5*day, func() { tr.signal(workflows.SignalReschedule, bare(2*day)) })
		}, 5 * day},
		{"rescheduled, the signal lost: the row refuses the begin and says when", func(tr *trial) {
			tr.at(day, func() { tr.row.must(control{action: models.ActionSchedule, scheduledFor: in(60 * day)}) })
		}, 60 * day},
		{"paused and resumed before its time", func(tr *trial) {
			tr.at(day, func() { tr.api(control{action: models.ActionPause}) })
			tr.at(2*day, func() { tr.api(control{action: models.ActionResume}) })
		}, due},
		{"paused past its time", func(tr *trial) {
			tr.at(day, func() { tr.api(control{action: models.ActionPause}) })
			tr.at(45*day, func() { tr.api(control{action: models.ActionResume}) })
		}, 45 * day},
		{"paused and resumed, bare", func(tr *trial) {
			tr.at(day, func() { tr.signal(workflows.SignalPause, nil) })
			tr.at(45*day, func() { tr.signal(workflows.SignalResume, nil) })
		}, 45 * day},
		{"rescheduled while paused", func(tr *trial) {
			tr.at(day, func() { tr.api(control{action: models.ActionPause}) })
			tr.at(2*day, func() { tr.api(control{action: models.ActionSchedule, scheduledFor: in(10 * day)}) })
			tr.at(20*day, func() { tr.api(control{action: models.ActionResume}) })
		}, 20 * day},
		{"rescheduled beyond the resume while paused", func(tr *trial) {
			tr.at(day, func() { tr.api(control{action: models.ActionPause}) })
			tr.at(2*day, func() { tr.api(control{action: models.ActionSchedule, scheduledFor: in(50 * day)}) })
			tr.at(20*day, func() { tr.api(control{action: models.ActionResume}) })
		}, 50 * day},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := newTrial(t, newRow(people(5)))
			tr.row.startAt(in(due), nil)
			tt.script(tr)
			got := tr.run()
			if want := (workflows.CampaignResult{Status: models.StatusCompleted, Pages: 2, Counts: models.Counts{Sent: 5}}); got != want {
				t.Error(cmp.Diff(want, got))
			}
			expectBegun(t, tr.row, tt.want)
		})
	}
}

// expectBegun checks when a campaign began; the times are since its workflow started.
func expectBegun(t *testing.T, r *row, want ...time.Duration) {
	t.Helper()
	var got []time.Duration
	for _, at := range r.began {
		got = append(got, at.Sub(morning))
	}
	if !slices.Equal(got, want) {
		t.Errorf("begun at %v, want %v", got, want)
	}
}

func expectEnded(t *testing.T, r *row, status models.Status, at time.Duration) {
	t.Helper()
	if got := r.ended.Sub(morning); r.state.Status != status || got != at {
		t.Errorf("%s at %v, want %s at %v", r.state.Status, got, status, at)
	}
}

func TestStartTimeInTheWebUIFollowsReschedules(t *testing.T) {
	tr := newTrial(t, newRow(people(1)))
	tr.row.startAt(in(30*day), nil)
	tr.at(day, func() { tr.api(control{action: models.ActionSchedule, scheduledFor: in(3 * day)}) })
	var asleep any
	tr.at(2*day, func() { asleep = tr.shown["CampaignScheduledFor"] })
	tr.run()
	if got, ok := asleep.(time.Time); !ok || !got.Equal(*in(3 * day)) {
		t.Errorf("CampaignScheduledFor is %v after a reschedule to %v", asleep, *in(3 * day))
	}
}

func TestAutoStop(t *testing.T) {
	tests := []struct {
		name         string
		scheduledFor *time.Time
		stopAt       time.Duration
		script       func(tr *trial)
		wantSent     int
	}{
		{"asleep and paused", in(2 * day), 3 * day, func(tr *trial) {
			tr.at(day, func() { tr.api(control{action: models.ActionPause}) })
		}, 0},
		// A batch of the ten pages in flight ends each second, two at once in each page, two recipients a batch.
		{"sending", nil, 1500 * time.Millisecond, func(*trial) {}, 40},
		{"sending, after a sleep", in(day), day + 1500*time.Millisecond, func(*trial) {}, 40},
		{"paused while sending", nil, day, func(tr *trial) {
			tr.at(1500*time.Millisecond, func() { tr.api(control{action: models.ActionPause}) })
		}, 40},
		{"moved earlier by a reschedule", in(2 * day), day, func(tr *trial) {
			tr.at(time.Hour, func() {
				tr.api(control{action: models.ActionSchedule, scheduledFor: in(3 * day), stopAt: in(day)})
			})
			tr.at(2*time.Hour, func() { tr.api(control{action: models.ActionPause}) })
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := newTrial(t, newRow(people(200)))
			tr.row.startAt(tt.scheduledFor, in(tt.stopAt))
			tt.script(tr)
			if got := tr.run(); got.Counts.Sent != int64(tt.wantSent) {
				t.Errorf("%d were sent, want %d", got.Counts.Sent, tt.wantSent)
			}
			expectEnded(t, tr.row, models.StatusStopped, tt.stopAt)
		})
	}
}

func TestDeadlineMovesWithTheCampaign(t *testing.T) {
	tests := []struct {
		name   string
		script func(tr *trial)
	}{
		{"taken away", func(tr *trial) {
			tr.at(time.Hour, func() { tr.api(control{action: models.ActionSchedule, scheduledFor: in(3 * day)}) })
		}},
		{"moved later", func(tr *trial) {
			tr.at(time.Hour, func() {
				tr.api(control{action: models.ActionSchedule, scheduledFor: in(3 * day), stopAt: in(9 * day)})
			})
		}},
		{"moved later, the signal lost: the row refuses the stop", func(tr *trial) {
			tr.at(time.Hour, func() {
				tr.row.must(control{action: models.ActionSchedule, scheduledFor: in(3 * day), stopAt: in(9 * day)})
			})
		}},
		{"moved later, bare", func(tr *trial) {
			tr.at(time.Hour, func() {
				tr.signal(workflows.SignalReschedule, workflows.ControlSignal{ScheduledFor: in(3 * day), StopAt: in(9 * day)})
			})
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tr := newTrial(t, newRow(people(5)))
			tr.row.startAt(in(5*day), in(2*day))
			tt.script(tr)
			tr.run()
			expectBegun(t, tr.row, 3*day)
			expectEnded(t, tr.row, models.StatusCompleted, 3*day+time.Second)
		})
	}
}

// A deadline that passes as another control is committed still stops the campaign: the row is asked again.
func TestDeadlineBesideAnotherControl(t *testing.T) {
	tr := newTrial(t, newRow(people(5)))
	tr.row.startAt(in(5*day), in(2*day))
	tr.at(day, func() { tr.row.must(control{action: models.ActionPause}) }) // its signal is lost
	tr.run()
	expectEnded(t, tr.row, models.StatusStopped, 2*day)
	if want := []models.Action{models.ActionExpire, models.ActionExpire}; !slices.Equal(tr.row.asked, want) {
		t.Errorf("asked for %v, want %v", tr.row.asked, want)
	}
}
