package store_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"herald/models"
	"herald/models/store"
)

func TestMovesAreNotedWithTheirCause(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.draft("other")
	w.control("other", models.ActionStart)
	w.draft("c")
	at := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	do := func(action models.Action, cause models.Cause) models.Campaign {
		t.Helper()
		c, _, err := w.Control(t.Context(), w.app, "c", store.Control{Action: action, ScheduledFor: &at, Cause: cause})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	ann := models.Cause{Via: models.ViaAPI, By: "ann", Reason: "too early"}
	support := models.Cause{Via: models.ViaSignal, By: "support"}
	herald := models.Cause{Via: models.ViaHerald}
	do(models.ActionSchedule, models.Cause{Via: models.ViaAPI})
	if gone := do(models.ActionDelete, ann); gone.HeldBy != "ann" || gone.HoldReason != "too early" {
		t.Errorf("deleted for %q by %q", gone.HoldReason, gone.HeldBy)
	}
	c := w.draft("c") // the id is free again; the moves of the deleted one are not this one's
	first := c.ControlSeq + 1
	do(models.ActionStart, ann)
	do(models.ActionBegin, herald)
	do(models.ActionBegin, herald) // its answer was lost
	do(models.ActionPause, support)
	do(models.ActionPause, ann) // changes nothing
	if _, _, err := w.Control(t.Context(), w.app, "c", store.Control{Action: models.ActionUpdate}); err == nil {
		t.Error("a running campaign was updated")
	}
	do(models.ActionResume, models.Cause{Via: models.ViaAPI})
	do(models.ActionComplete, herald)

	got, err := w.CampaignMoves(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	want := []models.CampaignMove{
		{ControlSeq: first, Action: models.ActionStart, Cause: ann},
		{ControlSeq: first, Action: models.ActionBegin, Cause: herald},
		{ControlSeq: first + 1, Action: models.ActionPause, Cause: support},
		{ControlSeq: first + 2, Action: models.ActionResume, Cause: models.Cause{Via: models.ViaAPI}},
		{ControlSeq: first + 2, Action: models.ActionComplete, Cause: herald},
	}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(models.CampaignMove{}, "MovedAt")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i := 1; i < len(got); i++ {
		if got[i].MovedAt.Before(got[i-1].MovedAt) {
			t.Errorf("move %d was made at %v, before the one before it", i, got[i].MovedAt)
		}
	}
}
