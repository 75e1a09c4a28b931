package filter_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/filter"
)

type selection struct {
	filter string
	want   string // ids in the order of their code points, with spaces between
}

func (s selection) check(t *testing.T, got []string) {
	t.Helper()
	if diff := cmp.Diff(strings.Fields(s.want), append([]string{}, got...)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", s.filter, diff)
	}
}

func TestUsersByBuiltInField(t *testing.T) {
	db := open(t)
	for _, tt := range []selection{
		{`{}`, "Dee ann bob cy eve f-1"},
		{`null`, "Dee ann bob cy eve f-1"},
		{`{"id": "ann"}`, "ann"},
		{`{"id": {"$eq": "ann"}}`, "ann"},
		{`{"custom.id": "ann"}`, "ann"},
		{`{"id": {"$ne": "ann"}}`, "Dee bob cy eve f-1"},
		{`{"id": {"$in": ["ann", "bob", "nobody"]}}`, "ann bob"},
		{`{"id": {"$nin": ["ann", "bob"]}}`, "Dee cy eve f-1"},
		{`{"id": {"$gt": "ann"}}`, "bob cy eve f-1"},
		{`{"id": {"$gte": "ann", "$lt": "cy"}}`, "ann bob"},
		{`{"id": {"$lt": "a"}}`, "Dee"},
		{`{"id": {"$lte": "ann"}}`, "Dee ann"},
		{`{"id": {"$exists": true}}`, "Dee ann bob cy eve f-1"},
		{`{"id": {"$exists": false}}`, ""},
		{`{"id": {"$autocomplete": "1"}}`, "f-1"},
		{`{"name": "Ann Lee"}`, "ann"},
		{`{"name": "ann lee"}`, ""},
		{`{"name": {"$exists": false}}`, "cy"},
		{`{"name": {"$in": ["Ann Lee", "Émile Zola"]}}`, "Dee ann"},
		{`{"name": {"$gt": "a"}}`, "Dee bob f-1"},
		{`{"role": {"$in": ["admin", "guest"]}}`, "ann f-1"},
		{`{"created_at": "2026-01-03T00:00:00Z"}`, "Dee cy"},
		{`{"created_at": {"$gt": "2026-01-03T00:00:00"}}`, "eve f-1"},
		{`{"created_at": {"$gte": 1767398400, "$lte": "2026-01-05T01:00:00+01:00"}}`, "Dee cy eve"},
		{`{"created_at": {"$in": ["2026-01-01T00:00:00Z", 1767571200000]}}`, "ann eve"},
		{`{"updated_at": {"$lt": "2026-01-12T00:00:00Z"}}`, "ann"},
		{`{"last_active": {"$exists": true}}`, "ann bob eve"},
		{`{"last_active": {"$exists": false}}`, "Dee cy f-1"},
		{`{"last_active": "2026-01-21T10:00:00.123456789Z"}`, "ann"},
		{`{"last_active": {"$lt": "2026-01-22T00:00:00Z"}}`, "ann"},
		{`{"banned": false}`, "Dee ann bob cy eve f-1"},
		{`{"banned": true}`, ""},
		{`{"shadow_banned": {"$ne": true}}`, "Dee ann bob cy eve f-1"},
		{`{"bypass_moderation": {"$ne": false}}`, ""},
		{`{"invisible": true}`, "eve"},
		{`{"invisible": {"$ne": true}}`, "Dee ann bob cy f-1"},
		{`{"language": "en"}`, "ann eve f-1"},
		{`{"language": {"$in": ["de", ""]}}`, "bob cy"},
		{`{"teams": "red"}`, "ann bob"},
		{`{"teams": ["red"]}`, "ann"},
		{`{"teams": {"$eq": ["red", "blue", "red"]}}`, "bob"},
		{`{"teams": []}`, "Dee cy f-1"},
		{`{"teams": {"$in": ["blue", "green"]}}`, "bob eve"},
		{`{"teams": {"$contains": "green"}}`, "eve"},
		{`{"team": "green"}`, "bob eve"},
		{`{"team": {"$in": ["gold", "blue", 7]}}`, "Dee bob f-1"},
		{`{"team": 7}`, "f-1"},
	} {
		tt.check(t, selected(t, db, filter.Users, tt.filter))
	}
}

