package heralddev_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"herald/internal/heralddev"
)

// program writes a shell script that stands in for the herald command.
func program(t *testing.T, script string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "herald")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+script), 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

const description = `{"api_url": "http://127.0.0.1:1", "api_key": "key", "database_url": "postgres://nobody@127.0.0.1:1/none", "pids": {"api": 11, "worker": [12, 13]}}`

func TestStart(t *testing.T) {
	// The end of a log line comes later than its beginning, and the process ends in good order.
	file := program(t, `
		printf 'time=now level=INFO msg="process started" process=worker-2 pid=' >&2
		echo '`+description+`'
		trap 'kill $!; echo "stopped $*" >&2; exit 0' TERM
		sleep 1 & wait
		printf '14\ntime=now level=INFO msg="process started" process=worker-20 pid=15\n' >&2
		sleep 60 & wait
	`)
	var log bytes.Buffer
	h, err := heralddev.Start(t.Context(), heralddev.Options{Program: file, Args: []string{"--workers", "2"}, Log: &log})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = h.Stop() }()
	if got := [3]int{h.Pid("api"), h.Pid("worker-1"), h.Pid("temporal")}; got != [3]int{11, 12, 0} {
		t.Errorf("pids are %v", got)
	}
	if err := h.Signal("temporal", syscall.SIGCONT); err == nil {
		t.Error("a signal was sent to a process that is not there")
	}
	if err := heralddev.Await(t.Context(), "the new pid", time.Minute, func() bool { return h.Pid("worker-2") == 14 }); err != nil {
		t.Error(err)
	}
	dir := h.Dir
	if err := h.Stop(); err != nil {
		t.Error(err)
	}
	if want := "stopped dev --json --dir " + dir + " --addr 127.0.0.1:0 --workers 2\n"; !strings.HasSuffix(log.String(), want) {
		t.Errorf("it logged %q, without %q", log.String(), want)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
}

func TestStartFails(t *testing.T) {
	for script, want := range map[string]string{
		"echo port taken >&2; exit 3": "exit status 3",
		"echo ready":                  `printed "ready`,
	} {
		h, err := heralddev.Start(t.Context(), heralddev.Options{Program: program(t, script)})
		if err == nil || !strings.Contains(err.Error(), want) || h != nil {
			t.Errorf("%s: %v, want %q", script, err, want)
		}
	}
	if _, err := heralddev.Start(t.Context(), heralddev.Options{Program: filepath.Join(t.TempDir(), "none")}); err == nil {
		t.Error("a program that is not there was started")
	}
}

func TestAwait(t *testing.T) {
	asked := 0
	if err := heralddev.Await(t.Context(), "three", time.Minute, func() bool { asked++; return asked == 3 }); err != nil {
		t.Error(err)
	}
	never := func() bool { return false }
	if err := heralddev.Await(t.Context(), "the end of time", time.Millisecond, never); err == nil || !strings.Contains(err.Error(), "the end of time") {
		t.Errorf("waited for nothing: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := heralddev.Await(ctx, "a cancelled one", time.Minute, never); err == nil {
		t.Error("a cancelled wait succeeded")
	}
}
