package soak_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"go.temporal.io/api/enums/v1"

	"herald/internal/heralddev"
	"herald/models"
	"herald/workflows"
)

// A pause and a stop are barriers, whatever is frozen or down: of what is committed at the answer nothing more follows.
func TestBarrier(t *testing.T) {
	if !large {
		t.Parallel() // most of it is waiting
	}
	b := &barrier{world: newWorld(t, size(10_000, 100_000), nil), users: int64(size(10_000, 100_000))}
	_, err := b.DB.Exec(t.Context(), "VACUUM ANALYZE users")
	must(t, err)
	b.everybody, err = b.segment(t.Context(), map[string]any{"half": map[string]any{"$in": []int{0, 1}}})
	must(t, err)

	t.Run("pause at full speed", func(t *testing.T) { b.pauses(t, size(4, 100), size(2, 30)) })
	t.Run("stop at full speed", func(t *testing.T) { b.stops(t, size(3, 100)) })
	t.Run("worker frozen in the middle of a batch", func(t *testing.T) {
		for range size(1, 3) {
			b.workerFrozen(t, size(5*time.Second, 30*time.Second))
		}
	})
	t.Run("Temporal frozen", func(t *testing.T) {
		for range size(1, 2) {
			b.temporalFrozen(t, size(3*time.Second, 20*time.Second))
		}
	})
	t.Run("Temporal killed", func(t *testing.T) {
		if !large {
			t.Skip("only in make soak: a Temporal that was killed takes its time to come back")
		}
		for range 2 {
			b.temporalKilled(t)
		}
	})
}

// barrier sends campaigns to everybody, whose channels have to be created.
type barrier struct {
	*world
	users     int64
	everybody string // segment
	made      int    // campaigns
	late      int64  // messages committed after an answer
}

// begin starts campaigns and waits until each has sent something.
func (b *barrier) begin(t *testing.T, count int) []string {
	t.Helper()
	_, err := b.DB.Exec(t.Context(), "TRUNCATE messages, channels, channel_members") // so that channels have to be created again
	must(t, err)
	var ids []string
	for range count {
		b.made++
		id := fmt.Sprintf("barrier-%d", b.made)
		must(t, b.create(t.Context(), id, map[string]any{"id": id, "segment_ids": []string{b.everybody}}))
		answered(t, b.do(t.Context(), models.ActionStart, id, map[string]any{}))
		ids = append(ids, id)
	}
	for _, id := range ids {
		b.flows(t, id, 0)
	}
	return ids
}

func answered(t *testing.T, c call) {
	t.Helper()
	if !c.ok() {
		t.Fatal(c)
	}
}

func await(t *testing.T, what string, condition func() bool) {
	t.Helper()
	must(t, heralddev.Await(t.Context(), what, patience, condition))
}

// flows waits until a campaign has sent more than so many messages, or has ended.
func (b *barrier) flows(t *testing.T, id string, more int64) {
	t.Helper()
	await(t, "messages of "+id, func() bool {
		n, err := b.sent(t.Context(), id)
		return err == nil && n > more || b.ended(t, id)
	})
}

func (b *barrier) ended(t *testing.T, id string) bool {
	r, err := b.row(t.Context(), id)
	must(t, err)
	return r.Status == models.StatusStopped || r.Status == models.StatusCompleted
}

// count is what a campaign has committed at this moment.
func (b *barrier) count(t *testing.T, id string) int64 {
	t.Helper()
	n, recipients, err := b.messages(t.Context(), id)
	must(t, err)
	if n != recipients {
		t.Fatalf("%d messages to %d recipients", n, recipients)
	}
	return n
}

// unchanged checks that nothing was committed since.
func (b *barrier) unchanged(t *testing.T, id, since string, held int64) {
	t.Helper()
	if now := b.count(t, id); now != held {
		b.late += now - held
		t.Errorf("%d messages of %s were committed after %s", now-held, id, since)
	}
}

// whole checks a campaign that went on to its end: everybody has one message, and every one was committed while it was open.
func (b *barrier) whole(t *testing.T, id string) {
	t.Helper()
	await(t, id+" to be completed", func() bool { return b.ended(t, id) })
	if n := b.count(t, id); n != b.users {
		t.Errorf("%s has sent %d messages to %d users", id, n, b.users)
	}
	b.lawful(t, id)
}

// lawful checks the whole history of a campaign's row and messages.
func (b *barrier) lawful(t *testing.T, id string) {
	t.Helper()
	tr, err := b.trace(t.Context(), id)
	must(t, err)
	if err := errors.Join(tr.legal(), tr.barrier()); err != nil {
		t.Errorf("%s: %v\n%v", id, err, tr)
	}
}

