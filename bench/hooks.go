package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"slices"
	"sync/atomic"
	"text/tabwriter"
	"time"
)

const hookRounds = 3 // of without and with by turns: what else the machine does then meets both alike

// hooks times a campaign without and with a hook that is told of everything, by turns. The endpoint is this process, so the
// machine does its part of the work too.
func hooks(ctx context.Context, o options) (err error) {
	s, err := startStack(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	if err := s.seed(ctx, s.app, o.hooks); err != nil {
		return err
	}
	var calls atomic.Int64
	url, stop, err := endpoint(ctx, &calls)
	if err != nil {
		return err
	}
	defer stop()
	var without, with []time.Duration
	var told, meanwhile int64
	var drained time.Duration
	for range hookRounds {
		took, err := s.toNewChannels(ctx, "", o.hooks)
		if err != nil {
			return err
		}
		without = append(without, took)
		calls.Store(0)
		began := time.Now()
		if took, err = s.toNewChannels(ctx, url, o.hooks); err != nil {
			return err
		}
		with = append(with, took)
		meanwhile += calls.Load()
		if err := s.drain(ctx); err != nil {
			return err
		}
		told, drained = told+calls.Load(), drained+time.Since(began)
	}
	slices.Sort(without)
	slices.Sort(with)
	fmt.Println("ratio: how long a campaign takes with the hook, to without, medians; told meanwhile: the share of its webhooks that arrived before it was completed")
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "recipients\twithout s\twith s\tratio\twebhooks\ttold meanwhile\twebhooks/s\t")
	fmt.Fprintf(w, "%d\t%.2f\t%.2f\t%.2f\t%d\t%.0f %%\t%.0f\t\n", o.hooks, median(without).Seconds(), median(with).Seconds(),
		median(with).Seconds()/median(without).Seconds(), told/hookRounds, 100*float64(meanwhile)/float64(max(1, told)), float64(told)/drained.Seconds())
	return w.Flush()
}

// toNewChannels times a campaign with a hook at a URL; "" is none.
func (s *stack) toNewChannels(ctx context.Context, url string, n int) (time.Duration, error) {
	answer, status, err := s.Call(ctx, http.MethodPatch, "/app", map[string]any{"webhook_url": url})
	if err != nil || status != http.StatusOK {
		return 0, errors.Join(fmt.Errorf("set the hook: status %d, %v", status, answer), err)
	}
	if err := s.forget(ctx); err != nil {
		return 0, err
	}
	r, err := s.campaign(ctx, s.tenant, n)
	return r.took, err
}

// drain waits until every webhook has been delivered.
func (s *stack) drain(ctx context.Context) error {
	for {
		var left bool
		if err := s.DB.QueryRow(ctx, "SELECT EXISTS (SELECT FROM outbox)").Scan(&left); err != nil || !left {
			return err
		}
		if err := sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
	}
}

// endpoint takes webhooks on loopback and counts them.
func endpoint(ctx context.Context, calls *atomic.Int64) (url string, stop func(), err error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("listen for webhooks: %w", err)
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil {
			calls.Add(1)
		}
	})}
	go func() { _ = server.Serve(listener) }() // ends with Close
	return "http://" + listener.Addr().String() + "/hook", func() { _ = server.Close() }, nil
}
