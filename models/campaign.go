package models

import (
	"encoding/json"
	"fmt"
	"time"
)

// Limits of a campaign (contract 7.1). Lengths count Unicode code points.
const (
	MaxCampaignNameLength        = 1000
	MaxCampaignDescriptionLength = 5000
	MaxCampaignSegments          = 25
	MaxCampaignUserIDs           = 10_000
	MaxTemplateTextLength        = 20_000 // source of message_template.text
	MaxChannelIDTemplateLength   = 1000   // source of channel_template.id
	MaxTemplateMembers           = 1000
	MaxMessagesPerSecond         = 1_000_000
	MaxReasonLength              = 255
)

// SenderMode says whether the sender becomes a member of the channels a campaign sends to (contract 10.3).
type SenderMode string

// The sender modes.
const (
	SenderModeUnset   SenderMode = ""        // a member of channels that the campaign creates
	SenderModeInclude SenderMode = "include" // a member of every channel sent to
	SenderModeExclude SenderMode = "exclude" // never made a member
)

// SenderVisibility says how a channel that a campaign creates looks to its sender (contract 10.3).
type SenderVisibility string

// The sender visibilities.
const (
	SenderVisible  SenderVisibility = ""
	SenderHidden   SenderVisibility = "hidden"
	SenderArchived SenderVisibility = "archived"
)

// MessageTemplate is what a campaign sends, before it is rendered for a recipient.
type MessageTemplate struct {
	Text        string          `json:"text"`
	Attachments json.RawMessage `json:"attachments,omitempty"` // a JSON array; empty means []
	PollID      string          `json:"poll_id,omitempty"`
	Custom      Custom          `json:"custom,omitempty"`
	Searchable  *bool           `json:"searchable,omitempty"`

	MentionReceiver *bool `json:"mention_receiver,omitempty"` // the message mentions its receiver, who is a user
}

// Mentions says whether each message mentions its receiver.
func (m MessageTemplate) Mentions() bool { return m.MentionReceiver != nil && *m.MentionReceiver }

// ChannelTemplate says which channel a user target's message goes to. Without an ID it is the distinct channel of
// sender, receiver and members.
type ChannelTemplate struct {
	Type            string           `json:"type"`
	ID              string           `json:"id,omitempty"` // a template
	Team            string           `json:"team,omitempty"`
	Custom          Custom           `json:"custom,omitempty"`
	Members         []string         `json:"members,omitempty"`
	MembersTemplate []MemberTemplate `json:"members_template,omitempty"`
}

// MemberTemplate is one more member of each channel that a campaign creates.
type MemberTemplate struct {
	UserID      string `json:"user_id"`
	ChannelRole string `json:"channel_role,omitempty"`
	Custom      Custom `json:"custom,omitempty"`
}

// AllMembers is the members of a channel template in its one form, whichever of the two a client gave.
func (t ChannelTemplate) AllMembers() []MemberTemplate {
	if len(t.Members) == 0 {
		return t.MembersTemplate
	}
	members := make([]MemberTemplate, len(t.Members))
	for i, id := range t.Members {
		members[i] = MemberTemplate{UserID: id}
	}
	return members
}

// Campaign is one message to one audience, sent once. Its definition is what the integrator wrote; its state, from
// Status on, is written by the moves of moves.go alone.
type Campaign struct {
	AppPK             int64  `gorm:"primaryKey"`
	ID                string `gorm:"primaryKey"`
	Name              string
	Description       string
	SenderID          string
	SenderMode        SenderMode
	SenderVisibility  SenderVisibility
	MessageTemplate   MessageTemplate  `gorm:"serializer:json"`
	ChannelTemplate   *ChannelTemplate `gorm:"serializer:json"`
	CreateChannels    bool
	ShowChannels      bool
	SkipPush          bool
	SkipWebhook       bool
	MessagesPerSecond *int     // nil is unlimited
	Target            string   // what its recipients are: SegmentUser or SegmentChannel
	SegmentIDs        []string `gorm:"serializer:array"`
	SegmentPKs        []int64  `gorm:"column:segment_pks;serializer:array"` // the same segments, whatever becomes of their ids
	UserIDs           []string `gorm:"serializer:array"`

	Status          Status
	Hold            Hold
	ControlSeq      int64      // grows with every control; what a workflow or a signal knows is compared with it
	HeldAt          *time.Time // since when Hold is what it is; nil while it is HoldNone
	HeldBy          string     // who asked for it, as they named themselves
	HoldReason      string
	ScheduledFor    *time.Time
	StopAt          *time.Time
	StartedAt       *time.Time // sending began
	CompletedAt     *time.Time // completed, or stopped after sending began
	RecipientsTotal int64      // counted when sending began

	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt *time.Time
}

// Paused says whether the campaign is held until a resume.
func (c Campaign) Paused() bool { return c.Hold == HoldPaused }

// Alive says whether a workflow drives the campaign: its start was accepted and it has not ended.
func (c Campaign) Alive() bool {
	return c.DeletedAt == nil && (c.Status == StatusScheduled || c.Status == StatusInProgress)
}

// Position is a campaign's place in the order in which campaigns were last changed. The zero Position is before all.
type Position struct {
	UpdatedAt  time.Time `json:"updated_at"`
	AppPK      int64     `json:"app_pk"`
	CampaignID string    `json:"campaign_id"`
}

// Position of the campaign as its row says.
func (c Campaign) Position() Position {
	return Position{UpdatedAt: c.UpdatedAt, AppPK: c.AppPK, CampaignID: c.ID}
}

