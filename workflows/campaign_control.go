package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"herald/models"
)

// receive takes the signals of one name. One with a state was preceded by its control in the row; what a bare one asks
// for is written to the row first, and the row's answer is adopted.
func (c *campaign) receive(ctx workflow.Context, name string, ch workflow.ReceiveChannel) {
	for {
		var s ControlSignal
		ch.Receive(ctx, &s)
		if s.State != nil {
			c.adopt(ctx, *s.State)
			continue
		}
		c.asked = append(c.asked, ControlInput{
			Ref: c.ref, Action: bareAction(name, s, workflow.Now(ctx)), Cause: models.Cause{Via: models.ViaSignal, By: s.By, Reason: s.Reason},
			ScheduledFor: s.ScheduledFor, StopAt: s.StopAt,
		})
	}
}

// obey carries out what bare signals ask for, one after another in the order they came: beside each other, the control
// that takes longer would win.
func (c *campaign) obey(ctx workflow.Context) {
	for {
		if err := workflow.Await(ctx, func() bool { return len(c.asked) > 0 }); err != nil {
			return
		}
		c.control(ctx, c.asked[0])
		c.asked = c.asked[1:]
	}
}

// controlled says that no control is on its way to the row.
func (c *campaign) controlled() bool { return c.controls == 0 && len(c.asked) == 0 }

// control writes an action to the campaign's row and adopts what the row says then. A move that the row refuses
// changes nothing.
func (c *campaign) control(ctx workflow.Context, in ControlInput) {
	c.controls++
	defer func() { c.controls-- }()
	var res StepResult
	if err := workflow.ExecuteActivity(steps(ctx, string(in.Action)), ActivityControl, in).Get(ctx, &res); err != nil {
		c.log.Error("Control was not carried out", "action", in.Action, "error", err)
		return
	}
	c.adoptStep(ctx, res)
}

func (c *campaign) adoptStep(ctx workflow.Context, res StepResult) {
	if res.Gone {
		c.gone = true
		return
	}
	c.adopt(ctx, res.State)
}

// adopt takes up what the row says, unless it is old news, and passes it on to the running pages. Every one of them is
// told: a page may hold for a pause that this workflow has not heard of.
func (c *campaign) adopt(ctx workflow.Context, s models.State) {
	if !newer(s, c.state) {
		return
	}
	before := c.state
	c.state, c.gone = s, false
	if s.ControlSeq > before.ControlSeq {
		for _, p := range c.running {
			c.tell(ctx, p)
		}
	}
	if c.held() {
		c.speed.forget()
	}
	c.index(ctx, before)
	c.describe(ctx)
}

// index renews the search attributes that a control has changed.
func (c *campaign) index(ctx workflow.Context, before models.State) {
	var changed []temporal.SearchAttributeUpdate
	if c.state.Status != before.Status {
		changed = append(changed, AttributeStatus.ValueSet(string(c.state.Status)))
	}
	if c.state.Hold != before.Hold {
		changed = append(changed, AttributeHold.ValueSet(string(c.state.Hold)))
	}
	switch due := c.state.ScheduledFor; {
	case sameTime(due, before.ScheduledFor):
	case due == nil:
		changed = append(changed, AttributeScheduledFor.ValueUnset())
	default:
		changed = append(changed, AttributeScheduledFor.ValueSet(*due))
	}
	if len(changed) == 0 {
		return
	}
	if err := workflow.UpsertTypedSearchAttributes(ctx, changed...); err != nil {
		c.log.Error("Search attributes were not updated", "error", err)
	}
}

// herald is the cause of what Herald does by itself.
func herald(reason string) models.Cause { return models.Cause{Via: models.ViaHerald, Reason: reason} }

// newer says whether s tells more than known: a later control, or a later step of the workflow under the same one.
func newer(s, known models.State) bool {
	if s.ControlSeq != known.ControlSeq {
		return s.ControlSeq > known.ControlSeq
	}
	return rank(s.Status) > rank(known.Status)
}

func rank(s models.Status) int {
	for i, status := range models.Statuses {
		if s == status {
			return i
		}
	}
	return -1
}

// watchDeadline stops the campaign at stop_at, which counts while it is paused too.
func (c *campaign) watchDeadline(ctx workflow.Context) {
	for !c.closing && !c.ended() {
		stopAt := c.state.StopAt
		changed := func() bool { return c.closing || c.ended() || !sameTime(stopAt, c.state.StopAt) }
		if stopAt == nil {
			if err := workflow.Await(ctx, changed); err != nil {
				return
			}
			continue
		}
		hasChanged, err := awaitUntil(ctx, *stopAt, "auto-stop at "+stopAt.UTC().Format(time.RFC3339), changed)
		if err != nil {
			return
		}
		if hasChanged {
			continue
		}
		// Only if no newer control has moved the deadline since. Where one has come between, look again.
		seq := c.state.ControlSeq
		c.control(ctx, ControlInput{Ref: c.ref, Action: models.ActionExpire, Cause: herald(models.ReasonStopAt), Seen: &seq})
		if err := workflow.Await(ctx, func() bool { return changed() || c.state.ControlSeq != seq }); err != nil {
			return
		}
	}
}

func sameTime(a, b *time.Time) bool { return a == b || a != nil && b != nil && a.Equal(*b) }

// acknowledge records the newest control taken up; where the record lags, the reconciler repeats the control.
func (c *campaign) acknowledge(ctx workflow.Context) {
	for {
		if err := workflow.Await(ctx, func() bool { return c.state.ControlSeq > c.Acked }); err != nil {
			return
		}
		seq := c.state.ControlSeq
		err := workflow.ExecuteLocalActivity(notes(ctx, "acknowledge control"), ActivityAcknowledge, StepInput{Ref: c.ref, Seen: seq}).Get(ctx, nil)
		if err != nil {
			return
		}
		c.Acked = seq
	}
}
