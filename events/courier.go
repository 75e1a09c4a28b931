package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"herald/models"
	"herald/models/store"
)

// How much a courier works on at once. A unit of work is a few rows that are claimed and settled together.
const (
	campaignUnits = 4 // of one row: the next row of its stream waits for it
	chatUnits     = 2
	chatRows      = 50 // of one unit
	batchUnits    = 2  // of one row
	chunkEvents   = 100
)

// courier delivers to one receiver.
type courier struct {
	*Relay
	kind     Kind
	receiver models.Receiver
	circuit  *circuit
	closed   atomic.Bool // the receiver takes nothing at present
}

// run works until nothing is due, the receiver fails, or ctx ends.
func (c *courier) run(ctx context.Context) {
	if c.circuit.open() && !c.probe(ctx) {
		return
	}
	var working sync.WaitGroup
	defer working.Wait()
	free := map[models.OutboxKind]int{models.OutboxCampaign: campaignUnits, models.OutboxChat: chatUnits, models.OutboxBatch: batchUnits}
	rows := map[models.OutboxKind]int{models.OutboxCampaign: 1, models.OutboxChat: chatRows, models.OutboxBatch: 1}
	finished := make(chan models.OutboxKind, campaignUnits+chatUnits+batchUnits)
	under := 0 // units under way
	for ctx.Err() == nil && !c.circuit.open() && !c.closed.Load() {
		started := false
		for _, kind := range rowKinds {
			for ; free[kind] > 0; free[kind]-- {
				unit := c.claim(ctx, store.OutboxClaim{Kind: kind, Limit: rows[kind]})
				if len(unit) == 0 {
					break
				}
				started = true
				under++
				working.Go(func() {
					defer func() { finished <- kind }()
					c.deliver(ctx, unit, chunkEvents)
				})
			}
		}
		if under == 0 && !started {
			return
		}
		select {
		case kind := <-finished:
			under--
			free[kind]++
		case <-time.After(c.Poll):
		case <-ctx.Done():
		}
	}
}

// probe tries one event of a receiver whose circuit is open and says whether it is closed now. What has waited for too
// long is given up first: nothing else would ever give it up.
func (c *courier) probe(ctx context.Context) bool {
	c.bury(ctx)
	for _, kind := range rowKinds {
		if unit := c.claim(ctx, store.OutboxClaim{Kind: kind, Limit: 1}); len(unit) > 0 {
			c.circuit.probe()
			c.deliver(ctx, unit, 1)
			return !c.circuit.open()
		}
	}
	return false
}

// claim goes on when ctx ends: rows that were claimed and not heard of would wait for the end of their lease.
func (c *courier) claim(ctx context.Context, claim store.OutboxClaim) []models.OutboxRow {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claimTimeout)
	defer cancel()
	claim.Receiver, claim.Lease = c.receiver, c.Lease
	rows, err := c.Outbox.ClaimOutbox(ctx, claim)
	if err != nil {
		c.Log.WarnContext(ctx, "events could not be claimed", "app", c.receiver.AppPK, "hook", c.receiver.HookID, "error", err)
	}
	return rows
}

// deliver tries what the rows of one claim stand for and writes down what came of it.
func (c *courier) deliver(ctx context.Context, rows []models.OutboxRow, chunk int) {
	held, release := c.leases.hold(ctx, rows)
	defer release()
	var whole []models.OutboxRow
	for _, row := range rows {
		if !split(row) {
			whole = append(whole, row)
		}
	}
	var err error
	if len(whole) > 0 {
		err = c.deliverWhole(ctx, held, whole)
	}
	for _, row := range rows {
		if err == nil && split(row) {
			err = c.deliverChunks(ctx, held, row, chunk)
		}
	}
	switch {
	case err == nil:
	case errors.Is(err, store.ErrClaimLost):
		c.Log.InfoContext(ctx, "events are delivered by somebody else", "app", c.receiver.AppPK, "hook", c.receiver.HookID)
	case errors.Is(err, ErrClosed):
		c.closed.Store(true)
	default:
		// The lease ends by itself, and that is soon enough to try again.
		c.Log.WarnContext(ctx, "events could not be worked on", "app", c.receiver.AppPK, "hook", c.receiver.HookID, "error", err)
	}
}

