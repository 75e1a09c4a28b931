package filter_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"herald/filter"
)

// 20,000 users of whom 1 % are from the US, and as many channels of which 5 % have custom data.
const crowd = `
INSERT INTO users (app_pk, id, custom, created_at, updated_at)
SELECT 1, 'u' || n, jsonb_build_object('country', CASE n % 100 WHEN 0 THEN 'US' ELSE 'C' || n % 100 END, 'age', n % 90, 'tags', jsonb_build_array('t' || n % 200)),
	timestamptz '2026-06-01' + n * interval '1 minute', now()
FROM generate_series(1, 20000) AS n;
INSERT INTO channels (app_pk, cid, custom, created_by, created_at, updated_at)
SELECT 1, 'messaging:c' || n, CASE n % 20 WHEN 0 THEN jsonb_build_object('color', 'k' || n % 100) ELSE '{}' END, 'ann', now(), now()
FROM generate_series(1, 20000) AS n;
INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at)
SELECT 1, 'messaging:c' || n, 'u' || n % 5000, now(), now() FROM generate_series(1, 20000) AS n;
ANALYZE`

func TestFiltersAreServedByIndexes(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), crowd); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		entity filter.Entity
		filter string
		index  string
	}{
		{filter.Users, `{"country": "US"}`, "users_by_custom"},
		{filter.Users, `{"tags": "t7"}`, "users_by_custom"},
		{filter.Users, `{"tags": {"$contains": "t7"}}`, "users_by_custom"},
		{filter.Users, `{"tags": ["t7"]}`, "users_by_custom"},
		{filter.Users, `{"country": {"$in": ["US", "C1"]}, "age": {"$gt": 18}}`, "users_by_custom"},
		{filter.Users, `{"teams": {"$in": ["red", "blue"]}}`, "users_by_team"},
		{filter.Users, `{"teams": "red"}`, "users_by_team"},
		{filter.Users, `{"team": "red"}`, "users_by_team"},
		{filter.Users, `{"id": {"$in": ["u1", "u2"]}}`, "users_pkey"},
		{filter.Users, `{"created_at": {"$gte": "2026-06-14T00:00:00Z"}}`, "users_by_creation"},
		{filter.Channels, `{"color": "k20"}`, "channels_by_custom"},
		{filter.Channels, `{"name": {"$in": ["General Talk"]}}`, "channels_by_custom"},
		{filter.Channels, `{"members": {"$in": ["u7"]}}`, "channel_members_by_user"},
		{filter.Channels, `{"members": ["u7", "u8"]}`, "channel_members_by_user"},
	} {
		f, err := filter.Parse(tt.entity, "filter", json.RawMessage(tt.filter))
		if err != nil {
			t.Fatal(err)
		}
		b := filter.NewBinder(1)
		plan := explain(t, db, "SELECT "+source[tt.entity].id+" FROM "+source[tt.entity].from+" AND "+f.Where(b), b)
		if !strings.Contains(plan, tt.index) || strings.Contains(plan, "Seq Scan") {
			t.Errorf("%s does not use %s:\n%s", tt.filter, tt.index, plan)
		}
	}
}

func TestPagesAreServedByIndexes(t *testing.T) {
	db := open(t)
	if _, err := db.Exec(t.Context(), crowd); err != nil {
		t.Fatal(err)
	}
	at, id := "2026-06-10T00:00:00.000000Z", "u7"
	for _, tt := range []struct {
		sort    string
		key     filter.Key
		reverse bool
		want    string
	}{
		{`[{"field": "id"}]`, filter.Key{&id}, false, "Index Cond: ((app_pk = '1'::bigint) AND (id > 'u7'::text))"},
		{`[{"field": "created_at"}]`, filter.Key{&at, &id}, false, "Index Cond: ((app_pk = '1'::bigint) AND (ROW(created_at, id) > "},
		{`[{"field": "created_at"}]`, filter.Key{&at, &id}, true, "Scan Backward using users_by_creation"},
		{`[]`, filter.Key{&at, &id}, false, "Index Cond: ((app_pk = '1'::bigint) AND (created_at <= "},
		{`[]`, filter.Key{&at, &id}, true, "Index Cond: ((app_pk = '1'::bigint) AND (created_at >= "},
	} {
		order, err := filter.ParseSort(filter.Users, "sort", json.RawMessage(tt.sort))
		if err != nil {
			t.Fatal(err)
		}
		b := filter.NewBinder(1)
		condition, err := order.After(b, tt.key, tt.reverse)
		if err != nil {
			t.Fatal(err)
		}
		plan := explain(t, db, "SELECT u.id FROM users AS u WHERE u.app_pk = $1 AND "+condition+" ORDER BY "+order.OrderBy(b, tt.reverse)+" LIMIT 30", b)
		if !strings.Contains(plan, tt.want) {
			t.Errorf("%s: want %s in\n%s", tt.sort, tt.want, plan)
		}
	}
}

func explain(t *testing.T, db *pgxpool.Pool, query string, b *filter.Binder) string {
	t.Helper()
	rows, err := db.Query(t.Context(), "EXPLAIN (COSTS OFF) "+query, b.Args()...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return strings.Join(lines, "\n")
}
