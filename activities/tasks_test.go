package activities_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.temporal.io/sdk/testsuite"

	"herald/activities"
	"herald/models"
	"herald/workflows"
)

func (w *world) task(id string) models.Task {
	w.t.Helper()
	task, err := w.Task(w.t.Context(), w.app, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return task
}

// deleting has users deleted, and gives the task for what is left to do.
func (w *world) deleting(d models.UserDeletion) models.Task {
	w.t.Helper()
	_, task, err := w.DeleteUsers(w.t.Context(), w.app, d)
	if err != nil {
		w.t.Fatal(err)
	}
	return task
}

func inputOf(task models.Task) workflows.TaskInput {
	return workflows.TaskInput{AppPK: task.AppPK, TaskID: task.ID, Kind: task.Kind}
}

func TestRunTask(t *testing.T) {
	w := newWorld(t)
	w.ids("ann", "bob")
	w.channel("messaging:x", "ann", "bob")
	w.channel("messaging:y", "ann", "bob")
	users := w.deleting(models.UserDeletion{UserIDs: []string{"ann"}, User: models.DeleteHard, Messages: models.DeleteHard, Conversations: models.DeleteHard})
	_, channels, err := w.DeleteChannels(t.Context(), w.app, []string{"messaging:x"}, true)
	if err != nil {
		t.Fatal(err)
	}
	if users.Status != models.TaskPending || channels.Status != models.TaskPending {
		t.Fatalf("tasks %+v, %+v", users, channels)
	}
	for task, result := range map[*models.Task]string{&users: `{"ann": {"status": "ok"}}`, &channels: `{"messaging:x": {"status": "ok"}}`} {
		for range 2 { // as after a crash in the end
			if _, err := run[any](w, workflows.ActivityRunTask, inputOf(*task)); err != nil {
				t.Fatal(err)
			}
			if got := w.task(task.ID); got.Status != models.TaskCompleted || string(got.Result) != result || !got.CreatedAt.Equal(task.CreatedAt) {
				t.Errorf("task %+v with the result %s", got, got.Result)
			}
		}
	}
	if diff := cmp.Diff([]string{"messaging:y bob"}, query[string](w, `SELECT cid || ' ' || user_id FROM channel_members`)); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"bob", "boss"}, query[string](w, `SELECT id FROM users ORDER BY id`)); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
}

func TestRunTaskLeavesTheEndedAlone(t *testing.T) {
	w := newWorld(t)
	w.ids("ann")
	w.channel("messaging:x", "ann")
	task := w.deleting(models.UserDeletion{UserIDs: []string{"ann"}, User: models.DeleteHard})
	if err := w.FailTask(t.Context(), w.app, task.ID, "ended", "by hand"); err != nil {
		t.Fatal(err)
	}
	for _, in := range []workflows.TaskInput{inputOf(task), {AppPK: w.app, TaskID: "unknown"}} {
		if _, err := run[any](w, workflows.ActivityRunTask, in); err != nil {
			t.Errorf("%+v: %v", in, err)
		}
	}
	if n := query[int](w, `SELECT count(*) FROM channel_members`); n[0] != 1 {
		t.Error("a failed task was carried out")
	}
}

// A kind of task that only a newer version knows waits for a worker of that version.
func TestRunTaskOfANewerVersion(t *testing.T) {
	w := newWorld(t)
	w.ids("ann")
	task := w.deleting(models.UserDeletion{UserIDs: []string{"ann"}, User: models.DeleteHard})
	w.exec(`UPDATE tasks SET kind = 'dance'`)
	if _, err := run[any](w, workflows.ActivityRunTask, inputOf(task)); err == nil || !strings.Contains(err.Error(), "dance") {
		t.Errorf("error %v", err)
	}
	if got := w.task(task.ID); got.Status != models.TaskPending {
		t.Errorf("task %+v", got)
	}
}

// blocked is a store whose deletions take until their context ends.
type blocked struct {
	activities.Store
	begun chan struct{}
}

func (b blocked) FinishDeletingUsers(ctx context.Context, _ int64, _ models.UserDeletion, _ time.Time) error {
	close(b.begun)
	<-ctx.Done()
	return ctx.Err()
}

// A worker that stops leaves a long task to another one.
func TestRunTaskEndsWithTheWorker(t *testing.T) {
	w := newWorld(t)
	w.ids("ann")
	task := w.deleting(models.UserDeletion{UserIDs: []string{"ann"}, User: models.DeleteHard})
	store := blocked{w.hooks, make(chan struct{})}
	w.restart(func(cfg *activities.Config) { cfg.Store = store })
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(quiet{})
	env := suite.NewTestActivityEnvironment()
	w.acts.RegisterSteps(env)
	stop := make(chan struct{})
	env.SetWorkerStopChannel(stop)
	go func() {
		<-store.begun
		close(stop)
	}()
	if _, err := env.ExecuteActivity(workflows.ActivityRunTask, inputOf(task)); err == nil {
		t.Error("the task ended as if it were done")
	}
	if got := w.task(task.ID); got.Status != models.TaskPending {
		t.Errorf("task %+v", got)
	}
}

func TestReconcileTasks(t *testing.T) {
	w := newWorld(t)
	w.ids("ann")
	for standing, want := range map[workflows.ExecutionStatus]workflows.ReconcileResult{
		workflows.ExecutionRunning:    {},
		workflows.ExecutionUnknown:    {TasksStarted: 1},
		workflows.ExecutionCompleted:  {TasksStarted: 1},
		workflows.ExecutionTerminated: {TasksFailed: 1},
		workflows.ExecutionFailed:     {TasksFailed: 1},
		workflows.ExecutionCanceled:   {TasksFailed: 1},
		workflows.ExecutionTimedOut:   {TasksFailed: 1},
		"":                            {Failed: 1},
		"start fails":                 {Failed: 1},
	} {
		t.Run(string(standing), func(t *testing.T) {
			w.t = t
			w.exec(`TRUNCATE tasks`)
			w.launcher.calls, w.launcher.errors, w.launcher.standing = nil, map[string]error{}, map[string]workflows.ExecutionStatus{}
			task := w.deleting(models.UserDeletion{UserIDs: []string{"ann"}, User: models.DeleteHard})
			switch standing {
			case "":
			case "start fails":
				w.launcher.standing[task.ID], w.launcher.errors[task.ID] = workflows.ExecutionUnknown, errors.New("connection refused")
			default:
				w.launcher.standing[task.ID] = standing
			}
			if diff := cmp.Diff(workflows.ReconcileResult{}, w.reconcile()); diff != "" {
				t.Errorf("before its grace has passed:\n%s", diff)
			}
			w.exec(`UPDATE tasks SET updated_at = updated_at - interval '1 minute'`)
			if diff := cmp.Diff(want, w.reconcile()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			var calls []told
			if want.TasksStarted > 0 || standing == "start fails" {
				calls = []told{{"task", task.ID, 0}}
			}
			if diff := cmp.Diff(calls, w.launcher.calls); diff != "" {
				t.Errorf("the launcher was told (-want +got):\n%s", diff)
			}
			got := w.task(task.ID)
			if failed := got.Status == models.TaskFailed; failed != (want.TasksFailed > 0) || failed && (got.ErrorType == "" || got.ErrorDescription == "") {
				t.Errorf("task %+v", got)
			}
			if want.TasksFailed > 0 {
				if diff := cmp.Diff(workflows.ReconcileResult{}, w.reconcile()); diff != "" {
					t.Errorf("again:\n%s", diff)
				}
			}
		})
	}
}
