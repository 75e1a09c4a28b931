package models_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"herald/models"
)

// What each accepted change of a campaign that has not begun to send tells of (contract 14.2).
const moveEvents = `
action   | before            | after             | events
start    | draft/none        | in_progress/none  | updated
start    | scheduled/none    | in_progress/none  | updated
start    | scheduled/paused  | scheduled/paused  | scheduled updated
schedule | draft/none        | scheduled/none    | scheduled updated
schedule | scheduled/none    | scheduled/none    | scheduled updated
schedule | scheduled/paused  | scheduled/paused  | scheduled updated
begin    | scheduled/none    | in_progress/none  | started updated
begin    | scheduled/none    | in_progress/paused| started paused updated
begin    | in_progress/none  | in_progress/none  | started updated
begin    | in_progress/none  | in_progress/paused| started paused updated
pause    | scheduled/none    | scheduled/paused  | paused updated
pause    | in_progress/none  | in_progress/paused| paused updated
resume   | scheduled/paused  | scheduled/none    | resumed updated
resume   | in_progress/paused| in_progress/none  | resumed updated
stop     | scheduled/none    | stopped/stopped   | stopped updated
stop     | scheduled/paused  | stopped/stopped   | stopped updated
stop     | in_progress/none  | stopped/stopped   | stopped updated
stop     | in_progress/paused| stopped/stopped   | stopped updated
expire   | scheduled/none    | stopped/stopped   | stopped updated
expire   | scheduled/paused  | stopped/stopped   | stopped updated
expire   | in_progress/none  | stopped/stopped   | stopped updated
expire   | in_progress/paused| stopped/stopped   | stopped updated
complete | in_progress/none  | completed/none    | completed updated
update   | draft/none        | draft/none        | updated
update   | scheduled/none    | scheduled/none    | updated
update   | scheduled/paused  | scheduled/paused  | updated
delete   | draft/none        | draft/none        | deleted
delete   | scheduled/none    | stopped/stopped   | deleted
delete   | scheduled/paused  | stopped/stopped   | deleted
delete   | stopped/stopped   | stopped/stopped   | deleted
delete   | completed/none    | completed/none    | deleted
`

func eventNames(events []models.EventType) string {
	names := make([]string, len(events))
	for i, e := range events {
		names[i] = strings.TrimPrefix(string(e), "campaign.")
	}
	return strings.Join(names, " ")
}

// The table has every pair of states that an accepted action that is no noop leads from and to.
func TestMoveEvents(t *testing.T) {
	want := map[string]string{}
	for line := range strings.Lines(moveEvents) {
		if cells := strings.Split(strings.TrimSpace(line), "|"); len(cells) == 4 {
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			want[strings.Join(cells[:3], " ")] = cells[3]
		}
	}
	for _, action := range models.Actions {
		for _, s := range states {
			move, err := models.NextMove(s.status, s.hold, action)
			if err != nil || move.Noop {
				continue
			}
			holds := []models.Hold{move.Hold}
			if action == models.ActionBegin { // it may find a reason to hold
				holds = append(holds, models.HoldPaused)
			}
			for _, hold := range holds {
				before, after := models.Campaign{Status: s.status, Hold: s.hold}, models.Campaign{Status: move.Status, Hold: hold}
				change := fmt.Sprintf("%s %s %s", action, stateName(s.status, s.hold), stateName(move.Status, hold))
				if got := eventNames(models.MoveEvents(action, before, after)); want[change] == "" || got != want[change] {
					t.Errorf("%s: %q, want %q", change, got, want[change])
				}
			}
		}
	}
}

// A begin whose answer was lost is repeated: only what it changes then is told.
func TestMoveEventsOfARepeatedBegin(t *testing.T) {
	began := models.Campaign{Status: models.StatusInProgress, Hold: models.HoldNone, StartedAt: new(time.Time)}
	held := began
	held.Hold = models.HoldPaused
	if got := eventNames(models.MoveEvents(models.ActionBegin, began, began)); got != "" {
		t.Errorf("nothing has changed and %q is told", got)
	}
	if got := eventNames(models.MoveEvents(models.ActionBegin, began, held)); got != "paused updated" {
		t.Errorf("a hold tells %q", got)
	}
}
