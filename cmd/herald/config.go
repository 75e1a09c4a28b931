package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"time"

	"github.com/caarlos0/env/v11"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
	sdklog "go.temporal.io/sdk/log"

	"herald/api"
	"herald/models/store"
	"herald/worker"
)

// config is everything that the environment says, apart from the connection to Temporal, which is read as every
// Temporal client reads it (TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS…).
type config struct {
	DatabaseURL   string `env:"HERALD_DATABASE_URL"`                     // Postgres 15 or newer; required
	Addr          string `env:"HERALD_ADDR" envDefault:"127.0.0.1:8080"` // where the API listens
	WorkerAddr    string `env:"HERALD_WORKER_ADDR"`                      // where a worker answers /healthz and /readyz; nowhere by default
	TemporalUIURL string `env:"HERALD_TEMPORAL_UI_URL"`                  // base of links to the Web UI; none by default

	WebhookNetworks []netip.Prefix `env:"HERALD_WEBHOOK_NETWORKS"` // where webhooks may go besides public addresses; none by default, loopback for dev

	Relay           string        `env:"HERALD_RELAY" envDefault:"on"`            // whether a worker delivers events too: on or off
	HookConcurrency int           `env:"HERALD_HOOK_CONCURRENCY" envDefault:"64"` // calls of webhooks at once in a process
	HookRetryFor    time.Duration `env:"HERALD_HOOK_RETRY_FOR" envDefault:"24h"`  // how long an event is tried

	Push pushConfig // see docs/push.md; no push by default

	RateLimits         string         `env:"HERALD_RATE_LIMITS" envDefault:"on"`                 // of the API's operations: on or off; off for dev
	RateLimitOverrides map[string]int `env:"HERALD_RATE_LIMIT_OVERRIDES" envKeyValSeparator:"="` // calls a minute by operation, instead of the default

	BinDir string `env:"HERALD_BIN_DIR"` // dev: where programs that have to be built or fetched are kept; bin in its directory by default

	APIConns   int `env:"HERALD_API_CONNS" envDefault:"16"`     // connections of an API process to Postgres
	SendSlots  int `env:"HERALD_SEND_SLOTS"`                    // batches of large campaigns at once in a worker; 2 per core, at least 4, by default
	PacedSlots int `env:"HERALD_PACED_SLOTS" envDefault:"50"`   // batches of campaigns with messages_per_second at once in a worker
	PageSize   int `env:"HERALD_PAGE_SIZE" envDefault:"20000"`  // most recipients of a page, one child workflow
	BatchSize  int `env:"HERALD_BATCH_SIZE" envDefault:"5000"`  // most recipients of a batch, one activity
	CommitSize int `env:"HERALD_COMMIT_SIZE" envDefault:"1000"` // most recipients of a transaction

	// Temporal's worker deployments, off by default: see docs/versioning.md.
	Deployment string `env:"HERALD_WORKER_DEPLOYMENT"`
	BuildID    string `env:"HERALD_WORKER_BUILD_ID"`

	LogLevel  slog.Level `env:"HERALD_LOG_LEVEL" envDefault:"info"`  // debug, info, warn, error
	LogFormat string     `env:"HERALD_LOG_FORMAT" envDefault:"text"` // text or json

	// Credentials of the default app; used by dev, app ensure, and the commands that call the API.
	APIKey    string `env:"HERALD_API_KEY"`
	APISecret string `env:"HERALD_API_SECRET"`
}

