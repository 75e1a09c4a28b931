package events

import (
	"context"
	"sync"

	"herald/models"
)

// slots bounds the calls that are under way, for each receiver and in all. A receiver gets another slot only while more
// are free than it has: so however many slow ones there are, the next one finds a slot.
type slots struct {
	total, each int

	mu      sync.Mutex
	taken   int
	by      map[models.Receiver]int
	changed chan struct{} // closed when a slot becomes free
}

func newSlots(total, each int) *slots {
	return &slots{total: total, each: each, by: map[models.Receiver]int{}, changed: make(chan struct{})}
}

// take waits for a slot.
func (s *slots) take(ctx context.Context, r models.Receiver) error {
	for {
		s.mu.Lock()
		if s.free(r) {
			s.add(r)
			s.mu.Unlock()
			return nil
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed:
		}
	}
}

func (s *slots) free(r models.Receiver) bool {
	has := s.by[r]
	return has < s.each && has < s.total-s.taken
}

func (s *slots) add(r models.Receiver) {
	s.by[r]++
	s.taken++
}

func (s *slots) give(r models.Receiver) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	if s.by[r]--; s.by[r] == 0 {
		delete(s.by, r)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}
