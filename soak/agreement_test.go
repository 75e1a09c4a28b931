package soak_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"herald/internal/heralddev"
	"herald/models"
	"herald/workflows"
)

// soon is the time within which a deadline or a start still changes a campaign that is otherwise at rest.
const soon = 30 * time.Second

func isNotFound(err error) bool {
	var unknown *serviceerror.NotFound
	return errors.As(err, &unknown)
}

// standing is how the newest run of a campaign's workflow stands; unspecified where there is none.
func (w *world) standing(ctx context.Context, id string) (enums.WorkflowExecutionStatus, error) {
	described, err := w.temporal.DescribeWorkflowExecution(ctx, w.workflow(id), "")
	if isNotFound(err) {
		return enums.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED, nil
	}
	return described.GetWorkflowExecutionInfo().GetStatus(), err
}

func (w *world) progress(ctx context.Context, id string) (workflows.Progress, error) {
	var p workflows.Progress
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	answer, err := w.temporal.QueryWorkflow(ctx, w.workflow(id), "", workflows.QueryProgress)
	if err != nil {
		return p, err
	}
	return p, answer.Get(&p)
}

// restless says why a campaign is not yet at rest with its row and its workflow in agreement; nil where it is.
func (w *world) restless(ctx context.Context, id string) error {
	r, err := w.row(ctx, id)
	if err != nil {
		return err
	}
	near := func(t *time.Time) bool { return t != nil && time.Until(*t) < soon }
	alive := !r.Deleted && (r.Status == models.StatusScheduled || r.Status == models.StatusInProgress)
	switch {
	case alive && near(r.StopAt):
		return fmt.Errorf("it is %s and ends at %s", r.state, clock(*r.StopAt))
	case alive && r.Hold == models.HoldPaused:
		return w.waits(ctx, id, r, workflows.PhasePaused)
	case alive && r.Status == models.StatusScheduled && !near(r.ScheduledFor):
		return w.waits(ctx, id, r, workflows.PhaseSleeping)
	case alive:
		return fmt.Errorf("it is %s", r.state)
	}
	standing, err := w.standing(ctx, id)
	if err != nil {
		return err
	}
	none := standing == enums.WORKFLOW_EXECUTION_STATUS_UNSPECIFIED
	switch {
	case !none && standing != enums.WORKFLOW_EXECUTION_STATUS_COMPLETED || none && r.Status == models.StatusCompleted:
		return fmt.Errorf("its row is %s, its workflow %s", r.state, standing)
	case r.Deleted || r.Status == models.StatusDraft: // a workflow would be an earlier one's
		return nil
	case r.Acked < r.Seq:
		return fmt.Errorf("its row is %s, its workflow has taken up control %d of %d", r.state, r.Acked, r.Seq)
	case none: // stopped before its start reached Temporal
		return nil
	}
	result, err := w.result(ctx, id)
	if err == nil && result.Status != r.Status {
		err = fmt.Errorf("its row is %s, its workflow ended as %s", r.Status, result.Status)
	}
	return err
}

// waits says whether the workflow of a campaign that is held or asleep does nothing else.
func (w *world) waits(ctx context.Context, id string, r row, phase workflows.Phase) error {
	if r.Acked < r.Seq {
		return fmt.Errorf("its row is %s, its workflow has taken up control %d of %d", r.state, r.Acked, r.Seq)
	}
	described, err := w.temporal.DescribeWorkflowExecution(ctx, w.workflow(id), "")
	if err != nil {
		return err
	}
	if described.GetPendingWorkflowTask() != nil || len(described.GetPendingActivities()) > 0 { // a bare signal, say
		return fmt.Errorf("its row is %s, its workflow has something to do", r.state)
	}
	p, err := w.progress(ctx, id)
	if err == nil && (p.Phase != phase || p.ControlSeq != r.Seq) {
		err = fmt.Errorf("its row is %s by control %d, its workflow %s by control %d", r.state, r.Seq, p.Phase, p.ControlSeq)
	}
	return err
}

// result is how the newest run ended.
func (w *world) result(ctx context.Context, id string) (workflows.CampaignResult, error) {
	var result workflows.CampaignResult
	err := w.temporal.GetWorkflow(ctx, w.workflow(id), "").Get(ctx, &result)
	return result, err
}

// atRest waits until a campaign is at rest, and tells how long that took. Again and again it calls missed meanwhile.
func (w *world) atRest(ctx context.Context, id string, missed func() error) (time.Duration, error) {
	const missedEvery = 5 * time.Second
	began := time.Now()
	next := began.Add(missedEvery)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		restless := w.restless(ctx, id)
		switch now := time.Now(); {
		case restless == nil:
			return time.Since(began), nil
		case now.Sub(began) > patience:
			return 0, fmt.Errorf("not at rest after %v: %w", patience, restless)
		case now.After(next):
			next = now.Add(missedEvery)
			if err := missed(); err != nil {
				return 0, err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// quiet says whether no batch of a campaign is being worked on or waits to be repeated.
func (w *world) quiet(ctx context.Context, id string) (bool, error) {
	described, err := w.temporal.DescribeWorkflowExecution(ctx, w.workflow(id), "")
	if isNotFound(err) {
		return true, nil
	}
	if err != nil || len(described.GetPendingActivities()) > 0 {
		return false, err
	}
	for _, child := range described.GetPendingChildren() {
		page, err := w.temporal.DescribeWorkflowExecution(ctx, child.GetWorkflowId(), child.GetRunId())
		if err != nil || len(page.GetPendingActivities()) > 0 || page.GetPendingWorkflowTask() != nil {
			return false, err
		}
	}
	return described.GetPendingWorkflowTask() == nil, nil
}

// pauseReconciler has the reconciler not come by itself any more, or again.
func (w *world) pauseReconciler(ctx context.Context, paused bool) error {
	handle := w.temporal.ScheduleClient().GetHandle(ctx, workflows.ReconcileScheduleID)
	var err error
	_ = heralddev.Await(ctx, "the worker to have made the schedule", patience, func() bool {
		if paused {
			err = handle.Pause(ctx, client.SchedulePauseOptions{})
		} else {
			err = handle.Unpause(ctx, client.ScheduleUnpauseOptions{})
		}
		return err == nil
	})
	return err
}

// untold lists what the API logged of controls that it could not tell the workflows of, as far as a line has a part.
func (w *world) untold(part string) ([]string, error) {
	log, err := os.ReadFile(filepath.Join(w.Dir, "log", "api.log"))
	if err != nil {
		return nil, err
	}
	var lines []string
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, "was not told") && strings.Contains(line, part) {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// reconcile has the reconciler look at a campaign now, as if it had been left alone for long.
func (w *world) reconcile(ctx context.Context, id string) error {
	if _, err := w.DB.Exec(ctx, "UPDATE campaigns SET updated_at = updated_at - interval '1 minute' WHERE app_pk = $1 AND id = $2", w.app, id); err != nil {
		return err
	}
	return w.temporal.ScheduleClient().GetHandle(ctx, workflows.ReconcileScheduleID).Trigger(ctx, client.ScheduleTriggerOptions{})
}
