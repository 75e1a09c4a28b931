package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"herald/models"
)

// QueryProgress asks a campaign's workflow how far it is; the answer is a Progress.
const QueryProgress = "progress"

// Phase is what a campaign's workflow is doing.
type Phase string

// The phases (contract 12.5).
const (
	PhaseSleeping Phase = "sleeping"
	PhaseSending  Phase = "sending"
	PhasePaused   Phase = "paused"
	PhaseDraining Phase = "draining" // nothing new starts; pages in flight end
	PhaseDone     Phase = "done"
)

// Progress is how far a campaign's workflow is. Its counts are those of finished pages, so they lag a little behind the
// stats that GET /campaigns/{id} reads from committed rows.
type Progress struct {
	Phase           Phase         `json:"phase"`
	Status          models.Status `json:"status"`
	Hold            models.Hold   `json:"hold"`
	HeldAt          *time.Time    `json:"held_at"` // null while it is not held
	HeldBy          string        `json:"held_by"`
	HoldReason      string        `json:"hold_reason"`
	ScheduledFor    *time.Time    `json:"scheduled_for"`
	StopAt          *time.Time    `json:"stop_at"`
	RecipientsTotal int64         `json:"recipients_total"`
	RecipientsDone  int64         `json:"recipients_done"`
	Sent            int64         `json:"sent"`
	Failed          int64         `json:"failed"`
	Skipped         int64         `json:"skipped"`
	ChannelsCreated int64         `json:"channels_created"`
	PagesPlanned    int           `json:"pages_planned"`
	PagesDone       int           `json:"pages_done"`
	PagesInFlight   int           `json:"pages_in_flight"`
	Rate            int64         `json:"rate"` // recipients per second over the last minute of sending; 0 while unknown
	ETA             *time.Time    `json:"eta"`  // of the last recipient at that rate; null while unknown
	ControlSeq      int64         `json:"control_seq"`
}

func (c *campaign) progress() Progress {
	p := Progress{
		Phase: c.phase(), Status: c.state.Status, Hold: c.state.Hold,
		HeldAt: c.state.HeldAt, HeldBy: c.state.HeldBy, HoldReason: c.state.HoldReason,
		ScheduledFor: c.state.ScheduledFor, StopAt: c.state.StopAt,
		RecipientsTotal: c.Plan.Recipients, RecipientsDone: c.done(),
		Sent: c.Counts.Sent, Failed: c.Counts.Failed, Skipped: c.Counts.Skipped, ChannelsCreated: c.Counts.ChannelsCreated,
		PagesPlanned: c.Pages, PagesDone: c.Done, PagesInFlight: len(c.running), ControlSeq: c.state.ControlSeq,
	}
	if p.Phase == PhaseSending {
		p.Rate, p.ETA = c.speed.rate(), c.speed.eta(c.Plan.Recipients)
	}
	return p
}

// done is the number of recipients worked off in finished pages.
func (c *campaign) done() int64 { return c.Counts.Sent + c.Counts.Failed + c.Counts.Skipped }

func (c *campaign) phase() Phase {
	switch {
	case c.ended() && len(c.running) == 0:
		return PhaseDone
	case c.ended():
		return PhaseDraining
	case c.held():
		return PhasePaused
	case !c.began():
		return PhaseSleeping
	default:
		return PhaseSending
	}
}

// Search attributes of a campaign's workflow, kept up to date by it. They must be registered with the namespace before the first start.
var (
	AttributeStatus       = temporal.NewSearchAttributeKeyKeyword("CampaignStatus")
	AttributeApp          = temporal.NewSearchAttributeKeyKeyword("CampaignApp")
	AttributeHold         = temporal.NewSearchAttributeKeyKeyword("CampaignHold")
	AttributeSender       = temporal.NewSearchAttributeKeyKeyword("CampaignSender")
	AttributeTarget       = temporal.NewSearchAttributeKeyKeyword("CampaignTarget") // user or channel
	AttributeScheduledFor = temporal.NewSearchAttributeKeyTime("CampaignScheduledFor")
	AttributeRecipients   = temporal.NewSearchAttributeKeyInt64("CampaignRecipients")
)

// SearchAttributeTypes lists what has to be registered: name to type, as Temporal's command line writes it.
func SearchAttributeTypes() map[string]string {
	return map[string]string{
		AttributeStatus.GetName(): "Keyword", AttributeHold.GetName(): "Keyword", AttributeApp.GetName(): "Keyword",
		AttributeSender.GetName(): "Keyword", AttributeTarget.GetName(): "Keyword", AttributeScheduledFor.GetName(): "Datetime", AttributeRecipients.GetName(): "Int",
	}
}

// describe renews what the Web UI shows of a running campaign. It costs no history.
func (c *campaign) describe(ctx workflow.Context) {
	var b strings.Builder
	row := func(name, format string, args ...any) {
		b.WriteString("| " + name + " | " + fmt.Sprintf(format, args...) + " |\n")
	}
	b.WriteString("| | |\n|---|---|\n")
	if c.name != "" { // a run that continues another has no summary of its own
		row("campaign", "%s", cell(c.name))
	}
	row("state", "%s, %s", c.state.Status, c.phase())
	if c.held() {
		row(string(c.state.Hold), "%s%s%s", orNoReason(cell(c.state.HoldReason)), by(cell(c.state.HeldBy)), since(c.state.HeldAt))
	}
	if !c.began() && !c.ended() && c.state.ScheduledFor != nil {
		row("starts", "%s", c.state.ScheduledFor.UTC().Format(time.RFC3339))
	}
	if c.state.StopAt != nil && !c.ended() {
		row("stops by itself", "%s", c.state.StopAt.UTC().Format(time.RFC3339))
	}
	p := c.progress()
	if p.Rate > 0 {
		row("rate", "%d recipients per second", p.Rate)
	}
	if p.ETA != nil {
		row("done at about", "%s", p.ETA.UTC().Format(time.RFC3339))
	}
	if c.began() {
		row("pages", "%d of %s done, %d in flight", c.Done, c.pagesTotal(), len(c.running))
		row("recipients", "%d", c.Plan.Recipients)
		row("sent", "%d", c.Counts.Sent)
		row("channels created", "%d", c.Counts.ChannelsCreated)
		row("failed, skipped", "%d, %d", c.Counts.Failed, c.Counts.Skipped)
	}
	workflow.SetCurrentDetails(ctx, b.String())
}

func (c *campaign) pagesTotal() string {
	if c.Planned {
		return fmt.Sprint(c.Pages)
	}
	return fmt.Sprintf("about %d", max(c.Pages, int((c.Plan.Recipients+int64(c.Plan.PageSize)-1)/int64(c.Plan.PageSize))))
}

// cell keeps a client's text inside its cell of a Markdown table.
func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "\r", " ").Replace(s)
}

func orNoReason(s string) string {
	if s == "" {
		return "no reason given"
	}
	return s
}

func by(who string) string {
	if who == "" {
		return ""
	}
	return ", by " + who
}

func since(t *time.Time) string {
	if t == nil {
		return ""
	}
	return ", since " + t.UTC().Format(time.RFC3339)
}
