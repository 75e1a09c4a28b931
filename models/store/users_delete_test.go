package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

func TestDeleteUsersMarksThem(t *testing.T) {
	t.Parallel()
	for how, want := range map[models.Deletion]string{
		models.DeleteSoft:    `Ann i.png {"a": 1} {red}`,
		models.DeletePruning: `{} {red}`,
		models.DeleteHard:    `{} {red}`, // until the task is through
	} {
		t.Run(string(how), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.exec(`INSERT INTO users (app_pk, id, name, image, custom, teams, created_at, updated_at) VALUES ($1, 'ann', 'Ann', 'i.png', '{"a": 1}', '{red}', now(), now())`, w.app)
			_, task, err := w.DeleteUsers(t.Context(), w.app, models.UserDeletion{UserIDs: []string{"ann"}, User: how})
			if err != nil {
				t.Fatal(err)
			}
			got := one[string](w, `SELECT concat_ws(' ', name, image, custom, teams) FROM users WHERE id = 'ann' AND deleted_at = $1 AND updated_at = $1`, task.CreatedAt)
			if got != want {
				t.Errorf("got %s, want %s", got, want)
			}
			if wantTask := map[bool]models.TaskStatus{true: models.TaskPending, false: models.TaskCompleted}[how == models.DeleteHard]; task.Status != wantTask {
				t.Errorf("the task is %s", task.Status)
			}
			// Deleted once, a user may still be deleted more thoroughly.
			hard := models.UserDeletion{UserIDs: []string{"ann"}, User: models.DeleteHard}
			w.deleteUsers(hard)
			if n := one[int](w, `SELECT count(*) FROM users WHERE id = 'ann'`); n != 0 {
				t.Error("the row is still there")
			}
		})
	}
}

func TestDeleteUsersRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.users("ann", "old", "asleep")
	w.exec(`UPDATE users SET deleted_at = now() WHERE id = 'old'`)
	w.exec(`UPDATE users SET deactivated_at = now() WHERE id = 'asleep'`)
	for name, d := range map[string]models.UserDeletion{
		"user_ids[1]":          {UserIDs: []string{"ann", "nobody"}},
		"new_channel_owner_id": {UserIDs: []string{"ann"}, NewOwner: "nobody"},
	} {
		_, _, err := w.DeleteUsers(t.Context(), w.app, d)
		if models.ErrorCode(err) != models.CodeInvalid || !strings.HasPrefix(err.Error(), name) {
			t.Errorf("%+v: %v", d, err)
		}
	}
	for _, owner := range []string{"ann", "old", "asleep"} {
		if _, _, err := w.DeleteUsers(t.Context(), w.app, models.UserDeletion{UserIDs: []string{"ann"}, NewOwner: owner}); models.ErrorCode(err) != models.CodeInvalid {
			t.Errorf("new owner %s: %v", owner, err)
		}
	}
	if n := one[int](w, `SELECT count(*) FROM users WHERE id = 'ann' AND deleted_at IS NULL`); n != 1 {
		t.Error("a refused call deleted ann")
	}
	if n := one[int](w, `SELECT count(*) FROM tasks`); n != 0 {
		t.Error("a refused call left a task")
	}
}

func TestTasks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.users("ann", "bob")
	_, task, err := w.DeleteUsers(t.Context(), w.app, models.UserDeletion{UserIDs: []string{"ann"}, User: models.DeleteSoft, Messages: models.DeleteSoft})
	if err != nil {
		t.Fatal(err)
	}
	pending := func(grace time.Duration) []string {
		t.Helper()
		tasks, err := w.PendingTasks(t.Context(), grace, 10)
		if err != nil {
			t.Fatal(err)
		}
		ids := []string{}
		for _, task := range tasks {
			ids = append(ids, task.ID)
		}
		return ids
	}
	if diff := cmp.Diff([]string{}, pending(time.Minute)); diff != "" {
		t.Errorf("pending too early:\n%s", diff)
	}
	if diff := cmp.Diff([]string{task.ID}, pending(0)); diff != "" {
		t.Errorf("pending (-want +got):\n%s", diff)
	}
	if err := w.FailTask(t.Context(), w.app, task.ID, "ended", "by hand"); err != nil {
		t.Fatal(err)
	}
	if err := w.CompleteTask(t.Context(), w.app, task.ID, []string{"ann"}); err != nil {
		t.Fatal(err)
	}
	got, err := w.Task(t.Context(), w.app, task.ID)
	if err != nil || got.Status != models.TaskFailed || got.ErrorType != "ended" || got.ErrorDescription != "by hand" || got.Result != nil {
		t.Errorf("task %+v, %v", got, err)
	}
	if _, err := w.Task(t.Context(), w.app+1, task.ID); models.ErrorCode(err) != models.CodeNotFound {
		t.Errorf("another app reads it: %v", err)
	}
}
