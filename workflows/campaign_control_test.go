package workflows_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/workflows"
)

// steer is a way in which a campaign is controlled.
type steer func(tr *trial, ctl control)

func byAPI(tr *trial, ctl control) { tr.api(ctl) }

func bareEmpty(tr *trial, ctl control) { tr.signal(signalNames[ctl.action], nil) }

func bareBody(tr *trial, ctl control) {
	tr.signal(signalNames[ctl.action], map[string]any{"reason": ctl.cause.Reason, "by": "support", "ticket": 4711})
}

// lost is a control whose signal does not arrive.
func lost(tr *trial, ctl control) { tr.row.must(ctl) }

// late is a control whose signal arrives after the batches met the closed fence.
func late(tr *trial, ctl control) {
	state := tr.row.must(ctl)
	tr.env.RegisterDelayedCallback(func() {
		tr.signal(signalNames[ctl.action], workflows.ControlSignal{State: &state})
	}, 5*time.Second)
}

var steers = map[string]steer{"by API": byAPI, "bare, empty": bareEmpty, "bare, with a body": bareBody}

func TestPauseAndResumeWhileSending(t *testing.T) {
	ways := map[string]steer{"pause arrives late": late, "pause is lost": lost}
	for name, way := range steers {
		ways[name] = way
	}
	for name, pause := range ways {
		t.Run(name, func(t *testing.T) {
			resume := pause
			if _, reliable := steers[name]; !reliable {
				resume = byAPI
			}
			tr := newTrial(t, newRow(people(130)))
			tr.row.startAt(nil, nil)
			var paused, later models.State
			var sent, stillSent, flying int
			tr.at(1500*time.Millisecond, func() { pause(tr, control{action: models.ActionPause, cause: why("typo")}) })
			tr.at(1900*time.Millisecond, func() { paused, sent, flying = tr.row.snapshot(), tr.row.sent(), len(tr.inFlight) })
			tr.at(day, func() {
				later, stillSent = tr.row.snapshot(), tr.row.sent()
				resume(tr, control{action: models.ActionResume})
			})
			got := tr.run()
			if want := (workflows.CampaignResult{Status: models.StatusCompleted, Pages: 33, Counts: models.Counts{Sent: 130}}); got != want {
				t.Error(cmp.Diff(want, got))
			}
			if sent != 40 || stillSent != 40 || flying != window {
				t.Errorf("%d sent in %d pages when paused, %d a day later; want 40 in %d, and 40", sent, flying, stillSent, window)
			}
			if tr.row.held == 0 {
				t.Error("no batch met the fence: the test paused too early or too late")
			}
			if paused.Hold != models.HoldPaused || !cmp.Equal(paused, later) {
				t.Errorf("paused: %+v, a day later %+v", paused, later)
			}
			wantReason, wantBy := "typo", "ann"
			switch name {
			case "bare, empty":
				wantReason, wantBy = "", ""
			case "bare, with a body":
				wantBy = "support"
			}
			if paused.HoldReason != wantReason || paused.HeldBy != wantBy {
				t.Errorf("paused for %q by %q, want %q by %q", paused.HoldReason, paused.HeldBy, wantReason, wantBy)
			}
			if hold := tr.shown["CampaignHold"]; hold != "none" && name != "pause is lost" { // which only the pages met
				t.Errorf("CampaignHold is %v at the end", hold)
			}
			if want := models.StatusCompleted; tr.shown["CampaignStatus"] != string(want) {
				t.Errorf("CampaignStatus is %v", tr.shown["CampaignStatus"])
			}
		})
	}
}

// A pause at the end leaves nothing to send, yet the campaign stays in progress until it is resumed.
func TestPauseAfterTheLastBatch(t *testing.T) {
	for name, way := range steers {
		t.Run(name, func(t *testing.T) {
			tr := newTrial(t, newRow(people(4)))
			tr.row.startAt(nil, nil)
			tr.row.work = func(workflows.BatchInput) error { return nil }
			tr.at(999*time.Millisecond, func() {
				// The batches are on their way and commit before the pause does.
				tr.env.RegisterDelayedCallback(func() { way(tr, control{action: models.ActionPause}) }, time.Millisecond)
			})
			tr.at(day, func() { way(tr, control{action: models.ActionResume}) })
			if got := tr.run(); got.Counts.Sent != 4 {
				t.Errorf("%d were sent", got.Counts.Sent)
			}
		})
	}
}

