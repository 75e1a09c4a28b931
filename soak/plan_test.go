package soak_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"herald/models"
	"herald/workflows"
)

// step is one thing that somebody does to a campaign.
type step struct {
	after  time.Duration // since the actor's step before
	action models.Action // schedule: the reschedule of a bare signal too
	bare   bool          // by a signal to the workflow, not by the API
	starts time.Duration // start and schedule: from then on
	stopAt time.Duration // and until then, from now on; 0: no deadline
	empty  bool          // a bare signal without a body
}

func (s step) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "+%v ", s.after.Round(time.Millisecond))
	if s.bare {
		b.WriteString("signal ")
	}
	b.WriteString(string(s.action))
	if s.starts != 0 {
		fmt.Fprintf(&b, " in %v", s.starts.Round(time.Millisecond))
	}
	if s.stopAt != 0 {
		fmt.Fprintf(&b, " until %v", s.stopAt.Round(time.Millisecond))
	}
	return b.String()
}

// plan is what several actors do to one campaign at once, each one step after the other.
type plan struct {
	audience  int // of audiences
	perSecond int // messages_per_second; 0 is unlimited
	actors    [][]step
	finish    models.Action // what is done to a campaign that is held or asleep in the end: resume or stop
}

func (p plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "  audience %d, %d per second, then %s\n", p.audience, p.perSecond, p.finish)
	for i, actor := range p.actors {
		fmt.Fprintf(&b, "  actor %d: %v\n", i+1, actor)
	}
	return b.String()
}

// weighed is an action with how often it is done.
type weighed struct {
	weight int
	step   step
}

// deeds are what actors do. Stops and deletions are rare, so that most campaigns live to see some pauses.
var deeds = []weighed{
	{20, step{action: models.ActionPause}},
	{20, step{action: models.ActionResume}},
	{14, step{action: models.ActionPause, bare: true}},
	{14, step{action: models.ActionResume, bare: true}},
	{8, step{action: models.ActionStart}},
	{7, step{action: models.ActionSchedule}},
	{6, step{action: models.ActionSchedule, bare: true}},
	{6, step{action: models.ActionUpdate}},
	{2, step{action: models.ActionStop}},
	{2, step{action: models.ActionStop, bare: true}},
	{2, step{action: models.ActionDelete}},
	{3, step{action: actionCreate}},
}

// audiences are the indexes of segments by how often a campaign has them; see newAudiences.
var audiences = []int{0, 0, 0, 0, 0, 1, 1, 1, 2, 3}

// newPlan is the plan of a number; the same seed and number give the same plan.
func newPlan(seed, number uint64) plan {
	r := rand.New(rand.NewPCG(seed, number))
	p := plan{audience: audiences[r.IntN(len(audiences))], finish: models.ActionResume}
	if r.IntN(4) == 0 {
		p.finish = models.ActionStop
	}
	if r.IntN(3) == 0 {
		p.perSecond = 100 + r.IntN(400)
	}
	for range 2 + r.IntN(3) {
		var actor []step
		for range 2 + r.IntN(4) {
			actor = append(actor, newStep(r))
		}
		p.actors = append(p.actors, actor)
	}
	// Somebody has to start it, mostly at once.
	first := timed(r, step{action: models.ActionStart})
	if r.IntN(3) == 0 {
		first = timed(r, step{action: models.ActionSchedule})
	}
	first.after = between(r, 0, 20*time.Millisecond)
	p.actors[0] = append([]step{first}, p.actors[0]...)
	return p
}

func newStep(r *rand.Rand) step {
	total := 0
	for _, d := range deeds {
		total += d.weight
	}
	n := r.IntN(total)
	i := 0
	for n >= deeds[i].weight {
		n -= deeds[i].weight
		i++
	}
	s := timed(r, deeds[i].step)
	s.empty = r.IntN(2) == 0
	switch r.IntN(5) {
	case 0, 1:
		s.after = between(r, 0, 5*time.Millisecond)
	case 2, 3:
		s.after = between(r, 0, 200*time.Millisecond)
	default:
		s.after = between(r, 0, 1200*time.Millisecond)
	}
	return s
}

// timed gives a start its times: most soon, some so far off that only another start can bring them nearer, and now and
// then a deadline that meets the campaign in the middle.
func timed(r *rand.Rand, s step) step {
	if s.action == models.ActionSchedule {
		s.starts = between(r, time.Millisecond, 900*time.Millisecond)
		if r.IntN(4) == 0 {
			s.starts = time.Hour
		}
	}
	if (s.action == models.ActionStart || s.action == models.ActionSchedule) && r.IntN(4) == 0 {
		s.stopAt = s.starts + between(r, 300*time.Millisecond, 2500*time.Millisecond)
	}
	return s
}

func between(r *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(r.Int64N(int64(most-least)))
}

// body of the API's call.
func (s step) body(n int) map[string]any {
	switch s.action {
	case models.ActionPause:
		return map[string]any{"reason": fmt.Sprintf("pause %d", n)}
	case models.ActionUpdate:
		return map[string]any{"name": fmt.Sprintf("name %d", n)}
	case models.ActionStart, models.ActionSchedule:
		body := map[string]any{}
		now := time.Now()
		if s.starts != 0 {
			body["scheduled_for"] = now.Add(s.starts)
		}
		if s.stopAt != 0 {
			body["stop_at"] = now.Add(s.stopAt)
		}
		return body
	default:
		return nil
	}
}

// signal is the name and body of a bare signal.
func (s step) signal() (string, any) {
	body := workflows.ControlSignal{Reason: "by signal"}
	switch s.action {
	case models.ActionPause, models.ActionResume, models.ActionStop:
		if s.empty {
			return string(s.action), nil
		}
		return string(s.action), body
	default:
		now := time.Now()
		if s.starts != 0 {
			at := now.Add(s.starts)
			body.ScheduledFor = &at
		}
		if s.stopAt != 0 {
			at := now.Add(s.stopAt)
			body.StopAt = &at
		}
		return workflows.SignalReschedule, body
	}
}
