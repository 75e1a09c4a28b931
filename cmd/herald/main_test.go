package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// runAsHerald in the environment makes the test binary behave as the herald command. It is inherited, so a stack started
// from a test consists of this very binary.
const runAsHerald = "HERALD_TEST_RUN_AS_HERALD"

func TestMain(m *testing.M) {
	if os.Getenv(runAsHerald) == "1" {
		main()
		return
	}
	os.Exit(m.Run())
}

// stack is a running `herald dev`.
type stack struct {
	devStack
	t    *testing.T
	db   *pgxpool.Pool
	stop func()
}

// startStack runs `herald dev` in a directory of its own and stops it with the test.
func startStack(t *testing.T, dir string, environment []string, args ...string) *stack {
	t.Helper()
	// The directory above is the owner's alone. Run by root, Postgres is another user's, and its cluster would be put
	// elsewhere and outlive the test.
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	binDir, err := filepath.Abs("../../.herald/bin")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0], append([]string{"dev", "--json", "--dir", dir, "--addr", "127.0.0.1:0"}, args...)...)
	cmd.Env = append(os.Environ(), runAsHerald+"=1", "HERALD_BIN_DIR="+binDir)
	cmd.Env = append(cmd.Env, environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &stack{t: t}
	stopped := false
	s.stop = func() {
		if stopped {
			return
		}
		stopped = true
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Errorf("herald dev ended with %v", err)
		}
		if t.Failed() {
			t.Logf("herald dev said:\n%s\n%s", log.String(), tailLogs(dir))
		}
	}
	t.Cleanup(s.stop)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("herald dev printed nothing: %v\n%s", err, log.String())
	}
	go io.Copy(io.Discard, out) //nolint:errcheck // the pipe only has to be kept empty
	if err := json.Unmarshal([]byte(line), &s.devStack); err != nil {
		t.Fatalf("herald dev printed %q: %v", line, err)
	}
	if s.db, err = pgxpool.New(t.Context(), s.DatabaseURL); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.db.Close)
	return s
}

func tailLogs(dir string) string {
	var b strings.Builder
	files, _ := filepath.Glob(filepath.Join(dir, "log", "*.log"))
	for _, f := range files {
		content, _ := os.ReadFile(f)
		fmt.Fprintf(&b, "== %s\n%s\n", filepath.Base(f), content[max(0, len(content)-4000):])
	}
	return b.String()
}

// call makes an API call and checks its status.
func (s *stack) call(status int, method, path string, body any) map[string]any {
	s.t.Helper()
	answer, got, err := s.try(method, path, body)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	if got != status {
		s.t.Fatalf("%s %s answered %d, want %d: %v", method, path, got, status, answer)
	}
	return answer
}

// try makes an API call that may fail, while a process of the stack is down.
func (s *stack) try(method, path string, body any) (map[string]any, int, error) {
	encoded, err := json.Marshal(body)
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.t.Context()), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.APIURL+path+"?api_key="+s.APIKey, bytes.NewReader(encoded))
	if err != nil {
		return nil, 0, err
	}
	req.Header.Set("Authorization", s.ServerToken)
	req.Header.Set("Stream-Auth-Type", "jwt")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return nil, resp.StatusCode, fmt.Errorf("decode the answer: %w", err)
	}
	return answer, resp.StatusCode, nil
}

// eventually waits for a condition.
func (s *stack) eventually(what string, within time.Duration, condition func() bool) {
	s.t.Helper()
	deadline := time.After(within)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-deadline:
			s.t.Fatalf("waited %v in vain for: %s", within, what)
		case <-tick.C:
		}
	}
}

// seedUsers makes users u00000, u00001, … straight in the database, and a sender.
func (s *stack) seedUsers(n int) {
	s.t.Helper()
	_, err := s.db.Exec(s.t.Context(), `
		INSERT INTO users (app_pk, id, name, custom, created_at, updated_at)
		SELECT (SELECT app_pk FROM apps LIMIT 1), 'u' || lpad(i::text, 5, '0'), 'User ' || i,
			jsonb_build_object('half', i % 2, 'city', 'City ' || i % 100), now(), now()
		FROM generate_series(0, $1 - 1) AS i ON CONFLICT DO NOTHING`, n)
	if err != nil {
		s.t.Fatal(err)
	}
	s.call(http.StatusCreated, http.MethodPost, "/users", map[string]any{"users": map[string]any{"shop": map[string]any{"id": "shop", "name": "The Shop"}}})
}

// campaign creates a campaign to all users and returns its id.
func (s *stack) campaign(fields map[string]any) string {
	s.t.Helper()
	body := map[string]any{
		"sender_id": "shop", "create_channels": true,
		"message_template": map[string]any{"text": "Hi {{ receiver.name }} from {{ receiver.city }}, I'm {{ sender.name }}!"},
	}
	for k, v := range fields {
		body[k] = v
	}
	created := s.call(http.StatusCreated, http.MethodPost, "/campaigns", body)
	return created["campaign"].(map[string]any)["id"].(string)
}

func (s *stack) segment(fields map[string]any) string {
	s.t.Helper()
	created := s.call(http.StatusCreated, http.MethodPost, "/segments", fields)
	return created["segment"].(map[string]any)["id"].(string)
}

func (s *stack) start(id string) {
	s.call(http.StatusCreated, http.MethodPost, "/campaigns/"+id+"/start", map[string]any{})
}

func (s *stack) get(id string) map[string]any {
	s.t.Helper()
	return s.call(http.StatusOK, http.MethodGet, "/campaigns/"+id, nil)["campaign"].(map[string]any)
}

// sent counts the committed messages of a campaign and its distinct recipients.
func (s *stack) sent(id string) (messages, recipients int) {
	s.t.Helper()
	// Postgres may be one of the processes that are down.
	s.eventually("the database to answer", time.Minute, func() bool {
		return s.db.QueryRow(s.t.Context(), "SELECT count(*), count(DISTINCT recipient) FROM messages WHERE campaign_id = $1", id).
			Scan(&messages, &recipients) == nil
	})
	return messages, recipients
}

// completed waits until a campaign is completed and checks that everybody has one message.
func (s *stack) completed(id string, recipients int, within time.Duration) map[string]any {
	s.t.Helper()
	var last map[string]any
	s.eventually("campaign "+id+" to be completed", within, func() bool {
		answer, status, err := s.try(http.MethodGet, "/campaigns/"+id, nil)
		if err != nil || status != http.StatusOK {
			return false
		}
		last = answer["campaign"].(map[string]any)
		return last["status"] == "completed"
	})
	messages, distinct := s.sent(id)
	if messages != recipients || distinct != recipients {
		s.t.Errorf("%d messages to %d recipients, want %d each", messages, distinct, recipients)
	}
	stats := last["stats"].(map[string]any)
	for _, key := range []string{"stats_messages_sent", "stats_users_sent", "stats_recipients_total"} {
		if stats[key] != float64(recipients) {
			s.t.Errorf("%s is %v, want %d", key, stats[key], recipients)
		}
	}
	return last
}
