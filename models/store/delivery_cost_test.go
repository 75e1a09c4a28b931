package store_test

import (
	"fmt"
	"testing"

	"herald/models"
	"herald/models/store"
)

// A batch must read no more at the end of a campaign than at its beginning, also while Postgres knows nothing yet about
// the campaign and the tables it fills: with an unlucky plan each batch reads what all the others have written.
func TestDeliverReadsItsOwnRowsOnly(t *testing.T) {
	t.Parallel()
	const batches, size, outcomes = 25, 200, 20
	w := newWorld(t)
	s, err := store.Open(t.Context(), w.url, store.Options{MaxBatchConns: 1}) // as plans are kept by connection
	if err != nil {
		t.Fatal(err)
	}
	users := w.running("users")
	channels := w.running("channels")
	rule := bossOnly
	rule.Show, rule.IncludeSender = true, true
	for n := range batches {
		d := delivery(users, rule, numbered(fmt.Sprintf("%02d-", n), size)...)
		d.After = fmt.Sprint(n)
		for i := range outcomes {
			d.Outcomes = append(d.Outcomes, models.NewOutcome(fmt.Sprintf("%02d-x%02d", n, i), models.UnknownUser, "unknown"))
		}
		var cids []string
		for _, m := range d.Messages {
			cids = append(cids, m.CID)
		}
		to := toChannels(channels, store.ChannelRule{Show: true, IncludeSender: true}, cids...)
		to.After = d.After
		for _, d := range []store.Delivery{d, to} {
			if out, err := s.Deliver(t.Context(), d); err != nil || out.Counts.Sent != size {
				t.Fatalf("%+v, %v", out, err)
			}
		}
		if found, err := s.LiveChannels(t.Context(), w.app, cids); err != nil || len(found) != size {
			t.Fatalf("%d channels: %v", len(found), err)
		}
	}
	s.Close() // sessions report what they have read when they end
	w.until("the reading is reported", func() bool {
		return one[bool](w, `SELECT n_tup_ins >= $1 FROM pg_stat_user_tables WHERE relname = 'messages'`, 2*batches*size)
	})
	for _, table := range []string{"messages", "channels", "channel_members", "campaign_outcomes"} {
		read := one[int](w, `SELECT (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = $1)
			+ (SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes WHERE relname = $1)`, table)
		written := one[int](w, `SELECT n_tup_ins + n_tup_upd FROM pg_stat_user_tables WHERE relname = $1`, table)
		t.Logf("%s: %d rows read, %d written", table, read, written)
		if most := 3 * written; read > most {
			t.Errorf("%d rows of %s were read to write %d", read, table, written)
		}
	}
}

// The same for reading: batch by batch an audience is read once.
func TestTargetsAreReadOnce(t *testing.T) {
	t.Parallel()
	const users, size = 4000, 200
	w := newWorld(t)
	s, err := store.Open(t.Context(), w.url, store.Options{MaxBatchConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	ids := numbered("u", users)
	w.users(ids...)
	w.exec(`UPDATE users SET custom = '{"country": "US"}'`)
	w.segment(models.Segment{ID: "all", Type: models.SegmentUser, AllUsers: true})
	w.segment(models.Segment{ID: "filter", Type: models.SegmentUser, Filter: []byte(`{"country": "US"}`)})
	w.segment(models.Segment{ID: "list", Type: models.SegmentUser}, ids...)
	campaigns := []models.Campaign{
		w.running("segments", func(c *models.Campaign) { c.SegmentIDs = []string{"all", "filter", "list"} }),
		w.running("user_ids", func(c *models.Campaign) { c.UserIDs = ids }),
	}
	rows := func() (users, targets int) {
		const read = `SELECT coalesce((SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = $1), 0)
			+ (SELECT sum(idx_tup_read)::bigint FROM pg_stat_user_indexes WHERE relname = $1)`
		return one[int](w, read, "users"), one[int](w, read, "segment_targets")
	}
	w.db.Reset() // what filled the tables reports now, and not with what is measured
	usersBefore, targetsBefore := rows()
	for _, c := range campaigns {
		sources, err := s.Sources(t.Context(), c, *c.StartedAt)
		if err != nil {
			t.Fatal(err)
		}
		for _, src := range sources {
			for n := 0; n < users; n += size {
				found, err := s.UserTargets(t.Context(), src, ids[n], ids[min(n+size, users-1)], size+1)
				if err != nil || len(found) < size-1 {
					t.Fatalf("source %d of %s after %q: %d targets, %v", src.Index, c.ID, ids[n], len(found), err)
				}
			}
		}
	}
	s.Close()
	const sources, lists = 4, 1
	var usersRead, targetsRead int
	w.until("the reading is reported", func() bool {
		usersRead, targetsRead = rows()
		usersRead, targetsRead = usersRead-usersBefore, targetsRead-targetsBefore
		return usersRead >= sources*(users-size)
	})
	t.Logf("%d rows of users read for %d, %d rows of segment_targets for %d", usersRead, sources*users, targetsRead, lists*users)
	if usersRead > 2*sources*users || targetsRead > 2*lists*users {
		t.Errorf("%d rows of users were read for %d, %d rows of segment_targets for %d", usersRead, sources*users, targetsRead, lists*users)
	}
}
