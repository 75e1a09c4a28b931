package models

import "fmt"

// Status of a campaign, as clients see it.
type Status string

// The statuses (contract 8.1). A campaign is sent once: stopped and completed are final.
const (
	StatusDraft      Status = "draft"
	StatusScheduled  Status = "scheduled"
	StatusInProgress Status = "in_progress"
	StatusStopped    Status = "stopped"
	StatusCompleted  Status = "completed"
)

// Statuses lists every status in the order of a campaign's life.
var Statuses = []Status{StatusDraft, StatusScheduled, StatusInProgress, StatusStopped, StatusCompleted}

// Hold is the fence in front of every batch: a batch commits only while the campaign is in progress and held by nothing.
type Hold string

// The holds.
const (
	HoldNone    Hold = "none"
	HoldPaused  Hold = "paused"  // until a resume
	HoldStopped Hold = "stopped" // for good
)

// Action is something that is done to a campaign: by a client, a support tool, or its own workflow.
type Action string

// The actions.
const (
	ActionStart    Action = "start"    // start now
	ActionSchedule Action = "schedule" // start later, or at another time than before
	ActionBegin    Action = "begin"    // its time has come: the workflow begins to send
	ActionPause    Action = "pause"
	ActionResume   Action = "resume"
	ActionStop     Action = "stop"
	ActionExpire   Action = "expire"   // stop_at was reached
	ActionComplete Action = "complete" // the last recipient is done
	ActionUpdate   Action = "update"
	ActionDelete   Action = "delete"
)

// Actions lists every action.
var Actions = []Action{
	ActionStart, ActionSchedule, ActionBegin, ActionPause, ActionResume, ActionStop, ActionExpire, ActionComplete,
	ActionUpdate, ActionDelete,
}

// Move is what an action does to a campaign.
type Move struct {
	Status Status
	Hold   Hold
	Noop   bool // accepted, but nothing changes: no new control_seq, no event
}

var participles = map[Action]string{
	ActionStart: "started", ActionSchedule: "started", ActionBegin: "begun", ActionPause: "paused", ActionResume: "resumed",
	ActionStop: "stopped", ActionExpire: "stopped", ActionComplete: "completed", ActionUpdate: "updated", ActionDelete: "deleted",
}

// NextMove is the one table of moves: what action does to a campaign of this status and hold. The error is of
// CodeInvalid and says why the action is refused.
func NextMove(status Status, hold Hold, action Action) (Move, error) {
	stay := Move{Status: status, Hold: hold}
	noop := Move{Status: status, Hold: hold, Noop: true}
	alive := status == StatusScheduled || status == StatusInProgress
	ended := status == StatusStopped || status == StatusCompleted
	paused := hold == HoldPaused

	switch action {
	case ActionStart:
		switch {
		case status == StatusScheduled && paused:
			return stay, nil // only its times change
		case status == StatusDraft || status == StatusScheduled:
			return Move{Status: StatusInProgress, Hold: HoldNone}, nil
		}
	case ActionSchedule:
		if status == StatusDraft || status == StatusScheduled {
			return Move{Status: StatusScheduled, Hold: hold}, nil
		}
	case ActionBegin:
		if alive && !paused {
			return Move{Status: StatusInProgress, Hold: HoldNone}, nil
		}
	case ActionPause:
		if alive && paused {
			return noop, nil
		}
		if alive {
			return Move{Status: status, Hold: HoldPaused}, nil
		}
	case ActionResume:
		if alive && !paused {
			return noop, nil
		}
		if alive {
			return Move{Status: status, Hold: HoldNone}, nil
		}
	case ActionStop, ActionExpire:
		if ended {
			return noop, nil
		}
		if alive {
			return Move{Status: StatusStopped, Hold: HoldStopped}, nil
		}
	case ActionComplete:
		if status == StatusInProgress && !paused {
			return Move{Status: StatusCompleted, Hold: HoldNone}, nil
		}
	case ActionUpdate:
		if status == StatusDraft || status == StatusScheduled {
			return stay, nil
		}
	case ActionDelete:
		if status == StatusScheduled {
			return Move{Status: StatusStopped, Hold: HoldStopped}, nil // cancels the run
		}
		if status != StatusInProgress {
			return stay, nil
		}
		return Move{}, Invalid("campaign is in_progress and can't be deleted, stop it first")
	}
	if alive && paused && (action == ActionBegin || action == ActionComplete) {
		return Move{}, Invalid("campaign is paused and can't be %s", participle(action))
	}
	return Move{}, Invalid("campaign is %s and can't be %s", status, participle(action))
}

func participle(action Action) string {
	if p, ok := participles[action]; ok {
		return p
	}
	return fmt.Sprintf("moved by %q", action)
}
