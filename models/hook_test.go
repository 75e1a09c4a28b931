package models_test

import (
	"testing"

	"herald/models"
)

func TestHookWants(t *testing.T) {
	standard := models.Hook{Enabled: true, Product: models.HookProductAll}
	for _, tc := range []struct {
		name  string
		hook  func(h *models.Hook)
		wants map[models.EventType]bool
	}{
		{"no types", func(*models.Hook) {}, map[models.EventType]bool{
			models.EventCampaignStarted: true, models.EventMessageNew: true, models.EventCampaignPaused: false, models.EventCampaignUpdated: false,
		}},
		{"named", func(h *models.Hook) { h.EventTypes = []string{"campaign.paused", "no.such"} }, map[models.EventType]bool{
			models.EventCampaignPaused: true, models.EventCampaignStarted: false,
		}},
		{"every", func(h *models.Hook) { h.EventTypes = []string{models.EveryEvent} }, map[models.EventType]bool{
			models.EventCampaignPaused: true, models.EventChannelHidden: true,
		}},
		{"chat", func(h *models.Hook) { h.Product = models.HookProductChat }, map[models.EventType]bool{models.EventMessageNew: true}},
		{"another product", func(h *models.Hook) { h.Product = "video" }, map[models.EventType]bool{models.EventMessageNew: false}},
		{"disabled", func(h *models.Hook) { h.Enabled = false }, map[models.EventType]bool{models.EventMessageNew: false}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := standard
			tc.hook(&h)
			for event, want := range tc.wants {
				if got := h.Wants(event); got != want {
					t.Errorf("%s: %v", event, got)
				}
			}
		})
	}
}
