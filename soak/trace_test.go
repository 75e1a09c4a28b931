package soak_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"herald/models"
)

// state is what the table of moves is about.
type state struct {
	Status  models.Status
	Hold    models.Hold
	Seq     int64 // 0 where it is not known
	Deleted bool
}

func (s state) String() string {
	if s.Deleted {
		return fmt.Sprintf("deleted %s/%s", s.Status, s.Hold)
	}
	return fmt.Sprintf("%s/%s", s.Status, s.Hold)
}

func (s state) same(status models.Status, hold models.Hold) bool {
	return s.Status == status && s.Hold == hold
}

func (s state) open() bool {
	return s.same(models.StatusInProgress, models.HoldNone) && !s.Deleted
}

// moment is a state that a campaign's row had from its commit on.
type moment struct {
	state
	Began bool // sending
	At    time.Time
}

// commit is a transaction that sent messages.
type commit struct {
	At       time.Time
	Messages int64
}

// trace is what became of one campaign, by Postgres' clock of commits. A control commits before it gives up the lock that
// a batch needs, and the other way round, so the times tell the true order.
type trace struct {
	moves   []moment
	commits []commit
}

func (tr trace) String() string {
	var b strings.Builder
	for _, m := range tr.moves {
		fmt.Fprintf(&b, "  %s row %d: %s\n", clock(m.At), m.Seq, m.state)
	}
	if n := len(tr.commits); n > 0 {
		fmt.Fprintf(&b, "  %d commits of messages from %s to %s\n", n, clock(tr.commits[0].At), clock(tr.commits[n-1].At))
	}
	return b.String()
}

// barrier checks that every message was committed while the row let it.
func (tr trace) barrier() error {
	for _, c := range tr.commits {
		i, found := slices.BinarySearchFunc(tr.moves, c.At, func(m moment, at time.Time) int { return m.At.Compare(at) })
		if !found {
			i-- // the state before
		}
		if i < 0 || !tr.moves[i].open() {
			return fmt.Errorf("%d messages were committed at %s, when the campaign was not open", c.Messages, clock(c.At))
		}
	}
	return nil
}

// legal checks that the row went by the table of moves alone.
func (tr trace) legal() error {
	if len(tr.moves) == 0 || !tr.moves[0].same(models.StatusDraft, models.HoldNone) {
		return errors.New("the row was not a draft at first")
	}
	for i, to := range tr.moves[1:] {
		if from := tr.moves[i]; !legal(from, to.state) {
			return fmt.Errorf("the row went from %s to %s, control_seq %d to %d, which no action does", from.state, to.state, from.Seq, to.Seq)
		}
	}
	return nil
}

func legal(from moment, to state) bool {
	return slices.ContainsFunc(append([]models.Action{actionCreate}, models.Actions...), func(a models.Action) bool {
		next, err := next(from, a)
		return err == nil && next == to && next != from.state
	})
}

var (
	errGone  = errors.New("doesn't exist")
	errTaken = errors.New("already exists")
)

// next is the state after an action, with its control_seq; the same where nothing changes.
func next(m moment, action models.Action) (state, error) {
	s := m.state
	if action == actionCreate {
		if !s.Deleted || m.Began { // what it sent is still there under its id
			return s, errTaken
		}
		return state{Status: models.StatusDraft, Hold: models.HoldNone, Seq: s.Seq + 1}, nil
	}
	if s.Deleted {
		return s, errGone
	}
	move, err := models.NextMove(s.Status, s.Hold, action)
	if err != nil || move.Noop || action == models.ActionUpdate {
		return s, err
	}
	to := state{Status: move.Status, Hold: move.Hold, Seq: s.Seq + 1, Deleted: action == models.ActionDelete}
	if action == models.ActionBegin || action == models.ActionComplete {
		to.Seq = s.Seq // the workflow's own step
	}
	return to, nil
}

// visible is how long after the time of its commit a state may be seen for the first time: the time is taken before the
// log is flushed. Only reads without the campaign's lock can tell.
const visible = time.Second

// explains checks that an answer of the API is one that the table gives for a state which the row had while it was asked.
func (tr trace) explains(c call) error {
	switch {
	case c.status == 0:
		return nil // nobody knows what became of it
	case c.status >= 500:
		return fmt.Errorf("%v", c)
	case c.action == models.ActionStart || c.action == models.ActionSchedule:
		if strings.Contains(c.message, "stop_at must be later") {
			return nil // the machine was slow
		}
		// A time that is near may have passed when the call was judged.
		if tr.explained(c, models.ActionStart) || tr.explained(c, models.ActionSchedule) {
			return nil
		}
	case tr.explained(c, c.action):
		return nil
	}
	return fmt.Errorf("no state that the row had meanwhile explains that %v", c)
}

func (tr trace) explained(c call, action models.Action) bool {
	for i, m := range tr.moves {
		last := i == len(tr.moves)-1
		if m.At.After(c.to) || !last && tr.moves[i+1].At.Add(visible).Before(c.from) {
			continue
		}
		now := last || !tr.moves[i+1].At.Before(c.from)
		to, err := next(m, action)
		switch {
		case errors.Is(err, errGone):
			if c.status == 404 {
				return true
			}
		case errors.Is(err, errTaken):
			if c.status == 400 && strings.Contains(c.message, err.Error()) {
				return true
			}
		case !now: // all but an existence is read under the lock
		case err != nil:
			if c.status == 400 && strings.Contains(c.message, err.Error()) {
				return true
			}
		case !c.ok() || !to.Deleted && !c.state.same(to.Status, to.Hold):
		case to == m.state:
			return true
		case !last && tr.moves[i+1].state == to && !tr.moves[i+1].At.After(c.to):
			return true
		}
	}
	return false
}

