package showcase

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"herald/internal/client"
	"herald/internal/progress"
)

// Config of a demo.
type Config struct {
	Users []byte // the audience, NDJSON

	// API is where Herald may run already; Given says that the caller named it, so that nothing else will do. Without its key
	// and token it is not used.
	API   Stack
	Given bool

	Dir     string   // where a stack that runs keeps its description
	Command []string // starts a stack in Dir, and describes it in one line on standard output
	Out     io.Writer
	Bar     bool // Out is a terminal
	Stay    bool // leave a stack that the demo started up until ctx ends
}

// ErrInterrupted is the error of a demo that was asked to stop before its end.
var ErrInterrupted = errors.New("interrupted")

// demo is one run.
type demo struct {
	Config
	mu    sync.Mutex // around bar
	bar   *progress.Bar
	stack Stack
	own   *launched // nil where the stack was there
	api   *client.Client

	id     string // of the campaign, and the beginning of its segments' ids
	people []person
	marked []byte // people as NDJSON
}

// Run plays the demo. An error says what is missing or doubled, or what made it impossible to go on.
func Run(ctx context.Context, c Config) (err error) {
	d := &demo{Config: c, bar: progress.New(c.Out, false, 0)}
	if d.people, d.marked, err = readPeople(c.Users); err != nil {
		return err
	}
	defer func() {
		if err != nil && ctx.Err() != nil {
			err = ErrInterrupted
		}
		if d.own != nil {
			d.say("\nStopping what was started.")
			err = errors.Join(err, d.own.stop())
		}
	}()
	if err := d.connect(ctx); err != nil {
		return err
	}
	if err := d.watched(ctx, d.play); err != nil {
		return err
	}
	if d.own != nil && d.Stay {
		d.say("\nHerald stays up; the data is in %s. Ctrl-C stops it.", d.Dir)
		return d.watched(ctx, func(ctx context.Context) error {
			<-ctx.Done()
			return nil
		})
	}
	return nil
}

// watched runs f, and ends it when the stack that the demo started ends, which is an error.
func (d *demo) watched(ctx context.Context, f func(context.Context) error) error {
	watching, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if d.own != nil {
		go func() {
			select {
			case <-d.own.ended:
				cancel(fmt.Errorf("herald ended in the middle of the demo: %w", cmpErr(d.own.err)))
			case <-watching.Done():
			}
		}()
	}
	err := f(watching)
	if watching.Err() != nil && ctx.Err() == nil {
		return context.Cause(watching)
	}
	return err
}

// connect finds a Herald that runs, or starts one.
func (d *demo) connect(ctx context.Context) error {
	if d.Given {
		return d.use(ctx, d.API)
	}
	if running, err := ReadStack(d.Dir); err == nil && d.use(ctx, running) == nil {
		d.say("Herald runs already, at %s.", d.stack.APIURL)
		return nil
	}
	if d.use(ctx, d.API) == nil {
		d.say("Herald runs already, at %s.", d.stack.APIURL)
		return nil
	}
	d.say("Starting Herald in %s: Postgres, Temporal, the API and a worker.", d.Dir)
	began := time.Now()
	own, stack, err := launch(ctx, d.Command, func(line string) { d.say("   %s", line) })
	if err != nil {
		return err
	}
	d.own = own
	if err := d.use(ctx, stack); err != nil {
		return err
	}
	d.say("   up after %s, the API at %s", since(began), stack.APIURL)
	return nil
}

// use makes a stack the demo's if it answers and knows the key.
func (d *demo) use(ctx context.Context, s Stack) error {
	if s.APIKey == "" || s.ServerToken == "" {
		return errors.New("the API's key and secret are missing: give --api-key and --api-secret, or set HERALD_API_KEY and HERALD_API_SECRET")
	}
	api, err := client.New(client.Config{URL: s.APIURL, APIKey: s.APIKey, Token: s.ServerToken})
	if err != nil {
		return err
	}
	if err := api.Healthy(ctx); err != nil {
		return err
	}
	if _, err := api.QuerySegments(ctx, 1); err != nil {
		return err
	}
	d.api, d.stack = api, s
	return nil
}

// say prints a line, above the bar if there is one.
func (d *demo) say(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bar.Printf(format+"\n", args...)
}

// showBar begins a bar and gives the function that takes it away.
func (d *demo) showBar(total int64) (bar *progress.Bar, done func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.bar = progress.New(d.Out, d.Bar, total)
	return d.bar, d.bar.Finish
}

func since(t time.Time) time.Duration {
	const precision = 10 * time.Millisecond
	return time.Since(t).Round(precision)
}