// settles waits until the workflow of a held campaign has heard of it and no batch is open or waits to be repeated.
func (b *barrier) settles(t *testing.T, id string) {
	t.Helper()
	await(t, id+" to be quiet", func() bool {
		if !b.Acknowledged(t.Context(), id) {
			return false
		}
		quiet, err := b.quiet(t.Context(), id)
		return err == nil && quiet
	})
}

// anyMoment lets a random part of a campaign's way go by.
func anyMoment(ctx context.Context) {
	wait(ctx, time.Duration(rand.Int64N(int64(500*time.Millisecond)))) //nolint:gosec // the moment is no secret
}

// tryBound is after how long no further try is begun, on a machine that is too slow for all of them.
const tryBound = 4 * time.Minute

// pauses pauses and resumes campaigns again and again, by the API and by bare signals.
func (b *barrier) pauses(t *testing.T, byAPI, bySignal int) {
	var answers, shows []time.Duration
	began := time.Now()
	campaigns := 0
	for len(answers) < byAPI || len(shows) < bySignal {
		if time.Since(began) > tryBound {
			break
		}
		id := b.begin(t, 1)[0]
		campaigns++
		for len(answers) < byAPI || len(shows) < bySignal {
			anyMoment(t.Context())
			took, held, ok := b.pause(t, id, len(answers) >= byAPI || len(shows) < bySignal && rand.IntN(3) == 0) //nolint:gosec // no secret
			if !ok {
				break // completed before
			}
			if took.bare {
				shows = append(shows, took.Duration)
			} else {
				answers = append(answers, took.Duration)
			}
			b.settles(t, id)
			b.unchanged(t, id, "the pause", held)
			if rand.IntN(4) == 0 { //nolint:gosec // no secret
				if _, err := b.signal(t.Context(), id, workflows.SignalResume, nil); err != nil {
					t.Fatal(err)
				}
			} else {
				answered(t, b.do(t.Context(), models.ActionResume, id, nil))
			}
			b.flows(t, id, held)
		}
		b.whole(t, id)
	}
	figures.add(t, "%d campaigns to %d users each, channels to be created", campaigns, b.users)
	figures.add(t, "the API's answer: %s; messages committed after it: %d", distribution(answers), b.late)
	figures.add(t, "a bare signal until the row shows it: %s", distribution(shows))
}

// taken is the time a control took, by the API or by a bare signal.
type taken struct {
	time.Duration
	bare bool
}

// pause pauses a campaign and counts its messages at once; false where it had completed before.
func (b *barrier) pause(t *testing.T, id string, bare bool) (taken, int64, bool) {
	t.Helper()
	if !bare {
		c := b.do(t.Context(), models.ActionPause, id, nil)
		held := b.count(t, id)
		if c.status == 400 && b.ended(t, id) {
			return taken{}, 0, false
		}
		answered(t, c)
		return taken{Duration: c.to.Sub(c.from)}, held, true
	}
	began := time.Now()
	if ok, err := b.signal(t.Context(), id, workflows.SignalPause, nil); err != nil {
		t.Fatal(err)
	} else if !ok {
		return taken{}, 0, false
	}
	var r row
	for deadline := began.Add(patience); r.Hold != models.HoldPaused; {
		var err error
		r, err = b.row(t.Context(), id)
		must(t, err)
		if r.Status == models.StatusCompleted {
			return taken{}, 0, false
		}
		if time.Now().After(deadline) {
			t.Fatalf("the row of %s does not show the pause: %s", id, r.state)
		}
	}
	took := time.Since(began)
	return taken{Duration: took, bare: true}, b.count(t, id), true
}

// stops stops campaigns, each at a random moment of its beginning.
func (b *barrier) stops(t *testing.T, tries int) {
	var answers []time.Duration
	began := time.Now()
	for len(answers) < tries && time.Since(began) < tryBound {
		id := b.begin(t, 1)[0]
		anyMoment(t.Context())
		c := b.do(t.Context(), models.ActionStop, id, nil)
		held := b.count(t, id)
		answered(t, c)
		if c.state.Status == models.StatusStopped { // and had not completed before
			answers = append(answers, c.to.Sub(c.from))
		}
		b.closes(t, id)
		b.unchanged(t, id, "the stop", held)
		b.lawful(t, id)
	}
	figures.add(t, "the API's answer: %s; messages committed after it: %d", distribution(answers), b.late)
}

// closes waits until the workflow of an ended campaign has ended and acknowledged it.
func (b *barrier) closes(t *testing.T, id string) {
	t.Helper()
	await(t, "the workflow of "+id+" to end", func() bool {
		standing, err := b.standing(t.Context(), id)
		return err == nil && standing == enums.WORKFLOW_EXECUTION_STATUS_COMPLETED && b.Acknowledged(t.Context(), id)
	})
}
