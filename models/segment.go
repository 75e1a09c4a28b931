package models

import (
	"encoding/json"
	"time"
)

// Types of a segment: what its targets are.
const (
	SegmentUser    = "user"
	SegmentChannel = "channel"
)

// Limits of a segment (contract 9.2 and 9.3). Lengths count Unicode code points.
const (
	MaxSegmentNameLength        = 128
	MaxSegmentDescriptionLength = 256
	MaxTargetsPerAdd            = 10_000
	MaxTargetsPerDelete         = 100
	// SegmentSizeMaxAge is how old a counted size may be before a GET has it counted again.
	SegmentSizeMaxAge = time.Minute
)

// Segment is a named audience: users or channels that match a filter, all of them, or a manual list of targets.
type Segment struct {
	PK                int64 `gorm:"column:segment_pk" db:"segment_pk"` // stays the segment's own when its id is used again after a deletion
	AppPK             int64
	ID                string
	Type              string
	Name              string
	Description       string
	Filter            json.RawMessage `json:",omitempty"` // nil unless the segment is by filter
	AllUsers          bool
	AllSenderChannels bool
	Size              int64
	CountedAt         *time.Time
	CreatedAt         time.Time
	UpdatedAt         time.Time
	DeletedAt         *time.Time
}

// Manual says whether the segment is a list of targets.
func (s Segment) Manual() bool { return len(s.Filter) == 0 && !s.AllUsers && !s.AllSenderChannels }

// Target is one entry of a manual segment: a user id or a cid.
type Target struct {
	TargetID  string
	CreatedAt time.Time
}