func (c *courier) deliverWhole(ctx, held context.Context, rows []models.OutboxRow) error {
	target, err := c.kind.Open(held, c.receiver)
	if errors.Is(err, ErrClosed) {
		return errors.Join(err, c.settle(ctx, store.Settlement{Claim: rows[0].Claim, Tried: untried(rows)}))
	}
	if err != nil {
		return err
	}
	unsendable, err := expand(held, target, rows)
	if err != nil {
		return err
	}
	var events []models.OutboxRow
	st := store.Settlement{Claim: rows[0].Claim}
	for i, row := range rows {
		if unsendable[i] != nil {
			st.Tried = append(st.Tried, c.judge(target, row, Outcome{Err: unsendable[i]}))
		} else {
			events = append(events, row)
		}
	}
	st.Tried = append(st.Tried, c.try(ctx, held, target, events)...)
	return c.settle(ctx, st)
}

// expand sets the payloads of rows that have none. Rows that no payload can be made of have an error, and do not keep the others
// from being sent.
func expand(ctx context.Context, target Target, rows []models.OutboxRow) (unsendable map[int]error, err error) {
	var places []int
	var bare []models.OutboxRow
	for i, row := range rows {
		if row.Payload == nil {
			places, bare = append(places, i), append(bare, row)
		}
	}
	if len(bare) == 0 {
		return nil, nil
	}
	err = target.Expand(ctx, bare)
	unsendable = map[int]error{}
	for k, i := range places {
		one := bare[k : k+1]
		if err != nil && models.ErrorCode(err) != models.CodeUnavailable && ctx.Err() == nil {
			if bad := target.Expand(ctx, one); bad != nil {
				unsendable[i] = bad
			}
		} else if err != nil {
			return nil, err
		}
		rows[i] = one[0]
	}
	return unsendable, nil
}

// deliverChunks works through a row that stands for several events. After each chunk the row says what is left, so a crash
// repeats one chunk at most.
func (c *courier) deliverChunks(ctx, held context.Context, row models.OutboxRow, limit int) error {
	for probed := false; ; {
		target, err := c.kind.Open(held, c.receiver)
		if ctx.Err() != nil || errors.Is(err, ErrClosed) || probed || c.circuit.open() && limit == chunkEvents {
			return errors.Join(err, c.settle(ctx, store.Settlement{Claim: row.Claim, Tried: untried([]models.OutboxRow{row})}))
		}
		if err != nil {
			return err
		}
		c.yield(ctx)
		chunk, err := target.Chunk(held, row, limit)
		if err != nil {
			return err
		}
		st := store.Settlement{Claim: row.Claim, Batch: &row, Rest: chunk.Rest, Tried: c.try(ctx, held, target, chunk.Events)}
		if err := c.settle(ctx, st); err != nil || chunk.Rest == nil {
			return err
		}
		if row.Body, err = json.Marshal(chunk.Rest); err != nil {
			return fmt.Errorf("encode the rest of a batch: %w", err)
		}
		probed = limit < chunkEvents
	}
}

func untried(rows []models.OutboxRow) []store.Tried {
	tried := make([]store.Tried, len(rows))
	for i, row := range rows {
		tried[i].Row = row
	}
	return tried
}

// try sends each event once, many at a time. Once ctx has ended or the receiver's circuit opens, the rest stays untried.
func (c *courier) try(ctx, held context.Context, target Target, events []models.OutboxRow) []store.Tried {
	tried := untried(events)
	wasOpen := c.circuit.open() // this is a probe
	var calls sync.WaitGroup
	for i, event := range events {
		slots := c.calls
		if event.Kind == models.OutboxCampaign {
			slots = c.moves
		}
		if ctx.Err() != nil || held.Err() != nil || c.circuit.open() && !wasOpen || slots.take(ctx, c.receiver) != nil {
			break
		}
		calls.Go(func() {
			defer slots.give(c.receiver)
			out := target.Send(held, event)
			if held.Err() != nil && !out.Delivered {
				return // the claim is lost, and the call was broken off
			}
			tried[i] = c.judge(target, event, out)
		})
	}
	calls.Wait()
	return tried
}

