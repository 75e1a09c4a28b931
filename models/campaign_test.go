package models_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

func TestProgressAndTotal(t *testing.T) {
	tests := []struct {
		name     string
		campaign models.Campaign
		stats    models.Stats
		progress float64
		total    int64
	}{
		{"draft", models.Campaign{Status: models.StatusDraft}, models.Stats{}, 0, 0},
		{"nobody worked off", models.Campaign{Status: models.StatusInProgress, RecipientsTotal: 200}, models.Stats{}, 0, 200},
		{"half way", models.Campaign{Status: models.StatusInProgress, RecipientsTotal: 200}, models.Stats{Recipients: 100, MessagesSent: 90, Skipped: 10}, 0.5, 200},
		{"all worked off, not yet completed", models.Campaign{Status: models.StatusInProgress, RecipientsTotal: 200}, models.Stats{Recipients: 200}, 0.99, 200},
		{"the audience grew", models.Campaign{Status: models.StatusInProgress, RecipientsTotal: 200}, models.Stats{Recipients: 300}, 0.99, 200},
		{"stopped half way", models.Campaign{Status: models.StatusStopped, RecipientsTotal: 200}, models.Stats{Recipients: 100, MessagesSent: 100}, 0.5, 200},
		{"stopped before it began", models.Campaign{Status: models.StatusStopped}, models.Stats{}, 0, 0},
		{"completed", models.Campaign{Status: models.StatusCompleted, RecipientsTotal: 200}, models.Stats{Recipients: 200, MessagesSent: 190, Failed: 4, Skipped: 6}, 1, 200},
		{"completed, some in two segments", models.Campaign{Status: models.StatusCompleted, RecipientsTotal: 200}, models.Stats{Recipients: 200, MessagesSent: 150}, 1, 150},
		{"completed with nobody", models.Campaign{Status: models.StatusCompleted}, models.Stats{}, 1, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.campaign.Progress(tt.stats); got != tt.progress {
				t.Errorf("Progress = %v, want %v", got, tt.progress)
			}
			if got := tt.campaign.Total(tt.stats); got != tt.total {
				t.Errorf("Total = %d, want %d", got, tt.total)
			}
		})
	}
}

