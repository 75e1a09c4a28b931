package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Targets are whom a campaign is previewed for or tested on, 1 to 20 of them: users, or channels where its audience is
// channels.
type Targets struct {
	UserIDs     []string `json:"user_ids,omitempty"`
	ChannelCIDs []string `json:"channel_cids,omitempty"`
}

// Preview is what one target would get; contract 12.2 says what the fields mean.
type Preview struct {
	TargetID  string          `json:"target_id"`
	Status    string          `json:"status"` // ok, skipped or failed
	ErrorCode string          `json:"error_code"`
	Error     string          `json:"error"`
	Message   *PreviewMessage `json:"message"` // nil where it cannot be made
	Channel   *PreviewChannel `json:"channel"` // nil where it cannot be made or does not exist
}

// PreviewMessage is a rendered message.
type PreviewMessage struct {
	Text        string          `json:"text"`
	Attachments json.RawMessage `json:"attachments"` // a list
	Custom      json.RawMessage `json:"custom"`      // an object
	PollID      string          `json:"poll_id"`
	Mentioned   []string        `json:"mentioned_users"`
}

// PreviewChannel is the channel of a message.
type PreviewChannel struct {
	CID        string          `json:"cid"`
	Exists     bool            `json:"exists"`
	WillCreate bool            `json:"will_create"`
	Team       string          `json:"team"`
	Custom     json.RawMessage `json:"custom"` // an object
	Members    []string        `json:"members"`
}

// Previews are those of some targets, in their order.
type Previews struct {
	Previews []Preview

	// JSON is the list as the API gave it.
	JSON json.RawMessage
}

// PreviewCampaign shows what a campaign makes for some targets. Nothing is sent.
func (c *Client) PreviewCampaign(ctx context.Context, id string, t Targets) (Previews, error) {
	path := campaignPath(id, "/preview")
	var answer struct {
		Previews json.RawMessage `json:"previews"`
	}
	if err := c.do(ctx, call{method: http.MethodPost, path: path, repeatable: true}, t, &answer); err != nil {
		return Previews{}, err
	}
	p := Previews{JSON: answer.Previews}
	if err := json.Unmarshal(answer.Previews, &p.Previews); err != nil {
		return Previews{}, fmt.Errorf("%s %s: decode the answer: %w", http.MethodPost, path, err)
	}
	return p, nil
}

// TestCampaign sends a campaign's message to some targets and nobody else, and says what became of each, in their order.
// After an error that is no *Error it may have been sent.
func (c *Client) TestCampaign(ctx context.Context, id string, t Targets) ([]Recipient, error) {
	var answer struct {
		Recipients []Recipient `json:"recipients"`
	}
	err := c.do(ctx, call{method: http.MethodPost, path: campaignPath(id, "/test")}, t, &answer)
	return answer.Recipients, err
}

// Audience is how many recipients a campaign would have if it started now.
type Audience struct {
	Count    int64 `json:"count"`
	Estimate bool  `json:"estimate"` // counting takes too long

	// JSON is the whole answer as the API gave it.
	JSON json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the fields above and keeps the whole.
func (a *Audience) UnmarshalJSON(data []byte) error {
	type fields Audience
	if err := json.Unmarshal(data, (*fields)(a)); err != nil {
		return err
	}
	a.JSON = bytes.Clone(data)
	return nil
}

// CampaignAudience counts a campaign's recipients, which takes seconds where there are many.
func (c *Client) CampaignAudience(ctx context.Context, id string) (Audience, error) {
	var a Audience
	err := c.do(ctx, call{method: http.MethodPost, path: campaignPath(id, "/audience"), repeatable: true}, nil, &a)
	return a, err
}
