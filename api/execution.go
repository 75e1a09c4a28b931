package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"herald/models"
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
	progress := json.RawMessage("null")
	if e.Progress != nil {
		if progress, err = json.Marshal(e.Progress); err != nil {
			return nil, fmt.Errorf("encode the progress of campaign %d/%s: %w", campaign.AppPK, campaign.ID, err)
		}
	}
	return newObject().
		set("workflow_id", e.WorkflowID).
		set("run_id", e.RunID).
		set("status", string(e.Status)).
		set("web_ui_url", s.webUI.link(e.WorkflowID)).
		set("progress", progress), nil
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
