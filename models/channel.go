package models

import "time"

// DefaultChannelType is the type of the 1:1 channel of a campaign without a channel template.
const DefaultChannelType = "messaging"

// DefaultChannelRole is what a member has when nothing else was said.
const DefaultChannelRole = "channel_member"

// Limits of a channel (contract 16.2 and 16.3).
const (
	MaxChannelMembersPerRequest = 100
	MaxTeamLength               = 1000
	MaxChannelRoleLength        = 64
)

// Channel is a conversation. Its name is a custom field.
type Channel struct {
	AppPK         int64
	CID           string
	Team          *string
	Custom        Custom
	CreatedBy     string
	Frozen        bool
	Disabled      bool
	MemberCount   int
	CreatedAt     time.Time
	UpdatedAt     time.Time
	LastMessageAt *time.Time
	DeletedAt     *time.Time
}

// Member is a user's membership in a channel.
type Member struct {
	CID         string
	UserID      string
	ChannelRole string // DefaultChannelRole unless given
	Custom      Custom
	Hidden      bool
	ClearedAt   *time.Time // messages before it are not shown to this member
	ArchivedAt  *time.Time
	PinnedAt    *time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Read is how far a member has read.
type Read struct {
	CID               string
	UserID            string
	LastRead          time.Time
	LastReadMessageID *string
	Unread            int // messages after LastRead that are not the member's own
}
