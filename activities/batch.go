package activities

import (
	"context"
	"errors"
	"math"
	"time"

	"herald/models"
	"herald/models/store"
	"herald/rendering"
	"herald/workflows"
)

// SendBatch delivers to the targets of one range, in transactions of at most in.Size targets. Run again, it
// delivers what is missing and returns the same counts.
func (a *Activities) SendBatch(ctx context.Context, in workflows.BatchInput) (workflows.BatchResult, error) {
	defer alive(ctx)()
	var res workflows.BatchResult
	def, err := a.definition(ctx, in.Ref)
	if isCode(err, models.CodeNotFound) {
		res.Held, res.State = true, deleted
		return res, nil
	}
	if err != nil {
		return res, err
	}
	for after := in.After; after < in.Through; {
		through, out, err := a.deliverNext(ctx, def, in, after)
		if err != nil {
			return res, err
		}
		res.State = out.State
		if out.Held {
			res.Held = true
			return res, nil
		}
		res.Counts = res.Counts.Plus(out.Counts)
		after = through
	}
	return res, nil
}

// deleted is the state of a campaign that is gone. No control comes after a deletion; with a lower number whoever asked
// would take the state for old news and ask again at once.
var deleted = models.State{ControlSeq: math.MaxInt64, Status: models.StatusStopped, Hold: models.HoldStopped}

// errChannelsChange says that channels of the batch appeared and vanished faster than they could be read and written.
var errChannelsChange = errors.New("channels of the batch keep changing")

// deliverNext delivers to the next targets after a key and says how far it came.
func (a *Activities) deliverNext(ctx context.Context, def *rendering.Definition, in workflows.BatchInput, after string) (string, store.Delivered, error) {
	const readings = 3
	for range readings {
		d, err := a.render(ctx, def, in, after)
		if err != nil {
			return "", store.Delivered{}, err
		}
		out, err := a.deliverPaced(ctx, d)
		switch {
		case err != nil:
			return "", out, err
		case out.SenderGone:
			err := a.pause(ctx, in.Ref, models.ReasonSenderUnavailable, &out)
			return "", out, err
		case out.NoCapacity:
			err := a.pause(ctx, in.Ref, models.ReasonMessageCapacity, &out)
			return "", out, err
		case !out.ChannelsGone:
			return d.Through, out, nil
		}
	}
	return "", store.Delivered{}, errChannelsChange
}

// deliverPaced waits for the turn that messages_per_second asks for, a second or so at most.
func (a *Activities) deliverPaced(ctx context.Context, d store.Delivery) (store.Delivered, error) {
	wait, err := a.Store.Turn(ctx, d)
	if err != nil {
		return store.Delivered{}, err
	}
	if wait > 0 {
		select {
		case <-ctx.Done():
			return store.Delivered{}, ctx.Err()
		case <-time.After(wait):
		}
	}
	defer a.sending.batch()()
	return a.Store.Deliver(ctx, d)
}

// pause closes the fence in front of every batch of the campaign at once; the workflow hears of it like of any pause. It
// does nothing where somebody has steered the campaign since the batch saw it: the batch then finds out anew.
func (a *Activities) pause(ctx context.Context, ref workflows.Ref, reason string, out *store.Delivered) error {
	c, changed, err := a.Store.Control(ctx, ref.AppPK, ref.CampaignID, store.Control{
		Action: models.ActionPause, Cause: models.Cause{Via: models.ViaHerald, Reason: reason}, Seen: &out.State.ControlSeq,
	})
	if err != nil && !isCode(err, models.CodeInvalid) {
		return err
	}
	out.Held, out.State = true, c.State()
	if changed {
		if err := a.Launcher.Control(ctx, c, models.ActionPause); err != nil {
			a.Log.WarnContext(ctx, "the workflow was not told of a pause", "app", ref.AppPK, "campaign", ref.CampaignID, "error", err)
		}
	}
	return nil
}
