package soak_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/api/serviceerror"
	"golang.org/x/sync/errgroup"

	"herald/models"
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
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any number will do
	if given := os.Getenv("HERALD_SOAK_SEED"); given != "" {
		var err error
		seed, err = strconv.ParseUint(given, 10, 64)
		must(t, err)
	}
	t.Logf("HERALD_SOAK_SEED=%d", seed)
	// Small pages, batches and transactions, so that a control has many gaps to fall into; two workers, so that nothing is
	// settled within a process.
	w := newWorld(t, interleavedUsers, []string{"HERALD_PAGE_SIZE=150", "HERALD_BATCH_SIZE=75", "HERALD_COMMIT_SIZE=25"}, "--workers", "2")
	in := &interleavings{world: w, seed: seed}
	must(t, in.prepare(t.Context()))

	t.Run("all processes alive", func(t *testing.T) {
		in.play(t, 0, size(30, 2000), size(20*time.Second, 10*time.Minute))
	})
	t.Run("processes killed at random", func(t *testing.T) {
		if !large {
			t.Skip("only in make soak: a process that was killed takes its time to be missed")
		}
		ctx, cancel := context.WithCancel(t.Context())
		var killer sync.WaitGroup
		killed := 0
		killer.Go(func() { killed = in.killProcesses(ctx) })
		in.lossy = true
		in.play(t, 1_000_000, 100, 2*time.Minute)
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

	mu      sync.Mutex
	tally   map[string]int
	ends    map[string]int
	pauses  []time.Duration // to the answer
	rests   []time.Duration
	commits int
	moves   int
}

// prepare makes the audiences; the last is three times as large as any other.
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
const atOnce = 6

// play plays at most count plans, and begins none after a time.
func (in *interleavings) play(t *testing.T, first uint64, count int, within time.Duration) {
	in.tally, in.ends, in.pauses, in.rests, in.commits, in.moves = map[string]int{}, map[string]int{}, nil, nil, 0, 0
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
	figures.add(t, "%d campaigns in %v, seed %d: %d moves of rows, %d commits of messages", played, time.Since(began).Round(time.Second), in.seed, in.moves, in.commits)
	figures.add(t, "what was done: %s", tallied(in.tally))
	figures.add(t, "how they ended: %s", tallied(in.ends))
	figures.add(t, "answer of the API's pause: %s", distribution(in.pauses))
	figures.add(t, "from the last control to rest: %s; %d left to the reconciler", distribution(in.rests), len(slices.DeleteFunc(in.rests, func(d time.Duration) bool { return d < 15*time.Second })))
	var deadlocks int
	must(t, in.DB.QueryRow(t.Context(), "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").Scan(&deadlocks))
	figures.add(t, "%d deadlocks in Postgres", deadlocks)
}

func tallied(counts map[string]int) string {
	var parts []string
	for _, what := range slices.Sorted(func(yield func(string) bool) {
		for k := range counts {
			if !yield(k) {
				return
			}
		}
	}) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[what], what))
	}
	return strings.Join(parts, ", ")
}

// played is one campaign and what was done to it.
type played struct {
	*interleavings
	plan
	id     string
	fields map[string]any // of its creation

	mu        sync.Mutex
	calls     []call
	signals   []string
	stopped   bool // a stop was answered with 2xx, or its signal taken
	recreated bool
}

// campaign plays the plan of a number and checks what became of it.
func (in *interleavings) campaign(ctx context.Context, number uint64) error {
	p := &played{interleavings: in, plan: newPlan(in.seed, number), id: fmt.Sprintf("plan-%d", number)}
	p.fields = map[string]any{"id": p.id, "segment_ids": []string{in.segments[p.audience]}}
	if p.perSecond > 0 {
		p.fields["messages_per_second"] = p.perSecond
	}
	err := p.run(ctx)
	if err == nil {
		return nil
	}
	tr, traceErr := in.trace(ctx, p.id)
	var said strings.Builder
	for _, c := range p.calls {
		fmt.Fprintf(&said, "  %v\n", c)
	}
	for _, s := range p.signals {
		fmt.Fprintf(&said, "  %s\n", s)
	}
	return errors.Join(fmt.Errorf("campaign %s: %w\n%v%s%v", p.id, err, p.plan, said.String(), tr), traceErr)
}

