package client

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"
)

// MaxCampaignsPerQuery is the most campaigns of one answer of QueryCampaigns (contract 7.4).
const MaxCampaignsPerQuery = 100

// CampaignQuery says which campaigns to list, newest first.
type CampaignQuery struct {
	Statuses []string // any of them; all when empty
	Limit    int      // 1 to MaxCampaignsPerQuery; 0 is the API's default, 30
	Next     string   // cursor of the page before; it carries the statuses with it
}

// CampaignPage is one page of a list. Of a campaign's users and user ids, JSON holds the first 100.
type CampaignPage struct {
	Campaigns []Campaign `json:"campaigns"`
	Next      string     `json:"next"` // "" on the last page
}

// QueryCampaigns lists campaigns, a page at a time.
func (c *Client) QueryCampaigns(ctx context.Context, q CampaignQuery) (CampaignPage, error) {
	body := map[string]any{"sort": []map[string]any{{"field": "created_at", "direction": -1}}}
	if len(q.Statuses) > 0 {
		body["filter"] = map[string]any{"status": map[string]any{"$in": q.Statuses}}
	}
	if q.Limit > 0 {
		body["limit"] = q.Limit
	}
	if q.Next != "" {
		body["next"] = q.Next
	}
	var page CampaignPage
	err := c.do(ctx, call{method: http.MethodPost, path: "/campaigns/query", repeatable: true}, body, &page)
	return page, err
}

// CampaignWithUsers reads a campaign, with its first 1,000 users in JSON.
func (c *Client) CampaignWithUsers(ctx context.Context, id string) (Campaign, error) {
	var answer campaignAnswer
	err := c.do(ctx, call{method: http.MethodGet, path: campaignPath(id, "")}, nil, &answer)
	return answer.Campaign, err
}

// Start says when a campaign begins and when it ends at the latest. On a scheduled campaign it replaces both times.
type Start struct {
	ScheduledFor *time.Time `json:"scheduled_for,omitempty"` // nil or passed: now
	StopAt       *time.Time `json:"stop_at,omitempty"`       // nil: when everybody has the message
	Cause
}

// StartCampaign starts or schedules a campaign. After an error that is no *Error it may have been started.
func (c *Client) StartCampaign(ctx context.Context, id string, s Start) (Campaign, error) {
	return c.move(ctx, id, "/start", s, false)
}

// Cause is who asks for a move, and why; each has at most 255 characters and may be "".
type Cause struct {
	By     string `json:"by,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// PauseCampaign pauses a campaign; no message of it is committed after the answer. One that is paused already stays as it is,
// with its first reason.
func (c *Client) PauseCampaign(ctx context.Context, id string, cause Cause) (Campaign, error) {
	return c.move(ctx, id, "/pause", cause, true)
}

// ResumeCampaign lets a paused campaign go on. One that is not paused stays as it is.
func (c *Client) ResumeCampaign(ctx context.Context, id string, cause Cause) (Campaign, error) {
	return c.move(ctx, id, "/resume", cause, true)
}

// StopCampaign ends a campaign for good; no message of it is committed after the answer. One that has ended stays as it is.
func (c *Client) StopCampaign(ctx context.Context, id string, cause Cause) (Campaign, error) {
	return c.move(ctx, id, "/stop", cause, true)
}

func (c *Client) move(ctx context.Context, id, verb string, body any, repeatable bool) (Campaign, error) {
	var answer campaignAnswer
	err := c.do(ctx, call{method: http.MethodPost, path: campaignPath(id, verb), repeatable: repeatable}, body, &answer)
	return answer.Campaign, err
}

// Execution is how a campaign's workflow stands; contract 12.5 says what the fields mean.
type Execution struct {
	WorkflowID string             `json:"workflow_id"`
	RunID      string             `json:"run_id"` // "" when Temporal does not answer
	Status     string             `json:"status"`
	WebUIURL   string             `json:"web_ui_url"` // "" when there is none
	Progress   *ExecutionProgress `json:"progress"`   // nil when no worker answers

	// JSON is the whole answer as the API gave it.
	JSON json.RawMessage `json:"-"`
}

// ExecutionProgress is what the workflow itself says.
type ExecutionProgress struct {
	Phase           string     `json:"phase"`
	HeldAt          *time.Time `json:"held_at"` // nil while it is neither paused nor stopped
	HeldBy          string     `json:"held_by"`
	HoldReason      string     `json:"hold_reason"`
	RecipientsTotal int64      `json:"recipients_total"`
	RecipientsDone  int64      `json:"recipients_done"`
	Sent            int64      `json:"sent"`
	Failed          int64      `json:"failed"`
	Skipped         int64      `json:"skipped"`
	PagesPlanned    int64      `json:"pages_planned"`
	PagesDone       int64      `json:"pages_done"`
	PagesInFlight   int64      `json:"pages_in_flight"`
	Rate            int64      `json:"rate"` // recipients per second; 0 while unknown
	ETA             *time.Time `json:"eta"`
	ControlSeq      int64      `json:"control_seq"`
}

// Move is something that was done to a campaign.
type Move struct {
	ControlSeq int64     `json:"control_seq"`
	Action     string    `json:"action"`
	Via        string    `json:"via"` // api, signal, or herald for its own decisions
	By         string    `json:"by"`
	Reason     string    `json:"reason"`
	MovedAt    time.Time `json:"moved_at"`
}

// Moves are what was done to a campaign, the oldest first.
type Moves struct {
	Moves []Move

	// JSON is the list as the API gave it.
	JSON json.RawMessage
}

// CampaignMoves reads what was done to a campaign, by whom and why.
func (c *Client) CampaignMoves(ctx context.Context, id string) (Moves, error) {
	path := campaignPath(id, "/moves")
	var answer struct {
		Moves json.RawMessage `json:"moves"`
	}
	if err := c.do(ctx, call{method: http.MethodGet, path: path}, nil, &answer); err != nil {
		return Moves{}, err
	}
	m := Moves{JSON: answer.Moves}
	if err := json.Unmarshal(answer.Moves, &m.Moves); err != nil {
		return Moves{}, fmt.Errorf("%s %s: decode the answer: %w", http.MethodGet, path, err)
	}
	return m, nil
}

// Execution reads how a campaign's workflow stands. A campaign that was never started has none, which is an *Error.
func (c *Client) Execution(ctx context.Context, id string) (Execution, error) {
	path := campaignPath(id, "/execution")
	var raw json.RawMessage
	if err := c.do(ctx, call{method: http.MethodGet, path: path}, nil, &raw); err != nil {
		return Execution{}, err
	}
	e := Execution{JSON: raw}
	if err := json.Unmarshal(raw, &e); err != nil {
		return Execution{}, fmt.Errorf("%s %s: decode the answer: %w", http.MethodGet, path, err)
	}
	return e, nil
}

func campaignPath(id, verb string) string { return "/campaigns/" + url.PathEscape(id) + verb }
