package activities

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"herald/models"
	"herald/models/store"
	"herald/workflows"
)

const (
	// reconcileGrace is what a start or signal usually needs to be acknowledged, many times over.
	reconcileGrace = 15 * time.Second
	// reconcileTime is after how long a run gives up on calls to Temporal: its activity may take 30 s.
	reconcileTime = 25 * time.Second
	// reconcileBudget bounds how long a run goes on repeating what was lost: thousands where Temporal was away. What is left
	// waits for the next run.
	reconcileBudget = 15 * time.Second
	// reconcilePatience is what a single campaign may take.
	reconcilePatience = 5 * time.Second
	// reconcileAtOnce is how many campaigns are seen to at the same time: most of each is waiting for Temporal.
	reconcileAtOnce = 8
	// lostPortion is how many lost campaigns are in memory at once, user ids and all.
	lostPortion = 100
	// reconcileLimit is how many workflows one run asks after; the next one goes on.
	reconcileLimit = 500
)

// Reconcile closes the gaps between the rows of campaigns and their workflows, and between those of tasks and theirs. It
// repeats starts and signals that were lost, and asks after the workflows of a portion of the campaigns of which nothing
// is known to be lost.
//
// An error means that Postgres failed. What fails with a single campaign is logged and counted: the schedule is the
// repetition, and neither the campaigns after it nor the next portion wait for it.
func (a *Activities) Reconcile(ctx context.Context, in workflows.ReconcileInput) (workflows.ReconcileResult, error) {
	ctx, cancel := context.WithTimeout(ctx, reconcileTime)
	defer cancel()
	r := &repairs{Activities: a}
	if err := r.lost(ctx); err != nil {
		return r.res, err
	}
	portion, err := a.Store.Acknowledged(ctx, in.After, reconcileGrace, reconcileLimit)
	if err != nil {
		return r.res, err
	}
	r.each(ctx, portion, r.revive)
	if len(portion) == reconcileLimit {
		r.res.Next = portion[len(portion)-1].Position()
	}
	return r.res, a.reconcileTasks(ctx, &r.res)
}

// repairs is one run of the reconciler.
type repairs struct {
	*Activities
	mu  sync.Mutex
	res workflows.ReconcileResult
}

// note writes to the result.
func (r *repairs) note(what func(res *workflows.ReconcileResult)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	what(&r.res)
}

// each does something for every campaign, several at once, and notes those that could not be helped this time.
func (r *repairs) each(ctx context.Context, campaigns []models.Campaign, do func(context.Context, models.Campaign) error) {
	queue := make(chan models.Campaign)
	var workers sync.WaitGroup
	for range reconcileAtOnce {
		workers.Go(func() {
			for c := range queue {
				if err := one(ctx, c, do); err != nil {
					r.note(func(res *workflows.ReconcileResult) { res.Failed++ })
					r.Log.ErrorContext(ctx, "a campaign could not be reconciled with its workflow", "app", c.AppPK, "campaign", c.ID, "error", err)
				}
			}
		})
	}
	for _, c := range campaigns {
		queue <- c
	}
	close(queue)
	workers.Wait()
}

func one(ctx context.Context, c models.Campaign, do func(context.Context, models.Campaign) error) error {
	ctx, cancel := context.WithTimeout(ctx, reconcilePatience)
	defer cancel()
	return do(ctx, c)
}

// lost repeats what was lost, as much as there is time for.
func (r *repairs) lost(ctx context.Context) error {
	var after models.Position
	for deadline := time.Now().Add(reconcileBudget); time.Now().Before(deadline); {
		lost, err := r.Store.Unacknowledged(ctx, after, reconcileGrace, lostPortion)
		if err != nil {
			return err
		}
		r.each(ctx, lost, r.repeat)
		if len(lost) < lostPortion {
			return nil
		}
		after = lost[len(lost)-1].Position()
	}
	return nil
}

