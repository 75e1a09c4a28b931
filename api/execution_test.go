package api_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"testing"
	"time"

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
	at, shown := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), "2026-11-23T10:00:00.000000Z"
	for _, tt := range []struct {
		name string
		e    workflows.Execution
		want map[string]any
	}{
		{
			"a worker answers",
			workflows.Execution{WorkflowID: "campaign/1/c@1", RunID: "r", Status: workflows.ExecutionRunning,
				Progress: &workflows.Progress{Phase: workflows.PhasePaused, Status: models.StatusInProgress, Hold: models.HoldPaused, HeldAt: &at, HeldBy: "ann", HoldReason: "typo",
					ScheduledFor: &at, StopAt: &at, RecipientsTotal: 10, RecipientsDone: 4, Sent: 3, Failed: 1, Skipped: 2, ChannelsCreated: 5,
					PagesPlanned: 2, PagesDone: 1, PagesInFlight: 1, Rate: 7, ETA: &at, ControlSeq: 1}},
			map[string]any{"workflow_id": "campaign/1/c@1", "run_id": "r", "status": "running",
				"web_ui_url": "http://ui.example/namespaces/shop%20ns/workflows/campaign%2F1%2Fc@1",
				"progress": map[string]any{"phase": "paused", "status": "in_progress", "hold": "paused", "held_at": shown, "held_by": "ann", "hold_reason": "typo",
					"scheduled_for": shown, "stop_at": shown, "recipients_total": 10.0, "recipients_done": 4.0, "sent": 3.0, "failed": 1.0, "skipped": 2.0, "channels_created": 5.0,
					"pages_planned": 2.0, "pages_done": 1.0, "pages_in_flight": 1.0, "rate": 7.0, "eta": shown, "control_seq": 1.0}},
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
			h.in(dialectV2).mustCall(t, http.StatusOK, http.MethodGet, "/campaigns/c@1/execution", nil)
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

// The answer has what the workflow's query gives, key by key.
func TestExecutionShowsTheWholeProgress(t *testing.T) {
	progress := workflows.Progress{Phase: workflows.PhaseSending}
	runs := &recordedRuns{execution: workflows.Execution{Status: workflows.ExecutionRunning, Progress: &progress}}
	h := newHarness(t, func(c *api.Config) { c.Runs = runs })
	h.users(t, "shop", "ann")
	h.draft(t, "c", nil)
	h.mustCall(t, http.StatusCreated, http.MethodPost, "/campaigns/c/start", nil)
	var query map[string]any
	raw, err := json.Marshal(progress)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&query); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(query, at(t, h.mustCall(t, http.StatusOK, http.MethodGet, "/campaigns/c/execution", nil), "progress")); diff != "" {
		t.Errorf("(-query +answer):\n%s", diff)
	}
}
