package main

import (
	"fmt"
	"testing"
	"time"
)

// Campaigns that wait for their pace most of the time leave the slots to others: with more of them than a worker has
// slots to send, a campaign in a hurry is through while they go on for minutes.
func TestSlowCampaignsHoldNobodyUp(t *testing.T) {
	s := startStack(t, t.TempDir(), []string{"HERALD_SEND_SLOTS=4"})
	s.seedUsers(2000)
	everybody := s.segment(map[string]any{"type": "user", "filter": map[string]any{"half": map[string]any{"$in": []int{0, 1}}}})
	const slow = 6
	for i := range slow {
		id := s.campaign(map[string]any{"id": fmt.Sprint("slow", i), "segment_ids": []string{everybody}, "messages_per_second": 5})
		s.start(id)
	}
	s.eventually("every slow campaign to send", time.Minute, func() bool {
		for i := range slow {
			if n, _ := s.sent(fmt.Sprint("slow", i)); n == 0 {
				return false
			}
		}
		return true
	})
	quick := s.campaign(map[string]any{"id": "quick", "segment_ids": []string{everybody}})
	s.start(quick)
	s.completed(quick, 2000, 30*time.Second)
	for i := range slow {
		// 2,000 at 5 a second are 400 seconds.
		if n, _ := s.sent(fmt.Sprint("slow", i)); n == 2000 {
			t.Errorf("slow%d was not slow", i)
		}
	}
}
