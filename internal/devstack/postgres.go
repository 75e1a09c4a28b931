package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// ErrUnavailable reports that a server is neither on this machine nor could be got; its text says what to install.
var ErrUnavailable = errors.New("not available")

// PostgresOptions says which Postgres to use.
type PostgresOptions struct {
	// URL of a server to use as it is. Empty: a private one.
	URL string
	// Dir is where the private cluster lives (Dir/postgres) and logs (Dir/log); made when missing.
	Dir string
	// BinDir is where a fetched server is kept. Default Dir/bin.
	BinDir string
	// Port is tried first; see ClaimPort. 0 means any.
	Port int
	// Database is created when missing. Default "herald".
	Database string
	// Disposable trades the data's safety for speed: no fsync, no full page writes, asynchronous commits. For tests. Without
	// it, what was committed survives kill -9 of any process.
	Disposable bool
}

// Postgres is a server that answers.
type Postgres struct {
	// URL of the database, with user and password.
	URL string
	// Port of the private server; 0 for a given one.
	Port int
	// External tells that the server was given and not started here.
	External bool
}

const (
	postgresUser = "herald"
	// givenServerWait is how long a given server may take to answer, so that it may still be starting itself.
	givenServerWait = 15 * time.Second
	// recoveryWait is how long a private server may take: after a crash it first replays up to max_wal_size of log.
	recoveryWait = 3 * time.Minute
	// oldServerWait is how long the server of a killed stack may take to go.
	oldServerWait = 10 * time.Second
)

// StartPostgres returns a Postgres that answers: the given one, or a private one that sup keeps running, as process "postgres",
// on one port and one directory. Server programs are looked for on PATH, in the places of Debian, Red Hat and Homebrew, and
// fetched otherwise; the newest from version 15 on, or the version an existing cluster was made with.
//
// Postgres refuses to run as root. For root it is run as the owner of an existing cluster, else as user postgres, else nobody;
// where that user cannot reach Dir, the cluster lives in the system's temporary directory.
//
// Errors: ErrInUse if another stack runs on Dir, ErrUnavailable if there is no server to be had.
func StartPostgres(ctx context.Context, sup *Supervisor, o PostgresOptions) (*Postgres, error) {
	if o.URL != "" {
		if err := awaitGiven(ctx, o.URL); err != nil {
			return nil, fmt.Errorf("use the given postgres: %w", err)
		}
		return &Postgres{URL: o.URL, External: true}, nil
	}
	server, err := preparePostgres(ctx, sup, o)
	if err != nil {
		return nil, fmt.Errorf("prepare postgres: %w", err)
	}
	if err := sup.Start(ctx, server.process()); err != nil {
		return nil, err
	}
	database := cmp.Or(o.Database, "herald")
	if err := server.ensureDatabase(ctx, database); err != nil {
		return nil, err
	}
	return &Postgres{URL: server.url(database), Port: server.port}, nil
}

func awaitGiven(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, givenServerWait)
	defer cancel()
	for {
		err := ping(ctx, url)
		var refused *pgconn.ParseConfigError
		if err == nil || errors.As(err, &refused) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(probeEvery):
		}
	}
}

func ping(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return conn.Ping(ctx)
}

// cluster is a private server that is ready to be started.
type cluster struct {
	home       home
	bin        string // directory of the server's programs
	port       int
	password   string
	logFile    string
	disposable bool
}

// preparePostgres does all that comes before the first start. What it holds is given back when sup stops.
func preparePostgres(ctx context.Context, sup *Supervisor, o PostgresOptions) (*cluster, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := tryLock(filepath.Join(dir, "postgres.lock"))
	if err != nil {
		return nil, err
	}
	sup.onStop(lock.unlock)

	h, err := prepareHome(ctx, sup.log, dir)
	if err != nil {
		return nil, err
	}
	bin, err := findServer(ctx, sup.log, h, cmp.Or(o.BinDir, filepath.Join(dir, "bin")))
	if err != nil {
		return nil, err
	}
	c := &cluster{home: h, bin: bin, logFile: filepath.Join(dir, "log", "postgres.log"), disposable: o.Disposable}
	if err := c.initialise(ctx, sup.log); err != nil {
		return nil, err
	}
	if err := h.awaitOldServer(ctx, oldServerWait); err != nil {
		return nil, err
	}
	port, err := ClaimPort(o.Port)
	if err != nil {
		return nil, err
	}
	sup.onStop(port.Release)
	reportMoved(sup.log, "postgres", o.Port, port.Number)
	c.port = port.Number
	return c, nil
}

