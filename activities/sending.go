package activities

import (
	"sync/atomic"
	"time"
)

// betweenBatches is how long after a batch the next one may still be on its way through Temporal.
const betweenBatches = 250 * time.Millisecond

// sending knows whether batches are under way in this process. One that waits for its turn is not.
type sending struct {
	batches atomic.Int64
	ended   atomic.Int64 // when the last one ended, in ns
}

// batch counts a batch until the returned function is called.
func (s *sending) batch() (done func()) {
	s.batches.Add(1)
	return func() {
		s.ended.Store(time.Now().UnixNano())
		s.batches.Add(-1)
	}
}

// Sending says whether this process is at work on batches, or was a moment ago. What can wait leaves the machine to them.
func (a *Activities) Sending() bool {
	return a.sending.batches.Load() > 0 || time.Since(time.Unix(0, a.sending.ended.Load())) < betweenBatches
}
