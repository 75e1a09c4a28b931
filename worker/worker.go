package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"

	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"herald/activities"
	"herald/events"
	"herald/models/store"
	"herald/workflows"
)

// Config of a worker process.
type Config struct {
	Store  *store.Store
	Client client.Client
	Log    *slog.Logger

	SendSlots  int // batches of large campaigns at once in this process; default DefaultSendSlots. See BatchConns
	PacedSlots int // batches of campaigns with messages_per_second at once; default DefaultPacedSlots
	StepSlots  int // other activities at once; default 20
	Sizes      Sizes

	Deployment Deployment // default none

	// Relays have the process deliver events too. Their Sending is set: messages go first.
	Relays []events.RelayConfig

	// Addr serves /healthz and /readyz, host:port; empty serves nothing.
	Addr string
}

// Sizes of what a campaign is cut into, in recipients; 0 is the default. See activities.Config.
type Sizes struct {
	Page, Batch, Commit int
}

// DefaultStepSlots is the default of Config.StepSlots.
const DefaultStepSlots = 20

// DefaultPacedSlots is the default of Config.PacedSlots: how many campaigns with messages_per_second one process sends at
// the same time; a fast one counts as four. Their batches wait most of the time, each with a transaction's worth of
// messages in memory.
const DefaultPacedSlots = 50

// smallSlots is how many small campaigns a process sends at once, beside its SendSlots and only while there are such: half
// as many, so that a crowd of them slows the large ones down and does not stop them.
func smallSlots(sendSlots int) int { return max(2, sendSlots/2) }

// BatchConns is how many connections to Postgres the batches of a worker process use: one for each slot, and two for the
// paced ones, which wait most of the time.
func BatchConns(sendSlots int) int { return sendSlots + smallSlots(sendSlots) + 2 }

// DefaultSendSlots is two batches per core, at least four: while one renders or waits for Postgres another goes on, and
// more of them only take memory.
func DefaultSendSlots() int {
	const fewest, perCore = 4, 2
	return max(fewest, perCore*runtime.NumCPU())
}

const (
	pollers = 4
	// cachedWorkflows is how many workflows a process keeps in memory between their tasks; the SDK's default is 10,000. A
	// sleeping campaign takes some 90 kB there, so 10,000 of them took most of a gigabyte. One that was dropped is made
	// again from its history, a few kB, when it wakes: a crowd that woke together took as long with room for 100.
	cachedWorkflows = 1000
	// stopTimeout lets batches in flight commit before the process ends.
	stopTimeout = 20 * time.Second
	// retryStart is how often a worker whose Temporal server is not there yet tries again.
	retryStart = time.Second
)

// Run works until ctx ends, then finishes what is in flight. It waits for a Temporal server that is not there yet, so
// the order in which processes start does not matter.
func Run(ctx context.Context, cfg Config) error {
	acts := activities.New(activities.Config{
		Store: cfg.Store, Launcher: workflows.Launcher{Client: cfg.Client}, Log: cfg.Log,
		PageSize: cfg.Sizes.Page, BatchSize: cfg.Sizes.Batch, CommitSize: cfg.Sizes.Commit,
	})
	stopHealth, err := ServeHealth(ctx, cfg.Addr, cfg.Log, func(ctx context.Context) error {
		return errors.Join(cfg.Store.Ping(ctx), Reachable(ctx, cfg.Client))
	})
	if err != nil {
		return err
	}
	defer stopHealth()
	// Before the workers, which may have to wait for Temporal, and so stopped after them.
	defer startRelays(ctx, cfg.Relays, acts.Sending)()

	worker.SetStickyWorkflowCacheSize(cachedWorkflows)
	builds := []func() worker.Worker{func() worker.Worker {
		campaigns := worker.New(cfg.Client, workflows.QueueCampaigns, worker.Options{
			MaxConcurrentActivityExecutionSize: or(cfg.StepSlots, DefaultStepSlots),
			MaxConcurrentActivityTaskPollers:   pollers, MaxConcurrentWorkflowTaskPollers: pollers,
			WorkerStopTimeout: stopTimeout, DisableRegistrationAliasing: true, DeploymentOptions: cfg.Deployment.options(),
		})
		RegisterWorkflows(campaigns)
		acts.RegisterSteps(campaigns)
		return campaigns
	}}
	sendSlots := or(cfg.SendSlots, DefaultSendSlots())
	for queue, slots := range map[string]int{
		workflows.QueueSend: sendSlots, workflows.QueueSmall: smallSlots(sendSlots), workflows.QueuePaced: or(cfg.PacedSlots, DefaultPacedSlots),
	} {
		builds = append(builds, func() worker.Worker {
			send := worker.New(cfg.Client, queue, worker.Options{
				MaxConcurrentActivityExecutionSize: slots,
				MaxConcurrentActivityTaskPollers:   pollers,
				DisableWorkflowWorker:              true,
				WorkerStopTimeout:                  stopTimeout, DisableRegistrationAliasing: true, DeploymentOptions: cfg.Deployment.options(),
			})
			acts.RegisterSending(send)
			return send
		})
	}
	for _, build := range builds {
		w, err := start(ctx, build, cfg.Log)
		if err != nil {
			return unlessStopped(ctx, err)
		}
		defer w.Stop()
	}
	if err := ensureSchedule(ctx, cfg.Client); err != nil {
		return unlessStopped(ctx, err)
	}
	cfg.Log.InfoContext(ctx, "worker is running", "send_slots", sendSlots,
		"deployment", cfg.Deployment.Name, "build_id", cfg.Deployment.BuildID)
	<-ctx.Done()
	return nil
}

