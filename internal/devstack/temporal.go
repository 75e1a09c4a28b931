package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// TemporalOptions says which Temporal server to use.
type TemporalOptions struct {
	// Address (host:port) of a server to use as it is. Empty: a private one.
	Address string
	// Dir is where the private server's state (Dir/temporal.db) and log (Dir/log) are; made when missing.
	Dir string
	// BinDir is where a CLI is kept that had to be built. Default Dir/bin.
	BinDir string
	// Port of the frontend and UIPort of the Web UI are tried first; see ClaimPort. 0 means any.
	Port, UIPort int
	// Headless leaves the Web UI out.
	Headless bool
	// InMemory keeps the state in memory only: it is gone when the server ends or is restarted. For tests.
	InMemory bool
	// SearchAttributes to register in the namespace: name to type, as in "Keyword" or "Datetime".
	SearchAttributes map[string]string
	// Config is more dynamic configuration of a private server: key to value.
	Config map[string]string
}

// Temporal is a Temporal server that answers.
type Temporal struct {
	// Address of the frontend, host:port.
	Address string
	// UIURL is the Web UI; empty for a given server and a headless one.
	UIURL string
	// External tells that the server was given and not started here.
	External bool
}

// TemporalNamespace is the namespace a private server has.
const TemporalNamespace = "default"

const (
	// temporalWait covers the making of a new database on a busy machine; two seconds are usual.
	temporalWait = 2 * time.Minute
	// temporalRate replaces the server's limits on requests per second, which thousands of campaigns waking together exceed
	// (frontend 2,400, history 3,000, matching 1,200): on a developer's machine the processor is limit enough.
	temporalRate = 20000
)

// StartTemporal returns a Temporal server: the given one, untouched and unasked, or a private dev server with namespace
// "default" that sup keeps running, as process "temporal", on its ports and its state. The program is the temporal CLI on PATH
// if its server is new enough for fairness keys (1.29), else one built into BinDir, which takes some minutes the first time.
//
// Errors: ErrInUse if another stack runs on Dir, ErrUnavailable if there is no CLI and none could be built.
func StartTemporal(ctx context.Context, sup *Supervisor, o TemporalOptions) (*Temporal, error) {
	if o.Address != "" {
		return &Temporal{Address: o.Address, External: true}, nil
	}
	server, err := prepareTemporal(ctx, sup, o)
	if err != nil {
		return nil, fmt.Errorf("prepare temporal: %w", err)
	}
	if err := sup.Start(ctx, server.process()); err != nil {
		return nil, err
	}
	if err := server.settle(); err != nil {
		return nil, fmt.Errorf("start temporal: %w", err)
	}
	// The command's flags count only when the namespace is made; this serves a state that is older than an attribute.
	if err := registerSearchAttributes(ctx, server.address(), o.SearchAttributes); err != nil {
		return nil, fmt.Errorf("start temporal: %w", err)
	}
	return &Temporal{Address: server.address(), UIURL: server.uiURL()}, nil
}

// devServer is a private server that is ready to be started.
type devServer struct {
	cli        string
	port       int
	uiPort     int    // 0 for none
	database   string // empty for memory
	logFile    string
	attributes []string // name=type
	config     []string // key=value
}

// prepareTemporal does all that comes before the first start. What it holds is given back when sup stops.
func prepareTemporal(ctx context.Context, sup *Supervisor, o TemporalOptions) (*devServer, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	lock, err := tryLock(filepath.Join(dir, "temporal.lock"))
	if err != nil {
		return nil, err
	}
	sup.onStop(lock.unlock)

	d := &devServer{logFile: filepath.Join(dir, "log", "temporal.log")}
	for name, kind := range o.SearchAttributes {
		d.attributes = append(d.attributes, name+"="+kind)
	}
	slices.Sort(d.attributes)
	for key, value := range o.Config {
		d.config = append(d.config, key+"="+value)
	}
	slices.Sort(d.config)
	if d.cli, err = findTemporal(ctx, sup.log, cmp.Or(o.BinDir, filepath.Join(dir, "bin"))); err != nil {
		return nil, err
	}
	if !o.InMemory {
		d.database = filepath.Join(dir, "temporal.db")
		if err := d.dropUnsettled(); err != nil {
			return nil, err
		}
	}
	port, err := ClaimPort(o.Port)
	if err != nil {
		return nil, err
	}
	sup.onStop(port.Release)
	reportMoved(sup.log, "temporal", o.Port, port.Number)
	d.port = port.Number
	if !o.Headless {
		port, err := ClaimPort(o.UIPort)
		if err != nil {
			return nil, err
		}
		sup.onStop(port.Release)
		reportMoved(sup.log, "temporal's web ui", o.UIPort, port.Number)
		d.uiPort = port.Number
	}
	return d, nil
}

