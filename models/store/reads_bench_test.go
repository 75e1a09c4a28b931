package store_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"herald/models"
)

// BenchmarkReads has a campaign to a million users, all of whom but the readers of the benchmark have read it: what one
// more read costs with sixteen readers at once, and what the sum of all reads costs.
func BenchmarkReads(b *testing.B) {
	const receivers, readers = 1_000_000, 16
	w := newWorld(b)
	w.draft("c")
	for _, statement := range []string{
		`INSERT INTO channels (app_pk, cid, created_by, created_at, updated_at, last_message_at)
			SELECT $1, 'messaging:u' || n, 'boss', now() - interval '1 hour', now(), now() FROM generate_series(1, $2::int) n`,
		`INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at)
			SELECT $1, 'messaging:u' || n, 'u' || n, now() - interval '1 hour', now() FROM generate_series(1, $2::int) n`,
		`INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, recipient, created_at, updated_at)
			SELECT $1, 'm' || n, 'messaging:u' || n, 'boss', 'x', 'c', 'u' || n, now(), now() FROM generate_series(1, $2::int) n`,
		`INSERT INTO campaign_reads (app_pk, campaign_id, cid, user_id, read_at)
			SELECT $1, 'c', 'messaging:v' || n, 'v' || n, now() FROM generate_series(1, $2::int) n`,
		`INSERT INTO campaign_read_counts (app_pk, campaign_id, shard, reads) SELECT $1, 'c', n, $2::int / 16 FROM generate_series(0, 15) n`,
	} {
		w.exec(statement, w.app, receivers)
	}
	w.exec(`VACUUM ANALYZE`)

	var reader atomic.Int64
	b.Run("mark", func(b *testing.B) {
		b.SetParallelism(readers)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				n := reader.Add(1)
				if _, err := w.MarkRead(b.Context(), w.app, fmt.Sprint("messaging:u", n), fmt.Sprint("u", n), ""); err != nil {
					b.Error(err)
				}
			}
		})
	})
	b.Run("sum", func(b *testing.B) {
		for b.Loop() {
			stats, err := w.Stats(b.Context(), w.app, "c")
			if want := receivers + reader.Load(); err != nil || stats["c"].UsersRead != want {
				b.Fatalf("%d read, want %d: %v", stats["c"].UsersRead, want, err)
			}
		}
	})
	b.Run("count", func(b *testing.B) { // what the sum spares
		for b.Loop() {
			one[int64](w, `SELECT count(*) FROM campaign_reads WHERE app_pk = $1 AND campaign_id = 'c'`, w.app)
		}
	})
}

// BenchmarkPoll has a poll of ten options with half a million votes: what showing it costs, one more vote with sixteen
// voters at once, and deleting it.
func BenchmarkPoll(b *testing.B) {
	const votes, voters = 500_000, 16
	w := newWorld(b)
	w.poll("p", unique, func(p *models.Poll) {
		p.Options = nil
		for _, id := range numbered("o", 10) {
			p.Options = append(p.Options, models.PollOption{ID: id, Text: id})
		}
	})
	w.exec(`INSERT INTO poll_votes (app_pk, poll_id, id, option_id, user_id, created_at, updated_at)
		SELECT $1, 'p', 'v' || n, 'o000' || n % 10, 'old' || n, now() - n * interval '1 second', now() FROM generate_series(1, $2::int) n`, w.app, votes)
	w.exec(`INSERT INTO poll_counts (app_pk, poll_id, option_id, shard, votes) SELECT $1, 'p', 'o000' || o, s, $2::int / 160 FROM generate_series(0, 9) o, generate_series(0, 15) s`, w.app, votes)
	w.exec(`VACUUM ANALYZE`)
	b.Run("show", func(b *testing.B) {
		for b.Loop() {
			if _, err := w.Poll(b.Context(), w.app, "p", "old1"); err != nil {
				b.Fatal(err)
			}
		}
	})
	var voter atomic.Int64
	b.Run("vote", func(b *testing.B) {
		b.SetParallelism(voters)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if _, err := w.vote("p", fmt.Sprint("u", voter.Add(1)), "o0001"); err != nil {
					b.Error(err)
				}
			}
		})
	})
	started := time.Now()
	if err := w.DeletePoll(b.Context(), w.app, "p"); err != nil {
		b.Fatal(err)
	}
	b.Logf("deleted with %d votes in %v", votes+voter.Load(), time.Since(started))
}
