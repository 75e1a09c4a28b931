package api

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"herald/models"
)

const (
	// Counting reads every user or channel that matches: two at once leave the database to those who wait for an answer.
	segmentCounters = 2
	// The longest a count may take. A segment that takes longer keeps the size it has.
	segmentCountTimeout = 5 * time.Minute
	// Segments that wait to be counted. Beyond it a request is dropped: the next GET of the segment makes another.
	segmentCountQueue = 1000
)

// segmentCounter counts a segment now and stores its size.
type segmentCounter interface {
	CountSegment(ctx context.Context, appPK, segmentPK int64) error
}

// segmentSizes counts segments in the background. A segment that waits is counted once however often that was asked
// for; one that is being counted is counted again, since what it counts may have changed.
type segmentSizes struct {
	store segmentCounter
	log   *slog.Logger
	queue chan countedSegment

	mu    sync.Mutex
	state map[countedSegment]countState
}

type countedSegment struct{ appPK, segmentPK int64 }

type countState int

const (
	countWaiting countState = iota + 1
	countRunning
	countAgain // running, and to be counted once more
)

func newSegmentSizes(store segmentCounter, log *slog.Logger) *segmentSizes {
	return &segmentSizes{
		store: store, log: log,
		queue: make(chan countedSegment, segmentCountQueue),
		state: map[countedSegment]countState{},
	}
}

// Run counts until ctx ends; counts under way end with it.
func (s *segmentSizes) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for range segmentCounters {
		wg.Go(func() {
			for {
				select {
				case <-ctx.Done():
					return
				case seg := <-s.queue:
					s.count(ctx, seg)
				}
			}
		})
	}
	wg.Wait()
}

// Request has segments counted soon. It never blocks.
func (s *segmentSizes) Request(appPK int64, segmentPKs ...int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, pk := range segmentPKs {
		seg := countedSegment{appPK, pk}
		switch s.state[seg] {
		case countWaiting, countAgain:
		case countRunning:
			s.state[seg] = countAgain
		default:
			s.enqueue(seg)
		}
	}
}

// RequestStale has a segment counted whose size is counted at all and is older than models.SegmentSizeMaxAge.
func (s *segmentSizes) RequestStale(seg models.Segment, now time.Time) {
	if seg.Manual() || seg.AllSenderChannels {
		return
	}
	if seg.CountedAt == nil || now.Sub(*seg.CountedAt) > models.SegmentSizeMaxAge {
		s.Request(seg.AppPK, seg.PK)
	}
}

// enqueue is called with the lock held.
func (s *segmentSizes) enqueue(seg countedSegment) {
	select {
	case s.queue <- seg:
		s.state[seg] = countWaiting
	default:
		delete(s.state, seg)
		s.log.Warn("too many segments wait to be counted", "app", seg.appPK, "segment", seg.segmentPK)
	}
}

func (s *segmentSizes) count(ctx context.Context, seg countedSegment) {
	s.mu.Lock()
	s.state[seg] = countRunning
	s.mu.Unlock()

	counting, cancel := context.WithTimeout(ctx, segmentCountTimeout)
	defer cancel()
	if err := s.store.CountSegment(counting, seg.appPK, seg.segmentPK); err != nil && ctx.Err() == nil {
		s.log.Error("count a segment", "app", seg.appPK, "segment", seg.segmentPK, "error", err)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	again := s.state[seg] == countAgain
	delete(s.state, seg)
	if again {
		s.enqueue(seg)
	}
}