func reportMoved(log *slog.Logger, what string, wanted, got int) {
	if wanted != 0 && wanted != got {
		log.Info(fmt.Sprintf("port %d is taken, %s uses %d", wanted, what, got))
	}
}

func (c *cluster) process() Process {
	p := Process{
		Name: "postgres",
		Command: func() (*exec.Cmd, error) {
			if err := c.home.dropReusedPid(); err != nil {
				return nil, err
			}
			args := []string{"-D", c.home.data()}
			for _, setting := range c.settings() {
				args = append(args, "-c", setting)
			}
			cmd := exec.Command(filepath.Join(c.bin, "postgres"), args...)
			cmd.Dir, cmd.Env = c.home.path, postgresEnvironment()
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.home.user.credential()}
			return cmd, nil
		},
		Ready:        func(ctx context.Context) error { return ping(ctx, c.url("postgres")) },
		ReadyTimeout: recoveryWait,
		LogFile:      c.logFile,
		// Fast shutdown: open connections are ended, a checkpoint is written.
		StopSignal:  syscall.SIGINT,
		StopTimeout: 20 * time.Second,
		// Immediate shutdown: unlike SIGKILL it takes the backends along, so that nothing of the old server is left when
		// the next stack comes.
		DeathSignal: syscall.SIGQUIT,
	}
	if c.disposable {
		p.StopSignal = syscall.SIGQUIT
	}
	return p
}

// settings are given on the command line and not in postgresql.conf, so that they hold for clusters made by older versions too.
// Sizes are for a developer's machine of two cores and 4 GB or more.
func (c *cluster) settings() []string {
	settings := []string{
		"listen_addresses=127.0.0.1",
		"port=" + strconv.Itoa(c.port),
		// A socket's path has a length limit that a deep directory exceeds.
		"unix_socket_directories=",
		"max_connections=200",
		"shared_buffers=256MB",
		"effective_cache_size=1GB",
		"maintenance_work_mem=128MB",
		"work_mem=16MB",
		"max_wal_size=2GB",
		"checkpoint_timeout=15min",
		"random_page_cost=1.1",
		"jit=off",
		"timezone=UTC",
		"log_timezone=UTC",
		"log_checkpoints=off",
	}
	if c.disposable {
		return append(settings, "fsync=off", "synchronous_commit=off", "full_page_writes=off")
	}
	return append(settings, "fsync=on", "synchronous_commit=on", "full_page_writes=on")
}

func (c *cluster) url(database string) string {
	u := url.URL{
		Scheme:   "postgres",
		User:     url.UserPassword(postgresUser, c.password),
		Host:     net.JoinHostPort("127.0.0.1", strconv.Itoa(c.port)),
		Path:     "/" + database,
		RawQuery: "sslmode=disable",
	}
	return u.String()
}

func (c *cluster) ensureDatabase(ctx context.Context, name string) error {
	conn, err := pgx.Connect(ctx, c.url("postgres"))
	if err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	defer conn.Close(ctx)
	var exists bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name).Scan(&exists)
	if err == nil && !exists {
		_, err = conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	}
	if err != nil {
		return fmt.Errorf("create database %s: %w", name, err)
	}
	return nil
}

// postgresEnvironment keeps the PG* variables of the user's own server away from this one. On macOS the server does not start
// without a locale in the environment.
func postgresEnvironment() []string { return append(environment("PG", "LC_", "LANG"), "LC_ALL=C") }
