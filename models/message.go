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

	// MessageErased is what a hard deletion leaves of a campaign's message: the claim of its recipient and nothing that
	// was in it. No route shows it.
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

	Poll *Poll `db:"-"` // of PollID, where it was loaded and the poll exists
}

// UsersOf gives the users that show with messages: their authors, those they mention, and those of their polls.
func UsersOf(messages []Message) []string {
	var ids []string
	polls := map[*Poll]bool{} // the messages of a campaign share one
	for _, m := range messages {
		ids = append(append(ids, m.UserID), m.MentionedUsers...)
		if m.Poll != nil && !polls[m.Poll] {
			polls[m.Poll] = true
			ids = append(ids, m.Poll.UserIDs()...)
		}
	}
	return ids
}
