package api

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"herald/models"
	"herald/workflows"
)

// getExecution answers how a campaign's workflow stands (contract 12.5).
func (s *Server) getExecution(ctx context.Context, c *call) (*object, error) {
	campaign, err := s.store.Campaign(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	if campaign.Status == models.StatusDraft {
		return nil, &models.Error{Code: models.CodeNotFound, Reason: fmt.Sprintf("campaign %q was never started", campaign.ID)}
	}
	e := s.runs.Execution(ctx, campaign)
	return newObject().
		set("workflow_id", e.WorkflowID).
		set("run_id", e.RunID).
		set("status", string(e.Status)).
		set("web_ui_url", s.webUI.link(e.WorkflowID)).
		set("progress", encodeProgress(e.Progress)), nil
}

// encodeProgress gives what the workflow's own query gives, in the caller's dialect; null when no worker answers.
func encodeProgress(p *workflows.Progress) any {
	if p == nil {
		return nil
	}
	return newObject().
		set("phase", string(p.Phase)).set("status", string(p.Status)).set("hold", string(p.Hold)).
		set("held_at", p.HeldAt).set("held_by", p.HeldBy).set("hold_reason", p.HoldReason).
		set("scheduled_for", p.ScheduledFor).set("stop_at", p.StopAt).
		set("recipients_total", p.RecipientsTotal).set("recipients_done", p.RecipientsDone).
		set("sent", p.Sent).set("failed", p.Failed).set("skipped", p.Skipped).set("channels_created", p.ChannelsCreated).
		set("pages_planned", p.PagesPlanned).set("pages_done", p.PagesDone).set("pages_in_flight", p.PagesInFlight).
		set("rate", p.Rate).set("eta", p.ETA).set("control_seq", p.ControlSeq)
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
