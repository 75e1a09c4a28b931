package models

import (
	"encoding/json"
	"time"
)

// OutboxKind says what an outbox row stands for, and so what its body is.
type OutboxKind string

// The kinds of outbox rows.
const (
	OutboxCampaign OutboxKind = "campaign" // one campaign.* event; the body is a CampaignSnapshot
	OutboxChat     OutboxKind = "chat"     // one chat event; the body is a ChatEvent
	OutboxBatch    OutboxKind = "batch"    // all chat events of one batch; the body is a BatchEvents
)

// PushReceiver is the hook_id of outbox rows that are for devices, not for a hook.
const PushReceiver = ""

// MaxPushExpiry is the longest time after which a push can be configured to be worth nothing.
const MaxPushExpiry = 24 * time.Hour

// CampaignSnapshot is a campaign as it was at an event, with what is shown of it.
type CampaignSnapshot struct {
	At       time.Time         `json:"at"` // created_at of the event
	Campaign Campaign          `json:"campaign"`
	UserIDs  []string          `json:"user_ids"` // the first MaxEventUserIDs of the campaign's, which are not in Campaign
	Users    map[string]User   `json:"users"`    // by id: the sender
	Segments map[int64]Segment `json:"segments"` // by segment_pk
	Stats    Stats             `json:"stats"`
}

// MaxEventUserIDs is how many of a campaign's user_ids an event has (contract 7.2).
const MaxEventUserIDs = 100

// ChatEvent is one event in a channel, by reference: what it tells of is read when it is delivered. A message that was
// deleted for good in between is told of as a deleted one.
type ChatEvent struct {
	At        time.Time `json:"at"`
	CID       string    `json:"cid"`
	UserID    string    `json:"user_id"`              // who did it: sender, reader, creator; of member.added and channel.visible who it is about
	MessageID string    `json:"message_id,omitempty"` // message.new; message.read: up to where
}

// BatchEvents are the chat events of one batch of a campaign, by reference: a message.new for each message to a recipient in
// (After, Through] with created_at At, and what came with it.
type BatchEvents struct {
	At       time.Time `json:"at"`
	SenderID string    `json:"sender_id"`
	After    string    `json:"after"`
	Through  string    `json:"through"`

	// Done is how many of Created, Joined, Shown and Tests have been told of, counted through them in this order: a relay moves
	// it, and then After.
	Done int `json:"done,omitempty"`
	// Member is the last member of the first message's channel whose devices were told; "" is none. Of pushes only.
	Member string `json:"member,omitempty"`

	Late    []string `json:"late,omitempty"`    // recipients whose message has a later created_at
	Created []string `json:"created,omitempty"` // cids of channels that the batch created
	Members []string `json:"members,omitempty"` // users who became members of each of these, besides the receiver
	Joined  []string `json:"joined,omitempty"`  // cids of existing channels that the sender became a member of
	Shown   []Shown  `json:"shown,omitempty"`   // who sees a channel again
	Tests   []string `json:"tests,omitempty"`   // of a test: the ids of its messages, which have no recipient
}

// Shown is a member to whom a hidden channel became visible.
type Shown struct {
	CID    string `json:"cid"`
	UserID string `json:"user_id"`
}

// Receiver is whom outbox rows are for: a hook, or with PushReceiver the devices of an app's users.
type Receiver struct {
	AppPK  int64
	HookID string
}

// OutboxRow is an event, or those of a batch, on its way to one receiver.
type OutboxRow struct {
	ID             int64
	AppPK          int64
	HookID         string // PushReceiver or a hook
	EventID        string // UUID
	Kind           OutboxKind
	EventType      EventType // "" for a batch
	CampaignID     string
	Seq            int64
	Stream         string // rows of a stream are delivered one after another; "" is in no order
	Progress       bool
	Body           json.RawMessage
	Payload        *string // as it was first sent; nil before a failed try
	CreatedAt      time.Time
	Claim          string // of the relay that works on it
	Attempts       int    // that have ended
	FirstAttemptAt *time.Time
	LastAttemptAt  *time.Time
	LastStatus     int
	LastError      string
}

// Receiver of the row.
func (r OutboxRow) Receiver() Receiver { return Receiver{r.AppPK, r.HookID} }

// Since is from when on the time counts that a receiver has for taking the row.
func (r OutboxRow) Since() time.Time {
	if r.FirstAttemptAt != nil {
		return *r.FirstAttemptAt
	}
	return r.CreatedAt
}
