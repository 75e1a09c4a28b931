package api_test

import (
	"bytes"
	"log/slog"
	"sync"
	"testing"
	"time"

	"herald/api"
	"herald/internal/apifuzz"
	"herald/workflows"
)

// errorLog keeps what is logged as an error: panics and answers of 5xx.
type errorLog struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *errorLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *errorLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Whatever is sent to whatever route, the answer keeps to the contract. `make soak` sends many more.
func TestAnyRequest(t *testing.T) {
	var log errorLog
	h := newHarness(t)
	server := api.New(api.Config{Store: h.store, Runs: &recordedRuns{execution: workflows.Execution{Status: workflows.ExecutionUnknown}}, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelError}))})
	seed := uint64(time.Now().UnixNano())
	report, err := apifuzz.Run(t.Context(), apifuzz.Target{Address: serve(t, server), DatabaseURL: h.url},
		apifuzz.Options{Seed: seed, Requests: 3000, Workers: 4})
	t.Logf("seed %d: %v", seed, report)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range report.Problems {
		t.Error(problem)
	}
	if log := log.String(); log != "" {
		t.Errorf("the server logged errors:\n%.4000s", log)
	}
	if report.P99 > 2*time.Second || report.Max > 20*time.Second {
		t.Errorf("p99 %v, max %v", report.P99, report.Max)
	}
	if len(report.Refused) > 0 {
		t.Logf("no request was accepted of %v", report.Refused)
	}
}
