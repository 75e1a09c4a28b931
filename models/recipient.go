package models

import "time"

// RecipientStatus is what became of a recipient of a campaign.
type RecipientStatus string

// The statuses of a recipient. A recipient that was not reached yet has none.
const (
	RecipientSent    = RecipientStatus("sent")
	RecipientFailed  = RecipientStatus(OutcomeFailed)
	RecipientSkipped = RecipientStatus(OutcomeSkipped)
	RecipientRead    = RecipientStatus("read") // sent and read: a choice of recipients, whose own status is sent
)

// RecipientStatuses lists what recipients can be chosen by.
var RecipientStatuses = []RecipientStatus{RecipientSent, RecipientFailed, RecipientSkipped, RecipientRead}

// Recipient is one target of one campaign, and what became of it (contract 12.4).
type Recipient struct {
	TargetID  string
	UserID    *string // nil for a channel target
	CID       *string // of the message; like the next two nil unless it was sent
	MessageID *string
	SentAt    *time.Time
	Status    RecipientStatus
	ErrorCode string // "" when sent
	Error     string // for people
	// ReadAt is when the user read the message; for a channel target when the first of its members did.
	ReadAt *time.Time
}
