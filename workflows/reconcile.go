package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"
)

// ReconcileEvery is how often the schedule runs Reconcile.
const ReconcileEvery = time.Minute

// ReconcileResult says what was repaired.
type ReconcileResult struct {
	Repeated int `json:"repeated"` // starts and signals sent again
}

// Reconcile repeats what was lost between Postgres and Temporal. A campaign's row and its workflow cannot be written in
// one transaction: a start or a signal that did not arrive shows by a control that the workflow has not acknowledged.
func Reconcile(ctx workflow.Context) (ReconcileResult, error) {
	var res ReconcileResult
	err := workflow.ExecuteActivity(steps(ctx, "repeat lost starts and signals"), ActivityReconcile).Get(ctx, &res)
	return res, err
}
