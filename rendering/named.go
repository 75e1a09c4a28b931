package rendering

import (
	"context"
	"slices"

	"herald/models"
	"herald/models/store"
)

// Store is what is read for targets that are named one by one; a store.Store is one.
type Store interface {
	Channels
	// Users gives those of the users that exist by id, deleted ones too.
	Users(ctx context.Context, appPK int64, ids []string) (map[string]models.User, error)
	// MemberIDs gives the members of each channel by cid, in order of user id, at most limit of each.
	MemberIDs(ctx context.Context, appPK int64, cids []string, limit int) (map[string][]string, error)
}

// Named makes what is to be committed for targets named one by one: user ids, or cids where the campaign's recipients are
// channels. They need not be in its audience.
func (d *Definition) Named(ctx context.Context, db Store, ids []string) (store.Delivery, error) {
	ids = slices.Compact(slices.Sorted(slices.Values(ids))) // the order of a delivery
	if d.campaign.Target == models.SegmentChannel {
		targets, err := d.namedChannels(ctx, db, ids)
		return d.ToChannels(targets), err
	}
	targets, err := d.namedUsers(ctx, db, ids)
	if err != nil {
		return store.Delivery{}, err
	}
	return d.ToUsers(ctx, db, targets)
}

func (d *Definition) namedUsers(ctx context.Context, db Store, ids []string) ([]store.UserTarget, error) {
	users, err := db.Users(ctx, d.campaign.AppPK, ids)
	targets := make([]store.UserTarget, len(ids))
	for i, id := range ids {
		targets[i].ID = id
		if u, ok := users[id]; ok {
			targets[i].User = &u
		}
	}
	return targets, err
}

func (d *Definition) namedChannels(ctx context.Context, db Store, cids []string) ([]store.ChannelTarget, error) {
	channels, err := db.LiveChannels(ctx, d.campaign.AppPK, cids)
	targets := make([]store.ChannelTarget, len(cids))
	for i, cid := range cids {
		targets[i] = store.ChannelTarget{CID: cid, Channel: channels[cid]}
	}
	return targets, err
}
