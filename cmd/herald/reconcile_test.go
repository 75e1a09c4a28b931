package main

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"

	"herald/models"
	"herald/models/store"
	"herald/workflows"
)

// users of the stack that TestReconciler starts.
const reconciledUsers = 2000

// gaps is a stack whose rows and workflows a test pulls apart.
type gaps struct {
	*stack
	client client.Client
	store  *store.Store
	app    int64
}

func newGaps(s *stack) *gaps {
	s.t.Helper()
	g := &gaps{stack: s}
	var err error
	if g.client, err = client.Dial(client.Options{HostPort: s.TemporalAddress, Namespace: s.TemporalNamespace}); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(g.client.Close)
	if g.store, err = store.Open(s.t.Context(), s.DatabaseURL, store.Options{MaxConns: 2}); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(g.store.Close)
	if err := s.DB.QueryRow(s.t.Context(), "SELECT app_pk FROM apps").Scan(&g.app); err != nil {
		s.t.Fatal(err)
	}
	return g
}

func (g *gaps) in(t *testing.T) *gaps {
	sub := *g
	sub.stack = g.stack.in(t)
	return &sub
}

// Whatever parts a campaign's row from its workflow, a crash or a person, the reconciler brings them together.
func TestReconciler(t *testing.T) {
	s := startStack(t, t.TempDir(), []string{"HERALD_PAGE_SIZE=400", "HERALD_BATCH_SIZE=100"})
	s.seedUsers(reconciledUsers)
	g := newGaps(s)
	everybody := s.segment(map[string]any{"type": "user", "filter": map[string]any{"half": map[string]any{"$in": []int{0, 1}}}})
	create := func(g *gaps) string {
		// Slow enough that something can happen in the middle.
		return g.campaign(map[string]any{"segment_ids": []string{everybody}, "messages_per_second": 1000})
	}
	underWay := func(g *gaps) string {
		id := create(g)
		g.start(id)
		g.eventually("the first messages", time.Minute, func() bool { n, _ := g.sent(id); return n > 0 && g.acknowledged(id) })
		return id
	}

	t.Run("a start that was lost", func(t *testing.T) {
		g := g.in(t)
		id := create(g)
		g.commit(id, models.ActionStart)
		g.reconciled(id, "messages", func() bool { n, _ := g.sent(id); return n > 0 })
		g.completed(id, reconciledUsers, time.Minute)
	})

	t.Run("a pause, a resume and a stop that were lost", func(t *testing.T) {
		g := g.in(t)
		id := underWay(g)
		for _, action := range []models.Action{models.ActionPause, models.ActionResume} {
			g.commit(id, action)
			g.reconciled(id, "the workflow to hear of the "+string(action), func() bool { return g.acknowledged(id) })
		}
		held, _ := g.sent(id)
		g.eventually("more messages", time.Minute, func() bool { n, _ := g.sent(id); return n > held })
		g.commit(id, models.ActionStop)
		g.reconciled(id, "the workflow to end", func() bool { return g.standing(id) == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED })
		g.wantStopped(id)
	})

	t.Run("terminated by hand", func(t *testing.T) {
		g := g.in(t)
		id := underWay(g)
		if err := g.client.TerminateWorkflow(t.Context(), g.workflow(id), "", "by hand"); err != nil {
			t.Fatal(err)
		}
		g.reconciled(id, "the row to follow", func() bool { return g.get(id)["status"] == "stopped" })
		g.wantStopped(id)
		if !g.acknowledged(id) {
			t.Error("the stop waits for a workflow that is no more")
		}
	})

	t.Run("terminated while asleep, and then paused", func(t *testing.T) {
		g := g.in(t)
		id := create(g)
		g.call(http.StatusCreated, http.MethodPost, "/campaigns/"+id+"/start", map[string]any{"scheduled_for": time.Now().Add(time.Hour)})
		g.eventually("the workflow to sleep", time.Minute, func() bool { return g.acknowledged(id) })
		if err := g.client.TerminateWorkflow(t.Context(), g.workflow(id), "", "by hand"); err != nil {
			t.Fatal(err)
		}
		g.call(http.StatusCreated, http.MethodPost, "/campaigns/"+id+"/pause", nil)
		g.reconciled(id, "the row to follow", func() bool { return g.get(id)["status"] == "stopped" })
		g.wantStopped(id)
	})

	t.Run("cancelled by hand", func(t *testing.T) {
		g := g.in(t)
		id := underWay(g)
		if err := g.client.CancelWorkflow(t.Context(), g.workflow(id), ""); err != nil {
			t.Fatal(err)
		}
		g.eventually("the row to follow", time.Minute, func() bool { return g.get(id)["status"] == "stopped" })
		g.eventually("the workflow to end", time.Minute, func() bool { return g.standing(id) == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED })
		g.wantStopped(id)
	})

	t.Run("forgotten by Temporal", func(t *testing.T) {
		g := g.in(t)
		id := underWay(g)
		_, err := g.client.WorkflowService().DeleteWorkflowExecution(t.Context(), &workflowservice.DeleteWorkflowExecutionRequest{
			Namespace: g.TemporalNamespace, WorkflowExecution: &common.WorkflowExecution{WorkflowId: g.workflow(id)},
		})
		if err != nil {
			t.Fatal(err)
		}
		g.eventually("the workflow to be gone", time.Minute, func() bool { return g.standing(id) == enums.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED })
		g.reconciled(id, "a workflow", func() bool { return g.standing(id) != enums.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED })
		g.completed(id, reconciledUsers, time.Minute)
	})

	t.Run("reset by hand in the middle, and again at the end", func(t *testing.T) {
		g := g.in(t)
		id := underWay(g)
		g.reset(id)
		g.completed(id, reconciledUsers, time.Minute)
		ended := func() bool { return g.standing(id) == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED }
		g.eventually("the workflow to end", time.Minute, ended)
		before := g.get(id)
		g.reset(id)
		g.eventually("the workflow to end again", time.Minute, ended)
		g.completed(id, reconciledUsers, time.Minute)
		for _, field := range []string{"status", "updated_at"} {
			if after := g.get(id); after[field] != before[field] {
				t.Errorf("%s became %v, was %v", field, after[field], before[field])
			}
		}
	})
}

