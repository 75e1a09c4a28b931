package workflows_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"google.golang.org/protobuf/types/known/timestamppb"

	"herald/models"
	"herald/workflows"
)

// server records what a Launcher asks of Temporal, and answers with the errors it is given.
type server struct {
	startErr, signalErr error
	started             []client.StartWorkflowOptions
	inputs              []any
	signals             []string // workflow id and signal
	states              []models.State

	described    enums.WorkflowExecutionStatus // none: Describe fails
	describeErr  error                         // with which it fails
	startedAt    time.Time
	progress     *workflows.Progress // none: the query fails
	queriedRunID string
}

func (s *server) ExecuteWorkflow(_ context.Context, o client.StartWorkflowOptions, _ any, args ...any) (client.WorkflowRun, error) {
	s.started = append(s.started, o)
	s.inputs = append(s.inputs, args...)
	return nil, s.startErr
}

func (s *server) SignalWorkflow(_ context.Context, workflowID, runID, name string, arg any) error {
	s.signals = append(s.signals, workflowID+runID+" "+name)
	s.states = append(s.states, *arg.(workflows.ControlSignal).State)
	return s.signalErr
}

func (s *server) DescribeWorkflowExecution(context.Context, string, string) (*workflowservice.DescribeWorkflowExecutionResponse, error) {
	if s.describeErr == nil {
		s.describeErr = errDown
	}
	if s.described == enums.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED {
		return nil, s.describeErr
	}
	return &workflowservice.DescribeWorkflowExecutionResponse{WorkflowExecutionInfo: &workflow.WorkflowExecutionInfo{
		Execution: &common.WorkflowExecution{RunId: "5b1c2f0e"}, Status: s.described, StartTime: timestamppb.New(s.startedAt),
	}}, nil
}

func (s *server) QueryWorkflow(_ context.Context, _, runID, query string, _ ...any) (converter.EncodedValue, error) {
	s.queriedRunID = runID
	if s.progress == nil || query != "progress" {
		return nil, errDown
	}
	answer, err := converter.GetDefaultDataConverter().ToPayloads(*s.progress)
	return client.NewValue(answer), err
}

var errDown = errors.New("connection refused")

func scheduled() models.Campaign {
	return models.Campaign{
		AppPK: appPK, ID: campaignID, Name: "Spring sale", SenderID: "shop", Target: models.SegmentUser, SegmentIDs: []string{"all", "vip"},
		Status: models.StatusScheduled, Hold: models.HoldNone, ControlSeq: 3, ScheduledFor: in(day),
	}
}

