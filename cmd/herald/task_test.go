package main

import (
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/client"

	"herald/models"
	"herald/workflows"
)

// What a request began and did not wait for is done whatever is killed, lost or ended meanwhile.
func TestTasks(t *testing.T) {
	const users = 2000
	s := startStack(t, t.TempDir(), nil)
	s.seedUsers(users)
	g := newGaps(s)
	everything := func(ids ...string) models.UserDeletion {
		return models.UserDeletion{UserIDs: ids, User: models.DeleteHard, Messages: models.DeleteHard, Conversations: models.DeleteHard}
	}

	t.Run("the sender of a campaign is erased, and the worker killed on the way", func(t *testing.T) {
		g := g.in(t)
		id := g.campaign(map[string]any{"segment_ids": []string{g.segment(map[string]any{"type": "user", "filter": map[string]any{"half": map[string]any{"$in": []int{0, 1}}}})}})
		g.start(id)
		before := g.completed(id, users, time.Minute)["stats"]
		recipients := g.call(http.StatusOK, http.MethodGet, "/campaigns/"+id+"/recipients", nil)["recipients"]
		task := g.call(http.StatusCreated, http.MethodPost, "/users/delete", map[string]any{
			"user_ids": []string{"shop"}, "user": "hard", "messages": "hard", "conversations": "hard"})["task_id"].(string)
		g.eventually("some channels to be gone", time.Minute, func() bool { n := g.count("channels"); return n > 0 && n < users })
		if err := g.Signal("worker-1", syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		left := g.count("channels")
		g.ended(task, "completed")
		t.Logf("killed when %d of %d channels were left", left, users)
		for _, table := range []string{"channels", "channel_members", "messages WHERE type <> 'erased'", "users WHERE id = 'shop'"} {
			if n := g.count(table); n != 0 {
				t.Errorf("%d rows are left of %s", n, table)
			}
		}
		if diff := cmp.Diff(before, g.get(id)["stats"]); diff != "" {
			t.Errorf("the stats changed:\n%s", diff)
		}
		if diff := cmp.Diff(recipients, g.call(http.StatusOK, http.MethodGet, "/campaigns/"+id+"/recipients", nil)["recipients"]); diff != "" {
			t.Errorf("the recipients changed:\n%s", diff)
		}
		g.seedUsers(users) // and with it the shop, for the others
	})

	t.Run("a start that was lost", func(t *testing.T) {
		g := g.in(t)
		_, task, err := g.store.DeleteUsers(t.Context(), g.app, everything("u00001"))
		if err != nil {
			t.Fatal(err)
		}
		g.reconcilesTask(task.ID, "completed")
		if n := g.count("users WHERE id = 'u00001'"); n != 0 {
			t.Error("the user is still there")
		}
	})

	t.Run("ended by hand", func(t *testing.T) {
		g := g.in(t)
		_, task, err := g.store.DeleteUsers(t.Context(), g.app, everything("u00002"))
		if err != nil {
			t.Fatal(err)
		}
		// Nobody can do it, so that it is still at work when it is ended.
		if _, err := g.DB.Exec(t.Context(), "UPDATE tasks SET kind = 'unheard_of' WHERE id = $1", task.ID); err != nil {
			t.Fatal(err)
		}
		if err := (workflows.Launcher{Client: g.client}).StartTask(t.Context(), task); err != nil {
			t.Fatal(err)
		}
		if err := g.client.TerminateWorkflow(t.Context(), workflows.TaskWorkflowID(g.app, task.ID), "", "by hand"); err != nil {
			t.Fatal(err)
		}
		failed := g.reconcilesTask(task.ID, "failed")["error"].(map[string]any)
		if failed["type"] != "workflow_ended" || failed["description"] == "" {
			t.Errorf("the error is %v", failed)
		}
	})
}

// count gives the number of rows of a table.
func (g *gaps) count(table string) int {
	g.t.Helper()
	var n int
	if err := g.DB.QueryRow(g.t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		g.t.Fatal(err)
	}
	return n
}

// ended waits until a task has a status other than pending, and gives what GetTask answers then.
func (g *gaps) ended(id, status string) map[string]any {
	g.t.Helper()
	var task map[string]any
	g.eventually("task "+id+" to end", 2*time.Minute, func() bool {
		task = g.call(http.StatusOK, http.MethodGet, "/tasks/"+id, nil)
		return task["status"] != "pending"
	})
	if task["status"] != status {
		g.t.Errorf("task %v", task)
	}
	return task
}

// reconcilesTask has the reconciler run, as if the task had been left alone for its grace, and waits for the task's end.
func (g *gaps) reconcilesTask(id, status string) map[string]any {
	g.t.Helper()
	if _, err := g.DB.Exec(g.t.Context(), "UPDATE tasks SET updated_at = updated_at - interval '1 minute' WHERE id = $1", id); err != nil {
		g.t.Fatal(err)
	}
	schedule := g.client.ScheduleClient().GetHandle(g.t.Context(), workflows.ReconcileScheduleID)
	var triggered time.Time
	g.eventually("the reconciler to see to task "+id, time.Minute, func() bool {
		if time.Since(triggered) > time.Second { // a run that is under way makes the next one be skipped
			triggered = time.Now()
			if err := schedule.Trigger(g.t.Context(), client.ScheduleTriggerOptions{}); err != nil {
				g.t.Logf("the reconciler was not triggered: %v", err) // a worker that has just started has not made the schedule yet
			}
		}
		return g.call(http.StatusOK, http.MethodGet, "/tasks/"+id, nil)["status"] != "pending"
	})
	return g.ended(id, status)
}
