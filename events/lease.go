package events

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"herald/models"
	"herald/models/store"
)

// leases keeps what this relay works on from being taken over by others.
type leases struct {
	outbox Outbox
	length time.Duration
	log    *slog.Logger

	mu   sync.Mutex
	held map[string]lease // by claim
}

type lease struct {
	rows []models.OutboxRow
	lost context.CancelCauseFunc
}

func newLeases(outbox Outbox, length time.Duration, log *slog.Logger) *leases {
	return &leases{outbox: outbox, length: length, log: log, held: map[string]lease{}}
}

// hold prolongs the lease of rows that were claimed together until release is called. The context goes on when ctx ends,
// and ends when the claim is lost.
func (l *leases) hold(ctx context.Context, rows []models.OutboxRow) (held context.Context, release func()) {
	held, lost := context.WithCancelCause(context.WithoutCancel(ctx))
	claim := rows[0].Claim
	l.mu.Lock()
	defer l.mu.Unlock()
	l.held[claim] = lease{rows: rows, lost: lost}
	return held, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.held, claim)
		lost(nil)
	}
}

// keep prolongs all leases, three times in the length of one, until ctx ends.
func (l *leases) keep(ctx context.Context) {
	tick := time.NewTicker(l.length / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			l.renew(ctx)
		}
	}
}

func (l *leases) renew(ctx context.Context) {
	l.mu.Lock()
	var rows []models.OutboxRow
	claims := map[string]lease{}
	for claim, held := range l.held {
		rows = append(rows, held.rows...)
		claims[claim] = held
	}
	l.mu.Unlock()
	if len(rows) == 0 {
		return
	}
	kept, err := l.outbox.RenewOutbox(ctx, l.length, rows)
	if err != nil {
		// Whether the lease is lost the next try says, or the settlement.
		l.log.WarnContext(ctx, "the leases of events could not be prolonged", "events", len(rows), "error", err)
		return
	}
	for claim, held := range claims {
		if !kept[claim] {
			held.lost(store.ErrClaimLost)
		}
	}
}