func (p *played) run(ctx context.Context) error {
	if err := p.create(ctx, p.id, p.fields); err != nil {
		return err
	}
	var g errgroup.Group
	for _, actor := range p.actors {
		g.Go(func() error { return p.act(ctx, actor) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	rest, err := p.atRest(ctx, p.id)
	if err != nil {
		return err
	}
	if err := p.toTheEnd(ctx); err != nil {
		return err
	}
	tr, err := p.trace(ctx, p.id)
	if err != nil {
		return err
	}
	r, err := p.row(ctx, p.id)
	if err != nil {
		return err
	}
	err = errors.Join(tr.legal(), tr.barrier(), p.counted(ctx, r))
	for _, c := range p.calls {
		if !p.lossy || c.status < 500 { // while processes die, a failure is an answer like none
			err = errors.Join(err, tr.explains(c))
		}
	}
	if p.stopped && !p.recreated && r.Status != models.StatusStopped && r.Status != models.StatusCompleted {
		err = errors.Join(err, fmt.Errorf("it was stopped and is %s", r.state))
	}
	p.note(tr, r, rest)
	return err
}

// act does one actor's steps.
func (p *played) act(ctx context.Context, steps []step) error {
	for n, s := range steps {
		if !wait(ctx, s.after) {
			return ctx.Err()
		}
		if s.bare {
			if err := p.signalled(ctx, s); err != nil {
				return err
			}
			continue
		}
		body := s.body(n)
		if s.action == actionCreate {
			body = creation(p.fields)
		}
		p.called(p.do(ctx, s.action, p.id, body))
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (p *played) signalled(ctx context.Context, s step) error {
	name, body := s.signal()
	at := time.Now()
	taken, err := p.signal(ctx, p.id, name, body)
	var late *serviceerror.DeadlineExceeded
	if err != nil && !errors.As(err, &late) && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("signal %s: %w", name, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.signals = append(p.signals, fmt.Sprintf("%s signal %s, taken: %v, error %v", clock(at), name, taken, err))
	p.stopped = p.stopped || taken && s.action == models.ActionStop
	return nil
}

func (p *played) called(c call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls = append(p.calls, c)
	p.stopped = p.stopped || c.ok() && c.action == models.ActionStop
	p.recreated = p.recreated || c.ok() && c.action == actionCreate
}

// toTheEnd lets a campaign that is held or asleep go on, or stops it, until it has ended. A draft stays one.
func (p *played) toTheEnd(ctx context.Context) error {
	const rounds = 6 // a reschedule under way may take it back once or twice
	for range rounds {
		r, err := p.row(ctx, p.id)
		if err != nil {
			return err
		}
		if r.Deleted || r.Status == models.StatusDraft || r.Status == models.StatusStopped || r.Status == models.StatusCompleted {
			return nil
		}
		action := p.finish
		if action == models.ActionResume && r.Hold != models.HoldPaused {
			action = models.ActionStart
		}
		c := p.do(ctx, action, p.id, map[string]any{})
		p.called(c)
		if !c.ok() && !p.lossy {
			return fmt.Errorf("in the end: %v", c)
		}
		if _, err := p.atRest(ctx, p.id); err != nil {
			return err
		}
	}
	return errors.New("it doesn't come to an end")
}

// counted checks the messages of a campaign that has ended, and its statistics.
func (p *played) counted(ctx context.Context, r row) error {
	messages, recipients, err := p.messages(ctx, p.id)
	if err != nil {
		return err
	}
	sent, err := p.sent(ctx, p.id)
	if err != nil {
		return err
	}
	if messages != recipients || messages != sent {
		return fmt.Errorf("%d messages to %d recipients, %d in the statistics", messages, recipients, sent)
	}
	if r.Status != models.StatusCompleted {
		return nil
	}
	want := int64(p.sizes[p.audience])
	if messages != want {
		return fmt.Errorf("completed with %d messages to %d recipients", messages, want)
	}
	result, err := p.result(ctx, p.id)
	if err != nil {
		return err
	}
	if result.Counts.Sent != want || result.Counts.Failed != 0 || result.Counts.Skipped != 0 {
		return fmt.Errorf("%d messages, but the workflow counted %+v", want, result.Counts)
	}
	if r.Deleted {
		return nil
	}
	answer, _, err := p.Call(ctx, "GET", "/campaigns/"+p.id, nil)
	if err != nil {
		if p.lossy {
			return nil
		}
		return err
	}
	campaign, _ := answer["campaign"].(map[string]any)
	stats, _ := campaign["stats"].(map[string]any)
	for key, want := range map[string]float64{
		"stats_messages_sent": float64(want), "stats_messages_failed": 0, "stats_messages_skipped": 0, "stats_recipients_total": float64(want), "progress": 1,
	} {
		if stats[key] != want {
			return fmt.Errorf("%s is %v, want %v", key, stats[key], want)
		}
	}
	return nil
}

// note adds a campaign to the figures.
func (p *played) note(tr trace, r row, rest time.Duration) {
	in := p.interleavings
	in.mu.Lock()
	defer in.mu.Unlock()
	in.moves += len(tr.moves) - 1
	in.commits += len(tr.commits)
	in.ends[r.String()]++
	in.rests = append(in.rests, rest)
	for _, c := range p.calls {
		switch {
		case c.err != nil:
			in.tally[fmt.Sprintf("%s unanswered", c.action)]++
		case c.action == models.ActionPause && c.ok():
			in.pauses = append(in.pauses, c.to.Sub(c.from))
			fallthrough
		default:
			in.tally[fmt.Sprintf("%s %d", c.action, c.status)]++
		}
	}
	in.tally["bare signals"] += len(p.signals)
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
