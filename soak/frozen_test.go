package soak_test

import (
	"context"
	"errors"
	"sync"
	"syscall"
	"testing"
	"time"

	"herald/internal/heralddev"
	"herald/models"
)

// longestAnswer is how long an answer may take while something is frozen: a batch that holds the fence is ended after
// 2 s, and Temporal is given up after 2 s; the rest is for a busy machine.
const longestAnswer = 2*time.Second + 2*time.Second + 3*time.Second

// pauseAndStop pauses one campaign and stops another at once. It gives what each had committed at the answer.
func (b *barrier) pauseAndStop(t *testing.T, ids []string) (held []int64) {
	t.Helper()
	held = make([]int64, len(ids))
	var calls [2]call
	var both sync.WaitGroup
	for i, action := range []models.Action{models.ActionPause, models.ActionStop} {
		both.Go(func() {
			calls[i] = b.do(t.Context(), action, ids[i], nil)
			held[i] = b.count(t, ids[i])
		})
	}
	both.Wait()
	for _, c := range calls {
		answered(t, c)
		took := c.to.Sub(c.from)
		if took > longestAnswer {
			t.Errorf("%s was answered after %v", c.action, took)
		}
		figures.add(t, "%s was answered after %v", c.action, took.Round(time.Millisecond))
	}
	return held
}

// afterwards checks that a paused and a stopped campaign have sent nothing since and that their workflows agree with
// them, and lets the paused one go on to its end.
func (b *barrier) afterwards(t *testing.T, ids []string, held []int64, nudge bool) {
	t.Helper()
	began := time.Now()
	for i, id := range ids {
		b.agrees(t, id, nudge)
		b.unchanged(t, id, "the answer", held[i])
	}
	figures.add(t, "rows and workflows agreed %v after it was over; messages committed after an answer: %d", time.Since(began).Round(100*time.Millisecond), b.late)
	b.settles(t, ids[0])
	b.unchanged(t, ids[0], "the answer", held[0])
	answered(t, b.do(t.Context(), models.ActionResume, ids[0], nil))
	b.whole(t, ids[0])
	b.lawful(t, ids[1])
	b.unchanged(t, ids[1], "the answer", held[1])
}

// agrees waits until row and workflow agree. A signal that was lost is repeated by the reconciler, which comes every
// minute; nudge has it come at once.
func (b *barrier) agrees(t *testing.T, id string, nudge bool) {
	t.Helper()
	var nudged time.Time
	var restless error
	err := heralddev.Await(t.Context(), "row and workflow of "+id+" to agree", patience, func() bool {
		if restless = b.restless(t.Context(), id); restless == nil {
			return true
		}
		if nudge && time.Since(nudged) > time.Second { // a run that is under way makes the next one be skipped
			nudged = time.Now()
			if err := b.reconcile(t.Context(), id); err != nil {
				t.Logf("the reconciler was not triggered: %v", err)
			}
		}
		return false
	})
	must(t, errors.Join(err, restless))
}

// signalTo sends a signal to a process of the stack.
func (b *barrier) signalTo(t *testing.T, name string, signal syscall.Signal) {
	t.Helper()
	must(t, b.Signal(name, signal))
}

// workerFrozen freezes the worker while it has open transactions of two campaigns.
func (b *barrier) workerFrozen(t *testing.T, frozenFor time.Duration) {
	const worker = "worker-1"
	defer b.Signal(worker, syscall.SIGCONT) //nolint:errcheck // it is not frozen any more if all went well
	ids := b.freezeInBatches(t, worker)
	began := time.Now()
	held := b.pauseAndStop(t, ids)
	wait(t.Context(), frozenFor-time.Since(began))
	for i, id := range ids {
		b.unchanged(t, id, "the answer, while the worker was frozen", held[i])
	}
	b.signalTo(t, worker, syscall.SIGCONT)
	b.afterwards(t, ids, held, !large)
}

// freezeInBatches freezes a worker that is in the middle of a batch of each of two campaigns.
func (b *barrier) freezeInBatches(t *testing.T, worker string) (ids []string) {
	t.Helper()
	for range 20 {
		ids = b.begin(t, 2)
		for !b.ended(t, ids[0]) && !b.ended(t, ids[1]) {
			b.signalTo(t, worker, syscall.SIGSTOP)
			// What the database still has to do for it takes a moment.
			err := heralddev.Await(t.Context(), "two open batches", 300*time.Millisecond, func() bool { return b.openBatches(t) == 2 })
			if err == nil {
				return ids
			}
			b.signalTo(t, worker, syscall.SIGCONT)
			anyMoment(t.Context())
		}
		for _, id := range ids {
			b.whole(t, id)
		}
	}
	t.Fatal("the worker never was in the middle of a batch of both campaigns")
	return nil
}

// openBatches is the number of campaigns of which a transaction that holds the fence waits for its worker.
func (b *barrier) openBatches(t *testing.T) (n int) {
	t.Helper()
	const fence = 0x48_01 // first key of the campaigns' advisory locks
	must(t, b.DB.QueryRow(t.Context(), `
		SELECT count(DISTINCT l.objid) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
		WHERE l.locktype = 'advisory' AND l.classid = $1 AND l.mode = 'ShareLock' AND l.granted AND a.state = 'idle in transaction'`, fence).Scan(&n))
	return n
}

// temporalFrozen pauses and stops while the Temporal server does not answer.
func (b *barrier) temporalFrozen(t *testing.T, frozenFor time.Duration) {
	const temporal = "temporal"
	ids := b.begin(t, 2)
	defer b.Signal(temporal, syscall.SIGCONT) //nolint:errcheck // it is not frozen any more if all went well
	b.signalTo(t, temporal, syscall.SIGSTOP)
	began := time.Now()
	held := b.pauseAndStop(t, ids)
	wait(t.Context(), frozenFor-time.Since(began))
	for i, id := range ids {
		b.unchanged(t, id, "the answer, while Temporal was frozen", held[i])
	}
	b.signalTo(t, temporal, syscall.SIGCONT)
	b.afterwards(t, ids, held, !large)
}

// temporalKilled pauses and stops while the Temporal server is down.
func (b *barrier) temporalKilled(t *testing.T) {
	ids := b.begin(t, 2)
	ctx, up := context.WithCancel(t.Context())
	var killer sync.WaitGroup
	b.signalTo(t, "temporal", syscall.SIGKILL)
	killer.Go(func() { // it is started again at once, and has to stay down
		for wait(ctx, 100*time.Millisecond) {
			_ = b.Signal("temporal", syscall.SIGKILL) // it may not be there
		}
	})
	held := b.pauseAndStop(t, ids)
	up()
	killer.Wait()
	for i, id := range ids {
		b.unchanged(t, id, "the answer, while Temporal was down", held[i])
	}
	b.afterwards(t, ids, held, !large)
}
