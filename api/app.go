package api

import (
	"context"
	"net/http"

	"herald/models"
	"herald/models/store"
	"herald/wire"
)

func (s *Server) appRoutes() []route {
	return []route{
		{operation: "GetApp", method: http.MethodGet, path: "/app", handle: s.getApp},
		{operation: "UpdateApp", method: http.MethodPatch, path: "/app", handle: s.updateApp},
		{operation: "GetHookEvents", method: http.MethodGet, path: "/hook/events", handle: s.getHookEvents},
		{operation: "GetHookFailures", method: http.MethodGet, path: "/hook/failures", handle: s.getHookFailures},
		{operation: "ReplayHookFailures", method: http.MethodPost, path: "/hook/failures/replay", handle: s.replayHookFailures},
		{operation: "GetRateLimits", method: http.MethodGet, path: "/rate_limits", handle: s.getRateLimits},
	}
}

func (s *Server) getApp(ctx context.Context, c *call) (*wire.Object, error) {
	settings, err := s.store.AppSettings(ctx, c.app.PK)
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("app", encodeApp(settings)), nil
}

// encodeApp writes an app. The keys without a meaning here are those that SDKs read of any app (contract 15.1).
func encodeApp(a models.AppSettings) *wire.Object {
	legacy := models.Hook{EventTypes: []string{}}
	if a.Legacy != nil {
		legacy = *a.Legacy
	}
	hooks := make([]*wire.Object, len(a.Hooks))
	for i, h := range a.Hooks {
		hooks[i] = encodeHook(h)
	}
	return wire.NewObject().
		Set("id", a.PK).Set("name", a.Name).Set("organization", "").Set("placement", "").
		Set("campaign_enabled", true).Set("suspended", false).Set("suspended_explanation", "").
		Set("webhook_url", legacy.WebhookURL).Set("webhook_events", legacy.EventTypes).
		Set("event_hooks", hooks).
		Set("use_hook_v2", true).Set("enable_hook_payload_compression", a.EnableHookPayloadCompression).
		Set("multi_tenant_enabled", a.MultiTenantEnabled).
		Set("disable_auth_checks", false).Set("disable_permissions_checks", false).Set("permission_version", "v2").
		Set("enforce_unique_usernames", "no").Set("user_search_disallowed_roles", []string{}).
		Set("channel_configs", wire.NewObject()).Set("call_types", wire.NewObject()).Set("policies", wire.NewObject()).Set("grants", wire.NewObject()).
		Set("mau_plan", a.MAUPlan).
		Set("campaign_messages", wire.NewObject().
			Set("used", a.Capacity.Used).Set("allowance", a.Capacity.Allowance()).
			Set("period_start", a.Capacity.PeriodStart).Set("period_end", a.Capacity.PeriodEnd))
}

func (s *Server) updateApp(ctx context.Context, c *call) (*wire.Object, error) {
	f := c.fields()
	urls := &urlReader{}
	change := store.AppChange{
		WebhookURL:                   urls.read(f, "webhook_url"),
		EnableHookPayloadCompression: f.OptionalBool("enable_hook_payload_compression"),
		MultiTenantEnabled:           f.OptionalBool("multi_tenant_enabled"),
	}
	if f.Has("event_hooks") {
		hooks := readHooks(f, urls)
		change.Hooks = &hooks
	}
	if f.Has("webhook_events") {
		events := readEventTypes(f, "webhook_events")
		change.WebhookEvents = &events
	}
	if plan := f.OptionalInt("mau_plan", 0, models.MaxMAUPlan); plan != nil {
		n := int64(*plan)
		change.MAUPlan = &n
	}
	s.checkAddresses(ctx, urls)
	if err := f.Err(); err != nil {
		return nil, err
	}
	return wire.NewObject(), s.store.UpdateApp(ctx, c.app.PK, change)
}
