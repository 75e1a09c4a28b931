package events

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"herald/models"
	"herald/models/store"
)

// Outbox is what a relay needs of the database.
type Outbox interface {
	ClaimOutbox(ctx context.Context, c store.OutboxClaim) ([]models.OutboxRow, error)
	RenewOutbox(ctx context.Context, lease time.Duration, rows []models.OutboxRow) (map[string]bool, error)
	Settle(ctx context.Context, st store.Settlement) error
}

// RelayConfig of a relay.
type RelayConfig struct {
	Outbox Outbox
	Kinds  []Kind
	Log    *slog.Logger

	Concurrency int           // calls at once; default DefaultConcurrency
	PerReceiver int           // of them to one receiver; default DefaultPerReceiver
	RetryFor    time.Duration // after which an event that was not taken is given up; default DefaultRetryFor

	// Sending says whether this process is sending a campaign's messages, which goes before telling of them. Default never.
	Sending func() bool
	// Upkeep is done every now and then, by every relay.
	Upkeep []Upkeep

	Lease time.Duration    // after which others take over what a relay that is gone was working on; default 30 s
	Poll  time.Duration    // how often to look for what is due; default 250 ms
	Now   func() time.Time // default time.Now
}

// Upkeep is work that belongs to the outbox beside delivering. It may run in several processes at once.
type Upkeep struct {
	Name  string
	Every time.Duration
	Do    func(context.Context) error
}

// Defaults of RelayConfig.
const (
	DefaultConcurrency = 64
	DefaultPerReceiver = 16
	DefaultRetryFor    = 24 * time.Hour

	defaultLease = 30 * time.Second
	defaultPoll  = 250 * time.Millisecond
)

// Claims and what became of them are written also when the relay was told to stop meanwhile, no longer than this.
const (
	claimTimeout  = 10 * time.Second
	settleTimeout = 10 * time.Second
)

// Relay takes events out of the outbox and to their receivers. Any number of relays share one outbox.
//
// It is not a Temporal workflow: an activity costs a server 20 to 35 ms of CPU, a claim in Postgres well under one, and
// what has to be remembered between two tries is in the row already.
type Relay struct {
	RelayConfig
	calls   *slots // of chat events
	moves   *slots // of campaign.* events, which never wait for those
	leases  *leases
	working sync.WaitGroup

	mu       sync.Mutex
	couriers map[models.Receiver]bool // those at work
	circuits map[models.Receiver]*circuit
}

// NewRelay makes a relay.
func NewRelay(cfg RelayConfig) *Relay {
	setDefault(&cfg.Concurrency, DefaultConcurrency)
	setDefault(&cfg.PerReceiver, DefaultPerReceiver)
	setDefault(&cfg.RetryFor, DefaultRetryFor)
	setDefault(&cfg.Lease, defaultLease)
	setDefault(&cfg.Poll, defaultPoll)
	if cfg.Sending == nil {
		cfg.Sending = func() bool { return false }
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Relay{
		RelayConfig: cfg,
		calls:       newSlots(cfg.Concurrency, cfg.PerReceiver), moves: newSlots(max(2, cfg.Concurrency/4), max(1, cfg.PerReceiver/4)),
		leases:   newLeases(cfg.Outbox, cfg.Lease, cfg.Log),
		couriers: map[models.Receiver]bool{}, circuits: map[models.Receiver]*circuit{},
	}
}

func setDefault[T int | time.Duration](value *T, byDefault T) {
	if *value <= 0 {
		*value = byDefault
	}
}

// Run delivers until ctx ends. Then calls that are under way are finished, and everything else is given back.
func (r *Relay) Run(ctx context.Context) {
	var side sync.WaitGroup
	stopSide := context.WithoutCancel(ctx)
	stopSide, cancel := context.WithCancel(stopSide)
	side.Go(func() { r.leases.keep(stopSide) }) // until the last call has ended
	for _, u := range r.Upkeep {
		r.working.Go(func() { r.upkeep(ctx, u) })
	}
	r.Log.InfoContext(ctx, "the relay is running", "concurrency", r.Concurrency, "per_receiver", r.PerReceiver, "retry_for", r.RetryFor)
	r.look(ctx)
	r.working.Wait()
	cancel()
	side.Wait()
}

// look starts a courier for every receiver that has something due, until ctx ends.
func (r *Relay) look(ctx context.Context) {
	tick := time.NewTicker(r.Poll)
	defer tick.Stop()
	failing := false
	for {
		err := r.dispatch(ctx)
		if failed := err != nil && ctx.Err() == nil; failed != failing {
			failing = failed
			if failing {
				r.Log.WarnContext(ctx, "the relay cannot look for events", "error", err)
			} else {
				r.Log.InfoContext(ctx, "the relay can look for events again")
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// rowKinds is the order in which a courier takes what is due.
var rowKinds = []models.OutboxKind{models.OutboxCampaign, models.OutboxChat, models.OutboxBatch}

func (r *Relay) dispatch(ctx context.Context) error {
	var errs []error
	for _, kind := range r.Kinds {
		due, err := kind.Due(ctx, rowKinds)
		errs = append(errs, err)
		for _, receiver := range due {
			if c := r.courier(kind, receiver); c != nil {
				r.working.Go(func() {
					defer r.done(c)
					c.run(ctx)
				})
			}
		}
	}
	return errors.Join(errs...)
}

// courier gives the one that is to work for a receiver; nil if one does already, or if the receiver is left alone.
func (r *Relay) courier(kind Kind, receiver models.Receiver) *courier {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.circuits[receiver]
	if r.couriers[receiver] || c != nil && c.resting(r.Now()) {
		return nil
	}
	if c == nil {
		c = &circuit{}
		r.circuits[receiver] = c
	}
	r.couriers[receiver] = true
	return &courier{Relay: r, kind: kind, receiver: receiver, circuit: c}
}

func (r *Relay) done(c *courier) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.couriers, c.receiver)
	if c.circuit.forgettable() {
		delete(r.circuits, c.receiver)
	}
}

func (r *Relay) upkeep(ctx context.Context, u Upkeep) {
	tick := time.NewTicker(u.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if err := u.Do(ctx); err != nil && ctx.Err() == nil {
				r.Log.WarnContext(ctx, "upkeep of the outbox failed", "upkeep", u.Name, "error", err)
			}
		}
	}
}
