package workflows_test

import (
	"testing"
	"time"

	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"herald/models"
	"herald/workflows"
)

func TestReconcileReportsWhatWasRepaired(t *testing.T) {
	r := newRow(people(1))
	r.startAt(nil, nil) // and nobody acknowledges it
	env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
	env.RegisterWorkflowWithOptions(workflows.Reconcile, workflow.RegisterOptions{Name: workflows.TypeReconcile})
	r.register(env)
	env.ExecuteWorkflow(workflows.TypeReconcile)
	var got workflows.ReconcileResult
	if err := env.GetWorkflowResult(&got); err != nil || got.Repeated != 1 {
		t.Errorf("Reconcile = %+v, %v", got, err)
	}
}

// The schedule gives each run the result of the last one that completed.
func TestReconcileGoesOnWhereTheLastRunCameTo(t *testing.T) {
	next := models.Position{UpdatedAt: time.Date(2026, 3, 2, 9, 0, 0, 123456000, time.UTC), AppPK: appPK, CampaignID: campaignID}
	for name, tt := range map[string]struct {
		last any
		want models.Position
	}{
		"after a portion":      {workflows.ReconcileResult{Repeated: 2, Next: next}, next},
		"after the last one":   {workflows.ReconcileResult{Repeated: 2}, models.Position{}},
		"after something else": {"done", models.Position{}},
	} {
		t.Run(name, func(t *testing.T) {
			env := new(testsuite.WorkflowTestSuite).NewTestWorkflowEnvironment()
			env.RegisterWorkflowWithOptions(workflows.Reconcile, workflow.RegisterOptions{Name: workflows.TypeReconcile})
			newRow(people(1)).register(env)
			env.SetLastCompletionResult(tt.last)
			env.ExecuteWorkflow(workflows.TypeReconcile)
			var got workflows.ReconcileResult
			if err := env.GetWorkflowResult(&got); err != nil || got.Next != tt.want { // the row gives back what it was asked
				t.Errorf("Reconcile = %+v, %v; want to go on after %+v", got, err, tt.want)
			}
		})
	}
}
