package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"herald/models"
	"herald/models/store"
	"herald/workflows"
)

const (
	// reconcileGrace is what a start or signal usually needs to be acknowledged, many times over.
	reconcileGrace = 15 * time.Second
	// reconcileLimit bounds what one run repeats, and how many workflows it asks for; the next one goes on.
	reconcileLimit = 500
)

// Reconcile closes the gaps between the rows of campaigns and their workflows, and between those of tasks and theirs. It
// repeats starts and signals that were lost, and asks after the workflows of a portion of the campaigns of which nothing
// is known to be lost.
//
// An error means that Postgres failed. What fails with a single campaign is logged and counted: the schedule is the
// repetition, and neither the campaigns after it nor the next portion wait for it.
func (a *Activities) Reconcile(ctx context.Context, in workflows.ReconcileInput) (workflows.ReconcileResult, error) {
	var res workflows.ReconcileResult
	lost, err := a.Store.Unacknowledged(ctx, reconcileGrace, reconcileLimit)
	if err != nil {
		return res, err
	}
	for _, c := range lost {
		a.reconciled(ctx, c, &res, a.repeat(ctx, c, &res))
	}
	portion, err := a.Store.Acknowledged(ctx, in.After, reconcileGrace, reconcileLimit)
	if err != nil {
		return res, err
	}
	for _, c := range portion {
		a.reconciled(ctx, c, &res, a.revive(ctx, c, &res))
	}
	if len(portion) == reconcileLimit {
		res.Next = portion[len(portion)-1].Position()
	}
	return res, a.reconcileTasks(ctx, &res)
}

// reconciled notes a campaign that could not be helped this time.
func (a *Activities) reconciled(ctx context.Context, c models.Campaign, res *workflows.ReconcileResult, err error) {
	if err != nil {
		res.Failed++
		a.Log.ErrorContext(ctx, "a campaign could not be reconciled with its workflow", "app", c.AppPK, "campaign", c.ID, "error", err)
	}
}

// repeat tells a campaign's workflow of the row's newest state, and sees to a workflow that is not there.
func (a *Activities) repeat(ctx context.Context, c models.Campaign, res *workflows.ReconcileResult) error {
	action := models.ActionResume // any signal carries the whole state
	switch {
	case c.State().Ended():
		action = models.ActionStop
	case c.Paused():
		action = models.ActionPause
	}
	err := a.Launcher.Control(ctx, c, action)
	switch {
	case err == nil:
		res.Repeated++
		a.Log.InfoContext(ctx, "repeated a lost control", "app", c.AppPK, "campaign", c.ID, "control_seq", c.ControlSeq)
		return nil
	case !errors.Is(err, workflows.ErrNotRunning):
		return err
	case c.Alive():
		return a.revive(ctx, c, res)
	default:
		return a.closeBooks(ctx, c)
	}
}

// revive compares a campaign that is alive with its workflow. One that somebody ended, or that failed, stays ended: the
// row follows. One that is not there, because its start was lost or because Temporal has lost or forgotten it, is
// started; a campaign that was in progress begins anew, and who has a message gets no other.
func (a *Activities) revive(ctx context.Context, c models.Campaign, res *workflows.ReconcileResult) error {
	standing, err := a.Launcher.Standing(ctx, c)
	if err != nil {
		return err
	}
	switch standing {
	case workflows.ExecutionRunning:
		return nil
	case workflows.ExecutionTerminated, workflows.ExecutionFailed, workflows.ExecutionTimedOut, workflows.ExecutionCanceled:
		return a.stop(ctx, c, standing, res)
	default:
		return a.startAgain(ctx, c, standing, res)
	}
}

// stop closes the row of a campaign whose workflow has ended without it, unless a newer control stands in the way.
func (a *Activities) stop(ctx context.Context, c models.Campaign, standing workflows.ExecutionStatus, res *workflows.ReconcileResult) error {
	stopped, changed, err := a.Store.Control(ctx, c.AppPK, c.ID, store.Control{
		Action: models.ActionStop, Cause: models.Cause{Via: models.ViaHerald, Reason: models.ReasonWorkflowEnded(string(standing))}, Seen: &c.ControlSeq,
	})
	if isCode(err, models.CodeNotFound) || err == nil && !changed {
		return nil
	}
	if err != nil {
		return err
	}
	res.Closed = append(res.Closed, workflows.ClosedCampaign{Ref: workflows.Ref{AppPK: c.AppPK, CampaignID: c.ID}, Workflow: standing})
	a.Log.WarnContext(ctx, "stopped a campaign whose workflow has ended without it", "app", c.AppPK, "campaign", c.ID, "workflow", standing)
	return a.closeBooks(ctx, stopped)
}

// startAgain starts the workflow of a campaign that has none, as the row stands now.
func (a *Activities) startAgain(ctx context.Context, c models.Campaign, standing workflows.ExecutionStatus, res *workflows.ReconcileResult) error {
	now, err := a.Store.Campaign(ctx, c.AppPK, c.ID)
	if isCode(err, models.CodeNotFound) || err == nil && !now.Alive() {
		return nil
	}
	if err != nil {
		return err
	}
	if err := a.Launcher.Start(ctx, now); err != nil {
		return err
	}
	res.Started++
	a.Log.WarnContext(ctx, "started the workflow of a campaign that had none", "app", c.AppPK, "campaign", c.ID, "workflow", standing)
	return nil
}

// closeBooks acknowledges the last control of a campaign that has ended and has no workflow: nobody is left to tell.
func (a *Activities) closeBooks(ctx context.Context, c models.Campaign) error {
	if err := a.Store.Acknowledge(ctx, c.AppPK, c.ID, c.ControlSeq); err != nil {
		return fmt.Errorf("close the books on campaign %d/%s: %w", c.AppPK, c.ID, err)
	}
	return nil
}
