package workflows_test

import (
	"context"
	"slices"

	"go.temporal.io/sdk/activity"

	"herald/models"
	"herald/workflows"
)

type activityRegistry interface {
	RegisterActivityWithOptions(a any, options activity.RegisterOptions)
}

// register registers the row's activities, those of every queue.
func (r *row) register(to activityRegistry) {
	for name, f := range map[string]any{
		workflows.ActivityBegin: r.Begin, workflows.ActivityPlanPages: r.PlanPages, workflows.ActivitySendBatch: r.SendBatch,
		workflows.ActivityControl: r.Control, workflows.ActivityComplete: r.Complete, workflows.ActivityAcknowledge: r.Acknowledge,
		workflows.ActivityReconcile: r.Reconcile,
	} {
		to.RegisterActivityWithOptions(f, activity.RegisterOptions{Name: name})
	}
}

func (r *row) count(activity string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps[activity]++
}

// answer puts the outcome of a control as the activities do: what the row refuses is no error.
func answer(state models.State, changed bool, err error) (workflows.StepResult, error) {
	switch models.ErrorCode(err) {
	case models.CodeNotFound:
		return workflows.StepResult{Gone: true}, nil
	case models.CodeInvalid:
		return workflows.StepResult{State: state}, nil
	default:
		return workflows.StepResult{Done: changed, State: state}, err
	}
}

func (r *row) Begin(_ context.Context, in workflows.BeginInput) (workflows.BeginResult, error) {
	r.count(workflows.ActivityBegin)
	step, err := answer(r.control(control{action: models.ActionBegin, seen: &in.Seen}))
	if err != nil || !step.Done {
		return workflows.BeginResult{StepResult: step}, err
	}
	plan := workflows.Plan{
		Sources: len(r.sources), PageSize: r.batchSize * r.perPage, BatchSize: r.batchSize, CommitSize: r.batchSize, Target: models.SegmentUser,
		Queue: r.queue,
	}
	for _, keys := range r.sources {
		plan.Recipients += int64(len(keys))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.began = append(r.began, r.now())
	return workflows.BeginResult{StepResult: step, Plan: plan, First: r.cut(workflows.Cursor{}, in.Limit)}, nil
}

func (r *row) PlanPages(_ context.Context, in workflows.PlanInput) (workflows.PlanResult, error) {
	r.count(workflows.ActivityPlanPages)
	return r.cut(in.Cursor, in.Limit), nil
}

// cut cuts pages of one source. Like the store it learns that a source is through from a page that it cannot fill.
func (r *row) cut(cursor workflows.Cursor, limit int) workflows.PlanResult {
	res := workflows.PlanResult{Cursor: cursor}
	for len(res.Pages) == 0 && res.Cursor.Source < len(r.sources) {
		r.cutSource(&res, limit)
	}
	res.Done = res.Cursor.Source >= len(r.sources)
	return res
}

func (r *row) cutSource(res *workflows.PlanResult, limit int) {
	for range limit {
		page := workflows.PageRange{Source: res.Cursor.Source, After: res.Cursor.After}
		for range r.perPage {
			left := between(r.sources[page.Source], res.Cursor.After, "")
			if len(left) == 0 {
				break
			}
			n := min(r.batchSize, len(left))
			res.Cursor.After = left[n-1]
			page.Batches = append(page.Batches, workflows.BatchBound{Through: left[n-1], Count: n})
		}
		if len(page.Batches) == 0 {
			res.Cursor = workflows.Cursor{Source: page.Source + 1}
			return
		}
		res.Pages = append(res.Pages, page)
	}
}

// between is the keys in (after, through]; an empty through is the end.
func between(keys []string, after, through string) []string {
	position := func(key string) int {
		n, found := slices.BinarySearch(keys, key)
		if found {
			n++
		}
		return n
	}
	end := len(keys)
	if through != "" {
		end = position(through)
	}
	return keys[position(after):end]
}

func (r *row) SendBatch(_ context.Context, in workflows.BatchInput) (workflows.BatchResult, error) {
	r.count(workflows.ActivitySendBatch)
	if r.work != nil {
		if err := r.work(in); err != nil {
			return workflows.BatchResult{}, err
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	state := r.state
	if r.deleted {
		state = models.State{Status: models.StatusStopped, Hold: models.HoldStopped}
	}
	res := workflows.BatchResult{Held: !state.Open(), State: state}
	if res.Held {
		r.held++
		return res, nil
	}
	recipients := between(r.sources[in.Source], in.After, in.Through)
	r.commits = append(r.commits, commit{at: r.now(), source: in.Source, after: in.After, count: len(recipients)})
	for _, id := range recipients {
		if _, has := r.messages[id]; !has {
			r.messages[id] = in.Source
		}
		if r.messages[id] == in.Source {
			res.Counts.Sent++
		}
	}
	return res, nil
}

func (r *row) Control(_ context.Context, in workflows.ControlInput) (workflows.StepResult, error) {
	r.count(workflows.ActivityControl)
	r.mu.Lock()
	r.asked = append(r.asked, in.Action)
	r.mu.Unlock()
	return answer(r.control(control{
		action: in.Action, cause: in.Cause, scheduledFor: in.ScheduledFor, stopAt: in.StopAt, seen: in.Seen,
	}))
}

func (r *row) Complete(_ context.Context, in workflows.StepInput) (workflows.StepResult, error) {
	r.count(workflows.ActivityComplete)
	if r.lastStep != nil {
		r.lastStep()
	}
	return answer(r.control(control{action: models.ActionComplete, seen: &in.Seen}))
}

func (r *row) Acknowledge(_ context.Context, in workflows.StepInput) error {
	r.count(workflows.ActivityAcknowledge)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.acked = max(r.acked, in.Seen)
	return nil
}

// Reconcile reports the one repair that there is when the newest control was not taken up.
func (r *row) Reconcile(_ context.Context, in workflows.ReconcileInput) (workflows.ReconcileResult, error) {
	r.count(workflows.ActivityReconcile)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.acked < r.state.ControlSeq {
		return workflows.ReconcileResult{Repeated: 1, Next: in.After}, nil
	}
	return workflows.ReconcileResult{Next: in.After}, nil
}
