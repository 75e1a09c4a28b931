package main

import (
	"net/http"
	"testing"
	"time"
)

// What was accepted survives the end of every process: a stack that is stopped and started again over its directory
// still knows its app, and sends what was scheduled before.
func TestStackIsStartedAgain(t *testing.T) {
	dir := t.TempDir()
	s := startStack(t, dir, []string{"HERALD_API_KEY=shop-key", "HERALD_API_SECRET=shop-secret"})
	if s.APIKey != "shop-key" || s.APISecret != "shop-secret" {
		t.Errorf("credentials are %q and %q, not those of the environment", s.APIKey, s.APISecret)
	}
	s.seedUsers(600)
	asleep := s.campaign(map[string]any{"segment_ids": []string{s.segment(map[string]any{"type": "user", "filter": map[string]any{"half": 1}})}})
	s.call(http.StatusCreated, http.MethodPost, "/campaigns/"+asleep+"/start", map[string]any{"scheduled_for": time.Now().Add(4 * time.Second)})
	s.eventually("the workflow to sleep", time.Minute, func() bool { return s.acknowledged(asleep) })
	s.stop()

	s = startStack(t, dir, nil, "--workers", "2")
	if s.APIKey != "shop-key" || s.APISecret != "shop-secret" {
		t.Errorf("credentials became %q and %q", s.APIKey, s.APISecret)
	}
	if len(s.Pids.Worker) != 2 || s.Pids.API == 0 || s.Pids.Postgres == 0 || s.Pids.Temporal == 0 {
		t.Errorf("pids are %+v", s.Pids)
	}
	s.completed(asleep, 300, time.Minute)
}