func TestLauncherStarts(t *testing.T) {
	var s server
	c := scheduled()
	if err := (workflows.Launcher{Client: &s}).Start(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{workflows.CampaignInput{Ref: ref, Name: "Spring sale", State: c.State()}}, s.inputs); diff != "" {
		t.Error(diff)
	}
	o := s.started[0]
	if o.ID != "campaign/7/spring-sale" || o.TaskQueue != workflows.QueueCampaigns || !o.WorkflowExecutionErrorWhenAlreadyStarted ||
		o.WorkflowIDConflictPolicy != enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL || o.Priority.FairnessKey != "7" {
		t.Errorf("started with %+v", o)
	}
	if want := "Spring sale, from shop, at 2026-03-03T09:00:00Z"; o.StaticSummary != want {
		t.Errorf("summary is %q, want %q", o.StaticSummary, want)
	}
	if !strings.Contains(o.StaticDetails, "2 user segments") {
		t.Errorf("details are %q", o.StaticDetails)
	}
	got := map[string]any{}
	for key, value := range o.TypedSearchAttributes.GetUntypedValues() {
		got[key.GetName()] = value
	}
	want := map[string]any{
		"CampaignStatus": "scheduled", "CampaignHold": "none", "CampaignApp": "7", "CampaignSender": "shop", "CampaignTarget": "user", "CampaignScheduledFor": *in(day),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The server takes 400 bytes.
func TestSummaryStaysShort(t *testing.T) {
	var s server
	c := scheduled()
	c.Name, c.SenderID = strings.Repeat("Frühlingsverkauf 🌷 ", 60), strings.Repeat("ß", 255)
	if err := (workflows.Launcher{Client: &s}).Start(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	got := s.started[0].StaticSummary
	if len(got) > 200 || !strings.HasPrefix(got, "Frühlingsverkauf 🌷") || strings.ToValidUTF8(got, "?") != got {
		t.Errorf("summary of %d bytes: %q", len(got), got)
	}
}

func TestLauncherTellsARunningWorkflowOfItsStart(t *testing.T) {
	s := server{startErr: fmt.Errorf("start: %w", serviceerror.NewWorkflowExecutionAlreadyStarted("running", "", ""))}
	if err := (workflows.Launcher{Client: &s}).Start(t.Context(), scheduled()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"campaign/7/spring-sale reschedule"}; !cmp.Equal(want, s.signals) {
		t.Errorf("signals %v, want %v", s.signals, want)
	}
	if diff := cmp.Diff([]models.State{scheduled().State()}, s.states); diff != "" {
		t.Error(diff)
	}
}

func TestLauncherSignals(t *testing.T) {
	for action, name := range map[models.Action]string{
		models.ActionPause: "pause", models.ActionResume: "resume", models.ActionStop: "stop", models.ActionExpire: "stop",
		models.ActionDelete: "stop", models.ActionStart: "reschedule", models.ActionSchedule: "reschedule",
	} {
		var s server
		if err := (workflows.Launcher{Client: &s}).Control(t.Context(), scheduled(), action); err != nil {
			t.Fatal(err)
		}
		if want := []string{"campaign/7/spring-sale " + name}; !cmp.Equal(want, s.signals) {
			t.Errorf("%s: signals %v, want %v", action, s.signals, want)
		}
	}
}

func TestLauncherErrors(t *testing.T) {
	gone := serviceerror.NewNotFound("workflow not found")
	start := func(l workflows.Launcher) error { return l.Start(t.Context(), scheduled()) }
	pause := func(l workflows.Launcher) error { return l.Control(t.Context(), scheduled(), models.ActionPause) }
	tests := []struct {
		name   string
		server server
		do     func(workflows.Launcher) error
		want   error
	}{
		{"start, Temporal down", server{startErr: errDown}, start, errDown},
		{"start, gone between start and signal", server{startErr: serviceerror.NewWorkflowExecutionAlreadyStarted("running", "", ""), signalErr: gone}, start, workflows.ErrNotRunning},
		{"pause, Temporal down", server{signalErr: errDown}, pause, errDown},
		{"pause, nothing runs", server{signalErr: gone}, pause, workflows.ErrNotRunning},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := tt.do(workflows.Launcher{Client: &tt.server})
			if !errors.Is(err, tt.want) || !strings.Contains(err.Error(), "7/spring-sale") {
				t.Errorf("error is %v, want %v with the campaign's name", err, tt.want)
			}
		})
	}
}

func TestExecution(t *testing.T) {
	const id, run = "campaign/7/spring-sale", "5b1c2f0e"
	p := &workflows.Progress{Phase: workflows.PhaseSending, Sent: 3}
	tests := []struct {
		name   string
		server server
		want   workflows.Execution
	}{
		{"running", server{described: enums.WORKFLOW_EXECUTION_STATUS_RUNNING, progress: p}, workflows.Execution{WorkflowID: id, RunID: run, Status: workflows.ExecutionRunning, Progress: p}},
		{"going on in a new run", server{described: enums.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW, progress: p}, workflows.Execution{WorkflowID: id, RunID: run, Status: workflows.ExecutionRunning, Progress: p}},
		{"ended", server{described: enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, progress: p}, workflows.Execution{WorkflowID: id, RunID: run, Status: workflows.ExecutionCompleted, Progress: p}},
		{"terminated", server{described: enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, progress: p}, workflows.Execution{WorkflowID: id, RunID: run, Status: workflows.ExecutionTerminated, Progress: p}},
		{"no worker answers", server{described: enums.WORKFLOW_EXECUTION_STATUS_RUNNING}, workflows.Execution{WorkflowID: id, RunID: run, Status: workflows.ExecutionRunning}},
		{"Temporal does not answer", server{progress: p}, workflows.Execution{WorkflowID: id, Status: workflows.ExecutionUnknown}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := workflows.Launcher{Client: &tt.server}.Execution(t.Context(), scheduled())
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if q := tt.server.queriedRunID; q != "" && q != run {
				t.Errorf("asked run %s", q)
			}
		})
	}
}

func TestStanding(t *testing.T) {
	c := scheduled()
	c.CreatedAt = *in(0)
	before, after := c.CreatedAt.Add(-time.Hour), c.CreatedAt.Add(time.Second)
	skewed := c.CreatedAt.Add(-time.Second)
	tests := []struct {
		name    string
		server  server
		want    workflows.ExecutionStatus
		wantErr error
	}{
		{"running", server{described: enums.WORKFLOW_EXECUTION_STATUS_RUNNING, startedAt: after}, workflows.ExecutionRunning, nil},
		{"going on in a new run", server{described: enums.WORKFLOW_EXECUTION_STATUS_CONTINUED_AS_NEW, startedAt: after}, workflows.ExecutionRunning, nil},
		{"paused in Temporal", server{described: enums.WORKFLOW_EXECUTION_STATUS_PAUSED, startedAt: after}, workflows.ExecutionRunning, nil},
		{"terminated", server{described: enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, startedAt: after}, workflows.ExecutionTerminated, nil},
		{"terminated, by a clock that is behind", server{described: enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, startedAt: skewed}, workflows.ExecutionTerminated, nil},
		{"completed", server{described: enums.WORKFLOW_EXECUTION_STATUS_COMPLETED, startedAt: after}, workflows.ExecutionCompleted, nil},
		{"terminated, of a deleted campaign", server{described: enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, startedAt: before}, workflows.ExecutionUnknown, nil},
		{"forgotten", server{describeErr: fmt.Errorf("describe: %w", serviceerror.NewNotFound("no such workflow"))}, workflows.ExecutionUnknown, nil},
		{"no namespace", server{describeErr: serviceerror.NewNamespaceNotFound("shop")}, workflows.ExecutionUnknown, errAny},
		{"Temporal does not answer", server{}, workflows.ExecutionUnknown, errDown},
		{"a status of the future", server{described: 99, startedAt: after}, workflows.ExecutionUnknown, errAny},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := workflows.Launcher{Client: &tt.server}.Standing(t.Context(), c)
			if got != tt.want || !errors.Is(err, tt.wantErr) && (err == nil || !errors.Is(tt.wantErr, errAny)) {
				t.Errorf("Standing = %s, %v; want %s, %v", got, err, tt.want, tt.wantErr)
			}
		})
	}
}

var errAny = errors.New("any error")
