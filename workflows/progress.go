package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"
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
	Phase           Phase `json:"phase"`
	RecipientsTotal int64 `json:"recipients_total"`
	RecipientsDone  int64 `json:"recipients_done"`
	Sent            int64 `json:"sent"`
	Failed          int64 `json:"failed"`
	Skipped         int64 `json:"skipped"`
	PagesPlanned    int   `json:"pages_planned"`
	PagesDone       int   `json:"pages_done"`
	PagesInFlight   int   `json:"pages_in_flight"`
	ControlSeq      int64 `json:"control_seq"`
}

func (c *campaign) progress() Progress {
	return Progress{
		Phase: c.phase(), RecipientsTotal: c.Plan.Recipients,
		RecipientsDone: c.Counts.Sent + c.Counts.Failed + c.Counts.Skipped,
		Sent:           c.Counts.Sent, Failed: c.Counts.Failed, Skipped: c.Counts.Skipped,
		PagesPlanned: c.Pages, PagesDone: c.Done, PagesInFlight: len(c.running), ControlSeq: c.state.ControlSeq,
	}
}

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

// Search attributes of a campaign's workflow. They must be registered with the namespace before the first start.
var (
	AttributeStatus       = temporal.NewSearchAttributeKeyKeyword("CampaignStatus")
	AttributeApp          = temporal.NewSearchAttributeKeyKeyword("CampaignApp")
	AttributeSender       = temporal.NewSearchAttributeKeyKeyword("CampaignSender")
	AttributeTarget       = temporal.NewSearchAttributeKeyKeyword("CampaignTarget") // user or channel
	AttributeScheduledFor = temporal.NewSearchAttributeKeyTime("CampaignScheduledFor")
	AttributeRecipients   = temporal.NewSearchAttributeKeyInt64("CampaignRecipients")
)

// SearchAttributeTypes lists what has to be registered: name to type, as Temporal's command line writes it.
func SearchAttributeTypes() map[string]string {
	return map[string]string{
		AttributeStatus.GetName(): "Keyword", AttributeApp.GetName(): "Keyword", AttributeSender.GetName(): "Keyword",
		AttributeTarget.GetName(): "Keyword", AttributeScheduledFor.GetName(): "Datetime", AttributeRecipients.GetName(): "Int",
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
	if c.held() && !c.ended() {
		row("held", "%s%s", orNoReason(cell(c.state.PauseReason)), since(c.state.PausedAt))
	}
	if !c.began() && c.state.ScheduledFor != nil {
		row("starts", "%s", c.state.ScheduledFor.UTC().Format(time.RFC3339))
	}
	if c.state.StopAt != nil {
		row("stops by itself", "%s", c.state.StopAt.UTC().Format(time.RFC3339))
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

func since(t *time.Time) string {
	if t == nil {
		return ""
	}
	return " since " + t.UTC().Format(time.RFC3339)
}