// Outcome is what became of a recipient that got no message.
type Outcome struct {
	Recipient string
	Status    OutcomeStatus
	Code      OutcomeCode
	Reason    string // for people
}

// OutcomeStatus tells a recipient passed over by rule from one whose message could not be made.
type OutcomeStatus string

// The statuses of an outcome.
const (
	OutcomeFailed  OutcomeStatus = "failed"
	OutcomeSkipped OutcomeStatus = "skipped"
)

// OutcomeCode says why a recipient got no message (contract 10.5).
type OutcomeCode string

// The outcome codes, in the order they are tested.
const (
	SenderIsReceiver OutcomeCode = "sender_is_receiver"
	UnknownUser      OutcomeCode = "unknown_user"
	DeactivatedUser  OutcomeCode = "deactivated_user"
	UnknownChannel   OutcomeCode = "unknown_channel"
	BadChannelID     OutcomeCode = "bad_channel_id"
	NoChannel        OutcomeCode = "no_channel"
	BadChannelCustom OutcomeCode = "bad_channel_custom"
	TemplateError    OutcomeCode = "template_error"
	MessageTooLong   OutcomeCode = "message_too_long"
	EmptyMessage     OutcomeCode = "empty_message"
)

// Status of an outcome with this code.
func (c OutcomeCode) Status() OutcomeStatus {
	switch c {
	case BadChannelID, BadChannelCustom, TemplateError, MessageTooLong, EmptyMessage:
		return OutcomeFailed
	default:
		return OutcomeSkipped
	}
}

// NewOutcome makes the outcome of a recipient. The reason is made storable, whatever a recipient's data put into it.
func NewOutcome(recipient string, code OutcomeCode, format string, args ...any) Outcome {
	return Outcome{Recipient: recipient, Status: code.Status(), Code: code, Reason: storable(fmt.Sprintf(format, args...))}
}

// Stats is what a campaign has done, read from rows committed with the messages (contract 7.3).
type Stats struct {
	MessagesSent    int64
	ChannelsCreated int64
	UsersSent       int64
	UsersRead       int64
	Failed          int64
	Skipped         int64
	Recipients      int64 // worked off; one in two segments counts twice while running
	SentLastMinute  int64
}

// Progress is the share of recipients worked off, 0 to 1: at most 0.99 before completion, exactly 1 after it.
func (c Campaign) Progress(s Stats) float64 {
	const mostWhileRunning = 0.99
	switch {
	case c.Status == StatusCompleted:
		return 1
	case c.RecipientsTotal == 0:
		return 0
	default:
		return min(mostWhileRunning, float64(s.Recipients)/float64(c.RecipientsTotal))
	}
}

// Total is the number of recipients to show: as counted at the start while the campaign runs, as worked off when it
// is completed.
func (c Campaign) Total(s Stats) int64 {
	if c.Status == StatusCompleted {
		return s.MessagesSent + s.Failed + s.Skipped
	}
	return c.RecipientsTotal
}

// ETA is the seconds a running campaign still needs at the rate of its last minute; nil where that cannot be said.
// elapsed is the time since sending began, which bounds the minute.
func (c Campaign) ETA(s Stats, now time.Time) *int64 {
	if c.Status != StatusInProgress || c.Paused() || c.StartedAt == nil || s.SentLastMinute == 0 {
		return nil
	}
	window := min(now.Sub(*c.StartedAt), time.Minute).Seconds()
	left := max(0, c.RecipientsTotal-s.Recipients)
	seconds := int64(float64(left)*max(window, 1)/float64(s.SentLastMinute) + 0.5)
	return &seconds
}

// State is the part of a campaign that controls change, as of one control. It is what a campaign's workflow knows of
// its row: signals and activities carry it, and of two states the one with the higher ControlSeq is the newer.
type State struct {
	ControlSeq   int64      `json:"control_seq"`
	Status       Status     `json:"status"`
	Hold         Hold       `json:"hold"`
	HeldAt       *time.Time `json:"held_at,omitempty"`
	HeldBy       string     `json:"held_by,omitempty"`
	HoldReason   string     `json:"hold_reason,omitempty"`
	ScheduledFor *time.Time `json:"scheduled_for,omitempty"`
	StopAt       *time.Time `json:"stop_at,omitempty"`
}

// State of the campaign as its row says.
func (c Campaign) State() State {
	return State{
		ControlSeq: c.ControlSeq, Status: c.Status, Hold: c.Hold, HeldAt: c.HeldAt, HeldBy: c.HeldBy, HoldReason: c.HoldReason,
		ScheduledFor: c.ScheduledFor, StopAt: c.StopAt,
	}
}

// Ended says whether the campaign is stopped or completed.
func (s State) Ended() bool { return s.Status == StatusStopped || s.Status == StatusCompleted }

// Open says whether batches may commit.
func (s State) Open() bool { return s.Status == StatusInProgress && s.Hold == HoldNone }

// Counts is what one or more batches committed.
type Counts struct {
	Sent            int64 `json:"sent"`
	Failed          int64 `json:"failed"`
	Skipped         int64 `json:"skipped"`
	ChannelsCreated int64 `json:"channels_created"`
	UsersSent       int64 `json:"users_sent"`
}

// Plus adds two counts.
func (c Counts) Plus(d Counts) Counts {
	return Counts{
		Sent: c.Sent + d.Sent, Failed: c.Failed + d.Failed, Skipped: c.Skipped + d.Skipped,
		ChannelsCreated: c.ChannelsCreated + d.ChannelsCreated, UsersSent: c.UsersSent + d.UsersSent,
	}
}
