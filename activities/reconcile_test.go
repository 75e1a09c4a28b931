package activities_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/activities"
	"herald/models"
	"herald/workflows"
)

// reconcile runs the activity as the first run of the schedule would.
func (w *world) reconcile() workflows.ReconcileResult {
	w.t.Helper()
	return ran[workflows.ReconcileResult](w, workflows.ActivityReconcile, workflows.ReconcileInput{})
}

func (w *world) startedFor(ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		w.started(id, func(c *models.Campaign) { c.UserIDs = []string{"ann"} })
	}
}

func (w *world) acknowledge(ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		if err := w.Acknowledge(w.t.Context(), w.app, id, w.read(id).ControlSeq); err != nil {
			w.t.Fatal(err)
		}
	}
}

// age makes campaigns look as if they had not been changed for a while.
func (w *world) age(ids ...string) {
	w.t.Helper()
	w.exec(`UPDATE campaigns SET updated_at = updated_at - interval '1 minute' WHERE id = ANY($1)`, ids)
}

func (w *world) acked(id string) int64 {
	w.t.Helper()
	return query[int64](w, `SELECT acked_seq FROM campaign_controls WHERE app_pk = $1 AND campaign_id = $2`, w.app, id)[0]
}

var errNobody = fmt.Errorf("signal: %w", workflows.ErrNotRunning)

