package filter_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgxpool"

	"herald/filter"
)

var orders = []struct {
	entity filter.Entity
	sort   string
	want   string
}{
	{filter.Users, ``, "f-1 eve Dee cy bob ann"},
	{filter.Users, `null`, "f-1 eve Dee cy bob ann"},
	{filter.Users, `[]`, "f-1 eve Dee cy bob ann"},
	{filter.Users, `[{"field": "created_at"}]`, "ann bob Dee cy eve f-1"},
	{filter.Users, `[{"field": "created_at", "direction": -1}, {"field": "id", "direction": -1}]`, "f-1 eve cy Dee bob ann"},
	{filter.Users, `[{"field": "id", "direction": -1}, {"field": "name"}]`, "f-1 eve cy bob ann Dee"},
	{filter.Users, `[{"field": "name", "direction": 0, "type": ""}]`, "eve ann bob f-1 Dee cy"},
	{filter.Users, `[{"field": "name", "direction": -1}]`, "Dee f-1 bob ann eve cy"},
	{filter.Users, `[{"field": "last_active"}]`, "ann bob eve Dee cy f-1"},
	{filter.Users, `[{"field": "last_active", "direction": -1}]`, "eve bob ann Dee cy f-1"},
	{filter.Users, `[{"field": "role"}, {"field": "updated_at", "direction": -1}]`, "ann f-1 eve Dee cy bob"},
	{filter.Users, `[{"Field": "custom.country", "direction": null, "type": null, "x": 1}]`, "bob ann cy Dee eve f-1"},
	{filter.Users, `[{"field": "score"}]`, "bob Dee ann cy eve f-1"},
	{filter.Users, `[{"field": "score", "type": "number"}]`, "ann Dee bob cy eve f-1"},
	{filter.Users, `[{"field": "score", "type": "number", "direction": -1}]`, "Dee ann bob cy eve f-1"},
	{filter.Users, `[{"field": "vip", "type": "boolean"}]`, "bob ann Dee cy eve f-1"},
	{filter.Users, `[{"field": "score", "type": "boolean", "direction": -1}, {"field": "vip", "type": "boolean", "direction": -1}, {"field": "country"}, {"field": "score"}]`,
		"cy ann bob Dee eve f-1"},
	{filter.Users, `[{"field": "address.city"}]`, "ann Dee bob cy eve f-1"},
	{filter.Users, `[{"field": "team"}]`, "f-1 bob Dee ann cy eve"},
	{filter.Channels, ``, "messaging:general livestream:off livestream:news messaging:!members-abc"},
	{filter.Channels, `[{"field": "cid"}]`, "livestream:news livestream:off messaging:!members-abc messaging:general"},
	{filter.Channels, `[{"field": "type"}, {"field": "member_count", "direction": -1}]`, "livestream:news livestream:off messaging:general messaging:!members-abc"},
	{filter.Channels, `[{"field": "last_message_at", "direction": -1}]`, "messaging:general livestream:news livestream:off messaging:!members-abc"},
	{filter.Channels, `[{"field": "name"}]`, "livestream:off messaging:general livestream:news messaging:!members-abc"},
	{filter.Channels, `[{"field": "created_at"}]`, "messaging:general messaging:!members-abc livestream:news livestream:off"},
	{filter.Channels, `[{"field": "updated_at", "direction": -1}]`, "livestream:off livestream:news messaging:!members-abc messaging:general"},
	{filter.Campaigns, ``, "autumn spring summer welcome"},
	{filter.Campaigns, `[{"field": "name"}]`, "autumn spring summer welcome"},
	{filter.Campaigns, `[{"field": "scheduled_for"}]`, "summer spring autumn welcome"},
	{filter.Campaigns, `[{"field": "status", "direction": -1}, {"field": "updated_at"}]`, "autumn spring summer welcome"},
	{filter.Segments, ``, "list rooms all"},
	{filter.Segments, `[{"field": "size", "direction": -1}, {"field": "type"}]`, "list rooms all"},
	{filter.Segments, `[{"field": "size"}, {"field": "name", "direction": -1}]`, "all rooms list"},
	{filter.Targets, ``, "Zoë ann bob"},
	{filter.Targets, `[{"field": "created_at", "direction": -1}]`, "ann Zoë bob"},
	{filter.Targets, `[{"field": "target_id", "direction": -1}]`, "bob ann Zoë"},
	{filter.Polls, ``, "food time color"},
	{filter.Polls, `[{"field": "updated_at"}]`, "time food color"},
	{filter.Polls, `[{"field": "name"}, {"field": "id", "direction": -1}]`, "time food color"},
	{filter.Members, ``, "Dee ann bob"},
	{filter.Members, `[{"field": "user_id", "direction": -1}]`, "bob ann Dee"},
	{filter.Members, `[{"field": "created_at", "direction": -1}]`, "Dee ann bob"},
}

