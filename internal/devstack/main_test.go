package devstack_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"herald/internal/devstack"
)

// ownerDir makes the test binary act as the owner of a supervised process and then wait to be killed.
const ownerDir = "HERALD_DEVSTACK_TEST_OWNER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(ownerDir); dir != "" {
		ownSomething(dir)
		return
	}
	os.Exit(devstack.RunTests(m))
}

func ownSomething(dir string) {
	sup := devstack.NewSupervisor(nil)
	for _, name := range []string{"first", "second"} {
		err := sup.Start(context.Background(), devstack.Process{
			Name: name,
			Command: func() (*exec.Cmd, error) {
				cmd := exec.Command("sleep", "600")
				if name == "second" && os.Geteuid() == 0 {
					// As with Postgres: the kernel forgets a death signal when the user changes after it was set.
					cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
					cmd.Dir = "/"
				}
				return cmd, nil
			},
		})
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		pid := fmt.Sprint(sup.Pids()[name])
		if err := os.WriteFile(filepath.Join(dir, name), []byte(pid), 0o644); err != nil {
			os.Exit(1)
		}
	}
	select {}
}

func newSupervisor(t *testing.T) *devstack.Supervisor {
	t.Helper()
	sup := devstack.NewSupervisor(slog.New(slog.NewTextHandler(testWriter{t}, nil)))
	t.Cleanup(sup.Stop)
	return sup
}

// testWriter sends a supervisor's lines to the test's log.
type testWriter struct{ t *testing.T }

func (w testWriter) Write(line []byte) (int, error) {
	w.t.Logf("%s", line)
	return len(line), nil
}

// eventually waits until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for !condition() {
		select {
		case <-deadline:
			t.Fatalf("never happened: %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
