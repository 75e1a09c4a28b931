package workflows

import (
	"cmp"
	"fmt"

	"go.temporal.io/sdk/workflow"

	"herald/models"
)

// batchesAtOnce is how many batches of a page are in flight together.
const batchesAtOnce = 2

// PageInput is the input of SegmentPage.
type PageInput struct {
	Ref
	Number     int          `json:"number"`
	Page       PageRange    `json:"page"`
	CommitSize int          `json:"commit_size"`
	Queue      string       `json:"queue,omitempty"` // see Plan
	State      models.State `json:"state"`           // of the campaign when the page was started
}

// PageResult is the outcome of a page. With fewer Batches than the page has, it is not through: the campaign has ended,
// the page was cancelled, or a batch failed for good, for which Failure gives the reason. Counts cover Batches.
type PageResult struct {
	Batches int           `json:"batches"` // sent
	Counts  models.Counts `json:"counts"`
	Failure string        `json:"failure,omitempty"`
}

// SegmentPage sends one page of a campaign's audience, a few batches at a time. It holds between batches while the
// campaign is paused and ends early, without an error, when the campaign ends.
func SegmentPage(ctx workflow.Context, in PageInput) (PageResult, error) {
	p := &page{in: in, state: in.State}
	states := workflow.GetSignalChannelWithOptions(ctx, signalState, workflow.SignalChannelOptions{
		Description: "Sent by the campaign: what its row says since the last control. Steer the campaign, not the page.",
	})
	workflow.Go(ctx, func(ctx workflow.Context) {
		for {
			var s models.State
			states.Receive(ctx, &s)
			p.adopt(s)
		}
	})
	return p.run(ctx)
}

type page struct {
	in     PageInput
	state  models.State
	next   int // batch
	result PageResult
}

func (p *page) run(ctx workflow.Context) (PageResult, error) {
	lanes := workflow.NewWaitGroup(ctx)
	atOnce := min(batchesAtOnce, len(p.in.Page.Batches))
	if p.in.Queue == QueuePaced {
		atOnce = 1
	}
	for range atOnce {
		lanes.Add(1)
		workflow.Go(ctx, func(ctx workflow.Context) {
			defer lanes.Done()
			for p.next < len(p.in.Page.Batches) && ctx.Err() == nil {
				n := p.next
				p.next++
				p.send(ctx, n)
			}
		})
	}
	// The lanes end by themselves when the page is cancelled, each with its batch settled.
	wait, _ := workflow.NewDisconnectedContext(ctx)
	lanes.Wait(wait)
	return p.result, nil
}

// send sends one batch, as often as a closed fence turns it away.
func (p *page) send(ctx workflow.Context, n int) {
	batch := p.in.Page.Batches[n]
	in := BatchInput{Ref: p.in.Ref, Source: p.in.Page.Source, After: p.after(n), Through: batch.Through, Size: p.in.CommitSize}
	summary := fmt.Sprintf("batch %d of %d, %d recipients", n+1, len(p.in.Page.Batches), batch.Count)
	for {
		err := workflow.Await(ctx, func() bool { return p.state.Ended() || p.state.Hold == models.HoldNone })
		if err != nil || p.state.Ended() {
			return // cancelled, or the campaign has ended
		}
		var res BatchResult
		if err := workflow.ExecuteActivity(sends(ctx, cmp.Or(p.in.Queue, QueueSend), summary), ActivitySendBatch, in).Get(ctx, &res); err != nil {
			if ctx.Err() == nil {
				p.result.Failure = fmt.Sprintf("batch %d: %v", n+1, err)
			}
			return
		}
		if !res.Held {
			p.result.Batches++
			p.result.Counts = p.result.Counts.Plus(res.Counts)
			return
		}
		if res.State.Ended() {
			p.state = res.State // whatever its control_seq, which the batch of a deleted campaign does not know
			return
		}
		// Held for a pause this page knows to be over means: send it again at once.
		p.adopt(res.State)
	}
}

// after is the key behind which a batch begins: where the one before it ends.
func (p *page) after(n int) string {
	if n == 0 {
		return p.in.Page.After
	}
	return p.in.Page.Batches[n-1].Through
}

func (p *page) adopt(s models.State) {
	if newer(s, p.state) {
		p.state = s
	}
}
