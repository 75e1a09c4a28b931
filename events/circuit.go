package events

import (
	"sync"
	"time"
)

// A receiver that fails breakAfter times in a row is left alone for firstPause, doubled with every probe that fails up to
// maxPause: a dead endpoint costs one call a minute.
const (
	breakAfter = 10
	firstPause = time.Second
	maxPause   = time.Minute
)

// circuit says whether a receiver is worth asking. The zero value is closed: it is.
type circuit struct {
	mu       sync.Mutex
	failures int           // in a row
	pause    time.Duration // 0 while closed
	until    time.Time     // while open: when to probe
	probing  bool
}

// open says whether the receiver is to be left alone, apart from probes.
func (c *circuit) open() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pause > 0
}

// resting says whether the receiver is to be left alone now.
func (c *circuit) resting(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pause > 0 && now.Before(c.until)
}

// probe says that the next outcome decides.
func (c *circuit) probe() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.probing = c.pause > 0
}

// succeeded closes the circuit and says whether it was open.
func (c *circuit) succeeded() (closed bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	closed = c.pause > 0
	c.failures, c.pause, c.probing = 0, 0, false
	return closed
}

// failed counts a failure and says whether it opened the circuit. Calls that were under way when it opened change nothing.
func (c *circuit) failed(now time.Time) (opened bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures++
	switch {
	case c.pause > 0 && !c.probing:
		return false
	case c.pause > 0:
		c.pause = min(2*c.pause, maxPause)
	case c.failures < breakAfter:
		return false
	default:
		c.pause, opened = firstPause, true
	}
	c.until, c.probing = now.Add(c.pause), false
	return opened
}

// forgettable says whether a new circuit would be the same.
func (c *circuit) forgettable() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failures == 0
}
