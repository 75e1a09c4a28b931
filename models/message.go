package models

import (
	"encoding/json"
	"time"
)

// Limits of a message (contract 7.1.1, 10.5 and 16.5). Lengths count Unicode code points.
const (
	MaxMessageTextLength = 5000
	MaxAttachments       = 30
	MaxMentions          = 100
)

// Types of a message.
const (
	MessageRegular = "regular"
	MessageSystem  = "system"
	MessageDeleted = "deleted"

	// MessageErased is what a hard deletion leaves of a campaign's message, and nobody is shown it as a message. Its row
	// says that the recipient was sent to: without it the campaign would send a second one, and no longer list the first.
	MessageErased = "erased"
)

// Message is one message in a channel.
type Message struct {
	AppPK          int64
	ID             string
	CID            string
	UserID         string
	Text           string
	Type           string
	Attachments    json.RawMessage // a JSON array; empty means []
	Custom         Custom          // without campaign_id, which is a field of its own
	MentionedUsers []string
	PollID         *string
	Silent         bool
	CampaignID     *string // set on a campaign's message
	Recipient      *string // the target this message is for: a user id, or a cid for channel targets
	CreatedAt      time.Time
	UpdatedAt      time.Time
	DeletedAt      *time.Time
}
