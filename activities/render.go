package activities

import (
	"context"
	"fmt"

	"herald/models/store"
	"herald/rendering"
	"herald/workflows"
)

// render reads the next targets after a key and makes what is to be committed for them.
func (a *Activities) render(ctx context.Context, def *rendering.Definition, in workflows.BatchInput, after string) (store.Delivery, error) {
	defer a.sending.batch()()
	c := def.Campaign()
	sources, err := a.Store.Sources(ctx, c, started(c))
	if err != nil {
		return store.Delivery{}, err
	}
	if in.Source >= len(sources) {
		return store.Delivery{}, misconfigured(fmt.Errorf("campaign %d/%s has no source %d", c.AppPK, c.ID, in.Source))
	}
	var d store.Delivery
	through := in.Through
	if src := sources[in.Source]; src.Channels() {
		targets, err := a.Store.ChannelTargets(ctx, src, after, through, in.Size+1)
		if err != nil {
			return d, err
		}
		if len(targets) > in.Size { // the range has grown since it was planned
			targets = targets[:in.Size]
			through = targets[in.Size-1].CID
		}
		d = def.ToChannels(targets)
	} else {
		targets, err := a.Store.UserTargets(ctx, src, after, through, in.Size+1)
		if err != nil {
			return d, err
		}
		if len(targets) > in.Size {
			targets = targets[:in.Size]
			through = targets[in.Size-1].ID
		}
		if d, err = def.ToUsers(ctx, a.Store, targets); err != nil {
			return d, err
		}
	}
	d.Source, d.After, d.Through = in.Source, after, through
	if c.MessagesPerSecond != nil {
		d.Pace = pace(*c.MessagesPerSecond)
	}
	return d, nil
}
