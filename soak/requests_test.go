package soak_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"herald/internal/apifuzz"
)

// Whatever is sent to whatever route of a whole Herald, with workers that carry out what is accepted, the answer keeps to the
// contract. `make test` sends fewer requests, in package api.
func TestAnyRequest(t *testing.T) {
	if !large {
		t.Skip("package api has the small one")
	}
	w := newWorld(t, 0, []string{"HERALD_LOG_LEVEL=error"})
	log := filepath.Join(w.Dir, "log", "api.log")
	before, err := os.ReadFile(log) // of errors: observing has restarted Postgres
	must(t, err)
	address := strings.TrimPrefix(w.APIURL, "http://")
	report, err := apifuzz.Run(t.Context(), apifuzz.Target{Address: address, DatabaseURL: w.DatabaseURL},
		apifuzz.Options{Seed: newSeed(t), Requests: 200_000, Workers: 4})
	figures.add(t, "%v", report)
	must(t, err)
	for _, problem := range report.Problems {
		t.Error(problem)
	}
	after, err := os.ReadFile(log)
	must(t, err)
	if errors := errorLines(string(after[len(before):])); len(errors) > 0 {
		t.Errorf("the API logged %d errors:\n%.4000s", len(errors), strings.Join(errors, "\n"))
	}
	if len(report.Refused) > 0 {
		t.Errorf("no request was accepted of %v", report.Refused)
	}
	if report.P99 > time.Second || report.Max > 20*time.Second {
		t.Errorf("p99 %v, max %v", report.P99, report.Max)
	}
}

func errorLines(log string) []string {
	var lines []string
	for line := range strings.Lines(log) {
		if strings.Contains(line, "level=ERROR") || strings.HasPrefix(line, "panic") {
			lines = append(lines, line)
		}
	}
	return lines
}
