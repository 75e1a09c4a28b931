package heralddev

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"regexp"
	"strconv"
	"sync"
)

// started is how the supervisor of herald dev logs the start of a process.
var started = regexp.MustCompile(`msg="process started" process=(\S+) pid=(\d+)`)

// pidLog passes a log on and notes the process ids in it.
type pidLog struct {
	to io.Writer

	mu   sync.Mutex
	rest []byte // of a line that is not whole yet
	pids map[string]int
}

func (l *pidLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			break
		}
		l.rest = rest
		if m := started.FindSubmatch(line); m != nil {
			if pid, err := strconv.Atoi(string(m[2])); err == nil {
				if l.pids == nil {
					l.pids = map[string]int{}
				}
				l.pids[string(m[1])] = pid
			}
		}
	}
	return l.to.Write(p)
}

// know takes up the pids of the beginning, where the log has not told newer ones.
func (l *pidLog) know(p Pids) {
	first := map[string]int{"postgres": p.Postgres, "temporal": p.Temporal, "api": p.API}
	for i, pid := range p.Worker {
		first[fmt.Sprintf("worker-%d", i+1)] = pid
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.Copy(first, l.pids)
	l.pids = first
}

func (l *pidLog) pid(name string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.pids[name]
}
