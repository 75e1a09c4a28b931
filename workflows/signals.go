package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"herald/models"
)

// Signals of the Campaign workflow. Support tools send them bare, with an empty body or {"reason": "..."}; the workflow
// then writes the fence itself. Herald's API sends them after it wrote the fence, with the state that the row has since.
const (
	SignalPause      = "pause"
	SignalResume     = "resume"
	SignalStop       = "stop"
	SignalReschedule = "reschedule"
)

// signalState tells a running page of the newest state of its campaign.
const signalState = "state"

// ControlSignal is the body of every signal of the Campaign workflow. All fields are optional.
type ControlSignal struct {
	State        *models.State `json:"state,omitempty"`         // set by Herald only: what the row says since the control
	By           string        `json:"by,omitempty"`            // who asks
	Reason       string        `json:"reason,omitempty"`        // why; of a pause it is the pause_reason
	ScheduledFor *time.Time    `json:"scheduled_for,omitempty"` // reschedule; absent: now
	StopAt       *time.Time    `json:"stop_at,omitempty"`       // reschedule; absent: no deadline
}

// signals, with what each says of itself. The order is that in which those that come in one task are heard: it is not
// the order in which they were sent, which nothing tells any more. So a stop comes first, a pause after a resume, and a
// pause before a new start, which leaves it paused.
var signals = []struct {
	name, description string
}{
	{SignalStop, `End the campaign for good; what was sent stays. Optional: {"reason": "why", "by": "who"}`},
	{SignalResume, `Go on with a paused campaign. Optional: {"reason": "why", "by": "who"}`},
	{SignalPause, `Hold the campaign until it is resumed. Optional: {"reason": "why", "by": "who"}`},
	{SignalReschedule, `Start at another time, before sending began; without one, now. ` +
		`Optional: {"scheduled_for": "2026-12-01T09:00:00Z", "stop_at": "...", "reason": "why", "by": "who"}`},
}

// bareAction is what a signal without a state asks for.
func bareAction(name string, s ControlSignal, now time.Time) models.Action {
	switch name {
	case SignalPause:
		return models.ActionPause
	case SignalResume:
		return models.ActionResume
	case SignalStop:
		return models.ActionStop
	default:
		if s.ScheduledFor != nil && s.ScheduledFor.After(now) {
			return models.ActionSchedule
		}
		return models.ActionStart
	}
}

// signalFor is the name of the signal that brings a control to a running workflow.
func signalFor(action models.Action) string {
	switch action {
	case models.ActionPause:
		return SignalPause
	case models.ActionResume:
		return SignalResume
	case models.ActionStart, models.ActionSchedule:
		return SignalReschedule
	default:
		return SignalStop
	}
}

// yield lets every other coroutine run up to where it blocks: a new one goes to the end of the line. Without it a
// signal that arrived in the same task as the event that lets the root go on would be lost at continue-as-new or the
// end, for the root runs first and the signal's receiver after it.
func yield(ctx workflow.Context) error {
	done, set := workflow.NewFuture(ctx)
	workflow.Go(ctx, func(workflow.Context) { set.Set(nil, nil) })
	return done.Get(ctx, nil)
}
