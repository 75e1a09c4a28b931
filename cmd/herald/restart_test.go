package main

import (
	"net/http"
	"testing"
	"time"
)

// What was accepted survives the end of every process: a stack that is stopped and started again over its directory,
// on a machine that meanwhile went to the other side of the world, still knows its app, and sends what was scheduled
// before when it is due.
func TestStackIsStartedAgain(t *testing.T) {
	dir := t.TempDir()
	s := startStack(t, dir, []string{"HERALD_API_KEY=shop-key", "HERALD_API_SECRET=shop-secret", "TZ=Pacific/Auckland"})
	if s.APIKey != "shop-key" || s.APISecret != "shop-secret" {
		t.Errorf("credentials are %q and %q, not those of the environment", s.APIKey, s.APISecret)
	}
	s.seedUsers(600)
	b := newBedroom(s)
	soon := time.Now().Add(4 * time.Second) // is over when the stack is back
	later := soon.Add(12 * time.Second)     // is not
	asleep := s.campaign(map[string]any{"segment_ids": []string{s.segment(map[string]any{"type": "user", "filter": map[string]any{"half": 1}})}})
	s.call(http.StatusCreated, http.MethodPost, "/campaigns/"+asleep+"/start", map[string]any{"scheduled_for": soon})
	s.eventually("the workflow to sleep", time.Minute, func() bool { return s.acknowledged(asleep) })
	paused, early, late := b.sleeper(t, soon), b.sleeper(t, later.Add(time.Hour)), b.sleeper(t, later)
	paused.do("pause")
	early.schedule(soon)
	before := late.get(late.id)
	s.stop()

	s = startStack(t, dir, []string{"TZ=America/New_York"}, "--workers", "2")
	if s.APIKey != "shop-key" || s.APISecret != "shop-secret" {
		t.Errorf("credentials became %q and %q", s.APIKey, s.APISecret)
	}
	if len(s.Pids.Worker) != 2 || s.Pids.API == 0 || s.Pids.Postgres == 0 || s.Pids.Temporal == 0 {
		t.Errorf("pids are %+v", s.Pids)
	}
	for _, z := range []*sleeper{paused, early, late} {
		z.stack = s
	}
	for _, field := range []string{"scheduled_for", "created_at", "updated_at"} {
		if after := late.get(late.id)[field]; after != before[field] {
			t.Errorf("%s became %v, was %v", field, after, before[field])
		}
	}
	s.completed(asleep, 300, time.Minute)
	early.sentAt(soon)
	paused.quiet("scheduled", true)
	resumed := time.Now()
	paused.do("resume")
	paused.sentAt(resumed)
	late.sentAt(later)
}
