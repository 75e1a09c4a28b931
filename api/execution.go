package api

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"herald/models"
	"herald/wire"
	"herald/workflows"
)

// getExecution answers how a campaign's workflow stands (contract 12.5).
func (s *Server) getExecution(ctx context.Context, c *call) (*wire.Object, error) {
	campaign, err := s.store.Campaign(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	if campaign.Status == models.StatusDraft {
		return nil, &models.Error{Code: models.CodeNotFound, Reason: fmt.Sprintf("campaign %q was never started", campaign.ID)}
	}
	e := s.runs.Execution(ctx, campaign)
	return wire.NewObject().
		Set("workflow_id", e.WorkflowID).
		Set("run_id", e.RunID).
		Set("status", string(e.Status)).
		Set("web_ui_url", s.webUI.link(e.WorkflowID)).
		Set("progress", encodeProgress(e.Progress)), nil
}

// encodeProgress gives what the workflow's own query gives, in the caller's dialect; null when no worker answers.
func encodeProgress(p *workflows.Progress) any {
	if p == nil {
		return nil
	}
	return wire.NewObject().
		Set("phase", string(p.Phase)).Set("status", string(p.Status)).Set("hold", string(p.Hold)).
		Set("held_at", p.HeldAt).Set("held_by", p.HeldBy).Set("hold_reason", p.HoldReason).
		Set("scheduled_for", p.ScheduledFor).Set("stop_at", p.StopAt).
		Set("recipients_total", p.RecipientsTotal).Set("recipients_done", p.RecipientsDone).
		Set("sent", p.Sent).Set("failed", p.Failed).Set("skipped", p.Skipped).Set("channels_created", p.ChannelsCreated).
		Set("pages_planned", p.PagesPlanned).Set("pages_done", p.PagesDone).Set("pages_in_flight", p.PagesInFlight).
		Set("rate", p.Rate).Set("eta", p.ETA).Set("control_seq", p.ControlSeq)
}

// WebUI is where operators look at workflows.
type WebUI struct {
	URL       string // base, such as http://localhost:8233; empty when there is none
	Namespace string // of Temporal; default "default"
}

// link to a workflow; empty when there is no Web UI.
func (w WebUI) link(workflowID string) string {
	if w.URL == "" {
		return ""
	}
	namespace := w.Namespace
	if namespace == "" {
		namespace = "default"
	}
	return fmt.Sprintf("%s/namespaces/%s/workflows/%s", strings.TrimRight(w.URL, "/"), url.PathEscape(namespace), url.PathEscape(workflowID))
}
