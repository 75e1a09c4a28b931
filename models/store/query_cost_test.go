package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"herald/filter"
	"herald/models"
	"herald/models/store"
)

// The thousandth page of a list costs what the first one costs: it is found by key, and reads its own rows.
func TestPagesCostTheSame(t *testing.T) {
	t.Parallel()
	// As many rows follow the thousandth page as precede it: at the end of a list Postgres may well read and sort what is left.
	const rows, size, pages = 30_000, 30, 10
	const all = 2 * rows
	w := newWorld(t)
	w.exec(`INSERT INTO campaigns (app_pk, id, name, sender_id, message_template, created_at, updated_at)
		SELECT $1, 'c' || lpad(n::text, 5, '0'), 'n' || n % 3, 'boss', '{"text": "x"}', timestamptz '2026-01-01' + n / 7 * interval '1 second', now()
		FROM generate_series(1, $2::int) n`, w.app, all)
	w.exec(`INSERT INTO segments (app_pk, id, type, name, created_at, updated_at)
		SELECT $1, 's' || lpad(n::text, 5, '0'), 'user', 'n' || n % 3, timestamptz '2026-01-01' + n / 7 * interval '1 second', now()
		FROM generate_series(1, $2::int) n`, w.app, all)
	list := w.segment(models.Segment{ID: "list", Type: models.SegmentUser})
	w.exec(`INSERT INTO segment_targets (segment_pk, target_id, created_at)
		SELECT $1, 't' || lpad(n::text, 5, '0'), timestamptz '2026-01-01' + n / 7 * interval '1 second' FROM generate_series(1, $2::int) n`, list.PK, all)
	w.exec(`INSERT INTO polls (app_pk, id, name, voting_visibility, enforce_unique_vote, allow_answers, is_closed, options, created_by, created_at, updated_at)
		SELECT $1, 'p' || lpad(n::text, 5, '0'), 'x', 'public', false, false, false, '[]', 'boss', timestamptz '2026-01-01' + n / 7 * interval '1 second', now()
		FROM generate_series(1, $2::int) n`, w.app, all)
	w.exec(`VACUUM ANALYZE`)

	campaigns := func(ctx context.Context, s *store.Store, q store.Query) (int, filter.Key, error) {
		p, err := s.QueryCampaigns(ctx, w.app, q)
		return len(p.Rows), p.Next, err
	}
	segments := func(ctx context.Context, s *store.Store, q store.Query) (int, filter.Key, error) {
		p, err := s.QuerySegments(ctx, w.app, q)
		return len(p.Rows), p.Next, err
	}
	targets := func(ctx context.Context, s *store.Store, q store.Query) (int, filter.Key, error) {
		p, err := s.QueryTargets(ctx, list, q)
		return len(p.Rows), p.Next, err
	}
	polls := func(ctx context.Context, s *store.Store, q store.Query) (int, filter.Key, error) {
		p, err := s.QueryPolls(ctx, w.app, q, "")
		return len(p.Rows), p.Next, err
	}
	for _, tc := range []struct {
		name         string
		entity       filter.Entity
		filter, sort string
		page         func(context.Context, *store.Store, store.Query) (int, filter.Key, error)
	}{
		{"campaigns", filter.Campaigns, `{}`, `[]`, campaigns},
		{"campaigns by id", filter.Campaigns, `{"status": "draft"}`, `[{"field": "id"}]`, campaigns},
		{"campaigns, the oldest first", filter.Campaigns, `{"name": {"$in": ["n0", "n1", "n2"]}}`, `[{"field": "created_at"}]`, campaigns},
		{"segments", filter.Segments, `{}`, `[]`, segments},
		{"segments by id", filter.Segments, `{"type": "user"}`, `[{"field": "id", "direction": -1}]`, segments},
		{"targets", filter.Targets, `{}`, `[]`, targets},
		{"targets backwards", filter.Targets, `{"target_id": {"$gt": "t"}}`, `[{"field": "target_id", "direction": -1}]`, targets},
		{"targets, the newest first", filter.Targets, `{}`, `[{"field": "created_at", "direction": -1}]`, targets},
		{"polls", filter.Polls, `{}`, `[]`, polls},
		{"polls by id", filter.Polls, `{"is_closed": false}`, `[{"field": "id"}]`, polls},
	} {
		t.Run(tc.name, func(t *testing.T) {
			where, err := filter.Parse(tc.entity, "filter", json.RawMessage(tc.filter))
			if err != nil {
				t.Fatal(err)
			}
			order, err := filter.ParseSort(tc.entity, "sort", json.RawMessage(tc.sort))
			if err != nil {
				t.Fatal(err)
			}
			query := func(limit int, key filter.Key) store.Query {
				return store.Query{Filter: where, Sort: order, Limit: limit, Key: key}
			}
			read := func(key filter.Key) int {
				return w.rowsRead(func(s *store.Store) {
					for range pages {
						n, next, err := tc.page(t.Context(), s, query(size, key))
						if err != nil || n != size {
							t.Fatalf("a page of %d rows: %v", n, err)
						}
						key = next
					}
				})
			}
			var deep filter.Key
			w.rowsRead(func(s *store.Store) {
				if _, deep, err = tc.page(t.Context(), s, query(rows-(pages+1)*size, nil)); err != nil || deep == nil {
					t.Fatalf("no page deep in the list: %v", err)
				}
			})
			early, late := read(nil), read(deep)
			t.Logf("%d rows read for the first %d pages of %d, %d for those before page %d", early, pages, size, late, rows/size)
			// Rows of equal times are read together, and a page looks to either side of itself.
			if most := 4 * pages * (size + 1); early > most || late > most {
				t.Errorf("the first %d pages read %d rows, those before page %d %d; at most %d are theirs", pages, early, rows/size, late, most)
			}
		})
	}
}

