package client

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"
)

// MaxRecipientsPerPage is the most recipients of one answer of Recipients (contract 12.4).
const MaxRecipientsPerPage = 1000

// RecipientQuery says which recipients of a campaign to list, by target id ascending.
type RecipientQuery struct {
	Status string // sent, failed, skipped or read; all when empty
	Limit  int    // 1 to MaxRecipientsPerPage; 0 is the API's default, 100
	Next   string // cursor of the page before; it carries the status with it
}

// RecipientPage is one page of a list.
type RecipientPage struct {
	Recipients []Recipient `json:"recipients"`
	Next       string      `json:"next"` // "" on the last page
}

// Recipient is what became of one target of a campaign. What the API has no value for is "" or nil.
type Recipient struct {
	TargetID  string     `json:"target_id"`
	UserID    string     `json:"user_id"` // "" where the target is a channel
	CID       string     `json:"cid"`     // of the message
	MessageID string     `json:"message_id"`
	Status    string     `json:"status"`
	ErrorCode string     `json:"error_code"`
	Error     string     `json:"error"`
	SentAt    *time.Time `json:"sent_at"`
	ReadAt    *time.Time `json:"read_at"`

	// JSON is the whole object as the API gave it.
	JSON json.RawMessage `json:"-"`
}

// UnmarshalJSON reads the fields above and keeps the whole.
func (r *Recipient) UnmarshalJSON(data []byte) error {
	type fields Recipient
	if err := json.Unmarshal(data, (*fields)(r)); err != nil {
		return err
	}
	r.JSON = bytes.Clone(data)
	return nil
}

// Recipients lists what became of a campaign's recipients, a page at a time. Those not reached yet are not in it.
func (c *Client) Recipients(ctx context.Context, id string, q RecipientQuery) (RecipientPage, error) {
	path := pagePath(campaignPath(id, "/recipients"), "status", q.Status, q.Limit, q.Next)
	var page RecipientPage
	err := c.do(ctx, call{method: http.MethodGet, path: path}, nil, &page)
	return page, err
}
