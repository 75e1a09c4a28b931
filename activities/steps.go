package activities

import (
	"context"

	"herald/models"
	"herald/models/store"
	"herald/workflows"
)

// Begin takes a campaign whose time has come into progress, unless a newer control stands in the way, counts its
// audience, which is the size of its segments too, plans how it is worked off and cuts the first pages.
func (a *Activities) Begin(ctx context.Context, in workflows.BeginInput) (workflows.BeginResult, error) {
	defer alive(ctx)()
	c, step, err := a.step(ctx, in.StepInput, models.ActionBegin)
	step.Done = step.Done && step.State.Open()
	res := workflows.BeginResult{StepResult: step}
	if err != nil || !step.Done {
		return res, err
	}
	sources, err := a.Store.Sources(ctx, c, *c.StartedAt)
	if err != nil {
		return res, err
	}
	var total int64
	for _, src := range sources {
		n, err := a.Store.CountSource(ctx, src)
		if err != nil {
			return res, err
		}
		if err := a.Store.NoteSize(ctx, src, n); err != nil {
			return res, err
		}
		total += n
	}
	if err := a.Store.SetRecipients(ctx, in.AppPK, in.CampaignID, total); err != nil {
		return res, err
	}
	res.Plan = a.plan(c, len(sources), total)
	if in.Limit > 0 {
		res.First, err = a.cut(ctx, sources, workflows.PlanInput{Ref: in.Ref, Plan: res.Plan, Limit: in.Limit})
	}
	return res, err
}

// Complete ends a campaign whose last recipient is done, unless a newer control stands in the way.
func (a *Activities) Complete(ctx context.Context, in workflows.StepInput) (workflows.StepResult, error) {
	_, step, err := a.step(ctx, in, models.ActionComplete)
	return step, err
}

// step makes one of the workflow's own moves under the newest control it knows. A move that the row refuses is no
// error: the row's state says why.
func (a *Activities) step(ctx context.Context, in workflows.StepInput, action models.Action) (models.Campaign, workflows.StepResult, error) {
	c, changed, err := a.Store.Control(ctx, in.AppPK, in.CampaignID, store.Control{Action: action, Cause: models.Cause{Via: models.ViaHerald}, Seen: &in.Seen})
	switch {
	case isCode(err, models.CodeNotFound):
		return c, workflows.StepResult{Gone: true}, nil
	case isCode(err, models.CodeInvalid):
		return c, workflows.StepResult{State: c.State()}, nil
	case err != nil:
		return c, workflows.StepResult{}, err
	}
	return c, workflows.StepResult{Done: changed, State: c.State()}, nil
}

// Control writes an action that a bare signal, the deadline or a failed page asks for. What the row refuses changes
// nothing; the workflow adopts the row's state either way.
func (a *Activities) Control(ctx context.Context, in workflows.ControlInput) (workflows.StepResult, error) {
	c, changed, err := a.Store.Control(ctx, in.AppPK, in.CampaignID, store.Control{
		Action: in.Action, ScheduledFor: in.ScheduledFor, StopAt: in.StopAt, Cause: in.Storable(), Seen: in.Seen,
	})
	switch {
	case isCode(err, models.CodeNotFound):
		return workflows.StepResult{Gone: true}, nil
	case isCode(err, models.CodeInvalid) || isCode(err, models.CodeNotAllowed):
		a.Log.InfoContext(ctx, "control refused", "app", in.AppPK, "campaign", in.CampaignID, "action", in.Action, "reason", err)
		return workflows.StepResult{State: c.State()}, nil
	case err != nil:
		return workflows.StepResult{}, err
	}
	return workflows.StepResult{Done: changed, State: c.State()}, nil
}

// Acknowledge records the newest control that a campaign's workflow has taken up.
func (a *Activities) Acknowledge(ctx context.Context, in workflows.StepInput) error {
	return a.Store.Acknowledge(ctx, in.AppPK, in.CampaignID, in.Seen)
}
