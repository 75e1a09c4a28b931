package soak_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"herald/models"
)

// tally adds up what was played.
type tally struct {
	mu             sync.Mutex
	deeds          map[string]int
	ends           map[string]int  // by the row's last state
	pauses         []time.Duration // until the API answered
	rests          []time.Duration // from the last control until row and workflow agreed and nothing went on
	moves, commits int
	repaired       int
}

func newTally() *tally { return &tally{deeds: map[string]int{}, ends: map[string]int{}} }

func (y *tally) add(p *played, tr trace, r row, rest time.Duration) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.moves += len(tr.moves) - 1
	y.commits += len(tr.commits)
	y.ends[r.String()]++
	y.rests = append(y.rests, rest)
	if p.repaired {
		y.repaired++
	}
	for _, c := range p.calls {
		what := fmt.Sprintf("%s %d", c.action, c.status)
		if c.status == 0 {
			what = fmt.Sprintf("%s unanswered", c.action)
		}
		y.deeds[what]++
		if c.action == models.ActionPause && c.ok() {
			y.pauses = append(y.pauses, c.to.Sub(c.from))
		}
	}
	y.deeds["bare signals"] += len(p.signals)
}

func (y *tally) lines() []string {
	y.mu.Lock()
	defer y.mu.Unlock()
	return []string{
		fmt.Sprintf("%d moves of rows, %d commits of messages", y.moves, y.commits),
		"what was done: " + counted(y.deeds),
		"how they ended: " + counted(y.ends),
		"answer of the API's pause: " + distribution(y.pauses),
		"from the last control to rest: " + distribution(y.rests),
		fmt.Sprintf("%d campaigns repaired by the reconciler on demand, as the API could not tell their workflow of a control", y.repaired),
	}
}

func counted(counts map[string]int) string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		parts = append(parts, fmt.Sprintf("%d %s", counts[what], what))
	}
	return strings.Join(parts, ", ")
}

// distribution is that of some durations, in a line.
func distribution(all []time.Duration) string {
	if len(all) == 0 {
		return "none"
	}
	sorted := slices.Sorted(slices.Values(all))
	at := func(percent int) time.Duration { // the least that so many percent do not exceed
		return sorted[(len(sorted)*percent+99)/100-1].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("n=%d p50 %v, p90 %v, p99 %v, max %v", len(sorted), at(50), at(90), at(99), at(100))
}
