package store_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"herald/models"
	"herald/models/store"
)

// BenchmarkDeliver commits batches of a thousand messages, by one sender to the 1:1 channels of distinct users.
func BenchmarkDeliver(b *testing.B) {
	const (
		size = 1000
		old  = 20 * size // channels that exist
	)
	text := strings.Repeat("Hello there! ", 10)
	batch := func(c models.Campaign, rule store.ChannelRule, n int) store.Delivery {
		d := delivery(c, rule, numbered(fmt.Sprintf("%08d-", n), size)...)
		d.After = fmt.Sprint(n)
		for i := range d.Messages {
			m := &d.Messages[i]
			m.Text, m.CID = text, "messaging:"+models.DistinctID(m.Receiver, sender)
		}
		return d
	}
	for _, bb := range []struct {
		name string
		rule store.ChannelRule
		old  bool
		plan int64
		hook bool
	}{
		{"channels created", bossOnly, false, 0, false},
		{"channels created, with a hook", bossOnly, false, 0, true},
		{"channels exist", bossOnly, true, 0, false},
		{"channels exist, create off", store.ChannelRule{}, true, 0, false},
		{"channels exist, create off, with a hook", store.ChannelRule{}, true, 0, true},
		{"channels exist, create off, with a plan", store.ChannelRule{}, true, models.MaxMAUPlan, false},
		{"channels exist, shown, sender included", store.ChannelRule{Create: true, Members: bossOnly.Members, Show: true, IncludeSender: true}, true, 0, false},
	} {
		b.Run(bb.name, func(b *testing.B) {
			w := newWorld(b)
			if bb.hook {
				w.hooks(hookFor("standard"))
			}
			w.plan(bb.plan)
			first := w.running("first")
			for n := range old / size { // the tables are not empty in any case
				w.deliver(batch(first, bossOnly, n))
			}
			w.exec(`ANALYZE`)
			var batches []store.Delivery
			for n := range b.N {
				id := n + old/size
				if bb.old {
					id = n % (old / size)
				}
				if n%(old/size) == 0 {
					first = w.running(fmt.Sprint("c", n))
				}
				batches = append(batches, batch(first, bb.rule, id))
			}
			b.ResetTimer()
			for _, d := range batches {
				if out := w.deliver(d); out.Counts.Sent != size {
					b.Fatalf("%+v", out)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*size), "µs/row")
		})
	}
}

// BenchmarkDeliverAtOnce commits batches on eight connections at once: with a plan they share a row.
func BenchmarkDeliverAtOnce(b *testing.B) {
	const size, connections = 100, 8 // small batches, that commit often
	for name, plan := range map[string]int64{"without a plan": 0, "with a plan": models.MaxMAUPlan} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b)
			w.plan(plan)
			c := w.running("c")
			batches := make(chan store.Delivery, b.N)
			for n := range b.N {
				d := delivery(c, bossOnly, numbered(fmt.Sprintf("%08d-", n), size)...)
				d.After = fmt.Sprint(n)
				batches <- d
			}
			close(batches)
			b.ResetTimer()
			var group sync.WaitGroup
			for range connections {
				group.Go(func() {
					for d := range batches {
						if out, err := w.Deliver(b.Context(), d); err != nil || out.Counts.Sent != size {
							b.Errorf("%+v, %v", out, err)
						}
					}
				})
			}
			group.Wait()
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*size), "µs/row")
		})
	}
}
