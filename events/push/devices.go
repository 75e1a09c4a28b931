package push

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"herald/events"
	"herald/models"
	"herald/models/store"
)

// Store is what devices need of the database.
type Store interface {
	DuePush(ctx context.Context, kinds []models.OutboxKind) ([]models.Receiver, error)
	PushMembers(ctx context.Context, appPK int64, audiences []store.PushAudience, providers []string, limit int) ([]store.PushMember, error)
	PushStands(ctx context.Context, appPK int64, messageID, userID, deviceID string) (version string, stands bool, err error)
	ForgetDevice(ctx context.Context, appPK int64, id, version string) (bool, error)
	BatchMessages(ctx context.Context, appPK int64, campaignID string, b models.BatchEvents, limit int) ([]models.Message, error)
	ChatDetails(ctx context.Context, appPK int64, w store.ChatWanted) (store.ChatDetails, error)
}

var _ Store = (*store.Store)(nil)

// Devices are the receivers of pushes: for each app one, which stands for the devices of all of its users.
type Devices struct {
	store    Store
	services map[string]*guarded // by provider
	texts    Texts
	expiry   time.Duration
	parallel int
	log      *slog.Logger
	now      func() time.Time
	logged   sync.Map // what has been warned of once
}

var _ events.Kind = (*Devices)(nil)

// guarded is a service with what keeps us from asking too much of it.
type guarded struct {
	Service
	slots chan struct{}
	gate  gate
}

// Options of NewDevices.
type Options struct {
	Texts    Texts
	Expiry   time.Duration // after which a push is worth nothing; default DefaultExpiry
	Parallel int           // requests to each service at once; default DefaultParallel
	Log      *slog.Logger
	Now      func() time.Time // default time.Now
}

// Defaults of Options.
const (
	DefaultExpiry   = time.Hour
	DefaultParallel = 32
)

// NewDevices makes the receivers of pushes through services.
func NewDevices(db Store, services []Service, o Options) *Devices {
	if o.Expiry <= 0 {
		o.Expiry = DefaultExpiry
	}
	if o.Parallel <= 0 {
		o.Parallel = DefaultParallel
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	d := &Devices{store: db, services: map[string]*guarded{}, texts: o.Texts, expiry: o.Expiry, parallel: o.Parallel, log: o.Log, now: o.Now}
	for _, s := range services {
		d.services[s.Provider()] = &guarded{Service: s, slots: make(chan struct{}, o.Parallel)}
	}
	return d
}

// RelayConfig is that of a relay for devices alone: hooks and devices do not wait for each other.
func (d *Devices) RelayConfig(outbox events.Outbox) events.RelayConfig {
	parallel := d.parallel * len(d.services)
	return events.RelayConfig{
		Outbox: outbox, Kinds: []events.Kind{d}, Log: d.log.With("for", "push"), RetryFor: d.expiry, Now: d.now,
		// A relay keeps half of its calls for receivers that are not there yet.
		PerReceiver: parallel, Concurrency: 2 * parallel,
	}
}

// Due gives the apps with pushes that are due.
func (d *Devices) Due(ctx context.Context, kinds []models.OutboxKind) ([]models.Receiver, error) {
	return d.store.DuePush(ctx, kinds)
}

// Open gives the devices of an app.
func (d *Devices) Open(_ context.Context, r models.Receiver) (events.Target, error) {
	return &appDevices{Devices: d, appPK: r.AppPK}, nil
}

// appDevices are the devices of one app.
type appDevices struct {
	*Devices
	appPK int64
}

// URL is empty: nothing remains of a push that is given up.
func (*appDevices) URL() string { return "" }

// Expand has nothing to do: a row without a payload stands for any number of devices, see Chunk.
func (*appDevices) Expand(_ context.Context, rows []models.OutboxRow) error {
	return fmt.Errorf("outbox row %d is not for one device", rows[0].ID)
}

// push is the payload of a row for one device.
type push struct {
	Provider     string       `json:"provider"`
	UserID       string       `json:"user_id"`
	MessageID    string       `json:"message_id"`
	Version      string       `json:"version"` // of the device, see store.PushDevice
	Notification Notification `json:"notification"`
}

// Send tries one device. What needs no further try is delivered, whether or not the device got it.
func (t *appDevices) Send(ctx context.Context, event models.OutboxRow) events.Outcome {
	done := events.Outcome{Delivered: true}
	var p push
	if err := json.Unmarshal([]byte(*event.Payload), &p); err != nil {
		t.once(ctx, "a push cannot be read", "error", err)
		return done
	}
	service := t.services[p.Provider]
	if service == nil || !t.now().Before(p.Notification.Expires) {
		return done
	}
	if event.Attempts > 0 {
		version, stands, err := t.store.PushStands(ctx, t.appPK, p.MessageID, p.UserID, p.Notification.Token)
		if err != nil {
			return events.Outcome{Err: err, Apart: true}
		}
		if !stands {
			return done
		}
		p.Version = version
	}
	err := t.through(ctx, service, p.Notification)
	failed, ok := errors.AsType[*Error](err)
	switch {
	case err == nil:
		return done
	case !ok:
		return events.Outcome{Err: err, Apart: true} // ctx has ended
	}
	switch failed.Problem {
	case Unregistered:
		if _, err := t.store.ForgetDevice(ctx, t.appPK, p.Notification.Token, p.Version); err != nil {
			return events.Outcome{Err: err, Apart: true}
		}
		return done
	case Rejected:
		t.once(ctx, "a push service refuses a notification, which is dropped; others like it are dropped without a word",
			"provider", p.Provider, "reason", failed.Reason, "status", failed.Status, "error", failed.Err)
		return done
	default:
		return events.Outcome{Status: failed.Status, Err: failed, RetryAfter: failed.Delay, Apart: failed.Problem == Throttled || t.anotherWorks(service)}
	}
}

// errResting is for notifications that are not even tried.
var errResting = errors.New("the push service takes nothing at present")

// through hands a notification to a service, unless that is left alone for now.
func (t *appDevices) through(ctx context.Context, s *guarded, n Notification) error {
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if wait := s.gate.wait(t.now()); wait > 0 {
		return &Error{Problem: Unavailable, Delay: wait, Err: errResting}
	}
	err := s.Send(ctx, n)
	failed, ok := errors.AsType[*Error](err)
	switch {
	case err != nil && !ok:
		s.gate.abandoned()
	case err != nil && (failed.Problem == Unavailable || failed.Problem == Misconfigured):
		if s.gate.failed(t.now(), failed.Delay, failed.Problem == Misconfigured) {
			t.log.WarnContext(ctx, "a push service takes nothing and is left alone for the time being", "provider", s.Provider(), "error", failed)
		}
	case s.gate.answered():
		t.log.InfoContext(ctx, "a push service takes notifications again", "provider", s.Provider())
	}
	return err
}

// anotherWorks says whether a service beside this one takes notifications. Then the app's devices are not all out of reach.
func (d *Devices) anotherWorks(s *guarded) bool {
	for _, other := range d.services {
		if other != s && other.gate.open() {
			return true
		}
	}
	return false
}

// once warns of something, the first time that it happens.
func (d *Devices) once(ctx context.Context, message string, args ...any) {
	if _, warned := d.logged.LoadOrStore(message+fmt.Sprint(args...), true); !warned {
		d.log.WarnContext(ctx, message, args...)
	}
}
