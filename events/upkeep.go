package events

import (
	"context"
	"time"

	"herald/models/store"
)

// UpkeepOf is what any relay does beside delivering: it looks how far campaigns have come, and clears away what nobody will
// deliver or read any more.
func UpkeepOf(db *store.Store) []Upkeep {
	const some = 1000 // at once; the rest is there the next time
	discard := func(do func(context.Context, int) (int, error)) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := do(ctx, some)
			return err
		}
	}
	return []Upkeep{
		{Name: "the progress of campaigns", Every: time.Second, Do: discard(db.RecordProgress)},
		{Name: "events of hooks that are gone", Every: 30 * time.Second, Do: discard(db.SweepOutbox)},
		{Name: "pushes that nobody sends", Every: 30 * time.Second, Do: discard(db.SweepPush)},
		{Name: "old failures of hooks", Every: 10 * time.Minute, Do: discard(db.SweepHookFailures)},
	}
}
