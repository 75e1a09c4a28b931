package devstack_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/internal/devstack"
)

// shell runs a script as a supervised process.
func shell(name, script string, args ...string) devstack.Process {
	return devstack.Process{
		Name: name,
		Command: func() (*exec.Cmd, error) {
			return exec.Command("/bin/sh", append([]string{"-c", script, name}, args...)...), nil
		},
	}
}

// exists is a readiness probe: the file is there.
func exists(path string) func(context.Context) error {
	return func(context.Context) error {
		_, err := os.Stat(path)
		return err
	}
}

func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

func TestSupervisorRestartsWhatDies(t *testing.T) {
	sup := newSupervisor(t)
	if err := sup.Start(t.Context(), shell("worker", "exec sleep 600")); err != nil {
		t.Fatal(err)
	}
	first := sup.Pids()["worker"]
	for range 2 {
		before := sup.Pids()["worker"]
		if err := syscall.Kill(before, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		eventually(t, "a new process", func() bool {
			now := sup.Pids()["worker"]
			return now != 0 && now != before
		})
	}
	last := sup.Pids()["worker"]
	sup.Stop()
	if alive(first) || alive(last) {
		t.Error("a process is left after Stop")
	}
	if left := sup.Pids(); len(left) != 0 {
		t.Errorf("Pids after Stop = %v", left)
	}
}

func TestSupervisorStopsInReverseOrder(t *testing.T) {
	sup := newSupervisor(t)
	dir := t.TempDir()
	order := filepath.Join(dir, "order")
	for _, name := range []string{"database", "api", "worker"} {
		p := shell(name, `trap 'echo $0 >> "$1"; exit 0' TERM; : > "$1.$0"; while :; do sleep 0.02; done`, order)
		p.Ready = exists(order + "." + name)
		if err := sup.Start(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { sup.Run(ctx); close(done) }()
	cancel()
	<-done
	got, err := os.ReadFile(order)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"worker", "api", "database"}, strings.Fields(string(got))); diff != "" {
		t.Errorf("order of stops (-want +got):\n%s", diff)
	}
	if err := sup.Start(t.Context(), shell("late", "exec sleep 600")); !errors.Is(err, devstack.ErrStopped) {
		t.Errorf("Start after Stop: %v, want ErrStopped", err)
	}
}

func TestSupervisorKillsTheGroupOfWhatDoesNotStop(t *testing.T) {
	sup := newSupervisor(t)
	file := filepath.Join(t.TempDir(), "grandchild")
	p := shell("deaf", `trap '' TERM; sleep 600 & echo $! > "$1.new"; mv "$1.new" "$1"; wait; sleep 600`, file)
	p.Ready, p.StopTimeout = exists(file), 50*time.Millisecond
	if err := sup.Start(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	pid, grandchild := sup.Pids()["deaf"], readPid(t, file)
	sup.Stop()
	if alive(pid) {
		t.Error("the process is still alive")
	}
	eventually(t, "the grandchild ends", func() bool { return !running(grandchild) })
}

func TestSupervisorStartFails(t *testing.T) {
	tests := map[string]struct {
		process devstack.Process
		want    string
	}{
		"keeps dying": {
			process: shell("broken", "echo no such setting; exit 3"),
			want:    "exit status 3",
		},
		"says why": {
			process: shell("broken", "echo no such setting; exit 3"),
			want:    "no such setting",
		},
		"never ready": {
			process: shell("broken", "exec sleep 600"),
			want:    "not listening",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sup := newSupervisor(t)
			p := test.process
			p.LogFile = filepath.Join(t.TempDir(), "log", "broken.log")
			p.ReadyTimeout = 300 * time.Millisecond
			p.Ready = func(context.Context) error { return errors.New("not listening") }
			err := sup.Start(t.Context(), p)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("Start: %v, want %q in it", err, test.want)
			}
			if left := sup.Pids(); len(left) != 0 {
				t.Errorf("left running: %v", left)
			}
		})
	}
}

func TestSupervisedProcessesEndWithTheirOwner(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is a death signal on Linux only")
	}
	dir := t.TempDir()
	owner := exec.Command(os.Args[0])
	owner.Env = append(os.Environ(), ownerDir+"="+dir)
	owner.Stderr = os.Stderr
	if err := owner.Start(); err != nil {
		t.Fatal(err)
	}
	second := filepath.Join(dir, "second")
	eventually(t, "the owner starts its processes", func() bool {
		content, err := os.ReadFile(second)
		return err == nil && len(content) > 0
	})
	pids := []int{readPid(t, filepath.Join(dir, "first")), readPid(t, second)}
	for _, pid := range pids {
		if !running(pid) {
			t.Fatalf("process %d does not run", pid)
		}
	}
	if err := owner.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var killed *exec.ExitError
	if err := owner.Wait(); !errors.As(err, &killed) {
		t.Fatal(err)
	}
	for _, pid := range pids {
		eventually(t, "the process ends", func() bool { return !running(pid) })
	}
}

func readPid(t *testing.T, path string) int {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// running is alive without being a zombie: an orphan stays one where process 1 does not collect it.
func running(pid int) bool {
	if !alive(pid) {
		return false
	}
	stat, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return false
	}
	return !strings.HasPrefix(strings.TrimSpace(string(stat)), "Z")
}
