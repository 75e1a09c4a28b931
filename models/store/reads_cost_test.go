package store_test

import (
	"testing"

	"herald/models"
	"herald/models/store"
)

// A read and a vote must cost no more at the end of a rush than at its beginning, also while Postgres takes the tables
// for the empty ones they were when it last looked: with an unlucky plan each of them reads what all others have written.
func TestReadersAndVotersReadTheirOwnRowsOnly(t *testing.T) {
	t.Parallel()
	const early, rush = 60, 800 // Postgres looks at a table after 50 changes
	w := newWorld(t)
	c := w.running("c")
	users := numbered("u", rush)
	w.deliver(delivery(c, bossOnly, users...))
	w.poll("p", unique)
	for _, user := range users[:early] {
		w.markRead("messaging:"+user, user, "")
		w.votes("p", user, "a")
	}
	w.exec(`VACUUM ANALYZE`)

	s, err := store.Open(t.Context(), w.url, store.Options{MaxConns: 1}) // as plans are kept by connection
	if err != nil {
		t.Fatal(err)
	}
	for _, user := range users {
		if _, err := s.MarkRead(t.Context(), w.app, "messaging:"+user, user, ""); err != nil {
			t.Fatal(err)
		}
		if err := s.MarkAllRead(t.Context(), w.app, user); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Unread(t.Context(), w.app, []string{user}); err != nil {
			t.Fatal(err)
		}
		for _, option := range []string{"a", "b"} {
			if _, err := s.CastVote(t.Context(), w.app, models.Vote{ID: models.NewID(), PollID: "p", UserID: user, OptionID: option}); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Poll(t.Context(), w.app, "p", user); err != nil {
			t.Fatal(err)
		}
	}
	s.Close() // sessions report what they have read when they end
	w.until("the reading is reported", func() bool {
		return one[bool](w, `SELECT n_tup_ins >= $1 FROM pg_stat_user_tables WHERE relname = 'poll_votes'`, 2*rush)
	})
	for table, each := range map[string]int{
		"channel_reads": 8, "campaign_reads": 4, "messages": 8, "channels": 10, "channel_members": 12,
		"poll_votes": 200,                                               // those shown, and votes that others have just taken back
		"campaigns":  4, "campaign_read_counts": 20, "poll_counts": 150, // few rows, and versions of them
	} {
		read := one[int](w, `SELECT (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = $1)
			+ (SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes WHERE relname = $1)`, table)
		t.Logf("%s: %.1f rows read for each user", table, float64(read)/rush)
		if read > each*rush {
			t.Errorf("%d rows of %s were read for %d users, at most %d each are theirs", read, table, rush, each)
		}
	}
}
