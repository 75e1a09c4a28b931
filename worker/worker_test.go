package worker_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"

	"herald/internal/devstack"
	"herald/models/store"
	"herald/worker"
	"herald/workflows"
)

// refusals counts the worker's complaints that there is no server.
type refusals struct {
	slog.Handler
	n *atomic.Int64
}

func (r refusals) Enabled(context.Context, slog.Level) bool { return true }

func (r refusals) Handle(_ context.Context, record slog.Record) error {
	if strings.HasPrefix(record.Message, "Temporal is not there yet") {
		r.n.Add(1)
	}
	return nil
}

// A worker may be there long before Temporal is.
func TestWorkerWaitsForTemporal(t *testing.T) {
	port, err := devstack.ClaimPort(0)
	if err != nil {
		t.Fatal(err)
	}
	supervisor := devstack.NewSupervisor(slog.New(slog.DiscardHandler))
	t.Cleanup(supervisor.Stop)
	options := devstack.TemporalOptions{
		Dir: t.TempDir(), BinDir: filepath.Join("..", ".herald", "bin"), Port: port.Number, InMemory: true, Headless: true,
		SearchAttributes: workflows.SearchAttributeTypes(),
	}
	c, err := client.NewLazyClient(client.Options{
		HostPort: fmt.Sprintf("127.0.0.1:%d", port.Number), Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	db, err := store.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none", store.Options{}) // connects when it is used
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()

	var refused atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- worker.Run(ctx, worker.Config{Store: db, Client: c, Log: slog.New(refusals{slog.DiscardHandler, &refused})})
	}()
	await(t, "the worker to be refused twice", func() bool { return refused.Load() >= 2 })
	port.Release()
	_, err = devstack.StartTemporal(t.Context(), supervisor, options)
	if errors.Is(err, devstack.ErrUnavailable) && os.Getenv(devstack.EnvRequire) != "1" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the worker to run a workflow", func() bool {
		_, err := c.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "look", TaskQueue: workflows.QueueCampaigns}, workflows.TypeReconcile)
		if err != nil {
			return false
		}
		_, err = c.QueryWorkflow(t.Context(), "look", "", client.QueryTypeStackTrace)
		return err == nil
	})
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Being told to stop while Temporal is not there yet is no failure.
func TestWorkerStopsWaiting(t *testing.T) {
	c, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1", Logger: log.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	db, err := store.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var refused atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- worker.Run(ctx, worker.Config{Store: db, Client: c, Log: slog.New(refusals{slog.DiscardHandler, &refused})})
	}()
	await(t, "the worker to be refused", func() bool { return refused.Load() >= 1 })
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func await(t *testing.T, what string, reached func() bool) {
	t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !reached() {
		select {
		case <-deadline:
			t.Fatalf("waited in vain for %s", what)
		case <-tick.C:
		}
	}
}