func TestUsersByCustomField(t *testing.T) {
	db := open(t)
	for _, tt := range []selection{
		{`{"country": "US"}`, "ann"},
		{`{"custom.country": "US"}`, "ann"},
		{`{"country": {"$ne": "US"}}`, "Dee bob cy eve f-1"},
		{`{"country": {"$in": ["US", "us"]}}`, "ann cy"},
		{`{"country": {"$nin": ["US", "us"]}}`, "Dee bob eve f-1"},
		{`{"country": {"$exists": true}}`, "ann bob cy f-1"},
		{`{"country": {"$exists": false}}`, "Dee eve"},
		{`{"country": {"$gte": "DE", "$lt": "us"}}`, "ann bob"},
		{`{"country.code": "US"}`, "f-1"},
		{`{"country.code": {"$exists": true}}`, "f-1"},
		{`{"age": 30}`, "ann bob"},
		{`{"age": 30.00}`, "ann bob"},
		{`{"age": 3e1}`, "ann bob"},
		{`{"age": "30"}`, "cy"},
		{`{"age": {"$ne": 30}}`, "Dee cy eve f-1"},
		{`{"age": {"$gt": 9}}`, "ann bob"},
		{`{"age": {"$lt": 10}}`, "Dee f-1"},
		{`{"age": {"$gte": 9, "$lte": 30}}`, "Dee ann bob"},
		{`{"age": {"$lt": "4"}}`, "cy"},
		{`{"age": {"$lt": 1e1000, "$gt": 1e-1000}}`, "Dee ann bob"},
		{`{"age": {"$in": [9, "30"]}}`, "Dee cy"},
		{`{"vip": true}`, "ann"},
		{`{"vip": {"$eq": "true"}}`, "f-1"},
		{`{"vip": {"$ne": true}}`, "Dee bob cy eve f-1"},
		{`{"vip": {"$in": [true, false]}}`, "ann bob"},
		{`{"tags": "a"}`, "Dee ann bob f-1"},
		{`{"tags": {"$ne": "a"}}`, "cy eve"},
		{`{"tags": 1}`, "f-1"},
		{`{"tags": ["b", "a"]}`, "Dee ann"},
		{`{"tags": []}`, "cy"},
		{`{"tags": ["a"]}`, ""},
		{`{"tags": {"$contains": "a"}}`, "Dee ann f-1"},
		{`{"tags": {"$contains": true}}`, "f-1"},
		{`{"tags": {"$in": ["b", 1]}}`, "Dee ann f-1"},
		{`{"tags": {"$nin": ["b", 1]}}`, "bob cy eve"},
		{`{"tags": {"$gte": ""}}`, "bob"},
		{`{"tags": {"$exists": true}}`, "Dee ann bob cy f-1"},
		{`{"address.city": "Paris"}`, "ann"},
		{`{"address.city": {"$gt": "P"}}`, "ann"},
		{`{"address.zip": {"$autocomplete": "750"}}`, "ann"},
		{`{"address": {"$exists": true}}`, "ann cy"},
		{`{"address.0.city": {"$exists": true}}`, ""},
		{`{"address.0.city": "Paris"}`, ""},
		{`{"0": "zero"}`, "f-1"},
		{`{"a\"b": {"$gt": "a"}}`, "f-1"},
		{`{"a\"b": "quoted"}`, "f-1"},
		{`{"email": {"$autocomplete": "Lee@ex"}}`, "ann"},
		{`{"username": {"$autocomplete": "bob"}}`, "bob"},
		{`{"age": {"$autocomplete": "3"}}`, "cy"},
	} {
		tt.check(t, selected(t, db, filter.Users, tt.filter))
	}
}

