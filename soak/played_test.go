package soak_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"go.temporal.io/api/serviceerror"
	"golang.org/x/sync/errgroup"

	"herald/models"
)

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
	repaired  bool // by the reconciler, after a signal was lost
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
	if err := p.created(ctx); err != nil {
		return err
	}
	var g errgroup.Group
	for _, actor := range p.actors {
		g.Go(func() error { return p.act(ctx, actor) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	rest, err := p.atRest(ctx, p.id, p.missed(ctx))
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
	p.tally.add(p, tr, r, rest)
	return err
}

// created creates the campaign; while processes die, the API may have to be asked again.
func (p *played) created(ctx context.Context) error {
	for began := time.Now(); ; {
		err := p.create(ctx, p.id, p.fields)
		if err == nil || !p.lossy || time.Since(began) > patience {
			return err
		}
		if _, err := p.row(ctx, p.id); err == nil {
			return nil // only the answer was lost
		}
		wait(ctx, time.Second)
	}
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
	for began := time.Now(); time.Since(began) < patience; {
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
		if !c.ok() {
			if !p.lossy {
				return fmt.Errorf("in the end: %v", c)
			}
			wait(ctx, time.Second) // the API is on its way back
		}
		if _, err := p.atRest(ctx, p.id, p.missed(ctx)); err != nil {
			return err
		}
	}
	return errors.New("it doesn't come to an end")
}

// missed has the reconciler repeat what the API could not tell the campaign's workflow. While processes die, it comes by
// itself.
func (p *played) missed(ctx context.Context) func() error {
	return func() error {
		if p.lossy {
			return nil
		}
		untold, err := p.untold("campaign=" + p.id + " ")
		if err != nil || len(untold) == 0 {
			return err
		}
		p.repaired = true
		return p.reconcile(ctx, p.id)
	}
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
	answer, _, err := p.Call(ctx, http.MethodGet, "/campaigns/"+p.id, nil)
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
