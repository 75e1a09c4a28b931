package template

import (
	"maps"
	"slices"
	"testing"
	"time"
)

// StopClock makes renderings take no time until the test ends.
func StopClock(tb testing.TB) {
	at := time.Now()
	now = func() time.Time { return at }
	tb.Cleanup(func() { now = time.Now })
}

// RunClock makes the clock go on by a step whenever it is looked at, until the test ends.
func RunClock(tb testing.TB, step time.Duration) {
	at := time.Now()
	now = func() time.Time { at = at.Add(step); return at }
	tb.Cleanup(func() { now = time.Now })
}

// Work renders and tells how much work it was.
func Work(t *Template, ctx Context) (int, error) {
	r := newRun(ctx)
	defer r.release()
	_, err := t.render(r)
	return r.work, err
}

// NamesOfFilters and NamesOfTests are all that templates may use.
func NamesOfFilters() []string {
	return append(slices.Sorted(maps.Keys(filters)), "map", "select", "reject", "selectattr", "rejectattr")
}

func NamesOfTests() []string { return slices.Sorted(maps.Keys(tests)) }

// ParametersOf gives the names of the parameters of a filter.
func ParametersOf(filter string) []string {
	var names []string
	for _, p := range filters[filter].parameters {
		names = append(names, p.name)
	}
	return names
}

// Languages are the tags of the languages that dates are written in.
func Languages() []string { return slices.Sorted(maps.Keys(languages)) }
