package events

import (
	"testing"
	"time"

	"herald/models"
)

func TestBackoff(t *testing.T) {
	for n, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 10: 512 * time.Second, 11: 10 * time.Minute, 1000: 10 * time.Minute} {
		least, most := time.Duration(1<<62), time.Duration(0)
		for range 200 {
			wait := backoff(n, 0)
			least, most = min(least, wait), max(most, wait)
		}
		if least < want*8/10 || most > want*12/10 || most-least < want/10 {
			t.Errorf("after try %d it is %v to %v, want about %v", n, least, most, want)
		}
	}
	for asked, want := range map[time.Duration]time.Duration{time.Minute: time.Minute, time.Hour: 10 * time.Minute} {
		if got := backoff(1, asked); got != want {
			t.Errorf("asked for %v it is %v", asked, got)
		}
	}
}

// However many receivers are slow, the next one finds a slot.
func TestSlots(t *testing.T) {
	s := newSlots(64, 16)
	taken := func(app int64) (n int) {
		r := models.Receiver{AppPK: app}
		for s.free(r) {
			s.add(r)
			n++
		}
		return n
	}
	for app, want := range []int{16, 16, 16, 8, 4, 2, 1} {
		if got := taken(int64(app)); got != want {
			t.Errorf("receiver %d took %d slots, want %d", app, got, want)
		}
	}
	s.give(models.Receiver{AppPK: 0})
	if got := taken(99); got != 1 {
		t.Errorf("a new receiver took %d slots", got)
	}
}