func TestStop(t *testing.T) {
	const asleep, sending = time.Hour, day + 1500*time.Millisecond
	cancel := func(tr *trial, _ control) { tr.env.CancelWorkflow() }
	ways := map[string]steer{"by API": byAPI, "bare, empty": bareEmpty, "bare, with a body": bareBody, "cancel request": cancel}
	for name, stop := range ways {
		t.Run(name, func(t *testing.T) {
			for _, tt := range []struct {
				name     string
				at       time.Duration
				paused   bool
				wantSent int64
			}{
				{"asleep", asleep, false, 0},
				{"asleep, paused", asleep, true, 0},
				{"sending", sending, false, 40},
				{"paused while sending", sending, true, 40},
			} {
				t.Run(tt.name, func(t *testing.T) {
					tr := newTrial(t, newRow(people(200)))
					tr.row.perPage = 3 // two in the first second, so no page is done
					tr.row.startAt(in(day), in(50*day))
					at := tt.at
					if tt.paused {
						tr.at(at, func() { tr.api(control{action: models.ActionPause}) })
						at += time.Minute
					}
					tr.at(at, func() { stop(tr, control{action: models.ActionStop}) })
					got := tr.run()
					if want := (workflows.CampaignResult{Status: models.StatusStopped, Counts: models.Counts{Sent: tt.wantSent}}); got != want {
						t.Error(cmp.Diff(want, got))
					}
					expectEnded(t, tr.row, models.StatusStopped, at)
					if tr.shown["CampaignStatus"] != "stopped" || tr.shown["CampaignHold"] != "stopped" {
						t.Errorf("CampaignStatus is %v, CampaignHold %v", tr.shown["CampaignStatus"], tr.shown["CampaignHold"])
					}
				})
			}
		})
	}
}

// A batch that waits for its next attempt does not hold up the end of a stopped campaign.
func TestStopWhileABatchIsRetried(t *testing.T) {
	tr := newTrial(t, newRow(people(2)))
	tr.row.startAt(nil, nil)
	tr.row.work = func(workflows.BatchInput) error { return errors.New("connection refused") }
	const stopped = 40 * time.Second // the attempts are some half a minute apart
	tr.at(stopped, func() { tr.api(control{action: models.ActionStop}) })
	tr.run()
	if took := tr.env.Now().Sub(morning); took != stopped {
		t.Errorf("ended %v after the stop", took-stopped)
	}
}

// A stop of which only the fence tells: the batches meet it, and the campaign finds out from its row.
func TestStopWithoutItsSignal(t *testing.T) {
	tr := newTrial(t, newRow(people(2000)))
	tr.row.perPage = 3
	tr.row.startAt(nil, nil)
	tr.at(1500*time.Millisecond, func() { tr.row.must(control{action: models.ActionStop}) })
	got := tr.run()
	if want := (workflows.CampaignResult{Status: models.StatusStopped, Counts: models.Counts{Sent: 40}}); got != want {
		t.Error(cmp.Diff(want, got))
	}
	if len(tr.pages) > 2*window {
		t.Errorf("%d pages were begun after the stop", len(tr.pages)-window)
	}
}

func TestDeleteWhileAsleep(t *testing.T) {
	for name, way := range map[string]steer{"told": byAPI, "not told": lost} {
		t.Run(name, func(t *testing.T) {
			tr := newTrial(t, newRow(people(5)))
			tr.row.startAt(in(day), nil)
			tr.at(time.Hour, func() { way(tr, control{action: models.ActionDelete}) })
			if got := tr.run(); got.Counts != (models.Counts{}) || len(tr.pages) > 0 {
				t.Errorf("a deleted campaign sent %+v in pages %v", got, tr.pages)
			}
		})
	}
}

func TestDeleteWhileSending(t *testing.T) {
	tr := newTrial(t, newRow(people(200)))
	tr.row.startAt(nil, nil)
	tr.at(1500*time.Millisecond, func() {
		tr.row.must(control{action: models.ActionStop}) // neither signal arrives
		tr.row.must(control{action: models.ActionDelete})
	})
	if got := tr.run(); got.Counts.Sent != 40 {
		t.Errorf("a deleted campaign sent %+v", got)
	}
	if tr.row.held > 2*2*window {
		t.Errorf("%d batches ran for nothing", tr.row.held)
	}
}