// repeat tells a campaign's workflow of the row's newest state, and sees to a workflow that is not there.
func (r *repairs) repeat(ctx context.Context, c models.Campaign) error {
	action := models.ActionResume // any signal carries the whole state
	switch {
	case c.State().Ended():
		action = models.ActionStop
	case c.Paused():
		action = models.ActionPause
	}
	err := r.Launcher.Control(ctx, c, action)
	switch {
	case err == nil:
		r.note(func(res *workflows.ReconcileResult) { res.Repeated++ })
		r.Log.InfoContext(ctx, "repeated a lost control", "app", c.AppPK, "campaign", c.ID, "control_seq", c.ControlSeq)
		return nil
	case !errors.Is(err, workflows.ErrNotRunning):
		return err
	case c.Alive():
		return r.revive(ctx, c)
	default:
		return r.closeBooks(ctx, c)
	}
}

// revive compares a campaign that is alive with its workflow. One that somebody ended, or that failed, stays ended: the
// row follows. One that is not there, because its start was lost or because Temporal has lost or forgotten it, is
// started; a campaign that was in progress begins anew, and who has a message gets no other.
func (r *repairs) revive(ctx context.Context, c models.Campaign) error {
	standing, err := r.Launcher.Standing(ctx, c)
	if err != nil {
		return err
	}
	switch standing {
	case workflows.ExecutionRunning:
		return nil
	case workflows.ExecutionTerminated, workflows.ExecutionFailed, workflows.ExecutionTimedOut, workflows.ExecutionCanceled:
		return r.stop(ctx, c, standing)
	default:
		return r.startAgain(ctx, c, standing)
	}
}

// stop closes the row of a campaign whose workflow has ended without it, unless a newer control stands in the way.
func (r *repairs) stop(ctx context.Context, c models.Campaign, standing workflows.ExecutionStatus) error {
	stopped, changed, err := r.Store.Control(ctx, c.AppPK, c.ID, store.Control{
		Action: models.ActionStop, Cause: models.Cause{Via: models.ViaHerald, Reason: models.ReasonWorkflowEnded(string(standing))}, Seen: &c.ControlSeq,
	})
	if isCode(err, models.CodeNotFound) || err == nil && !changed {
		return nil
	}
	if err != nil {
		return err
	}
	closed := workflows.ClosedCampaign{Ref: workflows.Ref{AppPK: c.AppPK, CampaignID: c.ID}, Workflow: standing}
	r.note(func(res *workflows.ReconcileResult) { res.Closed = append(res.Closed, closed) })
	r.Log.WarnContext(ctx, "stopped a campaign whose workflow has ended without it", "app", c.AppPK, "campaign", c.ID, "workflow", standing)
	return r.closeBooks(ctx, stopped)
}

// startAgain starts the workflow of a campaign that has none, as the row stands now.
func (r *repairs) startAgain(ctx context.Context, c models.Campaign, standing workflows.ExecutionStatus) error {
	now, err := r.Store.Campaign(ctx, c.AppPK, c.ID)
	if isCode(err, models.CodeNotFound) || err == nil && !now.Alive() {
		return nil
	}
	if err != nil {
		return err
	}
	if err := r.Launcher.Start(ctx, now); err != nil {
		return err
	}
	r.note(func(res *workflows.ReconcileResult) { res.Started++ })
	r.Log.WarnContext(ctx, "started the workflow of a campaign that had none", "app", c.AppPK, "campaign", c.ID, "workflow", standing)
	return nil
}

// closeBooks acknowledges the last control of a campaign that has ended and has no workflow: nobody is left to tell.
func (r *repairs) closeBooks(ctx context.Context, c models.Campaign) error {
	if err := r.Store.Acknowledge(ctx, c.AppPK, c.ID, c.ControlSeq); err != nil {
		return fmt.Errorf("close the books on campaign %d/%s: %w", c.AppPK, c.ID, err)
	}
	return nil
}
