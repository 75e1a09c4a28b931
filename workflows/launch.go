package workflows

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"herald/models"
)

// Client is what a Launcher needs of Temporal; client.Client has it.
type Client interface {
	ExecuteWorkflow(ctx context.Context, options client.StartWorkflowOptions, workflow any, args ...any) (client.WorkflowRun, error)
	SignalWorkflow(ctx context.Context, workflowID, runID, signalName string, arg any) error
	DescribeWorkflowExecution(ctx context.Context, workflowID, runID string) (*workflowservice.DescribeWorkflowExecutionResponse, error)
	QueryWorkflow(ctx context.Context, workflowID, runID, queryType string, args ...any) (converter.EncodedValue, error)
}

// Launcher starts and steers campaign workflows from outside: the API after a control was committed, the reconciler
// when that was lost. Every call may be repeated.
type Launcher struct {
	Client Client
}

// Start starts the workflow of a campaign whose start was committed. If it runs already it is told of its new times.
func (l Launcher) Start(ctx context.Context, c models.Campaign) error {
	in := CampaignInput{Ref: Ref{AppPK: c.AppPK, CampaignID: c.ID}, Name: shorten(c.Name), State: c.State()}
	_, err := l.Client.ExecuteWorkflow(ctx, startOptions(c), TypeCampaign, in)
	var running *serviceerror.WorkflowExecutionAlreadyStarted
	if errors.As(err, &running) {
		return l.Control(ctx, c, models.ActionSchedule)
	}
	if err != nil {
		return fmt.Errorf("start the workflow of campaign %d/%s: %w", c.AppPK, c.ID, err)
	}
	return nil
}

// Control tells the running workflow of a campaign what its row says since a control. ErrNotRunning means that there is
// no such workflow.
func (l Launcher) Control(ctx context.Context, c models.Campaign, action models.Action) error {
	state := c.State()
	err := l.Client.SignalWorkflow(ctx, CampaignWorkflowID(c.AppPK, c.ID), "", signalFor(action), ControlSignal{State: &state})
	var unknown *serviceerror.NotFound
	if errors.As(err, &unknown) {
		return fmt.Errorf("signal %s to campaign %d/%s: %w", signalFor(action), c.AppPK, c.ID, ErrNotRunning)
	}
	if err != nil {
		return fmt.Errorf("signal %s to campaign %d/%s: %w", signalFor(action), c.AppPK, c.ID, err)
	}
	return nil
}

// ErrNotRunning says that a campaign has no running workflow.
var ErrNotRunning = errors.New("the campaign's workflow is not running")

// StartTask starts the workflow of a task that was recorded; one that runs already goes on.
func (l Launcher) StartTask(ctx context.Context, task models.Task) error {
	_, err := l.Client.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID:                       TaskWorkflowID(task.AppPK, task.ID),
		TaskQueue:                QueueCampaigns,
		WorkflowIDReusePolicy:    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy: enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes:    temporal.NewSearchAttributes(AttributeApp.ValueSet(strconv.FormatInt(task.AppPK, 10))),
		StaticSummary:            fmt.Sprintf("%s, app %d", task.Kind, task.AppPK),
		StaticDetails:            fmt.Sprintf("Task `%s` of app %d\n\n- what: `%s`\n- read it: `GET /tasks/%s`", task.ID, task.AppPK, task.Kind, task.ID),
		Priority:                 temporal.Priority{FairnessKey: strconv.FormatInt(task.AppPK, 10)},
	}, TypeTask, TaskInput{AppPK: task.AppPK, TaskID: task.ID, Kind: task.Kind})
	if err != nil {
		return fmt.Errorf("start the workflow of the task %d/%s: %w", task.AppPK, task.ID, err)
	}
	return nil
}

func startOptions(c models.Campaign) client.StartWorkflowOptions {
	attributes := []temporal.SearchAttributeUpdate{
		AttributeStatus.ValueSet(string(c.Status)), AttributeHold.ValueSet(string(c.Hold)), AttributeApp.ValueSet(strconv.FormatInt(c.AppPK, 10)),
		AttributeSender.ValueSet(c.SenderID), AttributeTarget.ValueSet(c.Target),
	}
	if c.ScheduledFor != nil {
		attributes = append(attributes, AttributeScheduledFor.ValueSet(*c.ScheduledFor))
	}
	return client.StartWorkflowOptions{
		ID:        CampaignWorkflowID(c.AppPK, c.ID),
		TaskQueue: QueueCampaigns,
		// The row forbids a second start, and an id may be used again after a campaign that never began was deleted.
		WorkflowIDReusePolicy:                    enums.WORKFLOW_ID_REUSE_POLICY_ALLOW_DUPLICATE,
		WorkflowIDConflictPolicy:                 enums.WORKFLOW_ID_CONFLICT_POLICY_FAIL,
		WorkflowExecutionErrorWhenAlreadyStarted: true,
		TypedSearchAttributes:                    temporal.NewSearchAttributes(attributes...),
		StaticSummary:                            summary(c),
		StaticDetails:                            details(c),
		Memo:                                     map[string]any{"name": c.Name, "sender": c.SenderID},
		Priority:                                 temporal.Priority{FairnessKey: strconv.FormatInt(c.AppPK, 10)},
	}
}

// maxSummary keeps a summary well under the 400 bytes that servers take.
const maxSummary = 180

func summary(c models.Campaign) string {
	name := c.Name
	if name == "" {
		name = c.ID
	}
	when := "now"
	if c.ScheduledFor != nil && c.Status == models.StatusScheduled {
		when = "at " + c.ScheduledFor.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("%s, from %s, %s", shorten(name), shorten(c.SenderID), when)
}

func shorten(s string) string {
	const most = maxSummary / 3
	if len(s) <= most {
		return s
	}
	cut := 0
	for i := range s {
		if i > most {
			break
		}
		cut = i
	}
	return s[:cut] + "…"
}

func details(c models.Campaign) string {
	audience := fmt.Sprintf("%d user ids", len(c.UserIDs))
	if len(c.SegmentIDs) > 0 {
		audience = fmt.Sprintf("%d %s segments", len(c.SegmentIDs), c.Target)
	}
	return fmt.Sprintf("Campaign `%s` of app %d\n\n- sender: `%s`\n- audience: %s\n- read it: `GET /campaigns/%s`\n- steer it: signals `pause`, `resume`, `stop`, `reschedule`",
		c.ID, c.AppPK, c.SenderID, audience, c.ID)
}
