package client

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// UpsertUsers writes 1 to 100 users, whole: id → the user as JSON, custom fields beside the built-in ones. On an error none is
// written, or it is not known whether they are; writing them again does no harm.
func (c *Client) UpsertUsers(ctx context.Context, users map[string]json.RawMessage) error {
	body := map[string]any{"users": users}
	return c.do(ctx, call{method: http.MethodPost, path: "/users", repeatable: true}, body, nil)
}

// Segment is an audience: a filter, or a list of targets where Filter is nil.
type Segment struct {
	ID     string         `json:"id,omitempty"`
	Type   string         `json:"type"` // user or channel
	Name   string         `json:"name,omitempty"`
	Filter map[string]any `json:"filter,omitempty"`
	Size   int64          `json:"size,omitempty"` // only in answers
}

type segmentAnswer struct {
	Segment Segment `json:"segment"`
}

// CreateSegment creates a segment.
func (c *Client) CreateSegment(ctx context.Context, s Segment) (Segment, error) {
	var answer segmentAnswer
	err := c.do(ctx, call{method: http.MethodPost, path: "/segments"}, s, &answer)
	return answer.Segment, err
}

// Segment reads a segment. The size of a filter is counted in the background, and is 0 until it was.
func (c *Client) Segment(ctx context.Context, id string) (Segment, error) {
	var answer segmentAnswer
	err := c.do(ctx, call{method: http.MethodGet, path: "/segments/" + url.PathEscape(id)}, nil, &answer)
	return answer.Segment, err
}

// QuerySegments lists the newest segments, at most limit; 1 to 100.
func (c *Client) QuerySegments(ctx context.Context, limit int) ([]Segment, error) {
	var answer struct {
		Segments []Segment `json:"segments"`
	}
	err := c.do(ctx, call{method: http.MethodPost, path: "/segments/query", repeatable: true}, map[string]any{"limit": limit}, &answer)
	return answer.Segments, err
}

// AddSegmentTargets adds 1 to 10,000 targets to a list.
func (c *Client) AddSegmentTargets(ctx context.Context, id string, targets []string) error {
	body := map[string]any{"target_ids": targets}
	return c.do(ctx, call{method: http.MethodPost, path: "/segments/" + url.PathEscape(id) + "/addtargets", repeatable: true}, body, nil)
}

// SegmentTarget is one entry of a list.
type SegmentTarget struct {
	AppPK    int64  `json:"app_pk"`
	TargetID string `json:"target_id"`
}

// QuerySegmentTargets lists the first targets of a list, at most limit; 1 to 10,000.
func (c *Client) QuerySegmentTargets(ctx context.Context, id string, limit int) ([]SegmentTarget, error) {
	var answer struct {
		Targets []SegmentTarget `json:"targets"`
	}
	path := "/segments/" + url.PathEscape(id) + "/targets/query"
	err := c.do(ctx, call{method: http.MethodPost, path: path, repeatable: true}, map[string]any{"limit": limit}, &answer)
	return answer.Targets, err
}

// NewCampaign is the definition of a campaign, as far as the commands need it.
type NewCampaign struct {
	ID              string          `json:"id,omitempty"`
	Name            string          `json:"name,omitempty"`
	Description     string          `json:"description,omitempty"`
	SenderID        string          `json:"sender_id"`
	SegmentIDs      []string        `json:"segment_ids,omitempty"`
	UserIDs         []string        `json:"user_ids,omitempty"`
	CreateChannels  bool            `json:"create_channels"`
	MessageTemplate MessageTemplate `json:"message_template"`
}

// MessageTemplate is what a campaign sends, before it is rendered for a recipient.
type MessageTemplate struct {
	Text string `json:"text"`
}

// Campaign is the state of a campaign.
type Campaign struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	Status       string     `json:"status"`
	Paused       bool       `json:"paused"`
	PausedAt     *time.Time `json:"paused_at"`
	PauseReason  string     `json:"pause_reason"`
	ScheduledFor *time.Time `json:"scheduled_for"`
	StopAt       *time.Time `json:"stop_at"`
	Stats        Stats      `json:"stats"`

	// JSON is the whole object as the API gave it.
	JSON json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the fields above and keeps the whole.
func (c *Campaign) UnmarshalJSON(data []byte) error {
	type fields Campaign
	if err := json.Unmarshal(data, (*fields)(c)); err != nil {
		return err
	}
	c.JSON = bytes.Clone(data)
	return nil
}

// Stats is what a campaign has done so far; contract 7.3 says what each of them means.
type Stats struct {
	Progress        float64    `json:"progress"`
	StartedAt       *time.Time `json:"stats_started_at"`
	CompletedAt     *time.Time `json:"stats_completed_at"`
	MessagesSent    int64      `json:"stats_messages_sent"`
	ChannelsCreated int64      `json:"stats_channels_created"`
	UsersSent       int64      `json:"stats_users_sent"`
	UsersRead       int64      `json:"stats_users_read"`
	MessagesFailed  int64      `json:"stats_messages_failed"`
	MessagesSkipped int64      `json:"stats_messages_skipped"`
	RecipientsTotal int64      `json:"stats_recipients_total"`
	ETASeconds      *int64     `json:"stats_eta_seconds"` // nil where it cannot be told
}

type campaignAnswer struct {
	Campaign Campaign `json:"campaign"`
}

// CreateCampaign creates a campaign as a draft.
func (c *Client) CreateCampaign(ctx context.Context, n NewCampaign) (Campaign, error) {
	var answer campaignAnswer
	err := c.do(ctx, call{method: http.MethodPost, path: "/campaigns"}, n, &answer)
	return answer.Campaign, err
}

// Campaign reads a campaign. Of its users, JSON holds only the first.
func (c *Client) Campaign(ctx context.Context, id string) (Campaign, error) {
	var answer campaignAnswer
	err := c.do(ctx, call{method: http.MethodGet, path: "/campaigns/" + url.PathEscape(id) + "?limit=1"}, nil, &answer)
	return answer.Campaign, err
}

// Channel is a channel with its newest messages, oldest first.
type Channel struct {
	CID      string
	Messages []Message
}

// Message is one message of a channel.
type Message struct {
	ID         string    `json:"id"`
	Text       string    `json:"text"`
	CampaignID string    `json:"campaign_id"` // "" outside a campaign
	CreatedAt  time.Time `json:"created_at"`
}

// DistinctChannel reads the one channel of exactly these members, at least 2, with its newest messages, at most 300. Where there
// is none, createdBy creates it.
func (c *Client) DistinctChannel(ctx context.Context, channelType, createdBy string, members []string, messages int) (Channel, error) {
	var answer struct {
		Channel struct {
			CID string `json:"cid"`
		} `json:"channel"`
		Messages []Message `json:"messages"`
	}
	body := map[string]any{
		"data":  map[string]any{"created_by_id": createdBy, "members": members},
		"state": true, "messages": map[string]any{"limit": messages},
	}
	path := "/channels/" + url.PathEscape(channelType) + "/query"
	err := c.do(ctx, call{method: http.MethodPost, path: path, repeatable: true}, body, &answer)
	return Channel{CID: answer.Channel.CID, Messages: answer.Messages}, err
}
