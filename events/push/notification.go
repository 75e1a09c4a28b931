package push

import (
	"encoding/json"
	"time"
	"unicode/utf8"
)

// Limits of a notification.
const (
	maxTitle = 200 // characters
	maxBody  = 500 // characters
	// maxContent is how many bytes title, body and data may have as JSON. Both services take 4,096 in all; what they are
	// wrapped in has less than 500.
	maxContent = 3500
)

// Notification is what one device is sent about one message.
type Notification struct {
	Token   string            `json:"token"`           // the id of the device
	ID      string            `json:"id"`              // a UUID that follows from message and device: that of every try
	Group   string            `json:"group"`           // the cid: a device may show a channel's notifications together
	Replace string            `json:"replace"`         // a UUID that follows from the message: a repeat takes the place of what is shown
	Title   string            `json:"title,omitempty"` // title or body may be empty
	Body    string            `json:"body,omitempty"`
	Data    map[string]string `json:"data"`    // what the app on the device reads
	Expires time.Time         `json:"expires"` // a device that is offline until then never shows it
}

// fit cuts title and body to what the services take. It says whether they then take it.
func (n *Notification) fit() bool {
	n.Title, n.Body = cut(n.Title, maxTitle), cut(n.Body, maxBody)
	for length := maxBody / 2; n.size() > maxContent; length /= 2 {
		if length == 0 {
			return false
		}
		n.Title, n.Body = cut(n.Title, length), cut(n.Body, length)
	}
	return true
}

func (n *Notification) size() int {
	encoded, err := json.Marshal([]any{n.Title, n.Body, n.Data})
	if err != nil {
		panic("encode strings: " + err.Error()) // json.Marshal takes every string
	}
	return len(encoded)
}

// cut shortens a text to a number of characters, the last of them an ellipsis.
func cut(text string, length int) string {
	if utf8.RuneCountInString(text) <= length {
		return text
	}
	return string([]rune(text)[:length-1]) + "…"
}
