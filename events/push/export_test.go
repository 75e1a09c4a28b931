package push

import "time"

// SetClock gives the service another clock for its tokens.
func (a *APNs) SetClock(now func() time.Time) { a.token.now = now }

// Fit cuts a notification to what services take.
func Fit(n *Notification) bool { return n.fit() }

// The limits of texts.
const (
	MaxTitle = maxTitle
	MaxBody  = maxBody
)
