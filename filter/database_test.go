package filter_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"herald/filter"
	"herald/internal/devstack"
	"herald/models/store"
)

func TestMain(m *testing.M) { os.Exit(devstack.RunTests(m)) }

var seeded = devstack.Template{Prepare: func(ctx context.Context, url string) error {
	if err := store.Migrate(ctx, url); err != nil {
		return err
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, seed)
	return errors.Join(err, conn.Close(ctx))
}}

func open(t *testing.T) *pgxpool.Pool {
	t.Helper()
	db, err := pgxpool.New(t.Context(), seeded.Clone(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// source is how a caller's statement begins for each entity; $1 is the app or segment.
var source = map[filter.Entity]struct{ id, from string }{
	filter.Users:     {"u.id", "users AS u WHERE u.app_pk = $1"},
	filter.Channels:  {"ch.cid", "channels AS ch WHERE ch.app_pk = $1"},
	filter.Campaigns: {"c.id", "campaigns AS c WHERE c.app_pk = $1"},
	filter.Segments:  {"s.id", "segments AS s WHERE s.app_pk = $1"},
	filter.Targets:   {"t.target_id", "segment_targets AS t WHERE t.segment_pk = $1"},
	filter.Members:   {"m.user_id", "channel_members AS m WHERE m.app_pk = $1 AND m.cid = 'messaging:general'"},
	filter.Polls:     {"p.id", "polls AS p WHERE p.app_pk = $1"},
}

// selected gives the ids of app 1 that a filter matches, ordered.
func selected(t *testing.T, db *pgxpool.Pool, entity filter.Entity, raw string, opts ...filter.Option) []string {
	t.Helper()
	f, err := filter.Parse(entity, "filter", json.RawMessage(raw), opts...)
	if err != nil {
		t.Fatalf("Parse(%s): %v", raw, err)
	}
	b := filter.NewBinder(1)
	query := fmt.Sprintf("SELECT %s FROM %s AND %s ORDER BY 1", source[entity].id, source[entity].from, f.Where(b))
	return ids(t, db, query, b)
}

func ids(t *testing.T, db *pgxpool.Pool, query string, b *filter.Binder) []string {
	t.Helper()
	rows, err := db.Query(t.Context(), query, b.Args()...)
	if err != nil {
		t.Fatalf("%s %v: %v", query, b.Args(), err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s %v: %v", query, b.Args(), err)
	}
	return found
}

// seed is app 1 as the tests know it, and an app 2 with rows of the same ids that no test may see.
const seed = `
INSERT INTO apps (app_pk, name, api_key, secret) VALUES (1, 'one', 'key-1', 's'), (2, 'two', 'key-2', 's');

INSERT INTO users (app_pk, id, name, role, language, teams, invisible, custom, created_at, updated_at, last_active) VALUES
 (1, 'ann', 'Ann Lee', 'admin', 'en', '{red}', false,
  '{"country": "US", "age": 30, "vip": true, "tags": ["a", "b"], "address": {"city": "Paris", "zip": "75001"}, "email": "ann.lee@example.com", "score": 2}',
  '2026-01-01', '2026-01-11', '2026-01-21 10:00:00.123456'),
 (1, 'bob', 'bob Smith-Jones', 'user', 'de', '{blue,red}', false,
  '{"country": "DE", "age": 30.0, "vip": false, "tags": "a", "team": "green", "username": "Big Bob", "score": "10"}',
  '2026-01-02', '2026-01-12', '2026-01-22'),
 (1, 'cy', NULL, 'user', '', '{}', false,
  '{"country": "us", "age": "30", "tags": [], "address": [{"city": "Paris"}], "score": true}', '2026-01-03', '2026-01-13', NULL),
 (1, 'Dee', 'Émile Zola', 'user', 'fr', '{}', false,
  '{"country": null, "age": 9, "tags": ["b", "a", "a"], "team": ["gold"], "score": 10.50}', '2026-01-03', '2026-01-13', NULL),
 (1, 'eve', '50% off_er', 'user', 'en', '{green}', true, '{}', '2026-01-05', '2026-01-15', '2026-01-25'),
 (1, 'f-1', E'o''Neil \\ Sons 🎉', 'guest', 'en', '{}', false,
  '{"country": {"code": "US"}, "age": -1.5, "tags": [1, true, "1", null, "a"], "team": 7, "vip": "true", "score": [1], "0": "zero", "a\"b": "quoted"}',
  '2026-01-06', '2026-01-16', NULL),
 (2, 'ann', 'Ann Other', 'admin', 'en', '{red}', false, '{"country": "US"}', '2026-01-01', '2026-01-11', NULL),
 (2, 'zed', 'Zed Zola', 'user', '', '{}', false, '{}', '2026-01-01', '2026-01-11', NULL);

INSERT INTO channels (app_pk, cid, team, custom, created_by, frozen, disabled, member_count, created_at, updated_at, last_message_at) VALUES
 (1, 'messaging:general', 'red', '{"name": "General Talk", "color": "red", "rank": 1}', 'ann', false, false, 3, '2026-02-01', '2026-02-11', '2026-02-21'),
 (1, 'messaging:!members-abc', NULL, '{}', 'bob', false, false, 2, '2026-02-02', '2026-02-12', NULL),
 (1, 'livestream:news', 'blue', '{"name": "Évening News, the", "color": ["red", "blue"], "rank": 2.5}', 'ann', true, false, 1, '2026-02-03', '2026-02-13', '2026-02-04'),
 (1, 'livestream:off', NULL, '{"name": 7, "color": "green"}', 'eve', false, true, 0, '2026-02-04', '2026-02-14', NULL),
 (2, 'messaging:general', 'red', '{"name": "General Talk", "color": "red"}', 'ann', false, false, 1, '2026-02-01', '2026-02-11', '2026-02-21');

INSERT INTO channel_members (app_pk, cid, user_id, hidden, cleared_at, archived_at, created_at, updated_at) VALUES
 (1, 'messaging:general', 'ann', false, NULL, NULL, '2026-02-01', '2026-02-01'),
 (1, 'messaging:general', 'bob', true, NULL, NULL, '2026-02-01', '2026-02-01'),
 (1, 'messaging:general', 'Dee', false, '2026-02-23', NULL, '2026-02-01', '2026-02-01'),
 (1, 'messaging:!members-abc', 'ann', false, NULL, '2026-02-05', '2026-02-02', '2026-02-02'),
 (1, 'messaging:!members-abc', 'bob', false, NULL, NULL, '2026-02-02', '2026-02-02'),
 (1, 'livestream:news', 'bob', false, NULL, '2026-02-05', '2026-02-05', '2026-02-05'),
 (2, 'messaging:general', 'zed', true, NULL, '2026-02-05', '2026-02-01', '2026-02-01'),
 (2, 'livestream:off', 'zed', true, NULL, '2026-02-05', '2026-02-01', '2026-02-01'),
 (2, 'livestream:off', 'ann', true, NULL, '2026-02-05', '2026-02-01', '2026-02-01');

-- general: two of ann's, one deleted, one of bob's; news: one from before bob joined.
INSERT INTO messages (app_pk, id, cid, user_id, text, created_at, updated_at, deleted_at) VALUES
 (1, 'm1', 'messaging:general', 'ann', 'hi', '2026-02-20', '2026-02-20', NULL),
 (1, 'm2', 'messaging:general', 'ann', 'hi', '2026-02-21', '2026-02-21', NULL),
 (1, 'm3', 'messaging:general', 'ann', 'hi', '2026-02-25', '2026-02-25', '2026-02-26'),
 (1, 'm4', 'messaging:general', 'bob', 'hi', '2026-02-19', '2026-02-19', NULL),
 (1, 'm5', 'livestream:news', 'ann', 'hi', '2026-02-04', '2026-02-04', NULL),
 (2, 'm6', 'livestream:off', 'zed', 'hi', '2026-02-21', '2026-02-21', NULL),
 (2, 'm7', 'messaging:!members-abc', 'zed', 'hi', '2026-02-21', '2026-02-21', NULL);
INSERT INTO channel_reads (app_pk, cid, user_id, last_read) VALUES
 (1, 'messaging:general', 'ann', '2026-02-19 12:00'),
 (1, 'messaging:general', 'bob', '2026-02-20 12:00'),
 (2, 'messaging:general', 'bob', '2026-03-20');

INSERT INTO segments (app_pk, id, type, name, all_users, size, created_at, updated_at) VALUES
 (1, 'all', 'user', 'Everybody', true, 9, '2026-03-01', '2026-03-11'),
 (1, 'list', 'user', 'List', false, 10, '2026-03-02', '2026-03-12'),
 (1, 'rooms', 'channel', '', false, 9, '2026-03-02', '2026-03-12');
INSERT INTO segment_targets (segment_pk, target_id, created_at) VALUES
 (1, 'ann', '2026-03-03'), (1, 'bob', '2026-03-02'), (1, 'Zoë', '2026-03-02'), (2, 'cy', '2026-03-03');

INSERT INTO polls (app_pk, id, name, voting_visibility, enforce_unique_vote, max_votes_allowed, allow_answers, is_closed, options, created_by, created_at, updated_at) VALUES
 (1, 'color', 'Which?', 'public', false, NULL, true, false, '[]', 'ann', '2026-03-21', '2026-04-03'),
 (1, 'food', 'Which?', 'anonymous', false, 2, false, true, '[]', 'bob', '2026-03-22', '2026-04-02'),
 (1, 'time', 'When?', 'public', true, 3, false, false, '[]', 'ann', '2026-03-22', '2026-04-01'),
 (2, 'food', 'Which?', 'public', false, 2, false, true, '[]', 'ann', '2026-03-22', '2026-04-02');

INSERT INTO campaigns (app_pk, id, name, sender_id, message_template, segment_ids, user_ids, status, hold, scheduled_for, created_at, updated_at) VALUES
 (1, 'welcome', 'Welcome', 'ann', '{}', '{}', '{zoe}', 'draft', 'none', NULL, '2026-04-01', '2026-04-11'),
 (1, 'spring', 'Spring', 'ann', '{}', '{all,list}', '{}', 'scheduled', 'paused', '2026-05-01', '2026-04-02', '2026-04-12'),
 (1, 'summer', 'Spring', 'bob', '{}', '{list}', '{}', 'in_progress', 'none', '2026-04-20', '2026-04-02', '2026-04-13'),
 (1, 'autumn', '', 'bob', '{}', '{list,all}', '{}', 'stopped', 'stopped', NULL, '2026-04-04', '2026-04-14');
`