func TestBareSignalsThatChangeNothing(t *testing.T) {
	tr := newTrial(t, newRow(people(25)))
	tr.row.startAt(in(day), nil)
	var asked []models.Action
	tr.at(time.Hour, func() { tr.signal(workflows.SignalResume, nil) })
	tr.at(2*time.Hour, func() { tr.signal(workflows.SignalStop, "not a body at all") }) // the SDK drops it
	tr.at(day+500*time.Millisecond, func() {
		tr.signal(workflows.SignalReschedule, workflows.ControlSignal{ScheduledFor: in(9 * day)})
	})
	tr.at(day+600*time.Millisecond, func() { asked = slices.Clone(tr.row.asked) })
	if got := tr.run(); got.Counts.Sent != 25 {
		t.Errorf("%d were sent", got.Counts.Sent)
	}
	if want := []models.Action{models.ActionResume, models.ActionSchedule}; !slices.Equal(asked, want) {
		t.Errorf("asked for %v, want %v", asked, want)
	}
	if tr.row.state.ControlSeq != 1 {
		t.Errorf("control_seq is %d", tr.row.state.ControlSeq)
	}
	expectBegun(t, tr.row, day)
}

func TestBareRescheduleAsksForAStartOrASchedule(t *testing.T) {
	tr := newTrial(t, newRow(people(2)))
	tr.row.startAt(in(9*day), nil)
	tr.at(2*day, func() { tr.signal(workflows.SignalReschedule, workflows.ControlSignal{ScheduledFor: in(3 * day)}) })
	tr.at(2*day+time.Hour, func() { tr.signal(workflows.SignalReschedule, workflows.ControlSignal{ScheduledFor: in(day)}) })
	tr.run()
	if want := []models.Action{models.ActionSchedule, models.ActionStart}; !slices.Equal(tr.row.asked, want) {
		t.Errorf("asked for %v, want %v", tr.row.asked, want)
	}
}

func TestDuplicateAndOldSignals(t *testing.T) {
	tr := newTrial(t, newRow(people(200)))
	start := tr.row.startAt(nil, nil)
	tr.at(1500*time.Millisecond, func() {
		pause := tr.row.must(control{action: models.ActionPause})
		resume := tr.row.must(control{action: models.ActionResume})
		again := tr.row.must(control{action: models.ActionPause, cause: why("again")})
		// The newest first, then everything twice and in the wrong order.
		for _, state := range []models.State{again, resume, pause, start, resume, again, pause, resume} {
			tr.signal(workflows.SignalResume, workflows.ControlSignal{State: &state})
		}
	})
	var p workflows.Progress
	var sent int
	tr.at(time.Hour, func() { p, sent = tr.progress(), tr.row.sent() })
	tr.at(2*time.Hour, func() { tr.api(control{action: models.ActionResume}) })
	if got := tr.run(); got.Status != models.StatusCompleted {
		t.Errorf("ended as %s", got.Status)
	}
	if p.Phase != workflows.PhasePaused || p.ControlSeq != 4 || sent != 40 {
		t.Errorf("after old signals: %d sent, %+v", sent, p)
	}
}

// A control that is committed while the last step runs wins: the step is refused and the row's answer is adopted.
func TestCompleteRaces(t *testing.T) {
	tests := []struct {
		action models.Action
		want   models.Status
		at     time.Duration
	}{
		{models.ActionPause, models.StatusCompleted, day},
		{models.ActionStop, models.StatusStopped, time.Second},
	}
	for _, tt := range tests {
		t.Run(string(tt.action), func(t *testing.T) {
			tr := newTrial(t, newRow(people(2)))
			tr.row.startAt(nil, nil)
			raced := false
			tr.row.lastStep = func() {
				if !raced {
					tr.row.must(control{action: tt.action}) // its signal is lost
				}
				raced = true
			}
			tr.at(day, func() {
				if tt.action == models.ActionPause {
					tr.api(control{action: models.ActionResume})
				}
			})
			if got := tr.run(); got.Status != tt.want || got.Counts.Sent != 2 {
				t.Errorf("ended as %+v", got)
			}
			expectEnded(t, tr.row, tt.want, tt.at)
		})
	}
}

func TestControlsAreAcknowledged(t *testing.T) {
	tr := newTrial(t, newRow(people(25)))
	tr.row.startAt(in(day), nil)
	var acked []int64
	look := func() {
		tr.row.mu.Lock()
		defer tr.row.mu.Unlock()
		acked = append(acked, tr.row.acked)
	}
	tr.at(time.Minute, look)
	tr.at(time.Hour, func() { tr.api(control{action: models.ActionPause}) })
	tr.at(2*time.Hour, look)
	tr.at(3*time.Hour, func() { tr.signal(workflows.SignalResume, nil) })
	tr.at(4*time.Hour, look)
	tr.at(day+500*time.Millisecond, func() { tr.signal(workflows.SignalStop, nil) })
	tr.run()
	look()
	if want := []int64{1, 2, 3, 4}; !slices.Equal(acked, want) {
		t.Errorf("acknowledged %v, want %v", acked, want)
	}
}
