package filter_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/filter"
)

func TestParseSaysWhatIsWrongAndWhere(t *testing.T) {
	tests := []struct {
		entity filter.Entity
		filter string
		want   []string
	}{
		{filter.Users, `{"$or": [{}, {"created_at": {"$gte": "soon"}}]}`, []string{"filter.$or[1].created_at.$gte: expected a timestamp"}},
		{filter.Users, `[]`, []string{"filter: expected an object"}},
		{filter.Users, `{`, []string{"filter: malformed JSON"}},
		{filter.Users, `{"$or": []}`, []string{"filter.$or: expected a non-empty array of filters"}},
		{filter.Users, `{"$and": {}}`, []string{"filter.$and: expected a non-empty array of filters"}},
		{filter.Users, `{"$nor": [1]}`, []string{"filter.$nor[0]: expected an object"}},
		{filter.Users, `{"$nor": [null]}`, []string{"filter.$nor[0]: expected an object"}},
		{filter.Users, `{"$not": [{}]}`, []string{"filter.$not: unknown operator; $and, $or and $nor can stand in place of a field"}},
		{filter.Users, `{"country": {}}`, []string{"filter.country: expected a value or an object of operators"}},
		{filter.Users, `{"country": {"code": 1}}`, []string{"filter.country.code: operator code is not supported here; supported: $eq $exists $gt $gte $in $lt $lte $ne $nin $contains $autocomplete"}},
		{filter.Users, `{"country": null}`, []string{"filter.country: expected a string, a number, true or false, not null"}},
		{filter.Users, `{"country": {"$in": ["US", null]}}`, []string{"filter.country.$in[1]: expected a string, a number, true or false, not null"}},
		{filter.Users, `{"country": {"$in": []}}`, []string{"filter.country.$in: expected an array of 1 to 10000 values"}},
		{filter.Users, `{"country": {"$in": "US"}}`, []string{"filter.country.$in: expected an array of 1 to 10000 values"}},
		{filter.Users, `{"country": {"$ne": ["US"]}}`, []string{"filter.country.$ne: expected a string, a number, true or false"}},
		{filter.Users, `{"vip": {"$gt": false}}`, []string{"filter.vip.$gt: expected a string or a number"}},
		{filter.Users, `{"tags": [[1]]}`, []string{"filter.tags[0]: expected a string, a number, true or false"}},
		{filter.Users, `{"name": {"$autocomplete": ""}}`, []string{"filter.name.$autocomplete: expected a string of 1 to 255 characters"}},
		{filter.Users, `{"name": {"$autocomplete": " \t"}}`, []string{"filter.name.$autocomplete: expected at least one word"}},
		{filter.Users, `{"age": 1e1001}`, []string{"filter.age: number out of range"}},
		{filter.Users, `{"age": ` + strings.Repeat("9", 1001) + `}`, []string{"filter.age: number out of range"}},
		{filter.Users, `{"id": "a\u0000"}`, []string{"filter.id: contains a NUL character"}},
		{filter.Users, `{"a\u0000": 1}`, []string{"filter.a\x00: contains a NUL character"}},
		{filter.Users, "{\"id\": \"\xff\"}", []string{"filter.id: is not valid UTF-8"}},
		{filter.Users, `{"": 1}`, []string{"filter.: empty field name"}},
		{filter.Users, `{"custom.": 1}`, []string{"filter.custom.: empty field name"}},
		{filter.Users, `{"a..b": 1}`, []string{"filter.a..b: empty field name"}},
		{filter.Users, `{"image": "x"}`, []string{"filter.image: not supported"}},
		{filter.Users, `{"name.first": "x"}`, []string{"filter.name.first: not supported"}},
		{filter.Users, `{"custom.id": 1}`, []string{"filter.custom.id: expected a string"}},
		{filter.Users, `{"id": 1, "$or": [{"role": true}, {"teams": [1]}], "invisible": "true"}`, []string{
			"filter.$or[0].role: expected a string", "filter.$or[1].teams[0]: expected a string",
			"filter.id: expected a string", "filter.invisible: expected true or false",
		}},
		{filter.Channels, `{"muted": true}`, []string{"filter.muted: not supported"}},
		{filter.Channels, `{"created_by.id": "ann"}`, []string{"filter.created_by.id: not supported"}},
		{filter.Channels, `{"hidden": true}`, []string{"filter.hidden: not supported without a user"}},
		{filter.Channels, `{"members": "ann"}`, []string{"filter.members: expected an array of 0 to 10000 values"}},
		{filter.Channels, `{"name": 7}`, []string{"filter.name: expected a string"}},
		{filter.Channels, `{"member_count": "1"}`, []string{"filter.member_count: expected a number"}},
		{filter.Campaigns, `{"color": "red"}`, []string{"filter.color: unknown field"}},
		{filter.Campaigns, `{"custom.id": "x"}`, []string{"filter.custom.id: unknown field"}},
		{filter.Segments, `{"hidden": true}`, []string{"filter.hidden: unknown field"}},
		{filter.Targets, `{"created_at": "2200-01-01T00:00:00Z"}`, []string{"filter.created_at: expected a timestamp"}},
	}
	for _, tt := range tests {
		_, err := filter.Parse(tt.entity, "filter", json.RawMessage(tt.filter))
		var errs filter.Errors
		if !errors.As(err, &errs) {
			t.Errorf("Parse(%s) = %v, want Errors", tt.filter, err)
			continue
		}
		var got []string
		for _, each := range errs {
			got = append(got, each.Path+": "+each.Reason)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Parse(%s) (-want +got):\n%s", tt.filter, diff)
		}
	}
}

