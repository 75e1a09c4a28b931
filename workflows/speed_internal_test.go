package workflows

import (
	"testing"
	"time"
)

func TestSpeed(t *testing.T) {
	t0 := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	at := func(seconds float64) time.Time { return t0.Add(time.Duration(seconds * float64(time.Second))) }
	type note struct {
		second float64
		done   int64
	}
	for name, tt := range map[string]struct {
		notes   []note
		total   int64
		rate    int64
		eta     float64 // seconds after t0
		unknown bool
	}{
		"nothing sent":            {notes: nil, total: 100, unknown: true},
		"only begun":              {notes: []note{{0, 0}}, total: 100, unknown: true},
		"all at once":             {notes: []note{{0, 0}, {0, 40}}, total: 100, unknown: true},
		"nobody in a while":       {notes: []note{{0, 0}, {30, 0}}, total: 100, unknown: true},
		"steady":                  {notes: []note{{0, 0}, {10, 100}, {20, 200}}, total: 400, rate: 10, eta: 40},
		"went on from the middle": {notes: []note{{100, 1000}, {110, 1500}}, total: 2000, rate: 50, eta: 120},
		"only the last minute counts": {
			notes: []note{{0, 0}, {60, 6000}, {90, 6030}, {120, 6060}}, total: 6090, rate: 1, eta: 150,
		},
		"one slow step may be longer than the minute": {notes: []note{{0, 0}, {600, 600}}, total: 1200, rate: 1, eta: 1200},
		"more done than counted":                      {notes: []note{{0, 0}, {10, 100}}, total: 90, rate: 10, eta: 10},
		"rounded":                                     {notes: []note{{0, 0}, {2, 3}}, total: 3, rate: 2, eta: 2},
	} {
		t.Run(name, func(t *testing.T) {
			var s speed
			for _, n := range tt.notes {
				s.note(at(n.second), n.done)
			}
			eta := s.eta(tt.total)
			if tt.unknown {
				if s.rate() != 0 || eta != nil {
					t.Errorf("rate %d, eta %v, want none", s.rate(), eta)
				}
				return
			}
			if s.rate() != tt.rate || eta == nil || !eta.Equal(at(tt.eta)) {
				t.Errorf("rate %d, eta %v, want %d and %v", s.rate(), eta, tt.rate, at(tt.eta))
			}
		})
	}
	t.Run("a pause is forgotten", func(t *testing.T) {
		var s speed
		s.begin(at(0), 0)
		s.note(at(10), 100)
		s.forget()
		s.begin(at(1000), 100)
		s.begin(at(1005), 100) // begun already
		s.note(at(1010), 200)
		if s.rate() != 10 {
			t.Errorf("rate %d, want 10", s.rate())
		}
	})
}
