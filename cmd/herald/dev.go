package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"herald/api"
	"herald/internal/devstack"
	"herald/internal/heralddev"
	"herald/models/store"
	"herald/workflows"
)

// loopback is where webhooks of a development stack may go besides public addresses.
const loopback = "127.0.0.0/8,::1/128"

type devOptions struct {
	dir     string
	addr    string
	workers int
	json    bool
}

func newDevCommand() *cobra.Command {
	var o devOptions
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "Run everything on this machine: Postgres, Temporal with its Web UI, the API and workers",
		Long: `Run everything on this machine and print where it is. Data stays in --dir, so the next start finds it again.

Postgres is the one at HERALD_DATABASE_URL, else a private one; Temporal the one at TEMPORAL_ADDRESS, else a private one.
HERALD_API_KEY and HERALD_API_SECRET set the credentials of the default app. Each server is a process of its own: kill any
of them and watch it come back. Ctrl-C stops all that was started.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runDev(cmd.Context(), o) },
	}
	cmd.Flags().StringVar(&o.dir, "dir", ".herald", "directory of data, logs and programs")
	cmd.Flags().StringVar(&o.addr, "addr", "127.0.0.1:8080", "address of the API; the next free port if it is taken")
	cmd.Flags().IntVar(&o.workers, "workers", 1, "number of worker processes")
	cmd.Flags().BoolVar(&o.json, "json", false, "print the block as one line of JSON")
	return cmd
}

func runDev(ctx context.Context, o devOptions) error {
	cfg, err := readConfig()
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	if o.workers < 1 {
		return fmt.Errorf("--workers is %d, it must be at least 1", o.workers)
	}
	log := newLogger(cfg)
	sup := devstack.NewSupervisor(log)
	defer sup.Stop()

	d := &dev{devOptions: o, cfg: cfg, log: log, sup: sup}
	if err := d.start(ctx); err != nil {
		return err
	}
	file := filepath.Join(o.dir, "dev.json")
	line, err := json.Marshal(d.stack)
	if err != nil {
		return fmt.Errorf("describe the stack: %w", err)
	}
	if err := os.WriteFile(file, append(line, '\n'), 0o600); err != nil {
		return fmt.Errorf("describe the stack: %w", err)
	}
	defer os.Remove(file) // one that stays is recognised: no API answers there
	if o.json {
		fmt.Println(string(line))
	} else {
		d.print()
	}
	<-ctx.Done()
	log.Info("stopping everything that was started")
	return nil
}

// dev starts the stack piece by piece.
type dev struct {
	devOptions
	cfg   config
	log   *slog.Logger
	sup   *devstack.Supervisor
	stack heralddev.Stack
}

func (d *dev) start(ctx context.Context) error {
	postgres, err := devstack.StartPostgres(ctx, d.sup, devstack.PostgresOptions{URL: d.cfg.DatabaseURL, Dir: d.dir, BinDir: d.cfg.BinDir, Port: devstack.DefaultPostgresPort})
	if err != nil {
		return err
	}
	if err := store.Migrate(ctx, postgres.URL); err != nil {
		return err
	}
	d.stack.DatabaseURL = postgres.URL
	if err := d.ensureApp(ctx); err != nil {
		return err
	}
	temporal, err := devstack.StartTemporal(ctx, d.sup, devstack.TemporalOptions{
		Address: os.Getenv("TEMPORAL_ADDRESS"), Dir: d.dir, BinDir: d.cfg.BinDir, Port: devstack.DefaultTemporalPort, UIPort: devstack.DefaultUIPort,
		SearchAttributes: workflows.SearchAttributeTypes(),
	})
	if err != nil {
		return err
	}
	d.stack.TemporalAddress, d.stack.TemporalUIURL = temporal.Address, temporal.UIURL
	d.stack.TemporalNamespace = devstack.TemporalNamespace
	if temporal.External {
		d.stack.TemporalUIURL = d.cfg.TemporalUIURL
		d.stack.TemporalNamespace = cmp.Or(os.Getenv("TEMPORAL_NAMESPACE"), devstack.TemporalNamespace)
		if err := d.registerAttributes(ctx); err != nil {
			return err
		}
	}
	if err := d.startAPI(ctx); err != nil {
		return err
	}
	for i := range d.workers {
		if err := d.startWorker(ctx, fmt.Sprintf("worker-%d", i+1)); err != nil {
			return err
		}
	}
	pids := d.sup.Pids()
	d.stack.Pids = heralddev.Pids{Postgres: pids["postgres"], Temporal: pids["temporal"], API: pids["api"]}
	for i := range d.workers {
		d.stack.Pids.Worker = append(d.stack.Pids.Worker, pids[fmt.Sprintf("worker-%d", i+1)])
	}
	return nil
}

// registerAttributes registers the search attributes with a Temporal server that was given.
func (d *dev) registerAttributes(ctx context.Context) error {
	c, err := dialTemporal(d.log, "dev")
	if err != nil {
		return err
	}
	defer c.Close()
	return devstack.EnsureSearchAttributes(ctx, c.OperatorService(), d.stack.TemporalNamespace, workflows.SearchAttributeTypes())
}

// ensureApp makes the default app. Without credentials in the environment it keeps those it has.
func (d *dev) ensureApp(ctx context.Context) error {
	db, err := store.Open(ctx, d.stack.DatabaseURL, store.Options{MaxConns: 1})
	if err != nil {
		return err
	}
	defer db.Close()
	app, err := db.EnsureApp(ctx, "default", d.cfg.APIKey, d.cfg.APISecret)
	if err != nil {
		return err
	}
	d.stack.APIKey, d.stack.APISecret = app.APIKey, app.Secret
	d.stack.ServerToken, err = api.ServerToken(app.Secret)
	return err
}

func (d *dev) startAPI(ctx context.Context) error {
	host, text, err := net.SplitHostPort(d.addr)
	if err != nil {
		return fmt.Errorf("--addr %q: %w", d.addr, err)
	}
	wanted, err := strconv.Atoi(text)
	if err != nil {
		return fmt.Errorf("--addr %q: the port must be a number", d.addr)
	}
	port, err := devstack.ClaimPort(wanted)
	if err != nil {
		return err
	}
	if wanted != 0 && port.Number != wanted {
		d.log.Warn("port is taken, using the next free one", "process", "api", "wanted", wanted, "port", port.Number)
	}
	addr := net.JoinHostPort(host, strconv.Itoa(port.Number))
	shown := host
	if host == "" || net.ParseIP(host).IsUnspecified() {
		shown = "127.0.0.1"
	}
	d.stack.APIURL = "http://" + net.JoinHostPort(shown, strconv.Itoa(port.Number))
	return d.startSelf(ctx, "api", addr, "HERALD_ADDR="+addr,
		webhookNetworks(),
		"HERALD_RATE_LIMITS="+cmp.Or(os.Getenv("HERALD_RATE_LIMITS"), "off"))
}

func (d *dev) startWorker(ctx context.Context, name string) error {
	port, err := devstack.ClaimPort(0)
	if err != nil {
		return err
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(port.Number))
	return d.startSelf(ctx, name, addr, "HERALD_WORKER_ADDR="+addr, webhookNetworks())
}

// webhookNetworks is the setting for API and worker alike: the one checks URLs when they are set, the other when they are called.
func webhookNetworks() string {
	return "HERALD_WEBHOOK_NETWORKS=" + cmp.Or(os.Getenv("HERALD_WEBHOOK_NETWORKS"), loopback)
}

// startSelf runs this program as an API or a worker of the stack.
func (d *dev) startSelf(ctx context.Context, name, ready string, environment ...string) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	command := "worker"
	if name == "api" {
		command = "api"
	}
	environment = slices.Concat(os.Environ(), environment, []string{
		"HERALD_DATABASE_URL=" + d.stack.DatabaseURL, "HERALD_TEMPORAL_UI_URL=" + d.stack.TemporalUIURL,
		"TEMPORAL_ADDRESS=" + d.stack.TemporalAddress, "TEMPORAL_NAMESPACE=" + d.stack.TemporalNamespace,
	})
	return d.sup.Start(ctx, devstack.Process{
		Name: name,
		Command: func() (*exec.Cmd, error) {
			cmd := exec.Command(program, command)
			cmd.Env = environment
			return cmd, nil
		},
		Ready:       func(ctx context.Context) error { return checkReady(ctx, ready) },
		LogFile:     filepath.Join(d.dir, "log", name+".log"),
		StopTimeout: 30 * time.Second,
	})
}

func (d *dev) print() {
	s := d.stack
	fmt.Printf(`
Herald is running.

  API            %s
  API key        %s
  API secret     %s
  server token   %s
  Temporal UI    %s
  Temporal       %s, namespace %s
  Postgres       %s
  logs           %s

  curl '%s/campaigns/query?api_key=%s' -H 'stream-auth-type: jwt' -H 'Authorization: %s' -d '{}'

Ctrl-C stops it; the data stays in %s.
`, s.APIURL, s.APIKey, s.APISecret, s.ServerToken, s.TemporalUIURL, s.TemporalAddress, s.TemporalNamespace, s.DatabaseURL,
		filepath.Join(d.dir, "log"), s.APIURL, s.APIKey, s.ServerToken, d.dir)
}
