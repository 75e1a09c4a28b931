package main

import (
	"bufio"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// lines is what a running process prints.
type lines struct {
	t    *testing.T
	next chan string
}

// startLines starts a process and reads its lines; it is killed with the test.
func startLines(t *testing.T, cmd *exec.Cmd) *lines {
	t.Helper()
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // fails where it has ended, as it should
	l := &lines{t: t, next: make(chan string, 1000)}
	go func() {
		defer close(l.next)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			l.next <- scanner.Text()
		}
	}()
	return l
}

// await reads up to the line that has a part.
func (l *lines) await(part string) {
	l.t.Helper()
	deadline := time.After(time.Minute)
	for {
		select {
		case line, open := <-l.next:
			if !open {
				l.t.Fatalf("the process ended without a line with %q", part)
			}
			if strings.Contains(line, part) {
				return
			}
		case <-deadline:
			l.t.Fatalf("waited in vain for a line with %q", part)
		}
	}
}
