package workflows_test

import (
	"testing"

	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

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
