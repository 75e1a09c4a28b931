package api

import (
	"context"
	"net/url"
	"strconv"
	"sync"

	"herald/api/request"
	"herald/models"
	"herald/wire"
)

const (
	hookTypeWebhook = "webhook"
	maxPort         = 1<<16 - 1
)

func encodeHook(h models.Hook) *wire.Object {
	return wire.NewObject().
		Set("id", h.ID).Set("hook_type", hookTypeWebhook).Set("enabled", h.Enabled).Set("event_types", h.EventTypes).
		Set("webhook_url", h.WebhookURL).Set("product", h.Product).Set("timeout_ms", h.TimeoutMS).Set("timestamp_format", h.TimestampFormat).
		Set("created_at", h.CreatedAt).Set("updated_at", h.UpdatedAt)
}

// readHooks reads event_hooks.
func readHooks(f *request.Object, urls *urlReader) []models.Hook {
	list := f.Objects("event_hooks", models.MaxHooks)
	hooks := make([]models.Hook, 0, len(list))
	seen := make(map[string]bool, len(list))
	for _, o := range list {
		h := models.Hook{
			ID: o.String("id", emptyOr(targetRule)), Enabled: o.Bool("enabled", true), EventTypes: readEventTypes(o, "event_types"),
			Product:   o.String("product", request.MaxChars(models.MaxIDLength)),
			TimeoutMS: o.Int("timeout_ms", models.MinHookTimeoutMS, models.MaxHookTimeoutMS), TimestampFormat: o.String("timestamp_format", timestampFormatRule),
		}
		o.Require("hook_type", "webhook_url")
		o.String("hook_type", hookTypeRule)
		if u := urls.read(o, "webhook_url"); u != nil {
			h.WebhookURL = *u
			if h.WebhookURL == "" {
				o.Invalid("webhook_url", "must be an absolute http or https URL")
			}
		}
		switch {
		case h.ID == "":
			h.ID = models.NewID()
		case h.ID == models.LegacyHookID:
			o.Invalid("id", "%q is the hook of webhook_url", h.ID)
		case seen[h.ID]:
			o.Invalid("id", "%q is given twice", h.ID)
		}
		seen[h.ID] = true
		if h.Product == "" {
			h.Product = models.HookProductAll
		}
		if h.TimeoutMS == 0 {
			h.TimeoutMS = models.DefaultHookTimeoutMS
		}
		if h.TimestampFormat == "" {
			h.TimestampFormat = models.HookTimesRFC3339
		}
		hooks = append(hooks, h)
	}
	return hooks
}

func hookTypeRule(s string) string {
	if s == hookTypeWebhook {
		return ""
	}
	return strconv.Quote(s) + " is not supported; only webhook is"
}

var timestampFormatRule = request.OneOf(models.HookTimesRFC3339, models.HookTimesUnixNano)

// emptyOr is a rule that an empty string passes too, where that is the same as none.
func emptyOr(rule request.Rule) request.Rule {
	return func(s string) string {
		if s == "" {
			return ""
		}
		return rule(s)
	}
}

// readEventTypes reads names of events. Those that Herald does not know are kept: they match nothing.
func readEventTypes(f *request.Object, name string) []string {
	return append([]string{}, f.Strings(name, models.MaxHookEventTypes, targetRule)...)
}

// urlReader reads the URLs of a request, and keeps them for a look at where they lead.
type urlReader struct{ found []foundURL }

type foundURL struct {
	in   *request.Object
	name string
	url  *url.URL
}

// read reads a URL; nil when absent, and "" is not looked at.
func (r *urlReader) read(f *request.Object, name string) *string {
	text := f.OptionalString(name, request.MaxChars(models.MaxWebhookURLLength))
	if text == nil || *text == "" {
		return text
	}
	u, err := url.Parse(*text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || !validPort(u.Port()) {
		f.Invalid(name, "must be an absolute http or https URL")
		return text
	}
	r.found = append(r.found, foundURL{f, name, u})
	return text
}

func validPort(port string) bool {
	n, err := strconv.Atoi(port)
	return port == "" || err == nil && n >= 1 && n <= maxPort
}

// checkAddresses notes the URLs that lead where webhooks may not go. The hosts are looked up side by side.
func (s *Server) checkAddresses(ctx context.Context, urls *urlReader) {
	problems := make([]error, len(urls.found))
	var all sync.WaitGroup
	for i, u := range urls.found {
		all.Go(func() { problems[i] = s.webhooks.CheckURL(ctx, u.url) })
	}
	all.Wait()
	for i, err := range problems {
		if err != nil {
			urls.found[i].in.Invalid(urls.found[i].name, "%s", err)
		}
	}
}
