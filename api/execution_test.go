package api_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/api"
	"herald/models"
	"herald/workflows"
)

func TestExecution(t *testing.T) {
	runs := &recordedRuns{}
	h := newHarness(t, func(c *api.Config) {
		c.Runs, c.WebUI = runs, api.WebUI{URL: "http://ui.example/", Namespace: "shop ns"}
	})
	h.users(t, "shop", "ann")
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/campaigns", map[string]any{
		"id": "c@1", "sender_id": "shop", "user_ids": []string{"ann"}, "message_template": map[string]any{"text": "Hi"}})

	a := h.call(t, http.MethodGet, "/campaigns/c@1/execution", nil)
	wantError(t, a, http.StatusNotFound, models.CodeNotFound, "was never started", "")
	wantError(t, h.call(t, http.MethodGet, "/campaigns/other/execution", nil), http.StatusNotFound, models.CodeNotFound, "doesn't exist", "")

	h.mustCall(t, http.StatusCreated, http.MethodPost, "/campaigns/c@1/start", nil)
	for _, tt := range []struct {
		name string
		e    workflows.Execution
		want map[string]any
	}{
		{
			"a worker answers",
			workflows.Execution{WorkflowID: "campaign/1/c@1", RunID: "r", Status: workflows.ExecutionRunning,
				Progress: &workflows.Progress{Phase: workflows.PhaseSending, RecipientsTotal: 10, RecipientsDone: 4, Sent: 3, Failed: 1, PagesPlanned: 2, PagesDone: 1, PagesInFlight: 1, ControlSeq: 1}},
			map[string]any{"workflow_id": "campaign/1/c@1", "run_id": "r", "status": "running",
				"web_ui_url": "http://ui.example/namespaces/shop%20ns/workflows/campaign%2F1%2Fc@1",
				"progress": map[string]any{"phase": "sending", "recipients_total": 10.0, "recipients_done": 4.0, "sent": 3.0, "failed": 1.0, "skipped": 0.0,
					"pages_planned": 2.0, "pages_done": 1.0, "pages_in_flight": 1.0, "control_seq": 1.0}},
		},
		{
			"nobody answers",
			workflows.Execution{WorkflowID: "campaign/1/c@1", Status: workflows.ExecutionUnknown},
			map[string]any{"workflow_id": "campaign/1/c@1", "run_id": "", "status": "unknown",
				"web_ui_url": "http://ui.example/namespaces/shop%20ns/workflows/campaign%2F1%2Fc@1", "progress": nil},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			runs.execution = tt.e
			var body map[string]any
			if err := json.Unmarshal([]byte(h.call(t, http.MethodGet, "/campaigns/c@1/execution", nil).raw), &body); err != nil {
				t.Fatal(err)
			}
			delete(body, "duration")
			if diff := cmp.Diff(tt.want, body); diff != "" {
				t.Error(diff)
			}
		})
	}
}
