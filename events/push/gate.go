package push

import (
	"sync"
	"time"
)

// A service that fails gateAfter times in a row, or once because of how it is configured, is asked again by one
// notification only, after firstRest, doubled each time up to maxRest.
const (
	gateAfter = 10
	firstRest = time.Second
	// A service may ask for more. Shorter than the pause of a relay whose receivers all fail, so that its probe is let through.
	maxRest      = 15 * time.Second
	maxAskedRest = 10 * time.Minute
)

// gate keeps notifications from a service that takes none. The zero value is open.
type gate struct {
	mu       sync.Mutex
	failures int           // in a row
	rest     time.Duration // 0 while open
	until    time.Time
	probing  bool
}

// wait says how long to leave the service alone; 0 lets this notification through.
func (g *gate) wait(now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.rest == 0:
		return 0
	case now.Before(g.until):
		return g.until.Sub(now)
	case g.probing:
		return g.rest
	}
	g.probing = true
	return 0
}

// open says whether the service takes notifications.
func (g *gate) open() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.rest == 0
}

// abandoned says that a notification which was let through got no answer and no failure either.
func (g *gate) abandoned() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.probing = false
}

// answered opens the gate and says whether it was closed.
func (g *gate) answered() (opened bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	opened = g.rest > 0
	g.failures, g.rest, g.probing = 0, 0, false
	return opened
}

// failed counts a failure, after which the service asks to be left alone for delay, and says whether it closed the gate.
// What was under way when it closed changes nothing.
func (g *gate) failed(now time.Time, delay time.Duration, atOnce bool) (closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failures++
	switch {
	case g.rest > 0 && !g.probing:
		return false
	case g.rest > 0:
		g.rest = min(2*g.rest, maxRest)
	case g.failures < gateAfter && !atOnce && delay == 0:
		return false
	default:
		g.rest, closed = firstRest, true
	}
	g.until, g.probing = now.Add(max(g.rest, min(delay, maxAskedRest))), false
	return closed
}