// A long list is compiled to another condition than a short one; both must mean the same.
func TestLongListSelectsWhatAShortOneDoes(t *testing.T) {
	db := open(t)
	padding := make([]string, 100)
	for i := range padding {
		padding[i] = fmt.Sprintf(`"no-%d"`, i)
	}
	more := strings.Join(padding, ",")
	for _, tt := range []selection{
		{`{"tags": {"$in": ["a", %s]}}`, "Dee ann bob f-1"},
		{`{"tags": {"$in": ["b", 1, %s]}}`, "Dee ann f-1"},
		{`{"tags": {"$nin": ["a", %s]}}`, "cy eve"},
		{`{"age": {"$in": [30.0, %s]}}`, "ann bob"},
		{`{"vip": {"$in": [false, %s]}}`, "bob"},
		{`{"country.code": {"$in": ["US", %s]}}`, "f-1"},
		{`{"team": {"$in": ["gold", "blue", 7, %s]}}`, "Dee bob f-1"},
	} {
		tt.filter = fmt.Sprintf(tt.filter, more)
		tt.check(t, selected(t, db, filter.Users, tt.filter))
	}
	named := selection{fmt.Sprintf(`{"name": {"$in": ["General Talk", %s]}}`, more), "messaging:general"}
	named.check(t, selected(t, db, filter.Channels, named.filter))
}

func TestLogicalOperators(t *testing.T) {
	db := open(t)
	for _, tt := range []selection{
		{`{"$and": [{"country": "US"}, {"vip": true}]}`, "ann"},
		{`{"$or": [{"country": "US"}, {"age": 9}]}`, "Dee ann"},
		{`{"$or": [{"country": "US"}, {"age": 9}], "role": "user"}`, "Dee"},
		{`{"$nor": [{"country": "US"}, {"age": 9}]}`, "bob cy eve f-1"},
		// A NULL in the column or document is false, and its negation is true.
		{`{"$nor": [{"name": {"$gt": "B"}}]}`, "ann cy eve"},
		{`{"$nor": [{"age": {"$gt": 0}}]}`, "cy eve f-1"},
		{`{"$nor": [{"$nor": [{"last_active": {"$gt": 1}}]}]}`, "ann bob eve"},
		{`{"$nor": [{"$and": [{"age": {"$gt": 0}}, {"name": {"$gte": "A"}}]}]}`, "cy eve f-1"},
		{`{"$or": [{}]}`, "Dee ann bob cy eve f-1"},
		{`{"$nor": [{}]}`, ""},
		{`{"country": "US", "country": "DE"}`, "bob"},
	} {
		tt.check(t, selected(t, db, filter.Users, tt.filter))
	}
}

func TestWords(t *testing.T) {
	db := open(t)
	for _, tt := range []selection{
		{`{"name": {"$autocomplete": "lee"}}`, "ann"},
		{`{"name": {"$autocomplete": "ee"}}`, ""},
		{`{"name": {"$autocomplete": "ANN L"}}`, "ann"},
		{`{"name": {"$autocomplete": "  ann"}}`, "ann"},
		{`{"name": {"$autocomplete": "jones"}}`, "bob"},
		{`{"name": {"$autocomplete": "Smith-J"}}`, "bob"},
		{`{"name": {"$autocomplete": "smith j"}}`, ""},
		{`{"name": {"$autocomplete": "émile"}}`, "Dee"},
		{`{"name": {"$autocomplete": "É"}}`, "Dee"},
		{`{"name": {"$autocomplete": "mile"}}`, ""},
		{`{"name": {"$autocomplete": "neil"}}`, "f-1"},
		{`{"name": {"$autocomplete": "\\ sons"}}`, "f-1"},
		{`{"name": {"$autocomplete": "🎉"}}`, "f-1"},
		// What has a meaning in LIKE or in a regular expression has none here.
		{`{"name": {"$autocomplete": "%"}}`, ""},
		{`{"name": {"$autocomplete": "50%"}}`, "eve"},
		{`{"name": {"$autocomplete": "5_"}}`, ""},
		{`{"name": {"$autocomplete": "off_"}}`, "eve"},
		{`{"name": {"$autocomplete": "er"}}`, "eve"},
		{`{"name": {"$autocomplete": ".*"}}`, ""},
	} {
		tt.check(t, selected(t, db, filter.Users, tt.filter))
	}
}