func (d *devServer) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(d.port)) }

func (d *devServer) uiURL() string {
	if d.uiPort == 0 {
		return ""
	}
	return fmt.Sprintf("http://localhost:%d", d.uiPort)
}

// The dev server takes a database file that exists for a complete one, and makes it in many steps. A server killed during its
// first seconds would leave a file no server can use. So a file beside it says that it once served; without that the database
// is thrown away, and nothing is lost by it, since nobody was told of the server yet.
func (d *devServer) settledFile() string { return d.database + ".settled" }

func (d *devServer) settle() error {
	if d.database == "" {
		return nil
	}
	return os.WriteFile(d.settledFile(), nil, 0o644)
}

func (d *devServer) dropUnsettled() error {
	if _, err := os.Stat(d.settledFile()); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, file := range []string{d.database, d.database + "-wal", d.database + "-shm", d.database + "-journal"} {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove an unfinished database: %w", err)
		}
	}
	return nil
}

func (d *devServer) process() Process {
	p := Process{
		Name: "temporal",
		Command: func() (*exec.Cmd, error) {
			cmd := exec.Command(d.cli, d.args()...)
			// The CLI reads its client settings from there; they are the user's, for another server.
			cmd.Env = environment("TEMPORAL_")
			return cmd, nil
		},
		Ready:        d.ready,
		ReadyTimeout: temporalWait,
		LogFile:      d.logFile,
	}
	if d.database == "" {
		// Nothing is kept, so nothing is gained by an orderly end.
		p.StopSignal = syscall.SIGKILL
	}
	return p
}

// args leaves the ports of metrics, HTTP and the inner services to the server, which takes free ones at each start.
func (d *devServer) args() []string {
	args := []string{
		"server", "start-dev",
		"--ip", "127.0.0.1",
		"--port", strconv.Itoa(d.port),
		"--log-level", "error",
		"--color", "never",
		"--dynamic-config-value", "matching.enableFairness=true",
		// A worker gets the bookkeeping activity that it asked for in the answer, without a trip through a queue. Off by default.
		"--dynamic-config-value", "system.enableActivityEagerExecution=true",
	}
	// A queue's partitions are fair each for itself: with the usual four a task still waits behind others' in its own.
	for _, count := range []string{"matching.numTaskqueueReadPartitions", "matching.numTaskqueueWritePartitions"} {
		args = append(args, "--dynamic-config-value", count+"=1")
	}
	for _, limit := range []string{"frontend.rps", "frontend.namespaceRPS", "history.rps", "matching.rps"} {
		args = append(args, "--dynamic-config-value", fmt.Sprintf("%s=%d", limit, temporalRate))
	}
	if d.uiPort == 0 {
		args = append(args, "--headless")
	} else {
		args = append(args, "--ui-port", strconv.Itoa(d.uiPort))
	}
	if d.database != "" {
		// SQLite's default is a journal file made, synced and removed for each transaction: that was a third of what a small
		// campaign cost. A write-ahead log is as durable. Synced only now and then it survives the death of any process; what the
		// death of the machine takes of the last moments the reconciler starts again. 300 campaigns that woke together were through
		// in 8 to 9 s instead of 12.
		args = append(args, "--db-filename", d.database, "--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal")
	}
	for _, setting := range d.config {
		args = append(args, "--dynamic-config-value", setting)
	}
	for _, attribute := range d.attributes {
		args = append(args, "--search-attribute", attribute)
	}
	return args
}
