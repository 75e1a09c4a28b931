package apifuzz

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"herald/api/openapi/conform"
)

// Target is an API and the database behind it.
type Target struct {
	Address     string // host:port
	DatabaseURL string
}

// Options of a run.
type Options struct {
	Seed     uint64
	Requests int
	Workers  int // connections at a time
}

// Report is what came of a run.
type Report struct {
	Requests      int
	Statuses      map[int]int
	P50, P99, Max time.Duration // of an answer, from the first byte of the request to the last of the answer
	// Refused are the operations of which no request was accepted: with them the run has proven little.
	Refused []string
	// Problems are breaches of the contract, at most mostProblems of them.
	Problems []string
}

const (
	mostProblems = 20

	// restockEvery is how many requests of a worker may delete and use up objects before there are new ones.
	restockEvery = 200
)

// String is a line for a log.
func (r Report) String() string {
	var statuses []string
	for _, status := range slices.Sorted(maps.Keys(r.Statuses)) {
		statuses = append(statuses, fmt.Sprintf("%d: %d", status, r.Statuses[status]))
	}
	return fmt.Sprintf("%d requests, p50 %v, p99 %v, max %v, by status %s", r.Requests, r.P50.Round(10*time.Microsecond),
		r.P99.Round(10*time.Microsecond), r.Max.Round(10*time.Microsecond), strings.Join(statuses, ", "))
}

// Run sends the requests. The error says that it could not; breaches of the contract are in the report.
func Run(ctx context.Context, target Target, o Options) (Report, error) {
	world, err := newWorld(ctx, target)
	if err != nil {
		return Report{}, fmt.Errorf("prepare the apps: %w", err)
	}
	defer world.close()
	routes, err := readRoutes()
	if err != nil {
		return Report{}, err
	}
	checker, err := conform.New()
	if err != nil {
		return Report{}, err
	}
	before, err := world.bystanderRows(ctx)
	if err != nil {
		return Report{}, err
	}

	workers := make([]*worker, o.Workers)
	errs := make([]error, o.Workers)
	var running sync.WaitGroup
	for i := range workers {
		app := world.apps[i%len(world.apps)]
		random := rand.New(rand.NewPCG(o.Seed, uint64(i)))
		workers[i] = &worker{
			generator: &generator{Rand: random, routes: routes, app: app, bystander: world.bystander, pools: newPools(), number: i},
			line:      &line{address: target.Address},
			judge:     &judge{checker: checker, marker: world.marker},
			accepted:  map[string]bool{},
			statuses:  map[int]int{},
		}
		running.Go(func() { errs[i] = workers[i].run(ctx, o.Requests/o.Workers) })
	}
	running.Wait()
	if err := errors.Join(errs...); err != nil {
		return Report{}, err
	}

	report := summary(workers, routes)
	after, err := world.bystanderRows(ctx)
	if err != nil {
		return report, err
	}
	for _, table := range slices.Sorted(maps.Keys(before)) {
		if before[table] != after[table] {
			report.Problems = append(report.Problems, "rows of the bystander in "+table+" were changed by another app")
		}
	}
	return report, nil
}

// worker sends requests one after another on a connection of its own.
type worker struct {
	generator *generator
	line      *line
	judge     *judge

	accepted map[string]bool // ids of operations
	statuses map[int]int
	took     []time.Duration
	problems []string
}

func (w *worker) run(ctx context.Context, requests int) error {
	defer w.line.close()
	for i := range requests {
		if err := ctx.Err(); err != nil {
			return err
		}
		if i%restockEvery == 0 {
			if err := w.restock(); err != nil {
				return err
			}
		}
		r := w.generator.next()
		began := time.Now()
		a, err := w.line.exchange(r)
		if err != nil {
			w.problem(r, answer{}, fmt.Errorf("no answer: %w", err))
			continue
		}
		w.took = append(w.took, time.Since(began))
		w.statuses[a.status]++
		if err := w.judge.check(r, a); err != nil {
			w.problem(r, a, err)
		}
		if a.status/100 == 2 && r.route != nil {
			w.accepted[r.route.ID] = true
			w.generator.learn(a)
		}
	}
	return nil
}

// restock makes sure of the objects that requests name. Some are there already, so refusals are no failure.
func (w *worker) restock() error {
	for _, r := range w.generator.stock() {
		a, err := w.line.exchange(r)
		if err != nil {
			return fmt.Errorf("restock: %w", err)
		}
		w.generator.learn(a)
	}
	return nil
}

func (w *worker) problem(r request, a answer, err error) {
	if len(w.problems) < mostProblems {
		w.problems = append(w.problems, fmt.Sprintf("%.1500v\nrequest %.1500q\nanswer %d %.300s", err, r.bytes, a.status, a.body))
	}
}

func summary(workers []*worker, routes []route) Report {
	r := Report{Statuses: map[int]int{}}
	accepted := map[string]bool{}
	var took []time.Duration
	for _, w := range workers {
		maps.Copy(accepted, w.accepted)
		for status, n := range w.statuses {
			r.Statuses[status] += n
		}
		took = append(took, w.took...)
		r.Problems = append(r.Problems, w.problems...)
	}
	r.Problems = r.Problems[:min(len(r.Problems), mostProblems)]
	r.Requests = len(took)
	if slices.Sort(took); len(took) > 0 {
		r.P50, r.P99, r.Max = took[len(took)/2], took[len(took)*99/100], took[len(took)-1]
	}
	for _, route := range routes {
		if !accepted[route.ID] {
			r.Refused = append(r.Refused, route.ID)
		}
	}
	return r
}
