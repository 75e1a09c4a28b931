package soak_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// Users of the interleavings: 30 in each of their 100 cities.
const interleavedUsers = 3000

// Controls of every kind, from the API and by bare signals, at once and against completion and auto-stop, end in a state
// that the table of moves allows and that row and workflow agree on; no answer contradicts the table; no message is
// committed while a campaign is held; and who goes on to the end has one message for everybody.
func TestInterleavings(t *testing.T) {
	if !large {
		t.Parallel() // most of it is waiting
	}
	seed := newSeed(t)
	// Small pages, batches and transactions, so that a control has many gaps to fall into; two workers, so that nothing is
	// settled within a process.
	w := newWorld(t, interleavedUsers, []string{"HERALD_PAGE_SIZE=300", "HERALD_BATCH_SIZE=100", "HERALD_COMMIT_SIZE=25"}, "--workers", "2")
	in := &interleavings{world: w, seed: seed}
	must(t, in.prepare(t.Context()))

	t.Run("all processes alive", func(t *testing.T) {
		// It would hide that a workflow passed over what it was told.
		must(t, in.pauseReconciler(t.Context(), true))
		in.play(t, 0, size(30, 2000), size(20*time.Second, 8*time.Minute))
	})
	t.Run("processes killed at random", func(t *testing.T) {
		if !large {
			t.Skip("only in make soak: a process that was killed takes its time to be missed")
		}
		must(t, in.pauseReconciler(t.Context(), false))
		ctx, cancel := context.WithCancel(t.Context())
		var killer sync.WaitGroup
		killed := 0
		killer.Go(func() { killed = in.killProcesses(ctx) })
		in.lossy = true
		in.play(t, 1_000_000, 100, 90*time.Second)
		cancel()
		killer.Wait()
		figures.add(t, "%d processes killed meanwhile", killed)
	})
}

// interleavings plays plans on one stack.
type interleavings struct {
	*world
	seed     uint64
	lossy    bool // calls may fail: processes die
	segments []string
	sizes    []int // recipients of the segments

	tally *tally
}

// prepare makes the audiences, of 7 to 100 percent of the users.
func (in *interleavings) prepare(ctx context.Context) error {
	for _, cities := range []int{7, 12, 25, 100} {
		names := make([]string, cities)
		for i := range names {
			names[i] = fmt.Sprintf("City %d", i)
		}
		id, err := in.segment(ctx, map[string]any{"city": map[string]any{"$in": names}})
		if err != nil {
			return err
		}
		in.segments = append(in.segments, id)
		in.sizes = append(in.sizes, cities*interleavedUsers/100)
	}
	return nil
}

// atOnce is how many campaigns run together: enough to keep the processor busy while others wait for their timers.
var atOnce = size(6, 12)

// play plays at most count plans, and begins none after a time.
func (in *interleavings) play(t *testing.T, first uint64, count int, within time.Duration) {
	in.tally = newTally()
	began := time.Now()
	var g errgroup.Group
	g.SetLimit(atOnce)
	played := 0
	for ; played < count && time.Since(began) < within && !t.Failed(); played++ {
		number := first + uint64(played) //nolint:gosec // a count
		g.Go(func() error {
			if err := in.campaign(t.Context(), number); err != nil {
				t.Error(err)
			}
			return nil
		})
	}
	_ = g.Wait() // each has reported
	if t.Failed() {
		t.Errorf("HERALD_SOAK_SEED=%d plays the same plans", in.seed)
	}
	figures.add(t, "%d campaigns in %v, seed %d", played, time.Since(began).Round(time.Second), in.seed)
	for _, line := range in.tally.lines() {
		figures.add(t, "%s", line)
	}
	untold, err := in.untold("")
	must(t, err)
	early, err := in.untold("is not running")
	must(t, err)
	figures.add(t, "controls so far of which the API could not tell the workflow: %d, of them %d as it was not running, yet or any more", len(untold), len(early))
	var deadlocks int
	must(t, in.DB.QueryRow(t.Context(), "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").Scan(&deadlocks))
	figures.add(t, "%d deadlocks in Postgres", deadlocks)
}

// killProcesses kills the API or a worker every few seconds and tells how often.
func (in *interleavings) killProcesses(ctx context.Context) int {
	r := rand.New(rand.NewPCG(in.seed, 1))
	for n := 0; ; n++ {
		if !wait(ctx, between(r, 2*time.Second, 6*time.Second)) {
			return n
		}
		name := []string{"api", "worker-1", "worker-2"}[r.IntN(3)]
		_ = in.Signal(name, syscall.SIGKILL) // it may have died a moment ago
	}
}