// Members are paged by offset, which the API bounds: no page of them reads more than what lies before it and itself, however
// many members a channel has. Nor does the page of a campaign's users, which is found in the list of ids.
func TestPagesOfMembersAndUsersAreBounded(t *testing.T) {
	t.Parallel()
	const rows, offset, size, times = 20_000, 1000, 100, 10 // after the fifth Postgres may keep a plan
	w := newWorld(t)
	w.exec(`INSERT INTO users (app_pk, id, created_at, updated_at) SELECT $1, 'u' || lpad(n::text, 5, '0'), now(), now() FROM generate_series(1, $2::int) n`, w.app, rows)
	w.channel("messaging:full")
	w.exec(`INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at) SELECT $1, 'messaging:full', id, now(), now() FROM users WHERE id LIKE 'u%'`, w.app)
	w.exec(`VACUUM ANALYZE`)
	where, err := filter.Parse(filter.Members, "filter", nil)
	if err != nil {
		t.Fatal(err)
	}
	order, err := filter.ParseSort(filter.Members, "sort", nil)
	if err != nil {
		t.Fatal(err)
	}
	full, err := w.Channel(t.Context(), w.app, "messaging:full")
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, rows)
	for i := range ids {
		ids[i] = fmt.Sprintf("u%05d", i+1)
	}
	for name, tc := range map[string]struct {
		most int // rows read
		page func(s *store.Store) (int, error)
	}{
		"members": {offset + size, func(s *store.Store) (int, error) {
			members, err := s.QueryMembers(t.Context(), w.app, full.CID, store.MemberQuery{Filter: where, Sort: order, Limit: size, Offset: offset})
			return len(members), err
		}},
		"members in a channel's state": {offset + 2*size, func(s *store.Store) (int, error) { // and their users
			states, _, err := s.ChannelStates(t.Context(), w.app, []models.Channel{full}, store.ChannelView{Members: size, MemberOffset: offset})
			return len(states[0].Members), err
		}},
		"users of a campaign": {size, func(s *store.Store) (int, error) {
			users, err := s.FirstUsers(t.Context(), w.app, ids[rows-offset:], size)
			return len(users), err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			read := w.rowsRead(func(s *store.Store) {
				for range times {
					if n, err := tc.page(s); err != nil || n != size {
						t.Fatalf("a page of %d: %v", n, err)
					}
				}
			})
			t.Logf("%d rows read for %d pages of %d", read, times, size)
			if read > 2*times*tc.most {
				t.Errorf("%d rows were read %d times, at most %d are a page's own", read, times, tc.most)
			}
		})
	}
}

// rowsRead counts the rows of all tables that a store reads, by itself over one connection. Sessions report what they have read
// now and then, and last of all when they end: so those that wrote the tables must have ended before, and the store's after.
func (w *world) rowsRead(use func(s *store.Store)) int {
	w.tb.Helper()
	count := func() int {
		return one[int](w, `SELECT coalesce(sum(n), 0)::bigint FROM (SELECT seq_tup_read FROM pg_stat_user_tables UNION ALL
			SELECT idx_tup_read FROM pg_stat_user_indexes) AS read (n)`)
	}
	sessions := func(ofStores bool) int {
		return one[int](w, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend'
			AND pid <> pg_backend_pid() AND (application_name LIKE 'herald%') = $1`, ofStores)
	}
	others := sessions(true)
	w.db.Reset()
	w.until("the test's own sessions have ended", func() bool { return sessions(false) == 0 })
	before := count()
	s, err := store.Open(w.tb.Context(), w.url, store.Options{MaxConns: 1})
	if err != nil {
		w.tb.Fatal(err)
	}
	use(s)
	s.Close()
	w.until("the store's sessions have ended", func() bool { return sessions(true) <= others })
	return count() - before
}
