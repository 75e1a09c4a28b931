package devstack

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// A Process says how one child is run.
type Process struct {
	// Name is unique in its supervisor; it appears in log lines and in Pids.
	Name string
	// Command builds the command of the next start: a command can be started only once, and a child is started as often as it
	// dies. The supervisor puts it into a process group of its own.
	Command func() (*exec.Cmd, error)
	// Ready is one try to find out whether the child serves. It is repeated until it returns nil. Without it a child counts as
	// ready when it has been started.
	Ready func(ctx context.Context) error
	// ReadyTimeout bounds the wait for the first readiness, deaths and restarts included. Default 60 s.
	ReadyTimeout time.Duration
	// LogFile takes what the child prints, appended. Without it the command's own Stdout and Stderr stand.
	LogFile string
	// StopSignal asks for an orderly end (default SIGTERM), which may take StopTimeout (default 10 s) before the child's group
	// is killed.
	StopSignal  syscall.Signal
	StopTimeout time.Duration
	// DeathSignal is what the child gets, on Linux, when this process ends without stopping it. Default SIGKILL.
	DeathSignal syscall.Signal
}

// A Supervisor keeps child processes running until it is stopped: one that dies is started again, after 200 ms the first time,
// up to 5 s where it keeps dying. Its methods may be called at the same time.
type Supervisor struct {
	log *slog.Logger

	mu       sync.Mutex
	stopped  bool
	children []*child
	release  []func()
	finished chan struct{}
}

// NewSupervisor returns a supervisor without processes. It reports starts, deaths and stops to log; nil means slog.Default().
func NewSupervisor(log *slog.Logger) *Supervisor {
	if log == nil {
		log = slog.Default()
	}
	return &Supervisor{log: log, finished: make(chan struct{})}
}

// ErrStopped reports that a supervisor was asked to start something after it was stopped.
var ErrStopped = errors.New("supervisor is stopped")

// Start starts a process and waits until it is ready. If it does not get ready in its time, or ctx ends first, it is stopped
// again and the error tells the end of its log. Once ready it is kept running whatever becomes of ctx.
func (s *Supervisor) Start(ctx context.Context, p Process) error {
	c := newChild(p, s.log)
	if err := s.add(c); err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	go c.keepRunning()
	if err := c.awaitReady(ctx); err != nil {
		c.halt()
		s.remove(c)
		return fmt.Errorf("start %s: %w%s", p.Name, err, indent(c.logTail(8)))
	}
	return nil
}

// Pids returns the process ids by name of the children that are running now.
func (s *Supervisor) Pids() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	pids := make(map[string]int, len(s.children))
	for _, c := range s.children {
		if pid := c.pid(); pid != 0 {
			pids[c.Name] = pid
		}
	}
	return pids
}

// Run keeps everything running until ctx ends, then stops it.
func (s *Supervisor) Run(ctx context.Context) {
	<-ctx.Done()
	s.Stop()
}

// Stop ends all processes, the one added last first, each before the next, and gives back the locks and ports that belong to
// them. It returns when all are gone; a second call waits for the first.
func (s *Supervisor) Stop() {
	s.mu.Lock()
	if s.stopped {
		s.mu.Unlock()
		<-s.finished
		return
	}
	s.stopped = true
	children, release := s.children, s.release
	s.mu.Unlock()

	for i := len(children) - 1; i >= 0; i-- {
		children[i].halt()
	}
	for i := len(release) - 1; i >= 0; i-- {
		release[i]()
	}
	close(s.finished)
}

// onStop has f called when all processes are gone, or at once if that is already so.
func (s *Supervisor) onStop(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		f()
		return
	}
	s.release = append(s.release, f)
}

func (s *Supervisor) add(c *child) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return ErrStopped
	}
	for _, other := range s.children {
		if other.Name == c.Name {
			return errors.New("a process of that name is already supervised")
		}
	}
	s.children = append(s.children, c)
	return nil
}

func (s *Supervisor) remove(c *child) {
	s.mu.Lock()
	defer s.mu.Unlock()
	// A new slice: Stop may be walking over the old one.
	var kept []*child
	for _, other := range s.children {
		if other != c {
			kept = append(kept, other)
		}
	}
	s.children = kept
}
