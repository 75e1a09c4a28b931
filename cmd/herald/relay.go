package main

import (
	"context"
	"log/slog"

	"github.com/spf13/cobra"

	"herald/events"
	"herald/models/store"
	"herald/worker"
)

func newRelayCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "relay",
		Short: "Deliver events to webhooks, apart from the workers",
		Long: `Deliver events to webhooks, over the database at HERALD_DATABASE_URL. Workers do that too unless HERALD_RELAY is off; any number
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
	stopHealth, err := worker.ServeHealth(ctx, cfg.WorkerAddr, log, db.Ping)
	if err != nil {
		return err
	}
	defer stopHealth()
	events.NewRelay(relayConfig(cfg, db, log)).Run(ctx)
	return nil
}

// relayConfig is that of the relay of any process.
func relayConfig(cfg config, db *store.Store, log *slog.Logger) events.RelayConfig {
	caller := events.NewCaller(events.Addresses{Allowed: cfg.WebhookNetworks}, events.DefaultPerReceiver)
	return events.RelayConfig{
		Outbox: db, Log: log, Kinds: []events.Kind{events.Hooks{Store: db, Caller: caller}},
		Concurrency: cfg.HookConcurrency, RetryFor: cfg.HookRetryFor,
	}
}