func TestETA(t *testing.T) {
	now := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	began := func(ago time.Duration) *time.Time { return new(now.Add(-ago)) }
	running := models.Campaign{Status: models.StatusInProgress, RecipientsTotal: 10_000, StartedAt: began(time.Hour)}
	change := func(f func(c *models.Campaign)) models.Campaign {
		c := running
		f(&c)
		return c
	}
	tests := []struct {
		name     string
		campaign models.Campaign
		stats    models.Stats
		want     *int64
	}{
		{"a minute's rate", running, models.Stats{Recipients: 4_000, SentLastMinute: 1_000}, new(int64(360))},
		{"rounded", running, models.Stats{Recipients: 9_990, SentLastMinute: 1_000}, new(int64(1))},
		{"nothing left", running, models.Stats{Recipients: 10_000, SentLastMinute: 1_000}, new(int64(0))},
		{"more than counted", running, models.Stats{Recipients: 10_500, SentLastMinute: 1_000}, new(int64(0))},
		{"running for 20 s", change(func(c *models.Campaign) { c.StartedAt = began(20 * time.Second) }), models.Stats{Recipients: 4_000, SentLastMinute: 4_000}, new(int64(30))},
		{"running for less than a second", change(func(c *models.Campaign) { c.StartedAt = began(time.Millisecond) }), models.Stats{Recipients: 100, SentLastMinute: 100}, new(int64(99))},
		{"nothing sent lately", running, models.Stats{Recipients: 4_000}, nil},
		{"not begun", change(func(c *models.Campaign) { c.StartedAt = nil }), models.Stats{SentLastMinute: 1}, nil},
		{"paused", change(func(c *models.Campaign) { c.Hold = models.HoldPaused }), models.Stats{SentLastMinute: 1}, nil},
		{"scheduled", change(func(c *models.Campaign) { c.Status = models.StatusScheduled }), models.Stats{SentLastMinute: 1}, nil},
		{"completed", change(func(c *models.Campaign) { c.Status = models.StatusCompleted }), models.Stats{SentLastMinute: 1}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, tt.campaign.ETA(tt.stats, now)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAllMembers(t *testing.T) {
	long := []models.MemberTemplate{{UserID: "ann", ChannelRole: "moderator"}}
	if diff := cmp.Diff(long, models.ChannelTemplate{MembersTemplate: long}.AllMembers()); diff != "" {
		t.Error(diff)
	}
	want := []models.MemberTemplate{{UserID: "ann"}, {UserID: "bob"}}
	if diff := cmp.Diff(want, models.ChannelTemplate{Members: []string{"ann", "bob"}}.AllMembers()); diff != "" {
		t.Error(diff)
	}
}

func TestStateOfACampaign(t *testing.T) {
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	tests := []struct {
		status             models.Status
		hold               models.Hold
		open, ended, alive bool
	}{
		{models.StatusDraft, models.HoldNone, false, false, false},
		{models.StatusScheduled, models.HoldNone, false, false, true},
		{models.StatusScheduled, models.HoldPaused, false, false, true},
		{models.StatusInProgress, models.HoldNone, true, false, true},
		{models.StatusInProgress, models.HoldPaused, false, false, true},
		{models.StatusStopped, models.HoldStopped, false, true, false},
		{models.StatusCompleted, models.HoldNone, false, true, false},
	}
	for _, tt := range tests {
		c := models.Campaign{
			Status: tt.status, Hold: tt.hold, ControlSeq: 3, HeldAt: &at, HoldReason: "typo", ScheduledFor: &at, StopAt: &at,
		}
		s := c.State()
		want := models.State{Status: tt.status, Hold: tt.hold, ControlSeq: 3, HeldAt: &at, HoldReason: "typo", ScheduledFor: &at, StopAt: &at}
		if diff := cmp.Diff(want, s); diff != "" {
			t.Error(diff)
		}
		if s.Open() != tt.open || s.Ended() != tt.ended || c.Alive() != tt.alive || c.Paused() != (tt.hold == models.HoldPaused) {
			t.Errorf("%s/%s: open %t, ended %t, alive %t", tt.status, tt.hold, s.Open(), s.Ended(), c.Alive())
		}
		c.DeletedAt = &at
		if c.Alive() {
			t.Errorf("%s/%s: alive although deleted", tt.status, tt.hold)
		}
	}
}

func TestOutcomes(t *testing.T) {
	for code, want := range map[models.OutcomeCode]models.OutcomeStatus{
		models.SenderIsReceiver: models.OutcomeSkipped, models.UnknownUser: models.OutcomeSkipped, models.DeactivatedUser: models.OutcomeSkipped,
		models.UnknownChannel: models.OutcomeSkipped, models.NoChannel: models.OutcomeSkipped,
		models.BadChannelID: models.OutcomeFailed, models.BadChannelCustom: models.OutcomeFailed, models.TemplateError: models.OutcomeFailed,
		models.MessageTooLong: models.OutcomeFailed, models.EmptyMessage: models.OutcomeFailed,
	} {
		if got := code.Status(); got != want {
			t.Errorf("%s is %s, want %s", code, got, want)
		}
	}
	got := models.NewOutcome("ann", models.TemplateError, "%s: %q", "a\x00b\xff", "x")
	want := models.Outcome{Recipient: "ann", Status: models.OutcomeFailed, Code: models.TemplateError, Reason: "ab\uFFFD: \"x\""}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCountsPlus(t *testing.T) {
	a := models.Counts{Sent: 1, Failed: 2, Skipped: 3, ChannelsCreated: 4, UsersSent: 5}
	b := models.Counts{Sent: 10, Failed: 20, Skipped: 30, ChannelsCreated: 40, UsersSent: 50}
	want := models.Counts{Sent: 11, Failed: 22, Skipped: 33, ChannelsCreated: 44, UsersSent: 55}
	if got := a.Plus(b); got != want {
		t.Error(cmp.Diff(want, got))
	}
}
