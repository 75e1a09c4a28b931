package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// Two campaigns of an app whose month is nearly used up race for what is left: together they send exactly that, are
// paused, and go on once there is more, with nobody left out and nobody served twice.
func TestCampaignsRaceForTheLastMessages(t *testing.T) {
	s := startStack(t, t.TempDir(), []string{"HERALD_COMMIT_SIZE=150", "HERALD_BATCH_SIZE=300"}, "--workers", "2")
	const users, plan = 3000, 711
	s.seedUsers(users)
	everybody := s.segment(map[string]any{"type": "user", "filter": map[string]any{"half": map[string]any{"$in": []int{0, 1}}}})
	s.app("plan", "--mau-plan", fmt.Sprint(plan))
	ids := []string{"one", "two"}
	for _, id := range ids {
		s.campaign(map[string]any{"id": id, "segment_ids": []string{everybody}})
	}
	for _, id := range ids {
		s.start(id)
	}
	for _, id := range ids {
		s.eventually(id+" to run out", time.Minute, func() bool {
			c := s.get(id)
			return c["paused"] == true && c["pause_reason"] == "message_capacity" && c["status"] == "in_progress"
		})
	}
	one, _ := s.sent("one")
	two, _ := s.sent("two")
	if one+two != 3*plan {
		t.Errorf("%d and %d messages, want %d together", one, two, 3*plan)
	}
	if messages := s.call(http.StatusOK, http.MethodGet, "/app", nil)["app"].(map[string]any)["campaign_messages"].(map[string]any); messages["used"] != messages["allowance"] {
		t.Errorf("capacity %v", messages)
	}
	refused := s.call(http.StatusForbidden, http.MethodPost, "/campaigns/one/resume", nil)
	if message := refused["message"].(string); !strings.Contains(message, fmt.Sprintf("capacity of %d is used up", 3*plan)) {
		t.Errorf("resumed without capacity: %s", message)
	}
	s.call(http.StatusForbidden, http.MethodPatch, "/app", map[string]any{"mau_plan": 0})
	t.Logf("%d and %d messages were sent when the capacity was used up", one, two)

	s.app("plan", "--mau-plan", fmt.Sprint(2*users/3)) // exactly enough
	for _, id := range ids {
		s.call(http.StatusCreated, http.MethodPost, "/campaigns/"+id+"/resume", nil)
	}
	for _, id := range ids {
		s.completed(id, users, time.Minute)
	}
	if list := s.app("list"); !strings.Contains(list, fmt.Sprintf("%d, pinned", 2*users/3)) {
		t.Errorf("app list: %s", list)
	}
	s.app("plan", "--unpin")
	s.call(http.StatusOK, http.MethodPatch, "/app", map[string]any{"mau_plan": 0})
}

// app runs `herald app` on the stack's database.
func (s *stack) app(args ...string) string {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), os.Args[0], append([]string{"app"}, args...)...)
	cmd.Env = append(os.Environ(), runAsHerald+"=1", "HERALD_DATABASE_URL="+s.DatabaseURL)
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("herald app %v: %v\n%s", args, err, out)
	}
	return string(out)
}
