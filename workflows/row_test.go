package workflows_test

import (
	"fmt"
	"sync"
	"time"

	"herald/models"
	"herald/workflows"
)

// row is a model of what is behind the activities: a campaign's row, its audience, and who has a message. Like the
// store it follows the table of moves, compares control_seq, and lets a batch commit only through an open fence.
type row struct {
	now       func() time.Time
	sources   [][]string                          // keys of each source, ascending
	batchSize int                                 // recipients of a batch
	perPage   int                                 // batches of a page
	work      func(in workflows.BatchInput) error // if set, comes before each batch's commit
	queue     string                              // of the batches, as the plan says
	lastStep  func()                              // if set, comes before a completion

	mu       sync.Mutex
	state    models.State
	deleted  bool
	acked    int64
	began    []time.Time // of each Begin that was done
	ended    time.Time
	commits  []commit
	messages map[string]int // recipient to the source that got it its message
	held     int            // batches turned away by the fence
	asked    []models.Action
	steps    map[string]int // activity to calls
}

// commit is a range of targets that was sent.
type commit struct {
	at     time.Time
	source int
	after  string
	count  int
}

func newRow(sources ...[]string) *row {
	return &row{
		now: time.Now, sources: sources, batchSize: 2, perPage: 2, messages: map[string]int{}, steps: map[string]int{},
		state: models.State{Status: models.StatusDraft, Hold: models.HoldNone},
	}
}

// people makes n recipients.
func people(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("user-%05d", i)
	}
	return keys
}

type control struct {
	action               models.Action
	cause                models.Cause
	scheduledFor, stopAt *time.Time
	seen                 *int64
}

// why is what a client says of a move.
func why(reason string) models.Cause {
	return models.Cause{Via: models.ViaAPI, By: "ann", Reason: reason}
}

// control does what the store's does, and reports whether anything changed.
func (r *row) control(ctl control) (models.State, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.deleted {
		return models.State{}, false, models.NotFound("campaign", campaignID)
	}
	if ctl.seen != nil && *ctl.seen != r.state.ControlSeq {
		return r.state, false, nil
	}
	move, err := models.NextMove(r.state.Status, r.state.Hold, ctl.action)
	if err != nil || move.Noop {
		return r.state, false, err
	}
	next := r.state
	if ctl.action != models.ActionBegin && ctl.action != models.ActionComplete {
		next.ControlSeq++
	}
	switch now := r.now(); {
	case move.Hold == models.HoldNone:
		next.HeldAt, next.HeldBy, next.HoldReason = nil, "", ""
	case move.Hold != next.Hold:
		next.HeldAt, next.HeldBy, next.HoldReason = &now, ctl.cause.By, ctl.cause.Reason
	}
	if ctl.action == models.ActionStart || ctl.action == models.ActionSchedule {
		next.ScheduledFor, next.StopAt = ctl.scheduledFor, ctl.stopAt
	}
	next.Status, next.Hold = move.Status, move.Hold
	if next.Ended() && !r.state.Ended() {
		r.ended = r.now()
	}
	r.deleted = ctl.action == models.ActionDelete
	r.state = next
	return next, true, nil
}

// must is a control that the row has to take.
func (r *row) must(ctl control) models.State {
	state, changed, err := r.control(ctl)
	if err != nil || !changed {
		panic(fmt.Sprintf("%s: changed is %t, error %v", ctl.action, changed, err))
	}
	return state
}

// startAt is the start call.
func (r *row) startAt(scheduledFor, stopAt *time.Time) models.State {
	action := models.ActionStart
	if scheduledFor != nil && scheduledFor.After(r.now()) {
		action = models.ActionSchedule
	}
	return r.must(control{action: action, scheduledFor: scheduledFor, stopAt: stopAt})
}

// createAgain makes a draft under the id of the campaign, which was deleted.
func (r *row) createAgain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.deleted = false
	r.state = models.State{Status: models.StatusDraft, Hold: models.HoldNone, ControlSeq: r.state.ControlSeq + 1}
}

func (r *row) snapshot() models.State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// sent is the number of recipients with a message.
func (r *row) sent() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.messages)
}

func (r *row) calls(activity string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.steps[activity]
}