// unlessStopped is the failure to start, or nothing where the worker was told to stop before Temporal was there.
func unlessStopped(ctx context.Context, err error) error {
	select {
	case <-ctx.Done():
		return nil
	default:
		return err
	}
}

// startRelays runs relays until stop is called.
func startRelays(ctx context.Context, relays []events.RelayConfig, sending func() bool) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var running sync.WaitGroup
	for _, cfg := range relays {
		cfg.Sending = sending
		running.Go(func() { events.NewRelay(cfg).Run(ctx) })
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// WorkflowRegistry takes workflows; a worker and the replayer are ones.
type WorkflowRegistry interface {
	RegisterWorkflowWithOptions(w any, options workflow.RegisterOptions)
}

// RegisterWorkflows registers every workflow under the name that histories hold.
func RegisterWorkflows(r WorkflowRegistry) {
	register := func(w any, name string) {
		r.RegisterWorkflowWithOptions(w, workflow.RegisterOptions{Name: name, VersioningBehavior: versioning[name]})
	}
	register(workflows.Campaign, workflows.TypeCampaign)
	register(workflows.SegmentPage, workflows.TypeSegmentPage)
	register(workflows.Reconcile, workflows.TypeReconcile)
	register(workflows.Task, workflows.TypeTask)
}

func or(value, byDefault int) int {
	if value > 0 {
		return value
	}
	return byDefault
}

// start builds a worker and starts it. One that could not reach the server answers every later start with the same
// error, so each try builds another.
func start(ctx context.Context, build func() worker.Worker, log *slog.Logger) (worker.Worker, error) {
	var w worker.Worker
	err := retry(ctx, func() error {
		w = build()
		err := w.Start()
		if err != nil {
			log.WarnContext(ctx, "Temporal is not there yet", "error", err)
			w.Stop()
		}
		return err
	})
	return w, err
}

func retry(ctx context.Context, try func() error) error {
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%w; last: %w", ctx.Err(), err)
		case <-time.After(retryStart):
		}
	}
}

// ensureSchedule has Temporal run the reconciler every minute. One that was missed is not made up for.
func ensureSchedule(ctx context.Context, c client.Client) error {
	return retry(ctx, func() error {
		_, err := c.ScheduleClient().Create(ctx, client.ScheduleOptions{
			ID:            workflows.ReconcileScheduleID,
			Spec:          client.ScheduleSpec{Intervals: []client.ScheduleIntervalSpec{{Every: workflows.ReconcileEvery}}},
			Overlap:       enums.SCHEDULE_OVERLAP_POLICY_SKIP,
			CatchupWindow: workflows.ReconcileEvery,
			Action: &client.ScheduleWorkflowAction{
				ID: workflows.ReconcileScheduleID, Workflow: workflows.TypeReconcile, TaskQueue: workflows.QueueCampaigns,
				WorkflowExecutionTimeout: workflows.ReconcileEvery * 5,
				StaticSummary:            "bring the rows of campaigns and their workflows together again",
			},
		})
		if errors.Is(err, temporal.ErrScheduleAlreadyRunning) {
			return nil
		}
		return err
	})
}

// ServeHealth answers /healthz at an address while the process lives, and /readyz while it can reach what it needs. An empty
// address serves nothing.
func ServeHealth(ctx context.Context, addr string, log *slog.Logger, ready func(context.Context) error) (stop func(), err error) {
	if addr == "" {
		return func() {}, nil
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		if err := ready(r.Context()); err != nil {
			log.WarnContext(r.Context(), "not ready", "error", err)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusOK)
	})
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for health checks: %w", err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			log.ErrorContext(ctx, "health checks ended", "error", err)
		}
	}()
	return func() { _ = server.Close() }, nil
}

// Reachable says whether the Temporal server answers.
func Reachable(ctx context.Context, c client.Client) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if _, err := c.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("reach Temporal: %w", err)
	}
	return nil
}
