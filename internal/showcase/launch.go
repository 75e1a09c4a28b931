package showcase

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// stopTimeout is longer than the stack takes for everything it runs.
const stopTimeout = 90 * time.Second

// launched is a stack that the demo started.
type launched struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it is gone
	err   error         // how it ended
}

// launch runs command, which must print a Stack as one line when it is up, in a process group of its own: a Ctrl-C is for the
// demo, which then stops the stack in its own time. say gets what the command logs: everything until it is up, then warnings.
func launch(ctx context.Context, command []string, say func(string)) (*launched, Stack, error) {
	described := make(chan string, 1)
	up := make(chan struct{})
	cmd := exec.Command(command[0], command[1:]...) //nolint:noctx // ended by stop, not by a kill
	cmd.Env = append(os.Environ(), "HERALD_LOG_FORMAT=json")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Stdout = &lines{each: func(line string) {
		select {
		case described <- line:
		default:
		}
	}}
	cmd.Stderr = &lines{each: func(line string) {
		text, warning := readLog(line)
		select {
		case <-up:
			if !warning {
				return
			}
		default:
		}
		say(text)
	}}
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, Stack{}, fmt.Errorf("start Herald: %w", err)
	}
	l := &launched{cmd: cmd, ended: make(chan struct{})}
	go func() {
		l.err = cmd.Wait()
		close(l.ended)
	}()

	var stack Stack
	var err error
	select {
	case line := <-described:
		stack, err = parseStack([]byte(line), strings.Join(command, " "))
	case <-l.ended:
		err = fmt.Errorf("herald did not start: %w", cmpErr(l.err))
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		return nil, Stack{}, errors.Join(err, l.stop())
	}
	close(up)
	return l, stack, nil
}

var errEnded = errors.New("it ended")

func cmpErr(err error) error {
	if err == nil {
		return errEnded
	}
	return err
}

// stop ends the stack and returns when it is gone. It may be called when it is gone already.
func (l *launched) stop() error {
	_ = l.cmd.Process.Signal(syscall.SIGTERM) // fails only where the process is gone already
	select {
	case <-l.ended:
		return nil
	case <-time.After(stopTimeout):
	}
	_ = syscall.Kill(-l.cmd.Process.Pid, syscall.SIGKILL)
	<-l.ended
	return fmt.Errorf("the stack did not stop within %s and was killed", stopTimeout)
}

// lines is a writer that gives whole lines on.
type lines struct {
	mu   sync.Mutex
	rest []byte
	each func(string)
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, found := bytes.Cut(l.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		l.each(string(line))
		l.rest = rest
	}
}

// readLog makes a line of slog's JSON readable; others stay as they are and count as warnings.
func readLog(line string) (text string, warning bool) {
	var record map[string]any
	if err := json.Unmarshal([]byte(line), &record); err != nil || record["msg"] == nil {
		return line, true
	}
	text = fmt.Sprint(record["msg"])
	warning = record["level"] == "WARN" || record["level"] == "ERROR"
	if process, ok := record["process"]; ok {
		text = fmt.Sprintf("%v: %s", process, text)
	}
	for _, key := range []string{"time", "level", "msg", "process", "pid"} {
		delete(record, key)
	}
	for i, key := range slices.Sorted(maps.Keys(record)) {
		separator := ", "
		if i == 0 {
			separator = " ("
		}
		text += fmt.Sprintf("%s%s %v", separator, key, record[key])
	}
	if len(record) > 0 {
		text += ")"
	}
	return text, warning
}
