package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"herald/models"
)

var scanTask = pgx.RowToStructByName[models.Task]

// insertTaskTx records a task beside what the same transaction does for it. about are the ids it is about; a task that
// is done already is completed at once.
func insertTaskTx(ctx context.Context, tx pgx.Tx, appPK int64, kind models.TaskKind, args any, about []string, done bool, at time.Time) (models.Task, error) {
	encoded, err := json.Marshal(args)
	if err != nil {
		return models.Task{}, fmt.Errorf("encode the arguments of a task: %w", err)
	}
	status, result := models.TaskPending, json.RawMessage(nil)
	if done {
		status, result = models.TaskCompleted, taskResult(about)
	}
	id := models.NewID()
	if c := claimOf(ctx); c != nil {
		id = c.TaskID()
	}
	rows, err := tx.Query(ctx, `
		INSERT INTO tasks (app_pk, id, kind, args, status, result, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7)
		RETURNING *`, appPK, id, string(kind), encoded, string(status), nullJSON(result), at)
	if err != nil {
		return models.Task{}, fmt.Errorf("record a task: %w", err)
	}
	task, err := pgx.CollectExactlyOneRow(rows, scanTask)
	if err != nil {
		return task, fmt.Errorf("record a task: %w", err)
	}
	return task, nil
}

// taskResult is what a completed task says of every id it was about.
func taskResult(ids []string) json.RawMessage {
	type outcome struct {
		Status string `json:"status"`
	}
	byID := make(map[string]outcome, len(ids))
	for _, id := range ids {
		byID[id] = outcome{"ok"}
	}
	result, err := json.Marshal(byID)
	if err != nil { // a map of strings always encodes
		panic(err)
	}
	return result
}

// Task gives a task; an unknown id is models.CodeNotFound.
func (s *Store) Task(ctx context.Context, appPK int64, id string) (models.Task, error) {
	rows, err := s.pool.Query(ctx, `SELECT * FROM tasks WHERE app_pk = $1 AND id = $2`, appPK, id)
	if err != nil {
		return models.Task{}, wrap(err, "read the task %d/%s", appPK, id)
	}
	task, err := pgx.CollectExactlyOneRow(rows, scanTask)
	if errors.Is(err, pgx.ErrNoRows) {
		return models.Task{}, models.NotFound("task", id)
	}
	return task, wrap(err, "read the task %d/%s", appPK, id)
}

// PendingTasks lists the oldest tasks that are pending since longer than grace.
func (s *Store) PendingTasks(ctx context.Context, grace time.Duration, limit int) ([]models.Task, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT * FROM tasks WHERE status = 'pending' AND updated_at < now() - $1::interval ORDER BY updated_at, app_pk, id LIMIT $2`,
		grace, limit)
	if err != nil {
		return nil, wrap(err, "list pending tasks")
	}
	tasks, err := pgx.CollectRows(rows, scanTask)
	return tasks, wrap(err, "list pending tasks")
}

// CompleteTask records that a task did what it had to for the ids it was about. One that is no longer pending stays as
// it is.
func (s *Store) CompleteTask(ctx context.Context, appPK int64, id string, about []string) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE tasks SET status = 'completed', result = $3, updated_at = now() WHERE app_pk = $1 AND id = $2 AND status = 'pending'`,
		appPK, id, taskResult(about))
	return wrap(err, "complete the task %d/%s", appPK, id)
}

// FailTask records that nobody will end a task. One that is no longer pending stays as it is.
func (s *Store) FailTask(ctx context.Context, appPK int64, id, errorType, description string) error {
	_, err := s.pool.Exec(ctx, `
		UPDATE tasks SET status = 'failed', error_type = $3, error_description = $4, updated_at = now()
		WHERE app_pk = $1 AND id = $2 AND status = 'pending'`, appPK, id, errorType, description)
	return wrap(err, "fail the task %d/%s", appPK, id)
}
