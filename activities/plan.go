package activities

import (
	"context"
	"time"

	"herald/models"
	"herald/models/store"
	"herald/workflows"
)

const (
	// A campaign too large for one batch is cut into at least so many, so that workers can share it. Even a small one
	// commits in so many steps, so that there is progress to see.
	batchesToShare = 8
	stepsToSee     = 50
	smallest       = 500 // recipients of a batch or a commit; below it overheads cost more than the rows
	// mostBatchesPerPage bounds the keys that one page carries through history.
	mostBatchesPerPage = 10
	// pacedRate is the messages_per_second up to which one batch at a time keeps up: alone, it commits several times as
	// many. Its page lasts half a minute, so that there is progress to see, and its batch a fraction of the minute that
	// an activity may take.
	pacedRate         = 5000
	pacedBatchSeconds = 10
	pacedPageBatches  = 3
	// sharedSeconds is how long a batch of a faster campaign would last alone. All batches in flight, up to twenty, share
	// its pace, and each has to end within the minute too.
	sharedSeconds = 2
)

// plan fixes the sizes of a campaign's pages, batches and transactions. A batch is one activity and commits in several
// transactions: an activity costs Temporal what some thousand rows cost Postgres, while a transaction of more than a
// thousand rows gains little, takes memory, and is what a pause has to wait for.
func (a *Activities) plan(c models.Campaign, sources int, recipients int64) workflows.Plan {
	batch := int(min(int64(a.BatchSize), max(smallest, recipients/batchesToShare)))
	perPage := mostBatchesPerPage
	queue := workflows.QueueSend
	if recipients <= int64(a.BatchSize) {
		// One activity, apart from the large campaigns': what a slot is taken for by one of their batches, at most.
		queue, batch = workflows.QueueSmall, max(batch, int(recipients))
	}
	commit := int(min(int64(a.CommitSize), int64(batch), max(smallest, recipients/stepsToSee)))
	if c.MessagesPerSecond != nil {
		seconds := sharedSeconds
		if *c.MessagesPerSecond <= pacedRate {
			queue, seconds, perPage = workflows.QueuePaced, pacedBatchSeconds, pacedPageBatches
		}
		batch = min(batch, *c.MessagesPerSecond*seconds)
		// No transaction may hold more than a second's worth: see the store's pace.
		commit = min(commit, *c.MessagesPerSecond)
	}
	page := max(batch, min(a.PageSize, batch*perPage)/batch*batch)
	return workflows.Plan{
		Sources: sources, Recipients: recipients, Target: c.Target, PageSize: page, BatchSize: batch, CommitSize: commit, Queue: queue,
	}
}

// PlanPages cuts the next pages of a campaign's audience by key.
func (a *Activities) PlanPages(ctx context.Context, in workflows.PlanInput) (workflows.PlanResult, error) {
	defer alive(ctx)()
	c, err := a.Store.Campaign(ctx, in.AppPK, in.CampaignID)
	if isCode(err, models.CodeNotFound) {
		return workflows.PlanResult{Cursor: in.Cursor, Done: true}, nil // deleted: the workflow hears of it from the fence
	}
	if err != nil {
		return workflows.PlanResult{}, err
	}
	sources, err := a.Store.Sources(ctx, c, started(c))
	if err != nil {
		return workflows.PlanResult{}, err
	}
	return a.cut(ctx, sources, in)
}

func (a *Activities) cut(ctx context.Context, sources []store.Source, in workflows.PlanInput) (workflows.PlanResult, error) {
	res := workflows.PlanResult{Cursor: in.Cursor}
	perPage := max(1, in.Plan.PageSize/in.Plan.BatchSize)
	for len(res.Pages) == 0 && res.Cursor.Source < len(sources) {
		most := in.Limit * perPage
		bounds, err := a.Store.CutBatches(ctx, sources[res.Cursor.Source], res.Cursor.After, in.Plan.BatchSize, most)
		if err != nil {
			return res, err
		}
		for i := 0; i < len(bounds); i += perPage {
			page := workflows.PageRange{Source: res.Cursor.Source, After: res.Cursor.After}
			for _, b := range bounds[i:min(i+perPage, len(bounds))] {
				page.Batches = append(page.Batches, workflows.BatchBound{Through: b.Through, Count: b.Count})
				res.Cursor.After = b.Through
			}
			res.Pages = append(res.Pages, page)
		}
		if len(bounds) < most {
			res.Cursor = workflows.Cursor{Source: res.Cursor.Source + 1}
		}
	}
	res.Done = res.Cursor.Source >= len(sources)
	return res, nil
}

// started is when the campaign began; who came later is not in its audience.
func started(c models.Campaign) time.Time {
	if c.StartedAt != nil {
		return *c.StartedAt
	}
	return time.Now()
}
