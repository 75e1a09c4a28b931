package main

import (
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"
)

// The whole way through HTTP, on a real Postgres and a real Temporal server, every process its own.
func TestCampaigns(t *testing.T) {
	s := startStack(t, t.TempDir(), nil, "--workers", "2")
	const users = 10_000
	s.seedUsers(users)

	t.Run("10,000 recipients of two overlapping segments have one message each", func(t *testing.T) {
		s := s.in(t)
		all := s.segment(map[string]any{"type": "user", "filter": map[string]any{"half": map[string]any{"$in": []int{0, 1}}}})
		list := s.segment(map[string]any{"type": "user"})
		var ids []string
		for i := 0; i < users; i += 2 {
			ids = append(ids, fmt.Sprintf("u%05d", i))
		}
		s.call(http.StatusCreated, http.MethodPost, "/segments/"+list+"/addtargets", map[string]any{"target_ids": ids})
		id := s.campaign(map[string]any{"segment_ids": []string{all, list}})
		began := time.Now()
		s.start(id)
		done := s.completed(id, users, 2*time.Minute)
		t.Logf("10,000 recipients, channels created, took %v from start to completed", time.Since(began).Round(time.Millisecond))
		if created := done["stats"].(map[string]any)["stats_channels_created"]; created != float64(users) {
			t.Errorf("stats_channels_created is %v", created)
		}
		s.wantMessage("u00007", "Hi User 7 from City 7, I'm The Shop!")
	})

	t.Run("existing channels are used again, and a list with strangers in it is worked off", func(t *testing.T) {
		s := s.in(t)
		id := s.campaign(map[string]any{"user_ids": []string{"u00001", "shop", "nobody", "u00002"}})
		s.start(id)
		s.eventually("completion", time.Minute, func() bool { return s.get(id)["status"] == "completed" })
		stats := s.get(id)["stats"].(map[string]any)
		for key, want := range map[string]float64{"stats_messages_sent": 2, "stats_messages_skipped": 2, "stats_channels_created": 0, "stats_recipients_total": 4, "progress": 1} {
			if stats[key] != want {
				t.Errorf("%s is %v, want %v", key, stats[key], want)
			}
		}
	})

	t.Run("a campaign to channels", func(t *testing.T) {
		s := s.in(t)
		segment := s.segment(map[string]any{"type": "channel", "all_sender_channels": true})
		id := s.campaign(map[string]any{"segment_ids": []string{segment}, "message_template": map[string]any{"text": "To {{ channel.type }}"}})
		s.start(id)
		s.completed(id, users, 2*time.Minute)
	})

	t.Run("pause is a barrier, resume goes on, nobody is left out", func(t *testing.T) {
		s := s.in(t)
		segment := s.segment(map[string]any{"type": "user", "filter": map[string]any{"half": map[string]any{"$gte": 0}}})
		id := s.campaign(map[string]any{"segment_ids": []string{segment}})
		s.start(id)
		s.eventually("the first messages", time.Minute, func() bool { n, _ := s.sent(id); return n > 0 })
		s.call(http.StatusCreated, http.MethodPost, "/campaigns/"+id+"/pause", map[string]any{"reason": "lunch"})
		held, _ := s.sent(id)
		if c := s.get(id); c["paused"] != true || c["pause_reason"] != "lunch" || c["status"] != "in_progress" {
			t.Errorf("after the pause: paused %v, reason %v, status %v", c["paused"], c["pause_reason"], c["status"])
		}
		s.eventually("the workflow to have heard of the pause", time.Minute, func() bool { return s.acknowledged(id) })
		if now, _ := s.sent(id); now != held {
			t.Errorf("%d messages were committed after the pause", now-held)
		}
		s.call(http.StatusCreated, http.MethodPost, "/campaigns/"+id+"/resume", nil)
		s.completed(id, users, 2*time.Minute)
	})

	t.Run("stop is a barrier", func(t *testing.T) {
		s := s.in(t)
		segment := s.segment(map[string]any{"type": "user", "all_users": true})
		id := s.campaign(map[string]any{"segment_ids": []string{segment}})
		s.start(id)
		s.eventually("the first messages", time.Minute, func() bool { n, _ := s.sent(id); return n > 0 })
		s.call(http.StatusCreated, http.MethodPost, "/campaigns/"+id+"/stop", nil)
		held, distinct := s.sent(id)
		if held != distinct {
			t.Errorf("%d messages to %d recipients", held, distinct)
		}
		s.eventually("the workflow to have ended", time.Minute, func() bool { return s.acknowledged(id) })
		if now, _ := s.sent(id); now != held {
			t.Errorf("%d messages were committed after the stop", now-held)
		}
		if status := s.get(id)["status"]; status != "stopped" {
			t.Errorf("status is %v", status)
		}
	})

	t.Run("scheduled, rescheduled, and stopped by itself", func(t *testing.T) {
		s := s.in(t)
		id := s.campaign(map[string]any{"user_ids": []string{"u00001"}})
		soon := time.Now().Add(time.Hour)
		s.call(http.StatusCreated, http.MethodPost, "/campaigns/"+id+"/start", map[string]any{"scheduled_for": soon})
		if c := s.get(id); c["status"] != "scheduled" {
			t.Fatalf("status is %v", c["status"])
		}
		s.call(http.StatusCreated, http.MethodPost, "/campaigns/"+id+"/start", map[string]any{
			"scheduled_for": soon, "stop_at": time.Now().Add(24 * time.Hour)})
		s.call(http.StatusCreated, http.MethodPost, "/campaigns/"+id+"/start", map[string]any{})
		s.completed(id, 1, time.Minute)

		expires := s.campaign(map[string]any{"user_ids": []string{"u00001"}})
		s.call(http.StatusCreated, http.MethodPost, "/campaigns/"+expires+"/start", map[string]any{})
		s.completed(expires, 1, time.Minute)

		expires = s.campaign(map[string]any{"segment_ids": []string{s.segment(map[string]any{"type": "user", "all_users": true})}, "messages_per_second": 100})
		s.call(http.StatusCreated, http.MethodPost, "/campaigns/"+expires+"/start", map[string]any{"stop_at": time.Now().Add(3 * time.Second)})
		s.eventually("the deadline", time.Minute, func() bool { return s.get(expires)["status"] == "stopped" })
		if n, distinct := s.sent(expires); n == 0 || n != distinct || n > 500 {
			t.Errorf("%d messages to %d recipients in 3 s at 100 a second", n, distinct)
		}
	})
}

