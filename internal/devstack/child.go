package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

const (
	firstDelay, longestDelay = 200 * time.Millisecond, 5 * time.Second
	// settledAfter is how long a child must have run for its next death to count as a first one again.
	settledAfter = 10 * time.Second
	// probeEvery and probeTimeout pace the readiness probe.
	probeEvery, probeTimeout = 50 * time.Millisecond, 5 * time.Second
	// largestLog is the size above which a log is put aside at the next start, as <name>.old.
	largestLog = 32 << 20
)

// child is one supervised process through all its lives.
type child struct {
	Process
	log *slog.Logger

	halting chan struct{} // closed by halt: no further start
	ended   chan struct{} // closed when keepRunning has returned

	mu      sync.Mutex
	current *os.Process // nil while there is none
	lastErr error       // how the last life ended
}

func newChild(p Process, log *slog.Logger) *child {
	p.ReadyTimeout = cmp.Or(p.ReadyTimeout, time.Minute)
	p.StopTimeout = cmp.Or(p.StopTimeout, 10*time.Second)
	p.StopSignal = cmp.Or(p.StopSignal, syscall.SIGTERM)
	p.DeathSignal = cmp.Or(p.DeathSignal, syscall.SIGKILL)
	return &child{Process: p, log: log.With("process", p.Name), halting: make(chan struct{}), ended: make(chan struct{})}
}

// keepRunning starts the child again whenever it dies, until halt.
func (c *child) keepRunning() {
	defer close(c.ended)
	for delay := firstDelay; ; delay = min(2*delay, longestDelay) {
		began := time.Now()
		err := c.live()
		select {
		case <-c.halting:
			return
		default:
		}
		if time.Since(began) >= settledAfter {
			delay = firstDelay
		}
		c.log.Warn("process ended, starting it again", "cause", err, "after", delay, "said", c.logTail(1))
		select {
		case <-c.halting:
			return
		case <-time.After(delay):
		}
	}
}

var errExited = errors.New("exited with status 0")

// live starts the child once and returns, with the reason, when it is gone.
func (c *child) live() error {
	cmd, err := c.launch()
	if err == nil {
		c.log.Info("process started", "pid", cmd.Process.Pid)
		err = cmp.Or(cmd.Wait(), errExited)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current, c.lastErr = nil, err
	return err
}

var errHalting = errors.New("stopping")

func (c *child) launch() (*exec.Cmd, error) {
	cmd, err := c.Command()
	if err != nil {
		return nil, err
	}
	if c.LogFile != "" {
		file, err := openLog(c.LogFile)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		cmd.Stdout, cmd.Stderr = file, file
	}
	cmd.WaitDelay = time.Second
	// Under the mutex, so that halt either prevents the start or sees the process.
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.halting:
		return nil, errHalting
	default:
	}
	if err := Spawn(cmd, c.DeathSignal); err != nil {
		return nil, err
	}
	c.current = cmd.Process
	return cmd, nil
}

// awaitReady returns when the child serves, or with the reason why it does not in its time.
func (c *child) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.ReadyTimeout, fmt.Errorf("not ready after %s", c.ReadyTimeout))
	defer cancel()
	for {
		probeErr := c.probe(ctx)
		if probeErr == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), probeErr)
		case <-c.halting:
			return ErrStopped
		case <-time.After(probeEvery):
		}
	}
}

func (c *child) probe(ctx context.Context) error {
	c.mu.Lock()
	running, lastErr := c.current != nil, c.lastErr
	c.mu.Unlock()
	if !running {
		return cmp.Or(lastErr, errors.New("not started yet"))
	}
	if c.Ready == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return c.Ready(ctx)
}

// halt ends the child: the stop signal, and after the deadline SIGKILL to its group. It returns when the child is gone; it may
// be called more than once.
func (c *child) halt() {
	c.mu.Lock()
	select {
	case <-c.halting:
	default:
		close(c.halting)
		if c.current != nil {
			_ = c.current.Signal(c.StopSignal) // fails only where the process is gone already
		}
	}
	c.mu.Unlock()
	select {
	case <-c.ended:
		return
	case <-time.After(c.StopTimeout):
	}
	c.mu.Lock()
	if c.current != nil {
		c.log.Warn("process does not stop, killing it", "pid", c.current.Pid, "waited", c.StopTimeout)
		_ = syscall.Kill(-c.current.Pid, syscall.SIGKILL)
	}
	c.mu.Unlock()
	<-c.ended
}

func (c *child) pid() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil {
		return 0
	}
	return c.current.Pid
}

func openLog(path string) (*os.File, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make log directory: %w", err)
	}
	if info, err := os.Stat(path); err == nil && info.Size() > largestLog {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, fmt.Errorf("put log aside: %w", err)
		}
	}
	file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	return file, nil
}

// logTail returns the last n lines of the child's log, for error texts; "" when there is none to read.
func (c *child) logTail(n int) string {
	file, err := os.Open(c.LogFile)
	if err != nil {
		return ""
	}
	defer file.Close()
	const most = 8 << 10
	if info, err := file.Stat(); err == nil && info.Size() > most {
		if _, err := file.Seek(-most, io.SeekEnd); err != nil {
			return ""
		}
	}
	content, err := io.ReadAll(io.LimitReader(file, most))
	if err != nil {
		return ""
	}
	return lastLines(string(content), n)
}
