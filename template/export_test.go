package template

import (
	"testing"
	"time"
)

// StopClock makes renderings take no time until the test ends.
func StopClock(tb testing.TB) {
	at := time.Now()
	now = func() time.Time { return at }
	tb.Cleanup(func() { now = time.Now })
}
