package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"herald/models"
	"herald/workflows"
)

var deletion = models.Task{AppPK: appPK, ID: "t-1", Kind: models.TaskDeleteUsers, Status: models.TaskPending, CreatedAt: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}

func TestTask(t *testing.T) {
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	env.RegisterWorkflowWithOptions(workflows.Task, workflow.RegisterOptions{Name: workflows.TypeTask})
	var got []workflows.TaskInput
	env.RegisterActivityWithOptions(func(_ context.Context, in workflows.TaskInput) error {
		got = append(got, in)
		if len(got) < 4 { // a task is tried until it works
			return errors.New("Postgres is down")
		}
		return nil
	}, activity.RegisterOptions{Name: workflows.ActivityRunTask})
	in := workflows.TaskInput{AppPK: appPK, TaskID: "t-1", Kind: models.TaskDeleteUsers}
	env.ExecuteWorkflow(workflows.TypeTask, in)
	if err := env.GetWorkflowError(); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]workflows.TaskInput{in, in, in, in}, got); diff != "" {
		t.Errorf("the activity got (-want +got):\n%s", diff)
	}
}

func TestLauncherStartsTasks(t *testing.T) {
	var s server
	launcher := workflows.Launcher{Client: &s}
	if err := launcher.StartTask(t.Context(), deletion); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]any{workflows.TaskInput{AppPK: appPK, TaskID: "t-1", Kind: models.TaskDeleteUsers}}, s.inputs); diff != "" {
		t.Error(diff)
	}
	// Both the API and the reconciler may start it.
	o := s.started[0]
	if o.ID != "task/7/t-1" || o.TaskQueue != workflows.QueueCampaigns || o.WorkflowIDConflictPolicy != enums.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING ||
		o.Priority.FairnessKey != "7" || o.StaticSummary != "delete_users, app 7" {
		t.Errorf("started with %+v", o)
	}
	s.startErr = errDown
	if err := launcher.StartTask(t.Context(), deletion); !errors.Is(err, errDown) {
		t.Errorf("error %v", err)
	}
}

func TestTaskStanding(t *testing.T) {
	s := server{described: enums.WORKFLOW_EXECUTION_STATUS_TERMINATED, startedAt: deletion.CreatedAt}
	got, err := workflows.Launcher{Client: &s}.TaskStanding(t.Context(), deletion)
	if err != nil || got != workflows.ExecutionTerminated {
		t.Errorf("TaskStanding = %s, %v", got, err)
	}
}
