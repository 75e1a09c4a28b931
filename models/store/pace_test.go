package store_test

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"herald/models"
	"herald/models/store"
)

// Over any W seconds, W at least 1, a campaign commits at most rate × (W + 1) messages, however many workers there are and
// however long after its turn a transaction is committed. Over a while it sends no less than its rate.
func TestDeliverKeepsThePace(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		pace    store.Pace
		batches int
		slow    string // seconds that a batch takes, in SQL
		late    string // and its commit
	}{
		{"on time", store.Pace{PerSecond: 40, InFlight: 1}, 14, "0", "0"},
		{"every batch takes a part of the next one's time", store.Pace{PerSecond: 40, InFlight: 1}, 14, "0.1", "0"},
		{"every batch takes the time of several", store.Pace{PerSecond: 100, InFlight: 4}, 40, "0.3", "0"},
		{"all in flight are late at once", store.Pace{PerSecond: 100, InFlight: 4}, 40, "0", "CASE WHEN NEW.source < 4 THEN 1 ELSE 0 END"},
		{"one message a second", store.Pace{PerSecond: 1, InFlight: 1}, 4, "0", "CASE WHEN NEW.source = 0 THEN 0.5 ELSE 0 END"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.exec(`CREATE TABLE commits (at timestamptz)`)
			w.exec(`CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(` + tt.slow + `); RETURN NULL; END $$`)
			w.exec(`CREATE TRIGGER slow AFTER INSERT ON messages EXECUTE FUNCTION slow()`)
			w.exec(`CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
				PERFORM pg_sleep(` + tt.late + `);
				INSERT INTO commits VALUES (clock_timestamp());
				RETURN NULL;
			END $$`)
			w.exec(`CREATE CONSTRAINT TRIGGER late AFTER INSERT ON campaign_batches DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION late()`)
			w.deliverPaced(tt.pace, tt.batches)
			times := query[time.Time](w, `SELECT at FROM commits ORDER BY at`)
			if len(times) != tt.batches {
				t.Fatalf("%d commits, want %d", len(times), tt.batches)
			}
			size, rate := tt.pace.Size(), tt.pace.PerSecond
			for i, from := range times {
				for j, to := range times[i:] {
					window := max(1, to.Sub(from).Seconds())
					if n := (j + 1) * size; float64(n) > float64(rate)*(window+1) {
						t.Errorf("%d messages within %.3f s, at most %d × (W + 1) are allowed", n, window, rate)
					}
				}
			}
			took := times[len(times)-1].Sub(times[0])
			if sent := size * (tt.batches - 1); float64(sent) < 0.9*float64(rate)*(took.Seconds()-allowance) {
				t.Errorf("%d messages took %v, want them at %d a second", sent, took, rate)
			}
			t.Logf("%d commits of %d over %v", len(times), size, took)
		})
	}
}

// allowance is how much longer, in seconds, a busy machine may take.
const allowance = 0.5

// deliverPaced delivers batches of a running campaign, as many at once as its pace says.
func (w *world) deliverPaced(p store.Pace, batches int) {
	c := w.running("c")
	var g errgroup.Group
	g.SetLimit(p.InFlight)
	for i := range batches {
		d := delivery(c, bossOnly, numbered(fmt.Sprintf("%d-", i), p.Size())...)
		d.Source, d.Pace = i, p
		g.Go(func() error {
			wait, err := w.Turn(w.tb.Context(), d)
			if err != nil {
				return err
			}
			<-time.After(wait) // its turn, by the database's clock
			if out, err := w.Deliver(w.tb.Context(), d); err != nil || out.Counts.Sent != int64(p.Size()) {
				return fmt.Errorf("batch %d: %+v, %w", i, out, err)
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		w.tb.Fatal(err)
	}
}

func (w *world) turn(d store.Delivery) time.Duration {
	w.tb.Helper()
	wait, err := w.Turn(w.tb.Context(), d)
	if err != nil {
		w.tb.Fatal(err)
	}
	return wait
}

// What sends nothing needs no turn of its own and takes nobody else's.
func TestTurnsAreForMessagesOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.running("c")
	batch := func(source int, recipients ...string) store.Delivery {
		d := delivery(c, bossOnly, recipients...)
		d.Source, d.Pace = source, store.Pace{PerSecond: 2, InFlight: 1}
		return d
	}
	expect := func(d store.Delivery, least, most time.Duration) {
		t.Helper()
		if wait := w.turn(d); wait < least || wait > most {
			t.Errorf("the turn is in %v, want %v to %v", wait, least, most)
		}
	}
	const half = time.Second / 2
	unpaced := batch(0, "ann")
	unpaced.Pace = store.Pace{}
	expect(unpaced, 0, 0)
	w.exec(`DELETE FROM campaign_controls`) // there need be none
	expect(batch(0, "ann"), 0, 0)
	w.deliver(batch(0, "ann"))
	nobody := batch(1)
	nobody.Outcomes = []models.Outcome{models.NewOutcome("bob", models.UnknownUser, "")}
	expect(nobody, 0, 0)
	expect(batch(0, "ann"), 0, 0) // again
	w.exec(`UPDATE campaign_controls SET next_send_at = now() + interval '1 hour'`)
	expect(batch(2, "ann", "carl"), time.Hour-half, time.Hour)  // carl's turn only:
	expect(batch(3, "dora", "emil"), time.Hour, time.Hour+half) // half a second after it
	expect(batch(4, "finn"), time.Hour+half, time.Hour+3*half)  // and a second
	w.exec(`UPDATE campaign_controls SET next_send_at = now() - interval '1 hour'`)
	expect(batch(5, "gina"), 0, 0)
	expect(batch(6, "hugo"), time.Millisecond, half) // no hour's worth was saved up
}

func TestPaceOfSmallAndLargeRates(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ perSecond, inFlight, size int }{
		{1, 1, 1}, {2, 1, 1}, {7, 1, 1}, {8, 1, 2}, {1000, 1, 250}, {1000, 4, 100}, {3, 4, 1}, {1_000_000, 4, 100_000},
	} {
		if got := (store.Pace{PerSecond: tt.perSecond, InFlight: tt.inFlight}).Size(); got != tt.size {
			t.Errorf("%d a second, %d in flight: transactions of %d, want %d", tt.perSecond, tt.inFlight, got, tt.size)
		}
	}
}
