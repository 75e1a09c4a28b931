package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"herald/api/openapi/conform"
	"herald/internal/heralddev"
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
	*heralddev.Herald
	t *testing.T
}

// startStack runs `herald dev` in a directory of its own and stops it with the test.
func startStack(t *testing.T, dir string, environment []string, args ...string) *stack {
	t.Helper()
	// The directory above is the owner's alone. Run by root, Postgres is another user's, and its cluster would be put
	// elsewhere and outlive the test.
	if err := os.Chmod(filepath.Dir(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	h, err := heralddev.Start(t.Context(), heralddev.Options{
		Program: os.Args[0], Dir: dir, BinDir: binDir(t), Args: args, Env: append([]string{runAsHerald + "=1"}, environment...), Log: &log,
		Transport: conforming(t),
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, log.String())
	}
	s := &stack{Herald: h, t: t}
	t.Cleanup(func() {
		s.stop()
		if t.Failed() {
			t.Logf("herald dev said:\n%s\n%s", log.String(), h.Logs())
		}
	})
	return s
}

// conforming holds every call of the API and its answer against the OpenAPI document.
func conforming(t *testing.T) http.RoundTripper {
	t.Helper()
	checker, err := conform.New()
	if err != nil {
		t.Fatal(err)
	}
	return checker.Transport(http.DefaultTransport, func(err error) { t.Error(err) })
}

// binDir is where the module keeps programs that had to be built.
func binDir(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../../.herald/bin")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func (s *stack) stop() {
	s.t.Helper()
	if err := s.Stop(); err != nil {
		s.t.Error(err)
	}
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
	return s.Call(context.WithoutCancel(s.t.Context()), method, path, body)
}

// eventually waits for a condition.
func (s *stack) eventually(what string, within time.Duration, condition func() bool) {
	s.t.Helper()
	if err := heralddev.Await(context.WithoutCancel(s.t.Context()), what, within, condition); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stack) seedUsers(n int) {
	s.t.Helper()
	if err := s.SeedUsers(s.t.Context(), n); err != nil {
		s.t.Fatal(err)
	}
}

// campaign creates a campaign to all users and returns its id.
func (s *stack) campaign(fields map[string]any) string {
	s.t.Helper()
	body := map[string]any{
		"sender_id": heralddev.Sender, "create_channels": true,
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
		return s.DB.QueryRow(s.t.Context(), "SELECT count(*), count(DISTINCT recipient) FROM messages WHERE campaign_id = $1", id).
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