// judge decides what becomes of an event after a try.
func (c *courier) judge(target Target, event models.OutboxRow, out Outcome) store.Tried {
	now := c.Now()
	if out.Delivered {
		if c.circuit.succeeded() {
			c.Log.Info("a receiver takes events again", "app", c.receiver.AppPK, "hook", c.receiver.HookID)
		}
		return store.Tried{Row: event, Result: store.OutboxDelivered}
	}
	event.Attempts++
	event.LastAttemptAt, event.LastStatus, event.LastError = &now, out.Status, errorText(out)
	if event.FirstAttemptAt == nil {
		event.FirstAttemptAt = &now
	}
	if !out.Apart && c.circuit.failed(now) {
		c.Log.Warn("a receiver fails and is left alone for the time being", "app", c.receiver.AppPK, "hook", c.receiver.HookID, "url", target.URL(),
			"status", out.Status, "error", event.LastError)
	}
	t := store.Tried{Row: event, Result: store.OutboxRetry, Delay: backoff(event.Attempts, out.RetryAfter)}
	if out.Refused || now.Add(t.Delay).Sub(event.Since()) > c.RetryFor {
		t = c.giveUp(target, event)
	}
	return t
}

func (c *courier) giveUp(target Target, event models.OutboxRow) store.Tried {
	t := store.Tried{Row: event, Result: store.OutboxDead, URL: target.URL()}
	if t.URL == "" {
		t.Result = store.OutboxDelivered
	}
	if event.Payload == nil {
		nothing := "null"
		t.Row.Payload = &nothing
	}
	return t
}

// bury gives up what has waited for too long while the receiver's circuit is open. Nobody is asked.
func (c *courier) bury(ctx context.Context) {
	before := c.Now().Add(-c.RetryFor)
	for _, kind := range rowKinds {
		for ctx.Err() == nil {
			rows := c.claim(ctx, store.OutboxClaim{Kind: kind, Limit: chatRows, Before: &before})
			if len(rows) == 0 {
				break
			}
			if err := c.buryRows(ctx, rows); err != nil {
				c.Log.WarnContext(ctx, "events could not be given up", "app", c.receiver.AppPK, "hook", c.receiver.HookID, "error", err)
				return
			}
		}
	}
}

func (c *courier) buryRows(ctx context.Context, rows []models.OutboxRow) error {
	held, release := c.leases.hold(ctx, rows)
	defer release()
	target, err := c.kind.Open(held, c.receiver)
	if err != nil {
		return err
	}
	var whole []models.OutboxRow
	for _, row := range rows {
		if !split(row) {
			whole = append(whole, row)
			continue
		}
		for rest := true; rest; {
			chunk, err := target.Chunk(held, row, chunkEvents)
			if err != nil {
				return err
			}
			if err := c.settle(ctx, store.Settlement{Claim: row.Claim, Batch: &row, Rest: chunk.Rest, Tried: c.givenUp(target, chunk.Events)}); err != nil {
				return err
			}
			if rest = chunk.Rest != nil; rest {
				if row.Body, err = json.Marshal(chunk.Rest); err != nil {
					return fmt.Errorf("encode the rest of a batch: %w", err)
				}
			}
		}
	}
	if len(whole) == 0 {
		return nil
	}
	if _, err := expand(held, target, whole); err != nil {
		return err
	}
	return c.settle(ctx, store.Settlement{Claim: whole[0].Claim, Tried: c.givenUp(target, whole)})
}

const heldBack = "not tried: the hook has not answered for too long"

func (c *courier) givenUp(target Target, events []models.OutboxRow) []store.Tried {
	tried := make([]store.Tried, len(events))
	for i, event := range events {
		if event.Attempts == 0 {
			event.LastError = heldBack
		}
		tried[i] = c.giveUp(target, event)
	}
	return tried
}

// settle writes down what became of events, even when ctx has ended.
func (c *courier) settle(ctx context.Context, st store.Settlement) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err := c.Outbox.Settle(ctx, st); err != nil {
		return err
	}
	dead := 0
	for _, t := range st.Tried {
		if t.Result == store.OutboxDead {
			dead++
		}
	}
	if dead > 0 {
		c.Log.WarnContext(ctx, "events were given up and are listed as failures", "app", c.receiver.AppPK, "hook", c.receiver.HookID, "events", dead)
	}
	return nil
}

// Sending goes first: while this process sends messages, a chunk of their events waits, at most this long, so that the
// events of a long campaign flow too.
const (
	longestYield = 2 * time.Second
	yieldStep    = 50 * time.Millisecond
)

func (c *courier) yield(ctx context.Context) {
	for waited := time.Duration(0); waited < longestYield && c.Sending(); waited += yieldStep {
		select {
		case <-ctx.Done():
			return
		case <-time.After(yieldStep):
		}
	}
}
