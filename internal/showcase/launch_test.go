package showcase_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/internal/showcase"
)

const described = `{"api_url":"http://127.0.0.1:1","api_key":"k","server_token":"t","temporal_namespace":"default","temporal_ui_url":"u","database_url":"d","pids":{"api":1}}`

func script(text string) []string { return []string{"/bin/sh", "-c", text} }

func TestLaunch(t *testing.T) {
	var mu sync.Mutex
	var said []string
	end := filepath.Join(t.TempDir(), "ended")
	stack, stop, err := showcase.Launch(t.Context(), script(`
		trap 'echo yes > `+end+`; exit 0' TERM
		echo '{"time":"now","level":"INFO","msg":"process started","process":"api","pid":7}' >&2
		echo "plain" >&2
		echo '`+described+`'
		while :; do sleep 0.05; done`), func(line string) { mu.Lock(); said = append(said, line); mu.Unlock() })
	if err != nil {
		t.Fatal(err)
	}
	want := showcase.Stack{APIURL: "http://127.0.0.1:1", APIKey: "k", ServerToken: "t", TemporalNamespace: "default", TemporalUIURL: "u", DatabaseURL: "d"}
	if diff := cmp.Diff(want, stack); diff != "" {
		t.Error(diff)
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(end); err != nil {
		t.Error("the stack was not asked to stop")
	}
	mu.Lock()
	defer mu.Unlock()
	if got := strings.Join(said, "|"); got != "api: process started|plain" && got != "plain" && got != "" {
		t.Errorf("said %q", got)
	}
	if err := stop(); err != nil {
		t.Errorf("stopping twice: %v", err)
	}
}

func TestLaunchFails(t *testing.T) {
	for name, tc := range map[string]struct {
		command []string
		want    string
	}{
		"no such program":       {[]string{filepath.Join(t.TempDir(), "none")}, "start Herald"},
		"it ends with an error": {script("echo 'herald: no postgres' >&2; exit 3"), "exit status 3"},
		"it ends":               {script("exit 0"), "it ended"},
		"it says nonsense":      {script("echo hello; exec sleep 60"), "does not describe"},
		"it says too little":    {script("echo {}; exec sleep 60"), "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := showcase.Launch(t.Context(), tc.command, func(string) {})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error is %v, want %q in it", err, tc.want)
			}
		})
	}
}

func TestLaunchIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	_, _, err := showcase.Launch(ctx, script("echo ready >&2; exec sleep 60"), func(string) { cancel() })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
}

func TestReadLog(t *testing.T) {
	for _, tc := range []struct {
		line, want string
		warning    bool
	}{
		{`{"time":"t","level":"INFO","msg":"port is taken","wanted":8080,"port":8081}`, "port is taken (port 8081, wanted 8080)", false},
		{`{"time":"t","level":"WARN","msg":"process ended","process":"worker-1","pid":4}`, "worker-1: process ended", true},
		{`{"level":"ERROR","msg":"x"}`, "x", true},
		{"herald: it is broken", "herald: it is broken", true},
		{`{"other":"json"}`, `{"other":"json"}`, true},
		{"", "", true},
	} {
		if text, warning := showcase.ReadLog(tc.line); text != tc.want || warning != tc.warning {
			t.Errorf("%s: %q, %v", tc.line, text, warning)
		}
	}
}
