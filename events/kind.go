package events

import (
	"context"
	"errors"
	"time"

	"herald/models"
)

// Kind is a kind of receivers, such as hooks: who they are and how one is talked to. Everything else (what is due, who
// works on it, when it is tried again, when it is given up) is the [Relay]'s.
type Kind interface {
	// Due gives the receivers for whom rows of these kinds are due.
	Due(ctx context.Context, kinds []models.OutboxKind) ([]models.Receiver, error)
	// Open gives a receiver as it is now. ErrClosed is one that takes nothing at present: its rows wait.
	Open(ctx context.Context, r models.Receiver) (Target, error)
}

// ErrClosed says that a receiver is gone or disabled.
var ErrClosed = errors.New("the receiver takes no events")

// Target is a receiver that events are sent to.
//
// An event that is ready to be sent is an outbox row with its payload. Its EventID is the same over all tries, and after a
// crash too.
type Target interface {
	// Expand sets the payload of rows that have none and stand for one event each. It reads for all rows at once.
	Expand(ctx context.Context, rows []models.OutboxRow) error
	// Chunk makes the next events of a row that stands for several, about limit of them, at least one unless none is left.
	Chunk(ctx context.Context, row models.OutboxRow, limit int) (Chunk, error)
	// Send tries an event once and says what came of it. It takes a few seconds at most.
	Send(ctx context.Context, event models.OutboxRow) Outcome
	// URL is that of the hook failures that remain of what is given up; "" keeps none.
	URL() string
}

// Chunk is a part of the events of one row.
type Chunk struct {
	Events []models.OutboxRow  // of kind chat, ready to be sent, without an ID
	Rest   *models.BatchEvents // the row's body once these are settled; nil: nothing is left
}

// Outcome is what came of one try.
type Outcome struct {
	Delivered  bool
	Status     int           // of the answer; 0: there was none, and Err says why
	Err        error         // nil where there was an answer
	RetryAfter time.Duration // at least so long the receiver wants to be left alone; 0 says nothing
	Refused    bool          // no later try would go better: the event is given up at once
	Apart      bool          // a failure that says nothing of other events to this receiver: its circuit does not count it
}

// split says whether a row stands for any number of events, which Chunk makes of it, rather than for one. A chat event
// goes to any number of devices.
func split(r models.OutboxRow) bool {
	return r.Payload == nil && (r.Kind == models.OutboxBatch || r.HookID == models.PushReceiver)
}
