package models

import (
	"encoding/json"
	"time"
)

// Limits of a user (contract 16.1). Lengths count Unicode code points, MaxCustomBytes bytes of JSON.
const (
	MaxUserFieldLength = 1000
	MaxUserTeams       = 250
	MaxUsersPerUpsert  = 100
	MaxCustomBytes     = 5 * 1024 // of a user, channel, member or message
	DefaultRole        = "user"
)

// Custom is custom data as the client gave it: a JSON object, numbers with their digits. Empty means {}.
type Custom = json.RawMessage

// User is a person or a bot of an app: a sender or a receiver of messages.
type User struct {
	AppPK         int64
	ID            string
	Name          *string // nil when unset
	Image         *string
	Role          string
	Language      string
	Teams         []string `gorm:"serializer:array"`
	Invisible     bool
	Custom        Custom
	CreatedAt     time.Time
	UpdatedAt     time.Time
	LastActive    *time.Time
	DeactivatedAt *time.Time
	DeletedAt     *time.Time
}

// Active says whether the user can send and receive: neither deleted nor deactivated.
func (u User) Active() bool { return u.DeletedAt == nil && u.DeactivatedAt == nil }
