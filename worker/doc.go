// Package worker runs Herald's Temporal workers: one on the queue of workflows and their bookkeeping, one on the queue
// of batches with slots of its own, so that a backlog of batches never delays a control. Everything that is registered
// is registered here.
package worker
