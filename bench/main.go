// Command bench measures Herald on the machine at hand: campaigns of several sizes through the whole system, against
// the raw speed at which the same Postgres takes the same rows. It runs everything on loopback, in a directory of its
// own that it removes, and prints setup and numbers together. `make bench` runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"
)

type options struct {
	herald     string
	recipients []int
	workers    int
	runs       int
	fairness   int
	hooks      int
}

func main() {
	var o options
	var sizes string
	flag.StringVar(&o.herald, "herald", ".herald/bin/herald", "the herald program to measure")
	flag.StringVar(&sizes, "recipients", "10000,100000", "sizes of the campaigns, comma-separated")
	flag.IntVar(&o.workers, "workers", 1, "worker processes")
	flag.IntVar(&o.runs, "runs", 1, "campaigns of each size to new channels; the fastest counts")
	flag.IntVar(&o.fairness, "fairness", 0, "instead, time small campaigns of one app beside campaigns of another to this many recipients")
	flag.IntVar(&o.hooks, "hooks", 0, "instead, time campaigns to this many recipients without and with a webhook")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, sizes)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, sizes string) error {
	for text := range strings.SplitSeq(sizes, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || n < 1 {
			return fmt.Errorf("--recipients: %q is not a number of recipients", text)
		}
		o.recipients = append(o.recipients, n)
	}
	printSetup(ctx, o)
	if o.fairness > 0 {
		return fairness(ctx, o)
	}
	if o.hooks > 0 {
		return hooks(ctx, o)
	}
	explain()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "recipients\tchannels\tseconds\tmessages/s\traw messages/s\tratio\tfirst message ms\tGET p99 ms\tworker MB\t")
	for _, n := range o.recipients {
		if err := measure(ctx, o, n, w); err != nil {
			return errors.Join(fmt.Errorf("%d recipients: %w", n, err), w.Flush())
		}
	}
	return w.Flush()
}

// measure runs a stack of its own for each size, so that memory is that of this size alone.
func measure(ctx context.Context, o options, n int, w *tabwriter.Writer) (err error) {
	s, err := startStack(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	if err := s.seed(ctx, s.app, n); err != nil {
		return err
	}
	for _, existing := range []bool{false, true} {
		var best campaignRun
		for range o.runs {
			if !existing {
				if err := s.forget(ctx); err != nil {
					return err
				}
			}
			r, err := s.campaign(ctx, s.tenant, n)
			if err != nil {
				return err
			}
			if best.took == 0 || r.took < best.took {
				best = r
			}
		}
		raw, err := s.raw(ctx, n, existing)
		if err != nil {
			return err
		}
		channels := "created"
		if existing {
			channels = "existing"
		}
		rate, limit := float64(n)/best.took.Seconds(), float64(n)/raw.Seconds()
		fmt.Fprintf(w, "%d\t%s\t%.2f\t%.0f\t%.0f\t%.2f\t%d\t%.1f\t%d\t\n", n, channels, best.took.Seconds(), rate, limit, rate/limit,
			best.first.Milliseconds(), float64(best.getP99)/float64(time.Millisecond), s.peakMemory()>>20)
	}
	return nil
}

func printSetup(ctx context.Context, o options) {
	commit, err := exec.CommandContext(ctx, "git", "rev-parse", "--short", "HEAD").Output()
	if err != nil {
		commit = []byte("unknown")
	}
	fmt.Printf("herald %s, %s, %d cores, %d worker processes, everything on this machine\n", strings.TrimSpace(string(commit)),
		runtime.Version(), runtime.NumCPU(), o.workers)
}

func explain() {
	fmt.Println("seconds: from the answer of start to status completed; raw: the same rows by unnest on two connections, no Temporal;")
	fmt.Println("worker MB: the largest resident set of a worker process so far")
}