// readConfig reads the environment and reports all problems together.
func readConfig() (config, error) {
	var cfg config
	err := env.Parse(&cfg)
	if cfg.SendSlots == 0 {
		cfg.SendSlots = worker.DefaultSendSlots()
	}
	if cfg.LogFormat != "" && cfg.LogFormat != "text" && cfg.LogFormat != "json" {
		err = errors.Join(err, fmt.Errorf("HERALD_LOG_FORMAT is %q, it must be text or json", cfg.LogFormat))
	}
	if (cfg.Deployment == "") != (cfg.BuildID == "") {
		err = errors.Join(err, errors.New("HERALD_WORKER_DEPLOYMENT and HERALD_WORKER_BUILD_ID must be set together, or neither"))
	}
	for _, s := range []struct{ name, value string }{{"HERALD_RATE_LIMITS", cfg.RateLimits}, {"HERALD_RELAY", cfg.Relay}} {
		if s.value != "on" && s.value != "off" {
			err = errors.Join(err, fmt.Errorf("%s is %q, it must be on or off", s.name, s.value))
		}
	}
	if cfg.HookRetryFor <= 0 {
		err = errors.Join(err, errors.New("HERALD_HOOK_RETRY_FOR must be a positive duration, such as 24h"))
	}
	err = errors.Join(err, cfg.Push.check())
	if bad := cfg.rateLimits().Check(); bad != nil {
		err = errors.Join(err, fmt.Errorf("HERALD_RATE_LIMIT_OVERRIDES: %w", bad))
	}
	for _, n := range []struct {
		name  string
		value int
	}{
		{"HERALD_API_CONNS", cfg.APIConns}, {"HERALD_SEND_SLOTS", cfg.SendSlots}, {"HERALD_PACED_SLOTS", cfg.PacedSlots}, {"HERALD_PAGE_SIZE", cfg.PageSize}, {"HERALD_BATCH_SIZE", cfg.BatchSize},
		{"HERALD_COMMIT_SIZE", cfg.CommitSize}, {"HERALD_HOOK_CONCURRENCY", cfg.HookConcurrency}, {"HERALD_PUSH_CONCURRENCY", cfg.Push.Concurrency},
	} {
		if n.value < 1 {
			err = errors.Join(err, fmt.Errorf("%s must be a positive number", n.name))
		}
	}
	return cfg, err
}

func (c config) rateLimits() api.RateLimits {
	return api.RateLimits{On: c.RateLimits == "on", PerMinute: c.RateLimitOverrides}
}

// readServiceConfig is readConfig for what needs a database.
func readServiceConfig() (config, *slog.Logger, error) {
	cfg, err := readConfig()
	if cfg.DatabaseURL == "" {
		err = errors.Join(err, errors.New("HERALD_DATABASE_URL is not set: the URL of a Postgres database, such as postgres://user:password@host:5432/herald"))
	}
	if err != nil {
		return cfg, nil, fmt.Errorf("configuration: %w", err)
	}
	log := newLogger(cfg)
	log.Info("configuration", "addr", cfg.Addr, "worker_addr", cfg.WorkerAddr, "temporal_ui_url", cfg.TemporalUIURL, "webhook_networks", cfg.WebhookNetworks,
		"rate_limits", cfg.RateLimits, "rate_limit_overrides", cfg.RateLimitOverrides,
		"api_conns", cfg.APIConns, "send_slots", cfg.SendSlots, "paced_slots", cfg.PacedSlots, "page_size", cfg.PageSize, "batch_size", cfg.BatchSize, "commit_size", cfg.CommitSize,
		"relay", cfg.Relay, "hook_concurrency", cfg.HookConcurrency, "hook_retry_for", cfg.HookRetryFor,
		"push", cfg.Push)
	return cfg, log, nil
}

func newLogger(cfg config) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.LogLevel}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, opts))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, opts))
}

// dialTemporal prepares a connection to Temporal; the server need not be there yet.
func dialTemporal(log *slog.Logger, process string) (client.Client, error) {
	opts, err := envconfig.LoadDefaultClientOptions()
	if err != nil {
		return nil, fmt.Errorf("read the connection to Temporal: %w", err)
	}
	opts.Logger = sdklog.NewStructuredLogger(log)
	opts.Identity = fmt.Sprintf("herald-%s-%d", process, os.Getpid())
	c, err := client.NewLazyClient(opts)
	if err != nil {
		return nil, fmt.Errorf("prepare the connection to Temporal: %w", err)
	}
	return c, nil
}

func openStore(ctx context.Context, cfg config, o store.Options) (*store.Store, error) {
	o.Push = cfg.Push.on()
	s, err := store.Open(ctx, cfg.DatabaseURL, o)
	if err != nil {
		return nil, fmt.Errorf("HERALD_DATABASE_URL: %w", err)
	}
	return s, nil
}