func (g *gaps) workflow(id string) string { return workflows.CampaignWorkflowID(g.app, id) }

// commit writes a control to the row and tells nobody, as an API does that is killed in between.
func (g *gaps) commit(id string, action models.Action) {
	g.t.Helper()
	if _, changed, err := g.store.Control(g.t.Context(), g.app, id, store.Control{Action: action}); err != nil || !changed {
		g.t.Fatalf("%s: changed %v, %v", action, changed, err)
	}
}

// reconciled has the reconciler run, as if the campaign had been left alone for its grace, until a condition holds.
func (g *gaps) reconciled(id, what string, condition func() bool) {
	g.t.Helper()
	if _, err := g.DB.Exec(g.t.Context(), "UPDATE campaigns SET updated_at = updated_at - interval '1 minute' WHERE id = $1", id); err != nil {
		g.t.Fatal(err)
	}
	schedule := g.client.ScheduleClient().GetHandle(g.t.Context(), workflows.ReconcileScheduleID)
	var triggered time.Time
	g.eventually(what, time.Minute, func() bool {
		if condition() {
			return true
		}
		if time.Since(triggered) > time.Second { // a run that is under way makes the next one be skipped
			triggered = time.Now()
			// A worker that has just started may not have made the schedule yet.
			if err := schedule.Trigger(g.t.Context(), client.ScheduleTriggerOptions{}); err != nil {
				g.t.Logf("the reconciler was not triggered: %v", err)
			}
		}
		return false
	})
}

// standing is the status of the newest run; unspecified where there is none.
func (g *gaps) standing(id string) enums.WorkflowExecutionStatus {
	g.t.Helper()
	described, err := g.client.DescribeWorkflowExecution(g.t.Context(), g.workflow(id), "")
	var unknown *serviceerror.NotFound
	if errors.As(err, &unknown) {
		return enums.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED
	}
	if err != nil {
		g.t.Fatal(err)
	}
	return described.GetWorkflowExecutionInfo().GetStatus()
}

// reset has a campaign's workflow begin anew, from the end of its first workflow task.
func (g *gaps) reset(id string) {
	g.t.Helper()
	described, err := g.client.DescribeWorkflowExecution(g.t.Context(), g.workflow(id), "")
	if err != nil {
		g.t.Fatal(err)
	}
	run := described.GetWorkflowExecutionInfo().GetExecution()
	events := g.client.GetWorkflowHistory(g.t.Context(), run.GetWorkflowId(), run.GetRunId(), false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			g.t.Fatal(err)
		}
		if event.GetEventType() != enums.EVENT_TYPE_WORKFLOW_TASK_COMPLETED {
			continue
		}
		_, err = g.client.ResetWorkflowExecution(g.t.Context(), &workflowservice.ResetWorkflowExecutionRequest{
			Namespace: g.TemporalNamespace, WorkflowExecution: run, Reason: "by hand", RequestId: id + run.GetRunId(),
			WorkflowTaskFinishEventId: event.GetEventId(),
		})
		if err != nil {
			g.t.Fatal(err)
		}
		return
	}
	g.t.Fatal("the history has no completed workflow task")
}

// wantStopped checks a campaign that was stopped in the middle: its row, and that nobody has two messages.
func (g *gaps) wantStopped(id string) {
	g.t.Helper()
	c := g.get(id)
	if c["status"] != "stopped" || c["paused"] != false || c["pause_reason"] != "" {
		g.t.Errorf("status %v, paused %v, reason %v", c["status"], c["paused"], c["pause_reason"])
	}
	if messages, recipients := g.sent(id); messages != recipients || messages >= reconciledUsers {
		g.t.Errorf("%d messages to %d recipients", messages, recipients)
	}
}
