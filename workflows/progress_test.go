package workflows_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/sdk/v1"
	"go.temporal.io/sdk/workflow"

	"herald/models"
	"herald/workflows"
)

func TestProgressQuery(t *testing.T) {
	tr := newTrial(t, newRow(people(100)))
	tr.row.startAt(in(day), nil)
	// Stopped pages take their time to end, so that there is something to see.
	tr.pageEnd = func(ctx workflow.Context, _ int) {
		if tr.row.snapshot().Ended() {
			sleep(ctx, time.Minute)
		}
	}
	type seen struct {
		When     string
		Progress workflows.Progress
	}
	var got []seen
	look := func(when string) { got = append(got, seen{when, tr.progress()}) }
	tr.at(time.Hour, func() { look("asleep") })
	tr.at(2*time.Hour, func() { tr.api(control{action: models.ActionPause, cause: why("typo")}) })
	tr.at(3*time.Hour, func() { look("paused asleep") })
	tr.at(4*time.Hour, func() { tr.api(control{action: models.ActionResume}) })
	tr.at(day+1500*time.Millisecond, func() { look("sending") })
	tr.at(day+1600*time.Millisecond, func() { tr.api(control{action: models.ActionPause}) })
	tr.at(2*day, func() { look("paused") })
	tr.at(3*day, func() { tr.api(control{action: models.ActionResume}) })
	tr.at(3*day+100*time.Millisecond, func() { look("sending again") })
	tr.at(3*day+500*time.Millisecond, func() { tr.api(control{action: models.ActionStop}) })
	tr.at(3*day+30*time.Second, func() { look("stopped") })
	tr.run()
	look("ended")

	sending := workflows.Progress{
		Phase: workflows.PhaseSending, Status: models.StatusInProgress, Hold: models.HoldNone, ScheduledFor: in(day),
		RecipientsTotal: 100, RecipientsDone: 40, Sent: 40,
		PagesPlanned: 25, PagesDone: 10, PagesInFlight: 10, ControlSeq: 3,
	}
	with := func(phase workflows.Phase, seq int64, inFlight int) workflows.Progress {
		p := sending
		p.Phase, p.ControlSeq, p.PagesInFlight = phase, seq, inFlight
		return p
	}
	held := func(p workflows.Progress, hold models.Hold, since time.Duration, by, reason string) workflows.Progress {
		p.Hold, p.HeldAt, p.HeldBy, p.HoldReason = hold, in(since), by, reason
		if hold == models.HoldStopped {
			p.Status = models.StatusStopped
		}
		return p
	}
	asleep := workflows.Progress{
		Phase: workflows.PhaseSleeping, Status: models.StatusScheduled, Hold: models.HoldNone, ScheduledFor: in(day), ControlSeq: 1,
	}
	pausedAsleep := held(asleep, models.HoldPaused, 2*time.Hour, "ann", "typo")
	pausedAsleep.Phase, pausedAsleep.ControlSeq = workflows.PhasePaused, 2
	atSpeed := sending // 40 in the first second
	atSpeed.Rate, atSpeed.ETA = 40, in(day+2*time.Second)
	want := []seen{
		{"asleep", asleep},
		{"paused asleep", pausedAsleep},
		{"sending", atSpeed},
		{"paused", held(with(workflows.PhasePaused, 4, 10), models.HoldPaused, day+1600*time.Millisecond, "", "")},
		{"sending again", with(workflows.PhaseSending, 5, 10)},
		{"stopped", held(with(workflows.PhaseDraining, 6, 10), models.HoldStopped, 3*day+500*time.Millisecond, "", "")},
		{"ended", held(with(workflows.PhaseDone, 6, 0), models.HoldStopped, 3*day+500*time.Millisecond, "", "")},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProgressHasTheContractsKeys(t *testing.T) {
	raw, err := json.Marshal(workflows.Progress{})
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(raw, &fields); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{
		"phase", "recipients_total", "recipients_done", "sent", "failed", "skipped",
		"pages_planned", "pages_done", "pages_in_flight", "control_seq",
		"status", "hold", "held_at", "held_by", "hold_reason", "scheduled_for", "stop_at", "channels_created", "rate", "eta", // beyond it
	} {
		if _, has := fields[key]; !has {
			t.Errorf("no key %s in %s", key, raw)
		}
	}
}

// The Web UI asks a workflow for its metadata: what it is doing, and which signals it takes.
func TestDescriptionForTheWebUI(t *testing.T) {
	tr := newTrial(t, newRow(people(200)))
	tr.row.startAt(in(day), in(9*day))
	var asleep, sending, paused string
	tr.at(time.Hour, func() { asleep = tr.metadata() })
	tr.at(day+1200*time.Millisecond, func() { sending = tr.metadata() })
	tr.at(day+1500*time.Millisecond, func() { tr.api(control{action: models.ActionPause, cause: why("typo")}) })
	tr.at(2*day, func() { paused = tr.metadata() })
	tr.at(3*day, func() { tr.api(control{action: models.ActionResume}) })
	tr.run()
	for text, want := range map[string][]string{
		asleep: {
			"| campaign | Spring \\| sale |", "| state | scheduled, sleeping |", "| starts | 2026-03-03T09:00:00Z |", "| stops by itself | 2026-03-11T09:00:00Z |",
			"signal pause: Hold", "signal resume: Go on", "signal stop: End", "signal reschedule: Start", "query progress: How far",
		},
		sending: {"| state | in_progress, sending |", "| rate | 40 recipients per second |", "| done at about | 2026-03-03T09:00:05Z |"},
		paused: {
			"| state | in_progress, paused |", "| paused | typo, by ann, since 2026-03-03T09:00:01Z |", "| pages | 10 of about 50 done, 10 in flight |",
			"| recipients | 200 |", "| sent | 40 |",
		},
	} {
		for _, line := range want {
			if !strings.Contains(text, line) {
				t.Errorf("no %q in %s", line, text)
			}
		}
	}
}

// metadata is the text of what the workflow says of itself.
func (tr *trial) metadata() string {
	value, err := tr.env.QueryWorkflow("__temporal_workflow_metadata")
	if err != nil {
		tr.Errorf("query metadata: %v", err)
		return ""
	}
	var m sdk.WorkflowMetadata
	if err := value.Get(&m); err != nil {
		tr.Errorf("query metadata: %v", err)
	}
	text := m.GetCurrentDetails()
	for _, signal := range m.GetDefinition().GetSignalDefinitions() {
		text += "\nsignal " + signal.GetName() + ": " + signal.GetDescription()
	}
	for _, query := range m.GetDefinition().GetQueryDefinitions() {
		text += "\nquery " + query.GetName() + ": " + query.GetDescription()
	}
	return text
}

func TestSearchAttributesToRegister(t *testing.T) {
	want := map[string]string{
		"CampaignStatus": "Keyword", "CampaignHold": "Keyword", "CampaignApp": "Keyword", "CampaignSender": "Keyword", "CampaignTarget": "Keyword",
		"CampaignScheduledFor": "Datetime", "CampaignRecipients": "Int",
	}
	if diff := cmp.Diff(want, workflows.SearchAttributeTypes()); diff != "" {
		t.Error(diff)
	}
}