func TestLimits(t *testing.T) {
	repeat := func(one, separator string, n int) string {
		return strings.TrimSuffix(strings.Repeat(one+separator, n), separator)
	}
	leaf := `{"country": "US"}`
	tests := []struct {
		name   string
		filter func(n int) string
		limit  int
		want   string
	}{
		{"depth", func(n int) string {
			return strings.Repeat(`{"$and": [`, n-1) + leaf + strings.Repeat(`]}`, n-1)
		}, 8, "filter" + strings.Repeat(".$and[0]", 8) + ": nested deeper than 8 levels"},
		{"conditions", func(n int) string { return `{"$or": [` + repeat(leaf, ",", n) + `]}` }, 100,
			"filter.$or[100].country: more than 100 conditions"},
		{"operators of one field count each", func(n int) string {
			return `{"$or": [` + repeat(`{"age": {"$gt": 1, "$lt": 9}}`, ",", n/2) + repeat(","+leaf, "", n%2) + `]}`
		}, 100,
			"filter.$or[50].country: more than 100 conditions"},
		{"empty filters count", func(n int) string { return `{"$nor": [` + repeat(`{}`, ",", n) + `]}` }, 100,
			"filter.$nor[100]: more than 100 conditions"},
		{"values of $in", func(n int) string { return `{"id": {"$in": [` + repeat(`"x"`, ",", n) + `]}}` }, 10_000,
			"filter.id.$in: expected an array of 1 to 10000 values"},
		{"values of a custom $nin", func(n int) string { return `{"country": {"$nin": [` + repeat(`1`, ",", n) + `]}}` }, 10_000,
			"filter.country.$nin: expected an array of 1 to 10000 values"},
		{"phrase in code points", func(n int) string { return fmt.Sprintf(`{"name": {"$autocomplete": %q}}`, strings.Repeat("é", n)) }, 255,
			"filter.name.$autocomplete: expected a string of 1 to 255 characters"},
		{"field name", func(n int) string { return fmt.Sprintf(`{%q: 1}`, strings.Repeat("é", n)) }, 255,
			"filter." + strings.Repeat("é", 256) + ": field name too long"},
		{"path", func(n int) string { return fmt.Sprintf(`{%q: 1}`, repeat("a", ".", n)) }, 32,
			"filter." + repeat("a", ".", 33) + ": field nested too deep"},
	}
	db := open(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			selected(t, db, filter.Users, tt.filter(tt.limit))
			_, err := filter.Parse(filter.Users, "filter", json.RawMessage(tt.filter(tt.limit+1)))
			if err == nil || err.Error() != tt.want {
				t.Errorf("one beyond the limit: %v, want %s", err, tt.want)
			}
		})
	}
}

// A body of megabytes must not become an answer of megabytes.
func TestErrorsAreBounded(t *testing.T) {
	for _, raw := range []string{
		`{"$or": [1` + strings.Repeat(",1", 5000) + `]}`,
		`{"$or": [{"x": 1}` + strings.Repeat(`,{"x": 1}`, 5000) + `]}`,
	} {
		_, err := filter.Parse(filter.Campaigns, "filter", json.RawMessage(raw))
		var errs filter.Errors
		if !errors.As(err, &errs) || len(errs) != filter.MaxConditions {
			t.Errorf("%.20s…: %d errors, want %d", raw, len(errs), filter.MaxConditions)
		}
	}
}

func TestEmpty(t *testing.T) {
	for raw, want := range map[string]bool{``: true, `null`: true, ` {} `: true, `{"id": "x"}`: false, `{"$and": [{}]}`: false} {
		f, err := filter.Parse(filter.Users, "filter", json.RawMessage(raw))
		if err != nil || f.Empty() != want {
			t.Errorf("Parse(%q): %v; Empty is not %v", raw, err, want)
		}
	}
}

func TestBinderNumbersThrough(t *testing.T) {
	b := filter.NewBinder("mine", 2)
	if got := b.Bind("third"); got != "$3" {
		t.Errorf("Bind = %s, want $3", got)
	}
	f, err := filter.Parse(filter.Users, "filter", json.RawMessage(`{"id": "ann", "role": {"$in": ["a", "b"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := f.Where(b), `(u.id = $4::text AND u.role = ANY($5::text[]))`; got != want {
		t.Errorf("Where = %s, want %s", got, want)
	}
	if diff := cmp.Diff([]any{"mine", 2, "third", "ann", []string{"a", "b"}}, b.Args()); diff != "" {
		t.Errorf("Args (-want +got):\n%s", diff)
	}
}
