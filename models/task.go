package models

import (
	"encoding/json"
	"time"
)

// TaskKind is what a task does.
type TaskKind string

// The kinds of tasks.
const (
	TaskDeleteUsers     TaskKind = "delete_users"    // its arguments are a UserDeletion
	TaskDeleteChannels  TaskKind = "delete_channels" // its arguments are a ChannelDeletion
	TaskDeactivateUsers TaskKind = "deactivate_users"
	TaskReactivateUsers TaskKind = "reactivate_users"
)

// TaskStatus is how far a task has come.
type TaskStatus string

// The statuses of a task. One that is no longer pending does not change any more.
const (
	TaskPending   TaskStatus = "pending"
	TaskCompleted TaskStatus = "completed"
	TaskFailed    TaskStatus = "failed" // somebody ended its workflow
)

// Task is work that a request began and whose end its answer did not wait for. Where all of it was done in the request's
// own transaction, the task is completed from the beginning.
type Task struct {
	AppPK            int64
	ID               string
	Kind             TaskKind
	Args             json.RawMessage
	Status           TaskStatus
	Result           json.RawMessage // a JSON object; empty while pending and when failed
	ErrorType        string          // when failed: a word for programs, and a sentence
	ErrorDescription string
	CreatedAt        time.Time // what is newer is no concern of the task
	UpdatedAt        time.Time
}

// MaxIDsPerDeletion is how many users or channels one request may delete, deactivate or reactivate (contract 16.1, 16.2).
const MaxIDsPerDeletion = 100

// Deletion is how thoroughly something is deleted; "" leaves it as it is.
type Deletion string

// The ways to delete (contract 16.1).
const (
	DeleteSoft    Deletion = "soft"    // marked deleted
	DeletePruning Deletion = "pruning" // marked deleted, and emptied
	DeleteHard    Deletion = "hard"    // removed
)

// UserDeletion says what a deletion of users deletes.
type UserDeletion struct {
	UserIDs       []string `json:"user_ids"`
	User          Deletion `json:"user"`
	Messages      Deletion `json:"messages,omitempty"`
	Conversations Deletion `json:"conversations,omitempty"` // soft or hard: distinct channels with one other member
	NewOwner      string   `json:"new_owner,omitempty"`     // who takes over the channels that the users created; "" is nobody
}

// Immediate says whether all of it is done when the users are marked.
func (d UserDeletion) Immediate() bool {
	return d.User != DeleteHard && d.Messages == "" && d.Conversations == "" && d.NewOwner == ""
}

// ChannelDeletion names the channels that a hard deletion removes.
type ChannelDeletion struct {
	CIDs []string `json:"cids"`
}
