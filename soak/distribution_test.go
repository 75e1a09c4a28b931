package soak_test

import (
	"fmt"
	"slices"
	"time"
)

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
