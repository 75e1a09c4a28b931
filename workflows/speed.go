package workflows

import "time"

// speedWindow is how far back the rate of a campaign looks.
const speedWindow = time.Minute

// speed is how fast a campaign has been sending lately, by the workflow's clock: what it shows costs no history.
type speed struct {
	samples []sample // in order: those of the window, and the one with which it begins
}

// sample is how many recipients were worked off at a time.
type sample struct {
	at   time.Time
	done int64
}

// begin is where the measuring begins, unless it has.
func (s *speed) begin(at time.Time, done int64) {
	if len(s.samples) == 0 {
		s.note(at, done)
	}
}

// forget ends the measuring: the time of a pause is no time of sending.
func (s *speed) forget() { s.samples = nil }

// note takes down a new number.
func (s *speed) note(at time.Time, done int64) {
	s.samples = append(s.samples, sample{at, done})
	for len(s.samples) > 2 && at.Sub(s.samples[1].at) >= speedWindow {
		s.samples = s.samples[1:]
	}
}

// rate is in recipients per second, rounded; 0 while nothing is known.
func (s *speed) rate() int64 {
	perSecond, ok := s.perSecond()
	if !ok {
		return 0
	}
	return int64(perSecond + 0.5)
}

// eta is when the last of total recipients will be done; nil while nothing is known.
func (s *speed) eta(total int64) *time.Time {
	perSecond, ok := s.perSecond()
	if !ok {
		return nil
	}
	last := s.samples[len(s.samples)-1]
	left := float64(max(0, total-last.done)) / perSecond
	if left > 1e9 { // beyond what a Duration holds
		return nil
	}
	at := last.at.Add(time.Duration(left * float64(time.Second))).Truncate(time.Second)
	return &at
}

func (s *speed) perSecond() (float64, bool) {
	if len(s.samples) < 2 {
		return 0, false
	}
	first, last := s.samples[0], s.samples[len(s.samples)-1]
	took, done := last.at.Sub(first.at), last.done-first.done
	if took <= 0 || done <= 0 {
		return 0, false
	}
	return float64(done) / took.Seconds(), true
}