func TestReconcileRepeatsWhatWasLost(t *testing.T) {
	w := newWorld(t)
	w.startedFor("fresh", "acked", "running", "paused", "lost", "stopped", "closed", "broken")
	w.acknowledge("acked")
	w.launcher.standing["acked"] = workflows.ExecutionRunning
	w.control("paused", models.ActionPause)
	w.control("stopped", models.ActionStop)
	w.control("closed", models.ActionStop)
	w.age("acked", "running", "paused", "lost", "stopped", "closed", "broken")
	w.age("broken") // it comes first, and must hold nobody back
	w.launcher.errors["broken"] = errors.New("history is full")
	w.launcher.errors["lost"], w.launcher.standing["lost"] = errNobody, workflows.ExecutionUnknown
	w.launcher.errors["closed"] = errNobody
	if diff := cmp.Diff(workflows.ReconcileResult{Repeated: 3, Started: 1, Failed: 1}, w.reconcile()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	want := []told{
		{"resume", "broken", 1}, {"resume", "lost", 1}, {"resume", "running", 1}, {"start", "lost", 1},
		{"pause", "paused", 2}, {"stop", "closed", 2}, {"stop", "stopped", 2},
	}
	if diff := cmp.Diff(sortedCalls(want), sortedCalls(w.launcher.calls)); diff != "" {
		t.Errorf("the launcher was told (-want +got):\n%s", diff)
	}
	// Nobody is left to tell of the closed one.
	w.launcher.calls = nil
	delete(w.launcher.errors, "broken")
	if diff := cmp.Diff(workflows.ReconcileResult{Repeated: 4, Started: 1}, w.reconcile()); diff != "" {
		t.Errorf("again (-want +got):\n%s", diff)
	}
	for _, call := range w.launcher.calls {
		if call.ID == "closed" {
			t.Errorf("told again: %+v", call)
		}
	}
}

// However the campaign came to have no workflow, the row follows whoever ended it, and is helped where nobody did.
func TestReconcileAsksAfterWorkflows(t *testing.T) {
	w := newWorld(t)
	for name, lose := range map[string]func(w *world){
		"all acknowledged":      func(w *world) { w.acknowledge("c") },
		"and the start is lost": func(w *world) { w.launcher.errors["c"] = errNobody },
		"and a pause is lost": func(w *world) {
			w.acknowledge("c")
			w.control("c", models.ActionPause)
			w.launcher.errors["c"] = errNobody
		},
	} {
		for standing, closed := range map[workflows.ExecutionStatus]bool{
			workflows.ExecutionTerminated: true, workflows.ExecutionFailed: true, workflows.ExecutionTimedOut: true, workflows.ExecutionCanceled: true,
			workflows.ExecutionCompleted: false, workflows.ExecutionUnknown: false, workflows.ExecutionRunning: false,
		} {
			t.Run(fmt.Sprintf("%s, %s", standing, name), func(t *testing.T) {
				w.reset(t)
				w.launcher.errors, w.launcher.calls = map[string]error{}, nil
				w.startedFor("c")
				lose(w)
				w.age("c")
				before := w.read("c")
				w.launcher.standing["c"] = standing
				want := workflows.ReconcileResult{}
				switch {
				case closed:
					want.Closed = []workflows.ClosedCampaign{{Ref: ref(before), Workflow: standing}}
				case standing != workflows.ExecutionRunning:
					want.Started = 1
				}
				if diff := cmp.Diff(want, w.reconcile()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				row := w.read("c")
				if !closed {
					if diff := cmp.Diff(before, row); diff != "" {
						t.Errorf("the row changed:\n%s", diff)
					}
					return
				}
				if row.Status != models.StatusStopped || row.Hold != models.HoldStopped || row.ControlSeq != before.ControlSeq+1 || row.HoldReason != "workflow_"+string(standing) || w.acked("c") != row.ControlSeq {
					t.Errorf("row is %+v, acknowledged %d", row.State(), w.acked("c"))
				}
				if diff := cmp.Diff(workflows.ReconcileResult{}, w.reconcile()); diff != "" {
					t.Errorf("again:\n%s", diff)
				}
			})
		}
	}
}

// Between reading the row and writing it, everything may happen.
func TestReconcileYieldsToWhatCameBetween(t *testing.T) {
	w := newWorld(t)
	for name, tt := range map[string]struct {
		standing workflows.ExecutionStatus
		between  func(w *world)
		want     workflows.ReconcileResult
	}{
		"paused meanwhile":              {workflows.ExecutionTerminated, func(w *world) { w.control("c", models.ActionPause) }, workflows.ReconcileResult{}},
		"stopped meanwhile":             {workflows.ExecutionTerminated, func(w *world) { w.control("c", models.ActionStop) }, workflows.ReconcileResult{}},
		"deleted meanwhile":             {workflows.ExecutionTerminated, func(w *world) { w.control("c", models.ActionStop); w.control("c", models.ActionDelete) }, workflows.ReconcileResult{}},
		"stopped before the new start":  {workflows.ExecutionUnknown, func(w *world) { w.control("c", models.ActionStop) }, workflows.ReconcileResult{}},
		"deleted before the new start":  {workflows.ExecutionUnknown, func(w *world) { w.control("c", models.ActionStop); w.control("c", models.ActionDelete) }, workflows.ReconcileResult{}},
		"paused before the new start":   {workflows.ExecutionUnknown, func(w *world) { w.control("c", models.ActionPause) }, workflows.ReconcileResult{Started: 1}},
		"Temporal does not answer this": {"", func(*world) {}, workflows.ReconcileResult{Failed: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			w.reset(t)
			w.launcher.calls, w.launcher.asked, w.launcher.standing = nil, nil, map[string]workflows.ExecutionStatus{}
			if tt.standing != "" {
				w.launcher.standing["c"] = tt.standing
			}
			w.startedFor("c")
			w.acknowledge("c")
			w.age("c")
			w.launcher.asked = func(models.Campaign) { tt.between(w) }
			if diff := cmp.Diff(tt.want, w.reconcile()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			for _, call := range w.launcher.calls {
				if call.What != "start" || call.Seq != 2 {
					t.Errorf("told %+v", call)
				}
			}
		})
	}
}

// portions is a store that gives the reconciler so few campaigns at a time.
type portions struct {
	activities.Store
	size int
}

func (p portions) Acknowledged(ctx context.Context, after models.Position, grace time.Duration, limit int) ([]models.Campaign, error) {
	c, err := p.Store.Acknowledged(ctx, after, grace, p.size)
	// The rest of a full portion is made up of what was given already.
	if len(c) == p.size {
		c = append(slices.Repeat(c[:1], limit-p.size), c...)
	}
	return c, err
}

func TestReconcileTakesTurns(t *testing.T) {
	w := newWorld(t)
	ids := strings.Fields("a b c d e")
	w.startedFor(ids...)
	w.acknowledge(ids...)
	w.age(ids...)
	for _, id := range ids {
		w.launcher.standing[id] = workflows.ExecutionRunning
	}
	asked := map[string]bool{}
	var mu sync.Mutex
	w.launcher.asked = func(c models.Campaign) { mu.Lock(); defer mu.Unlock(); asked[c.ID] = true }
	w.restart(func(cfg *activities.Config) { cfg.Store = portions{w.hooks, 2} })
	var in workflows.ReconcileInput
	for _, want := range []string{"a b", "c d", "e", "a b"} {
		clear(asked)
		res := ran[workflows.ReconcileResult](w, workflows.ActivityReconcile, in)
		in.After = res.Next
		wanted := map[string]bool{}
		for _, id := range strings.Fields(want) {
			wanted[id] = true
		}
		if diff := cmp.Diff(wanted, asked); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	if (in.After == models.Position{}) {
		t.Error("the full portion is the last one")
	}
}

// What one outage of Temporal has lost is more than is read at a time.
func TestReconcileRepeatsEverythingThatWasLost(t *testing.T) {
	w := newWorld(t)
	const lost = 230
	w.exec(`
		INSERT INTO campaigns (app_pk, id, sender_id, message_template, target, status, control_seq, user_ids, created_at, updated_at)
		SELECT $1, 'c' || lpad(i::text, 3, '0'), 'boss', '{"text": "Hi"}', 'user', 'in_progress', 1, '{ann}', now(), date_trunc('hour', now()) - interval '1 hour'
		FROM generate_series(0, $2 - 1) AS i`, w.app, lost)
	if diff := cmp.Diff(workflows.ReconcileResult{Repeated: lost}, w.reconcile()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	told := sortedCalls(w.launcher.calls)
	for i, call := range told {
		if want := fmt.Sprintf("c%03d", i); call.ID != want {
			t.Fatalf("call %d of %d went to %s, want %s", i, len(told), call.ID, want)
		}
	}
}
