package models

import (
	"fmt"
	"math"
	"time"
)

// App is one tenant. Every row, id and cursor belongs to one app, and an id of another app is like an unknown id.
type App struct {
	PK        int64  `gorm:"column:app_pk;primaryKey"`
	Name      string // unique among apps
	APIKey    string // public; names the app in every request
	Secret    string // signs tokens, cursors and webhooks; never shown to a client
	CreatedAt time.Time

	MultiTenantEnabled           bool  // stored and shown, without effect
	EnableHookPayloadCompression bool  // webhooks of the app are gzipped
	MAUPlan                      int64 `gorm:"column:mau_plan"`        // monthly active users; 0 is unlimited
	MAUPlanPinned                bool  `gorm:"column:mau_plan_pinned"` // set by the operator, the app cannot change it
}

// AppSettings is everything that an app may read about itself.
type AppSettings struct {
	App
	Hooks    []Hook // those of event_hooks, in the order the app gave them
	Legacy   *Hook  // that of webhook_url and webhook_events
	Capacity Capacity
}

// MaxMAUPlan bounds mau_plan, so that no arithmetic with it overflows.
const MaxMAUPlan = 1_000_000_000_000

// messagesPerMAU is how many campaign messages a month an app has for each user of its plan (contract 15.2).
const messagesPerMAU = 3

// Capacity is what an app may send by campaigns in one calendar month in UTC, and what it has sent: the messages that
// were committed, by the time at which their batch passed the fence. Test messages do not count, and deleting a message gives nothing back.
type Capacity struct {
	Plan        int64 // mau_plan
	Used        int64
	PeriodStart time.Time
	PeriodEnd   time.Time // exclusive
}

// NewCapacity is the capacity of the month that an instant is in.
func NewCapacity(plan, used int64, now time.Time) Capacity {
	start := MonthOf(now)
	return Capacity{Plan: plan, Used: used, PeriodStart: start, PeriodEnd: start.AddDate(0, 1, 0)}
}

// MonthOf is the beginning of the month in UTC that an instant is in.
func MonthOf(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// Allowance is how many messages the month has; nil is unlimited.
func (c Capacity) Allowance() *int64 {
	if c.Plan == 0 {
		return nil
	}
	n := c.Plan * messagesPerMAU
	return &n
}

// Left is how many messages the month has left; math.MaxInt64 is unlimited.
func (c Capacity) Left() int64 {
	allowance := c.Allowance()
	if allowance == nil {
		return math.MaxInt64
	}
	return max(0, *allowance-c.Used)
}

// Fits says whether n more messages are within the allowance.
func (c Capacity) Fits(n int64) bool { return n <= c.Left() }

// UsedUp is the refusal of what needs capacity where none is left; nil where some is.
func (c Capacity) UsedUp() error {
	if c.Fits(1) {
		return nil
	}
	return &Error{Code: CodeNotAllowed, Reason: fmt.Sprintf("monthly campaign message capacity of %d is used up", *c.Allowance())}
}
