package api

import (
	"context"
	"net/http"

	"herald/models"
	"herald/models/store"
)

func (s *Server) appRoutes() []route {
	return []route{
		{operation: "GetApp", method: http.MethodGet, path: "/app", handle: s.getApp},
		{operation: "UpdateApp", method: http.MethodPatch, path: "/app", handle: s.updateApp},
		{operation: "GetHookEvents", method: http.MethodGet, path: "/hook/events", handle: s.getHookEvents},
		{operation: "GetHookFailures", method: http.MethodGet, path: "/hook/failures", handle: s.getHookFailures},
		{operation: "GetRateLimits", method: http.MethodGet, path: "/rate_limits", handle: s.getRateLimits},
	}
}

func (s *Server) getApp(ctx context.Context, c *call) (*object, error) {
	settings, err := s.store.AppSettings(ctx, c.app.PK)
	if err != nil {
		return nil, err
	}
	return newObject().set("app", encodeApp(settings)), nil
}

// encodeApp writes an app. The keys without a meaning here are those that SDKs read of any app (contract 15.1).
func encodeApp(a models.AppSettings) *object {
	legacy := models.Hook{EventTypes: []string{}}
	if a.Legacy != nil {
		legacy = *a.Legacy
	}
	hooks := make([]*object, len(a.Hooks))
	for i, h := range a.Hooks {
		hooks[i] = encodeHook(h)
	}
	return newObject().
		set("id", a.PK).set("name", a.Name).set("organization", "").set("placement", "").
		set("campaign_enabled", true).set("suspended", false).set("suspended_explanation", "").
		set("webhook_url", legacy.WebhookURL).set("webhook_events", legacy.EventTypes).
		set("event_hooks", hooks).
		set("use_hook_v2", true).set("enable_hook_payload_compression", a.EnableHookPayloadCompression).
		set("multi_tenant_enabled", a.MultiTenantEnabled).
		set("disable_auth_checks", false).set("disable_permissions_checks", false).set("permission_version", "v2").
		set("enforce_unique_usernames", "no").set("user_search_disallowed_roles", []string{}).
		set("channel_configs", newObject()).set("call_types", newObject()).set("policies", newObject()).set("grants", newObject()).
		set("mau_plan", a.MAUPlan).
		set("campaign_messages", newObject().
			set("used", a.Capacity.Used).set("allowance", a.Capacity.Allowance()).
			set("period_start", a.Capacity.PeriodStart).set("period_end", a.Capacity.PeriodEnd))
}

func (s *Server) updateApp(ctx context.Context, c *call) (*object, error) {
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
	return newObject(), s.store.UpdateApp(ctx, c.app.PK, change)
}
