package models_test

import (
	"fmt"
	"strings"
	"testing"

	"herald/models"
)

// The states a campaign can be in; TestMovesStayInTheTable shows that no other pair of status and hold comes about.
var states = []struct {
	status models.Status
	hold   models.Hold
}{
	{models.StatusDraft, models.HoldNone},
	{models.StatusScheduled, models.HoldNone}, {models.StatusScheduled, models.HoldPaused},
	{models.StatusInProgress, models.HoldNone}, {models.StatusInProgress, models.HoldPaused},
	{models.StatusStopped, models.HoldStopped},
	{models.StatusCompleted, models.HoldNone},
}

// moves is contract 8.1 written out: what each action does in each state; a refusal is its reason after 400. A noop is
// accepted and changes nothing, what stays changes something else than the state. Begin and complete are the workflow's.
const moves = `
action   | state             | outcome
start    | draft/none        | in_progress/none
start    | scheduled/none    | in_progress/none
start    | scheduled/paused  | stays
start    | in_progress/none  | 400 campaign is in_progress and can't be started
start    | in_progress/paused| 400 campaign is in_progress and can't be started
start    | stopped/stopped   | 400 campaign is stopped and can't be started
start    | completed/none    | 400 campaign is completed and can't be started

schedule | draft/none        | scheduled/none
schedule | scheduled/none    | stays
schedule | scheduled/paused  | stays
schedule | in_progress/none  | 400 campaign is in_progress and can't be started
schedule | in_progress/paused| 400 campaign is in_progress and can't be started
schedule | stopped/stopped   | 400 campaign is stopped and can't be started
schedule | completed/none    | 400 campaign is completed and can't be started

begin    | draft/none        | 400 campaign is draft and can't be begun
begin    | scheduled/none    | in_progress/none
begin    | scheduled/paused  | 400 campaign is paused and can't be begun
begin    | in_progress/none  | stays
begin    | in_progress/paused| 400 campaign is paused and can't be begun
begin    | stopped/stopped   | 400 campaign is stopped and can't be begun
begin    | completed/none    | 400 campaign is completed and can't be begun

pause    | draft/none        | 400 campaign is draft and can't be paused
pause    | scheduled/none    | scheduled/paused
pause    | scheduled/paused  | noop
pause    | in_progress/none  | in_progress/paused
pause    | in_progress/paused| noop
pause    | stopped/stopped   | 400 campaign is stopped and can't be paused
pause    | completed/none    | 400 campaign is completed and can't be paused

resume   | draft/none        | 400 campaign is draft and can't be resumed
resume   | scheduled/none    | noop
resume   | scheduled/paused  | scheduled/none
resume   | in_progress/none  | noop
resume   | in_progress/paused| in_progress/none
resume   | stopped/stopped   | 400 campaign is stopped and can't be resumed
resume   | completed/none    | 400 campaign is completed and can't be resumed

stop     | draft/none        | 400 campaign is draft and can't be stopped
stop     | scheduled/none    | stopped/stopped
stop     | scheduled/paused  | stopped/stopped
stop     | in_progress/none  | stopped/stopped
stop     | in_progress/paused| stopped/stopped
stop     | stopped/stopped   | noop
stop     | completed/none    | noop

expire   | draft/none        | 400 campaign is draft and can't be stopped
expire   | scheduled/none    | stopped/stopped
expire   | scheduled/paused  | stopped/stopped
expire   | in_progress/none  | stopped/stopped
expire   | in_progress/paused| stopped/stopped
expire   | stopped/stopped   | noop
expire   | completed/none    | noop

complete | draft/none        | 400 campaign is draft and can't be completed
complete | scheduled/none    | 400 campaign is scheduled and can't be completed
complete | scheduled/paused  | 400 campaign is paused and can't be completed
complete | in_progress/none  | completed/none
complete | in_progress/paused| 400 campaign is paused and can't be completed
complete | stopped/stopped   | 400 campaign is stopped and can't be completed
complete | completed/none    | 400 campaign is completed and can't be completed

update   | draft/none        | stays
update   | scheduled/none    | stays
update   | scheduled/paused  | stays
update   | in_progress/none  | 400 campaign is in_progress and can't be updated
update   | in_progress/paused| 400 campaign is in_progress and can't be updated
update   | stopped/stopped   | 400 campaign is stopped and can't be updated
update   | completed/none    | 400 campaign is completed and can't be updated

delete   | draft/none        | stays
delete   | scheduled/none    | stopped/stopped
delete   | scheduled/paused  | stopped/stopped
delete   | in_progress/none  | 400 campaign is in_progress and can't be deleted, stop it first
delete   | in_progress/paused| 400 campaign is in_progress and can't be deleted, stop it first
delete   | stopped/stopped   | stays
delete   | completed/none    | stays
`

func stateName(status models.Status, hold models.Hold) string {
	return fmt.Sprintf("%s/%s", status, hold)
}

// outcome puts what NextMove says in the words of the table.
func outcome(status models.Status, hold models.Hold, action models.Action) string {
	move, err := models.NextMove(status, hold, action)
	switch {
	case err != nil && models.ErrorCode(err) == models.CodeInvalid:
		return "400 " + err.Error()
	case err != nil:
		return err.Error()
	case move.Noop:
		return "noop"
	case move.Status == status && move.Hold == hold:
		return "stays"
	default:
		return stateName(move.Status, move.Hold)
	}
}

func TestEveryMove(t *testing.T) {
	want := map[string]string{}
	for line := range strings.Lines(moves) {
		if cells := strings.Split(strings.TrimSpace(line), "|"); len(cells) == 3 {
			want[strings.TrimSpace(cells[0])+" of "+strings.TrimSpace(cells[1])] = strings.TrimSpace(cells[2])
		}
	}
	for _, action := range models.Actions {
		for _, s := range states {
			pair := fmt.Sprintf("%s of %s", action, stateName(s.status, s.hold))
			got := outcome(s.status, s.hold, action)
			t.Logf("%-32s %s", pair, got)
			if got != want[pair] {
				t.Errorf("%s: %s, want %s", pair, got, want[pair])
			}
		}
	}
}

func TestMovesStayInTheTable(t *testing.T) {
	known := map[string]bool{}
	for _, s := range states {
		known[stateName(s.status, s.hold)] = true
	}
	for _, action := range models.Actions {
		for _, s := range states {
			move, err := models.NextMove(s.status, s.hold, action)
			if err == nil && !known[stateName(move.Status, move.Hold)] {
				t.Errorf("%s of %s leads to %s", action, stateName(s.status, s.hold), stateName(move.Status, move.Hold))
			}
			if err == nil && move.Noop && (move.Status != s.status || move.Hold != s.hold) {
				t.Errorf("%s of %s is said to change nothing and leads to %s", action, stateName(s.status, s.hold), stateName(move.Status, move.Hold))
			}
		}
	}
}

func TestUnknownActionIsRefused(t *testing.T) {
	for _, s := range states {
		if move, err := models.NextMove(s.status, s.hold, "explode"); models.ErrorCode(err) != models.CodeInvalid {
			t.Errorf("explode of %s: %+v, %v", stateName(s.status, s.hold), move, err)
		}
	}
}
