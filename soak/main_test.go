package soak_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// large says that `make soak` runs, not `make test`.
var large = os.Getenv("HERALD_SOAK") == "1"

// size is the first of two numbers in `make test`, the second in `make soak`.
func size[T any](small, soak T) T {
	if large {
		return soak
	}
	return small
}

// newSeed is a new seed, or the one of an earlier run that is to be repeated.
func newSeed(t *testing.T) uint64 {
	t.Helper()
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any number will do
	if given := os.Getenv("HERALD_SOAK_SEED"); given != "" {
		var err error
		seed, err = strconv.ParseUint(given, 10, 64)
		must(t, err)
	}
	t.Logf("HERALD_SOAK_SEED=%d", seed)
	return seed
}

// program is the herald command under test.
var program string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "herald-soak-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "herald")
	build := exec.CommandContext(context.Background(), "go", "build", "-o", program, "herald/cmd/herald")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "soak: build the herald command:", err)
		return 1
	}
	began := time.Now()
	code := m.Run()
	if large {
		figures.print(time.Since(began))
	}
	return code
}

// figures are what the tests measured, printed together at the end of `make soak`.
var figures report

type report struct {
	mu    sync.Mutex
	lines []string
}

// add notes a figure and logs it with its test.
func (r *report) add(t *testing.T, format string, args ...any) {
	t.Helper()
	line := fmt.Sprintf(format, args...)
	t.Log(line)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, fmt.Sprintf("%s: %s", t.Name(), line))
}

func (r *report) print(took time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Printf("\nFigures, after %v:\n", took.Round(time.Second))
	for _, line := range r.lines {
		fmt.Println("  " + line)
	}
}