// Kill -9 of any process, at any moment, neither loses a recipient nor repeats one.
func TestKilledProcesses(t *testing.T) {
	s := startStack(t, t.TempDir(), []string{"HERALD_BATCH_SIZE=100"})
	const users = 10_000
	s.seedUsers(users)
	segment := s.segment(map[string]any{"type": "user", "filter": map[string]any{"half": map[string]any{"$in": []int{0, 1}}}})
	for _, process := range []string{"worker-1", "api", "postgres", "temporal"} {
		t.Run(process, func(t *testing.T) {
			s := s.in(t)
			id := s.campaign(map[string]any{"segment_ids": []string{segment}})
			s.start(id)
			s.eventually("part of the campaign", time.Minute, func() bool { n, _ := s.sent(id); return n >= users/10 })
			if err := s.Signal(process, syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			before, _ := s.sent(id)
			s.completed(id, users, 3*time.Minute)
			t.Logf("killed after %d of %d messages", before, users)
		})
	}
}

// in makes the stack report to a subtest.
func (s *stack) in(t *testing.T) *stack {
	sub := *s
	sub.t = t
	return &sub
}

// acknowledged says whether the campaign's workflow has taken up the newest control.
func (s *stack) acknowledged(id string) bool {
	return s.Acknowledged(s.t.Context(), id)
}

// wantMessage reads the newest message of the 1:1 channel of a user and the sender as a client would.
func (s *stack) wantMessage(user, text string) {
	s.t.Helper()
	state := s.call(http.StatusCreated, http.MethodPost, "/channels/messaging/query", map[string]any{
		"data": map[string]any{"created_by_id": "shop", "members": []string{user, "shop"}}, "state": true})
	messages := state["messages"].([]any)
	if len(messages) == 0 {
		s.t.Fatalf("the channel of %s has no message", user)
	}
	if got := messages[len(messages)-1].(map[string]any)["text"]; got != text {
		s.t.Errorf("%s got %q, want %q", user, got, text)
	}
}
