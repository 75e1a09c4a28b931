package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/spf13/cobra"

	"herald/events"
	"herald/models/store"
	"herald/worker"
)

func newRelayCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "relay",
		Short: "Deliver events to webhooks and devices, apart from the workers",
		Long: `Deliver events to webhooks, and pushes to devices, over the database at HERALD_DATABASE_URL. Workers do that too unless HERALD_RELAY is off; any number
of processes share the work. Temporal is not needed.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runRelay(cmd.Context()) },
	}
}

func runRelay(ctx context.Context) error {
	cfg, log, err := readServiceConfig()
	if err != nil {
		return err
	}
	db, err := openStore(ctx, cfg, store.Options{MaxConns: cfg.APIConns})
	if err != nil {
		return err
	}
	defer db.Close()
	relays, err := relayConfigs(cfg, db, log)
	if err != nil {
		return err
	}
	stopHealth, err := worker.ServeHealth(ctx, cfg.WorkerAddr, log, db.Ping)
	if err != nil {
		return err
	}
	defer stopHealth()
	var running sync.WaitGroup
	for _, relay := range relays {
		running.Go(func() { events.NewRelay(relay).Run(ctx) })
	}
	running.Wait()
	return nil
}

// relayConfigs are those of the relays of any process.
func relayConfigs(cfg config, db *store.Store, log *slog.Logger) ([]events.RelayConfig, error) {
	caller := events.NewCaller(events.Addresses{Allowed: cfg.WebhookNetworks}, events.DefaultPerReceiver)
	relays := []events.RelayConfig{{
		Outbox: db, Log: log, Kinds: []events.Kind{events.Hooks{Store: db, Caller: caller}},
		Concurrency: cfg.HookConcurrency, RetryFor: cfg.HookRetryFor,
		Upkeep: events.UpkeepOf(db),
	}}
	if !cfg.Push.on() {
		return relays, nil
	}
	devices, err := newDevices(cfg, db, log)
	if err != nil {
		return nil, fmt.Errorf("configuration: %w", err)
	}
	return append(relays, devices.RelayConfig(db)), nil
}