// The checks themselves can fail.
func TestTraceChecks(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(1_000, 0).Add(time.Duration(ms) * time.Millisecond) }
	move := func(ms int, seq int64, status models.Status, hold models.Hold) moment {
		return moment{state: state{Status: status, Hold: hold, Seq: seq}, At: at(ms)}
	}
	draft := move(0, 0, models.StatusDraft, models.HoldNone)
	sending := move(10_000, 1, models.StatusInProgress, models.HoldNone)
	paused := move(20_000, 2, models.StatusInProgress, models.HoldPaused)
	resumed := move(30_000, 3, models.StatusInProgress, models.HoldNone)
	stopped := move(40_000, 4, models.StatusStopped, models.HoldStopped)
	gone := moment{state: state{Status: models.StatusStopped, Hold: models.HoldStopped, Seq: 5, Deleted: true}, At: at(50_000)}
	began := gone
	began.Began = true
	life := []moment{draft, sending, paused, resumed, stopped, gone}

	for ms, open := range map[int]bool{5_000: false, 10_000: true, 19_999: true, 20_000: false, 25_000: false, 30_001: true, 40_001: false, 60_000: false} {
		if err := (trace{life, []commit{{at(ms), 1}}}).barrier(); (err == nil) != open {
			t.Errorf("a commit after %d ms: %v", ms, err)
		}
	}
	again := move(60_000, 6, models.StatusDraft, models.HoldNone)
	for name, tt := range map[string]struct {
		moves []moment
		legal bool
	}{
		"a whole life, and another":      {append(slices.Clone(life), again), true},
		"another life after it had sent": {append(slices.Clone(life[:5]), began, again), false},
		"no beginning":                   {life[1:], false},
		"paused as a draft":              {[]moment{draft, paused}, false},
		"resumed after the stop":         {[]moment{draft, sending, stopped, resumed}, false},
		"a control that took no number":  {[]moment{draft, sending, move(20_000, 1, models.StatusInProgress, models.HoldPaused)}, false},
		"a number that was passed over":  {[]moment{draft, sending, move(20_000, 3, models.StatusInProgress, models.HoldPaused)}, false},
		"completed while it was paused":  {[]moment{draft, sending, paused, move(30_000, 2, models.StatusCompleted, models.HoldNone)}, false},
		"completed under a newer number": {[]moment{draft, sending, move(30_000, 2, models.StatusCompleted, models.HoldNone)}, false},
		"completed":                      {[]moment{draft, sending, move(30_000, 1, models.StatusCompleted, models.HoldNone)}, true},
	} {
		if err := (trace{moves: tt.moves}).legal(); (err == nil) != tt.legal {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, tt := range map[string]struct {
		action   models.Action
		from, to int
		status   int
		message  string
		state    state
		want     bool
	}{
		"the pause":                       {models.ActionPause, 19_000, 20_001, 201, "", paused.state, true},
		"a second pause":                  {models.ActionPause, 21_000, 22_000, 201, "", paused.state, true},
		"a pause that did nothing":        {models.ActionPause, 11_000, 12_000, 201, "", paused.state, false},
		"a pause that shows nothing":      {models.ActionPause, 19_000, 20_001, 201, "", sending.state, false},
		"a pause too late":                {models.ActionPause, 41_000, 42_000, 201, "", paused.state, false},
		"a pause refused":                 {models.ActionPause, 41_000, 42_000, 400, "campaign is stopped and can't be paused", state{}, true},
		"a pause refused early":           {models.ActionPause, 38_000, 39_000, 400, "campaign is stopped and can't be paused", state{}, false},
		"a pause refused for no reason":   {models.ActionPause, 41_000, 42_000, 400, "campaign is completed and can't be paused", state{}, false},
		"a failure":                       {models.ActionPause, 19_000, 20_001, 503, "", state{}, false},
		"a stop before":                   {models.ActionStop, 11_000, 12_000, 201, "", stopped.state, false},
		"the stop":                        {models.ActionStop, 39_999, 40_000, 201, "", stopped.state, true},
		"a second stop":                   {models.ActionStop, 40_001, 40_002, 201, "", stopped.state, true},
		"the deletion":                    {models.ActionDelete, 49_000, 50_001, 200, "", state{}, true},
		"a deletion that did nothing":     {models.ActionDelete, 43_000, 44_001, 200, "", state{}, false},
		"not found":                       {models.ActionResume, 55_000, 56_001, 404, "", state{}, true},
		"not found too early":             {models.ActionResume, 45_000, 46_001, 404, "", state{}, false},
		"a start when it was too late":    {models.ActionStart, 45_000, 46_001, 400, "campaign is stopped and can't be started", state{}, true},
		"a schedule that came as a start": {models.ActionSchedule, 9_000, 11_000, 201, "", sending.state, true},
	} {
		c := call{action: tt.action, from: at(tt.from), to: at(tt.to), status: tt.status, message: tt.message, state: tt.state}
		if err := (trace{moves: life}).explains(c); (err == nil) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
}
