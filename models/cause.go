package models

import (
	"strings"
	"time"
)

// Cause is who asked for a move of a campaign, on which way, and why.
type Cause struct {
	Via    Via    `json:"via,omitempty"`
	By     string `json:"by,omitempty"`     // as the caller names itself, at most MaxReasonLength characters; may be empty
	Reason string `json:"reason,omitempty"` // the caller's words or one of the Reason constants, as long; may be empty
}

// Via is the way on which a move was asked for.
type Via string

// The ways.
const (
	ViaAPI    Via = "api"
	ViaSignal Via = "signal" // of Temporal, from a support tool or the Web UI
	ViaHerald Via = "herald" // Herald's own decision
)

// Storable is the cause with By and Reason cut and cleaned to what can be kept of them. The API refuses what is not
// storable; a signal cannot be refused.
func (c Cause) Storable() Cause {
	c.By, c.Reason = cut(storable(c.By), MaxReasonLength), cut(storable(c.Reason), MaxReasonLength)
	return c
}

func cut(s string, most int) string {
	r := []rune(s)
	if len(r) <= most {
		return s
	}
	return string(r[:most])
}

// storable leaves out what Postgres does not take as text.
func storable(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "\uFFFD")
}

// Reasons of Herald's own (contract 8.4 for those of a pause).
const (
	ReasonSenderUnavailable = "sender_unavailable" // paused: the sender is deleted or deactivated
	ReasonMessageCapacity   = "message_capacity"   // paused: the app's messages of the month are used up
	ReasonDeliveryFailed    = "delivery_failed"    // paused: a batch failed for good; the run's page says why
	ReasonStopAt            = "stop_at"            // stopped: its deadline was reached
	ReasonWorkflowCancelled = "workflow_cancelled" // stopped: its workflow was cancelled
)

// ReasonWorkflowEnded says that a campaign was stopped because its workflow had ended without it, and how.
func ReasonWorkflowEnded(how string) string { return "workflow_" + how }

// CampaignMove is one move that was carried out.
type CampaignMove struct {
	ControlSeq int64 // after the move; ActionBegin and ActionComplete do not take a new one
	Action     Action
	Cause
	MovedAt time.Time
}
