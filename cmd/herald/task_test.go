package main

import (
	"net/http"
	"syscall"
	"testing"
	"time"

	"go.temporal.io/sdk/client"

	"herald/models"
	"herald/models/store"
	"herald/workflows"
)

// What a request began and did not wait for is done whatever is killed, lost or ended meanwhile.
func TestTasks(t *testing.T) {
	const users = 2000
	s := startStack(t, t.TempDir(), nil)
	s.seedUsers(users)
	temporal, err := client.Dial(client.Options{HostPort: s.TemporalAddress, Namespace: s.TemporalNamespace})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(temporal.Close)
	db, err := store.Open(t.Context(), s.DatabaseURL, store.Options{MaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	everything := func(ids ...string) models.UserDeletion {
		return models.UserDeletion{UserIDs: ids, User: models.DeleteHard, Messages: models.DeleteHard, Conversations: models.DeleteHard}
	}

	t.Run("the sender of a campaign is erased, and the worker killed on the way", func(t *testing.T) {
		s := s.in(t)
		id := s.campaign(map[string]any{"segment_ids": []string{s.segment(map[string]any{"type": "user", "filter": map[string]any{"half": map[string]any{"$in": []int{0, 1}}}})}})
		s.start(id)
		before := s.completed(id, users, time.Minute)["stats"]
		task := s.call(http.StatusCreated, http.MethodPost, "/users/delete", map[string]any{
			"user_ids": []string{"shop"}, "user": "hard", "messages": "hard", "conversations": "hard"})["task_id"].(string)
		s.eventually("some channels to be gone", time.Minute, func() bool { n := s.count("channels"); return n > 0 && n < users })
		if err := syscall.Kill(s.Pids.Worker[0], syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		left := s.count("channels")
		s.ended(task, "completed")
		t.Logf("killed when %d of %d channels were left", left, users)
		for _, table := range []string{"channels", "channel_members", "messages WHERE type <> 'erased'", "users WHERE id = 'shop'"} {
			if n := s.count(table); n != 0 {
				t.Errorf("%d rows are left of %s", n, table)
			}
		}
		campaign := s.get(id)
		for key, want := range before.(map[string]any) {
			if got := campaign["stats"].(map[string]any)[key]; got != want {
				t.Errorf("%s became %v, was %v", key, got, want)
			}
		}
		s.seedUsers(users) // and with it the shop, for the others
	})

	t.Run("a start that was lost", func(t *testing.T) {
		s := s.in(t)
		_, task, err := db.DeleteUsers(t.Context(), s.app(), everything("u00001"))
		if err != nil {
			t.Fatal(err)
		}
		s.reconcilesTask(temporal, task.ID, "completed")
		if n := s.count("users WHERE id = 'u00001'"); n != 0 {
			t.Error("the user is still there")
		}
	})

	t.Run("ended by hand", func(t *testing.T) {
		s := s.in(t)
		_, task, err := db.DeleteUsers(t.Context(), s.app(), everything("u00002"))
		if err != nil {
			t.Fatal(err)
		}
		// Nobody can do it, so that it is still at work when it is ended.
		if _, err := s.db.Exec(t.Context(), "UPDATE tasks SET kind = 'unheard_of' WHERE id = $1", task.ID); err != nil {
			t.Fatal(err)
		}
		if err := (workflows.Launcher{Client: temporal}).StartTask(t.Context(), task); err != nil {
			t.Fatal(err)
		}
		if err := temporal.TerminateWorkflow(t.Context(), workflows.TaskWorkflowID(s.app(), task.ID), "", "by hand"); err != nil {
			t.Fatal(err)
		}
		failed := s.reconcilesTask(temporal, task.ID, "failed")["error"].(map[string]any)
		if failed["type"] != "workflow_ended" || failed["description"] == "" {
			t.Errorf("the error is %v", failed)
		}
	})
}

// app is the one app of the stack.
func (s *stack) app() int64 {
	s.t.Helper()
	var pk int64
	if err := s.db.QueryRow(s.t.Context(), "SELECT app_pk FROM apps").Scan(&pk); err != nil {
		s.t.Fatal(err)
	}
	return pk
}

// count gives the number of rows of a table.
func (s *stack) count(table string) int {
	s.t.Helper()
	var n int
	if err := s.db.QueryRow(s.t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// ended waits until a task has a status other than pending, and gives what GetTask answers then.
func (s *stack) ended(id, status string) map[string]any {
	s.t.Helper()
	var task map[string]any
	s.eventually("task "+id+" to end", 2*time.Minute, func() bool {
		task = s.call(http.StatusOK, http.MethodGet, "/tasks/"+id, nil)
		return task["status"] != "pending"
	})
	if task["status"] != status {
		s.t.Errorf("task %v", task)
	}
	return task
}

// reconcilesTask has the reconciler run, as if the task had been left alone for its grace, and waits for the task's end.
func (s *stack) reconcilesTask(temporal client.Client, id, status string) map[string]any {
	s.t.Helper()
	if _, err := s.db.Exec(s.t.Context(), "UPDATE tasks SET updated_at = updated_at - interval '1 minute' WHERE id = $1", id); err != nil {
		s.t.Fatal(err)
	}
	schedule := temporal.ScheduleClient().GetHandle(s.t.Context(), workflows.ReconcileScheduleID)
	var triggered time.Time
	s.eventually("the reconciler to see to task "+id, time.Minute, func() bool {
		if time.Since(triggered) > time.Second { // a run that is under way makes the next one be skipped
			triggered = time.Now()
			if err := schedule.Trigger(s.t.Context(), client.ScheduleTriggerOptions{}); err != nil {
				s.t.Logf("the reconciler was not triggered: %v", err) // a worker that has just started has not made the schedule yet
			}
		}
		return s.call(http.StatusOK, http.MethodGet, "/tasks/"+id, nil)["status"] != "pending"
	})
	return s.ended(id, status)
}
