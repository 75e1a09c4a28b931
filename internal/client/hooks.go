package client

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// Most of one call (contract 14.4).
const (
	MaxHookFailuresPerPage = 100
	MaxReplayedPerCall     = 1000
)

// LegacyHookID is the hook that webhook_url and webhook_events of the app describe.
const LegacyHookID = "legacy"

// Hook is where an app wants its events sent.
type Hook struct {
	ID              string   `json:"id"`
	Enabled         bool     `json:"enabled"`
	EventTypes      []string `json:"event_types"` // none: every standard event
	WebhookURL      string   `json:"webhook_url"`
	TimeoutMS       int      `json:"timeout_ms"`
	TimestampFormat string   `json:"timestamp_format"`
}

// Hooks lists an app's hooks, the legacy one last.
func (c *Client) Hooks(ctx context.Context) ([]Hook, error) {
	var answer struct {
		App struct {
			WebhookURL    string   `json:"webhook_url"`
			WebhookEvents []string `json:"webhook_events"`
			EventHooks    []Hook   `json:"event_hooks"`
		} `json:"app"`
	}
	if err := c.do(ctx, call{method: http.MethodGet, path: "/app"}, nil, &answer); err != nil {
		return nil, err
	}
	hooks := answer.App.EventHooks
	if answer.App.WebhookURL != "" {
		hooks = append(hooks, Hook{ID: LegacyHookID, Enabled: true, EventTypes: answer.App.WebhookEvents, WebhookURL: answer.App.WebhookURL})
	}
	return hooks, nil
}

// HookFailureQuery says which failures to list, the newest first.
type HookFailureQuery struct {
	HookID string // all when empty
	Limit  int    // 1 to MaxHookFailuresPerPage; 0 is the API's default, 30
	Next   string // cursor of the page before; it carries the hook with it
}

// HookFailurePage is one page of a list.
type HookFailurePage struct {
	Failures []HookFailure `json:"failures"`
	Next     string        `json:"next"` // "" on the last page
}

// HookFailure is an event that a hook did not take.
type HookFailure struct {
	ID            string    `json:"id"`
	HookID        string    `json:"hook_id"`
	EventType     string    `json:"event_type"`
	CampaignID    string    `json:"campaign_id"`
	Seq           int64     `json:"seq"`
	Attempts      int       `json:"attempts"`
	LastAttemptAt time.Time `json:"last_attempt_at"`
	LastStatus    int       `json:"last_status"` // 0: there was no answer, and LastError says why
	LastError     string    `json:"last_error"`

	// JSON is the whole object as the API gave it.
	JSON json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the fields above and keeps the whole.
func (f *HookFailure) UnmarshalJSON(data []byte) error {
	type fields HookFailure
	if err := json.Unmarshal(data, (*fields)(f)); err != nil {
		return err
	}
	f.JSON = bytes.Clone(data)
	return nil
}

// HookFailures lists events that hooks did not take, a page at a time.
func (c *Client) HookFailures(ctx context.Context, q HookFailureQuery) (HookFailurePage, error) {
	path := pagePath("/hook/failures", "hook_id", q.HookID, q.Limit, q.Next)
	var page HookFailurePage
	err := c.do(ctx, call{method: http.MethodGet, path: path}, nil, &page)
	return page, err
}

// ReplayHookFailures sends events again that hooks did not take: these, or with none the oldest MaxReplayedPerCall; of one hook
// unless hookID is "". It says how many.
func (c *Client) ReplayHookFailures(ctx context.Context, hookID string, ids []string) (int, error) {
	body := map[string]any{}
	if hookID != "" {
		body["hook_id"] = hookID
	}
	if len(ids) > 0 {
		body["ids"] = ids
	} else {
		body["all"] = true
	}
	var answer struct {
		Replayed int `json:"replayed"`
	}
	err := c.do(ctx, call{method: http.MethodPost, path: "/hook/failures/replay"}, body, &answer)
	return answer.Replayed, err
}
