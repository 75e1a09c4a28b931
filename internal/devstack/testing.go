package devstack

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Environment variables that tests listen to.
const (
	// EnvTestDatabase is the URL of an existing Postgres; its user must be allowed to create databases.
	EnvTestDatabase = "HERALD_TEST_DATABASE_URL"
	// EnvTestTemporal is the address of an existing Temporal server with a namespace "default".
	EnvTestTemporal = "HERALD_TEST_TEMPORAL_ADDRESS"
	// EnvRequire set to 1 makes a test fail, not skip, where a server cannot be had.
	EnvRequire = "HERALD_REQUIRE_STACK"
)

// testStartPatience covers building the Temporal CLI on a slow machine; the default timeout of go test is 10 minutes.
const testStartPatience = 9 * time.Minute

// shared is the stack of this test binary: each server is started by the first test that asks, and serves all.
var shared testStack

type testStack struct {
	mu       sync.Mutex
	sup      *Supervisor
	dir      string
	lock     *fileLock
	closers  []func(context.Context) error // run before the servers stop
	postgres onceURL
	temporal onceURL
}

// onceURL is where a server is, found out once.
type onceURL struct {
	once sync.Once
	url  string
	err  error
}

func (o *onceURL) get(find func() (string, error)) (string, error) {
	o.once.Do(func() { o.url, o.err = find() })
	return o.url, o.err
}

// RunTests runs the tests and then stops what TestPostgres, Template.Clone and TestTemporal started. Use it as
//
//	func TestMain(m *testing.M) { os.Exit(devstack.RunTests(m)) }
//
// Without it the servers still end with the process on Linux, but their directory stays until a later run sweeps it away.
func RunTests(m *testing.M) int {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-interrupted
		shared.stop()
		os.Exit(1)
	}()
	code := m.Run()
	shared.stop()
	return code
}

// TestTemporal returns the address of a Temporal server with the search attributes (name to type) in namespace "default". It is
// an in-memory dev server shared by the tests of one binary, so tests keep apart by task queues and workflow ids. The CLI comes
// from PATH or .herald/bin of this module, where it is built on demand.
func TestTemporal(tb testing.TB, attributes map[string]string) string {
	tb.Helper()
	address, err := shared.temporal.get(shared.startTemporal)
	if err != nil {
		unavailable(tb, "Temporal", EnvTestTemporal, err)
	}
	if err := registerSearchAttributes(tb.Context(), address, attributes); err != nil {
		tb.Fatalf("register search attributes: %v", err)
	}
	return address
}

func unavailable(tb testing.TB, what, variable string, err error) {
	tb.Helper()
	if errors.Is(err, ErrUnavailable) && os.Getenv(EnvRequire) != "1" {
		tb.Skipf("needs %s (or set %s): %v", what, variable, err)
	}
	tb.Fatalf("needs %s: %v", what, err)
}

func (s *testStack) startPostgres() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), testStartPatience)
	defer cancel()
	sup, dir, binDir, err := s.prepare()
	if err != nil {
		return "", err
	}
	server, err := StartPostgres(ctx, sup, PostgresOptions{
		URL: os.Getenv(EnvTestDatabase), Dir: dir, BinDir: binDir, Database: "postgres", Disposable: true,
	})
	if err != nil {
		return "", err
	}
	return server.URL, nil
}

func (s *testStack) startTemporal() (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), testStartPatience)
	defer cancel()
	sup, dir, binDir, err := s.prepare()
	if err != nil {
		return "", err
	}
	server, err := StartTemporal(ctx, sup, TemporalOptions{
		Address: os.Getenv(EnvTestTemporal), Dir: dir, BinDir: binDir, InMemory: true, Headless: true,
	})
	if err != nil {
		return "", err
	}
	return server.Address, nil
}

// prepare makes the stack's directory and supervisor, once. Programs that had to be fetched or built are kept in the module.
func (s *testStack) prepare() (sup *Supervisor, dir, binDir string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	root, err := moduleRoot()
	if err != nil {
		return nil, "", "", err
	}
	binDir = filepath.Join(root, ".herald", "bin")
	if s.sup != nil {
		return s.sup, s.dir, binDir, nil
	}
	sweepTestDirs()
	dir, err = os.MkdirTemp("", testDirPrefix)
	if err != nil {
		return nil, "", "", err
	}
	// The user Postgres runs as must be able to pass through.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, "", "", err
	}
	lock, err := tryLock(filepath.Join(dir, testDirLock))
	if err != nil {
		return nil, "", "", err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
	s.sup, s.dir, s.lock = NewSupervisor(log), dir, lock
	return s.sup, dir, binDir, nil
}

// beforeStop has f called at the end of the tests, while the servers still run.
func (s *testStack) beforeStop(f func(context.Context) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closers = append(s.closers, f)
}

func (s *testStack) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	for _, f := range s.closers {
		if err := f(ctx); err != nil {
			fmt.Fprintln(os.Stderr, "devstack:", err)
		}
	}
	s.closers = nil
	if s.sup == nil {
		return
	}
	s.sup.Stop()
	s.lock.unlock()
	if err := os.RemoveAll(s.dir); err != nil {
		fmt.Fprintln(os.Stderr, "devstack:", err)
	}
	s.sup = nil
}

const (
	testDirPrefix = "herald-test-"
	testDirLock   = "owner.lock"
)

// sweepTestDirs removes the directories of test binaries that were killed: those whose lock nobody holds. Young ones are left
// alone, since they may not be locked yet, and so is what belongs to somebody else.
func sweepTestDirs() {
	// The only error is a bad pattern.
	dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), testDirPrefix+"*"))
	for _, dir := range dirs {
		info, err := os.Lstat(dir)
		owner, ownerErr := ownerOf(dir)
		if err != nil || ownerErr != nil || owner.uid != os.Geteuid() || time.Since(info.ModTime()) < time.Minute {
			continue
		}
		lock, err := tryLock(filepath.Join(dir, testDirLock))
		if err != nil {
			continue
		}
		_ = os.RemoveAll(dir) // best effort: the next run tries again
		lock.unlock()
	}
}

// moduleRoot is the nearest directory above the working directory with a go.mod; tests run in their package's directory.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", fmt.Errorf("look for the module's root: %w", fs.ErrNotExist)
		}
		dir = parent
	}
}