// Every order is walked row by row, forwards and backwards from every row, each key going through JSON as in a cursor.
func TestOrdersAndTheirPages(t *testing.T) {
	db := open(t)
	for _, tt := range orders {
		order, err := filter.ParseSort(tt.entity, "sort", json.RawMessage(tt.sort))
		if err != nil {
			t.Fatalf("ParseSort(%s): %v", tt.sort, err)
		}
		want := strings.Fields(tt.want)
		found, keys := page(t, db, tt.entity, order, nil, false)
		if diff := cmp.Diff(want, found); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.sort, diff)
			continue
		}
		for i, key := range keys {
			following, _ := page(t, db, tt.entity, order, key, false)
			if diff := cmp.Diff(append([]string{}, want[i+1:]...), following); diff != "" {
				t.Errorf("%s after %s (-want +got):\n%s", tt.sort, want[i], diff)
			}
			preceding, _ := page(t, db, tt.entity, order, key, true)
			slices.Reverse(preceding)
			if diff := cmp.Diff(append([]string{}, want[:i]...), preceding); diff != "" {
				t.Errorf("%s before %s (-want +got):\n%s", tt.sort, want[i], diff)
			}
		}
	}
}

// page gives the ids and keys of the rows after a key, or before it, nearest first.
func page(t *testing.T, db *pgxpool.Pool, entity filter.Entity, order filter.Sort, key filter.Key, reverse bool) ([]string, []filter.Key) {
	t.Helper()
	b := filter.NewBinder(1)
	condition := "true"
	if key != nil {
		written, err := json.Marshal(key)
		if err != nil {
			t.Fatal(err)
		}
		var read filter.Key
		if err := json.Unmarshal(written, &read); err != nil {
			t.Fatal(err)
		}
		if condition, err = order.After(b, read, reverse); err != nil {
			t.Fatalf("After(%s): %v", written, err)
		}
	}
	from := source[entity]
	query := fmt.Sprintf("SELECT %s, %s FROM %s AND %s ORDER BY %s",
		from.id, strings.Join(order.Columns(b), ", "), from.from, condition, order.OrderBy(b, reverse))
	rows, err := db.Query(t.Context(), query, b.Args()...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	found, keys := []string{}, []filter.Key{}
	for rows.Next() {
		var id string
		key := make(filter.Key, len(rows.FieldDescriptions())-1)
		targets := []any{&id}
		for i := range key {
			targets = append(targets, &key[i])
		}
		if err := rows.Scan(targets...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		found, keys = append(found, id), append(keys, key)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s %v: %v", query, b.Args(), err)
	}
	return found, keys
}

func TestParseSortRefuses(t *testing.T) {
	tests := []struct {
		entity filter.Entity
		sort   string
		want   string
	}{
		{filter.Users, `{}`, "sort: expected an array of at most 5 fields"},
		{filter.Users, `[{},{},{},{},{},{}]`, "sort: expected an array of at most 5 fields"},
		{filter.Users, `["id"]`, "sort[0]: expected an object"},
		{filter.Users, `[null]`, "sort[0]: expected an object"},
		{filter.Users, `[{}]`, "sort[0].field: expected the name of a field"},
		{filter.Users, `[{"field": 1}]`, "sort[0].field: expected the name of a field"},
		{filter.Users, `[{"field": "id"}, {"field": "role", "direction": 2}]`, "sort[1].direction: expected 1 or -1"},
		{filter.Users, `[{"field": "id", "direction": "1"}]`, "sort[0].direction: expected 1 or -1"},
		{filter.Users, `[{"field": "id", "direction": 1.0}]`, "sort[0].direction: expected 1 or -1"},
		{filter.Users, `[{"field": "score", "type": "date"}]`, `sort[0].type: expected "", "number" or "boolean"`},
		{filter.Users, `[{"field": "id", "type": "number"}]`, "sort[0].type: only for custom fields"},
		{filter.Users, `[{"field": "teams"}]`, "sort[0].field: not supported"},
		{filter.Users, `[{"field": "image"}]`, "sort[0].field: not supported"},
		{filter.Users, `[{"field": "a..b"}]`, "sort[0].field: empty field name"},
		{filter.Channels, `[{"field": "message_count"}]`, "sort[0].field: not supported"},
		{filter.Campaigns, `[{"field": "sender_id"}]`, "sort[0].field: unknown field"},
		{filter.Segments, `[{"field": "color"}, {"field": 7}]`, "sort[0].field: unknown field; sort[1].field: expected the name of a field"},
		{filter.Targets, `[{"field": "id"}]`, "sort[0].field: unknown field"},
		{filter.Members, `[{"field": "name"}]`, "sort[0].field: unknown field"},
	}
	for _, tt := range tests {
		_, err := filter.ParseSort(tt.entity, "sort", json.RawMessage(tt.sort))
		if err == nil || err.Error() != tt.want {
			t.Errorf("ParseSort(%s) = %v, want %s", tt.sort, err, tt.want)
		}
	}
}

func TestAfterRefusesForeignKeys(t *testing.T) {
	s := func(text string) *string { return &text }
	for _, tt := range []struct {
		sort string
		key  filter.Key
	}{
		{`[]`, nil},
		{`[]`, filter.Key{s("2026-01-01T00:00:00.000000Z")}},
		{`[]`, filter.Key{s("yesterday"), s("ann")}},
		{`[]`, filter.Key{nil, s("ann")}},
		{`[{"field": "score", "type": "number"}]`, filter.Key{s("NaN"), s("ann")}},
		{`[{"field": "score", "type": "boolean"}]`, filter.Key{s("t"), s("ann")}},
		{`[{"field": "score"}]`, filter.Key{s("1"), nil}},
	} {
		order, err := filter.ParseSort(filter.Users, "sort", json.RawMessage(tt.sort))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := order.After(filter.NewBinder(), tt.key, false); !errors.Is(err, filter.ErrKey) {
			t.Errorf("%s: After(%v) = %s, %v; want ErrKey", tt.sort, tt.key, got, err)
		}
	}
}

func TestShapeOfKeysets(t *testing.T) {
	at, id := "2026-01-03T00:00:00.000001Z", "ann"
	for _, tt := range []struct {
		sort    string
		key     filter.Key
		reverse bool
		want    string
	}{
		{`[{"field": "created_at"}]`, filter.Key{&at, &id}, false, `(u.created_at, u.id) > ($1::timestamptz, $2::text)`},
		{`[{"field": "created_at"}]`, filter.Key{&at, &id}, true, `(u.created_at, u.id) < ($1::timestamptz, $2::text)`},
		{`[]`, filter.Key{&at, &id}, false,
			`(u.created_at <= $1::timestamptz AND (u.created_at < $1::timestamptz OR (u.created_at = $1::timestamptz AND u.id > $2::text)))`},
		{`[{"field": "name"}]`, filter.Key{&id, &id}, false,
			`(((u.name > $1::text OR u.name IS NULL) OR (u.name = $1::text AND u.id > $2::text)))`},
		{`[{"field": "name"}]`, filter.Key{nil, &id}, true, `((u.name IS NOT NULL OR (u.name IS NULL AND u.id < $1::text)))`},
	} {
		order, err := filter.ParseSort(filter.Users, "sort", json.RawMessage(tt.sort))
		if err != nil {
			t.Fatal(err)
		}
		got, err := order.After(filter.NewBinder(), tt.key, tt.reverse)
		if err != nil || got != tt.want {
			t.Errorf("%s:\n got %s, %v\nwant %s", tt.sort, got, err, tt.want)
		}
	}
}
