package models

import (
	"encoding/json"
	"slices"
	"time"
)

// Limits of hooks (contract 14.1).
const (
	MaxHooks             = 20   // in event_hooks; the legacy hook is one more
	MaxHookEventTypes    = 1000 // of one hook
	MaxWebhookURLLength  = 2048
	MinHookTimeoutMS     = 100
	MaxHookTimeoutMS     = 6000
	DefaultHookTimeoutMS = MaxHookTimeoutMS
	HookProductAll       = "all"
	HookProductChat      = "chat"
	HookTimesRFC3339     = "rfc3339"   // payloads in the v1 dialect
	HookTimesUnixNano    = "unix_nano" // payloads in the v2 dialect
	LegacyHookID         = "legacy"
	EveryEvent           = "*" // in Hook.EventTypes
	HookFailureRetention = 30 * 24 * time.Hour
)

// Hook is where an app wants its events sent. The legacy hook is the one that webhook_url and webhook_events describe; it
// is disabled while it has no URL.
type Hook struct {
	AppPK           int64
	ID              string
	Position        int // in event_hooks
	Enabled         bool
	EventTypes      []string // none: every standard event; EveryEvent among them: every event; unknown names match nothing
	WebhookURL      string
	Product         string // a hook of another product than HookProductAll and "chat" gets nothing
	TimeoutMS       int
	TimestampFormat string // HookTimesRFC3339 or HookTimesUnixNano
	CreatedAt       time.Time
	UpdatedAt       time.Time
}

// Wants says whether a hook is told of an event (contract 14.1 and 14.2).
func (h Hook) Wants(t EventType) bool {
	if !h.Enabled || h.Product != HookProductAll && h.Product != HookProductChat {
		return false
	}
	if len(h.EventTypes) == 0 {
		return t.Standard()
	}
	return slices.Contains(h.EventTypes, string(t)) || slices.Contains(h.EventTypes, EveryEvent)
}

// HookFailure is an event that a hook did not take until its tries were used up.
type HookFailure struct {
	ID             string // of this event to this hook, over all attempts
	HookID         string
	WebhookURL     string
	EventType      string
	CampaignID     string // "" for chat events
	Seq            int64  // 0 for chat events
	Attempts       int
	FirstAttemptAt time.Time
	LastAttemptAt  time.Time
	LastStatus     int // 0: there was no answer, and LastError says why
	LastError      string
	Event          json.RawMessage // as it was sent
}
