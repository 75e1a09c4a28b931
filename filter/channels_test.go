package filter_test

import (
	"testing"

	"herald/filter"
)

const (
	general  = "messaging:general"
	distinct = "messaging:!members-abc"
	news     = "livestream:news"
	off      = "livestream:off"
)

func TestChannels(t *testing.T) {
	db := open(t)
	for _, tt := range []selection{
		{`{}`, "livestream:news livestream:off messaging:!members-abc messaging:general"},
		{`{"cid": "messaging:general"}`, general},
		{`{"cid": {"$in": ["messaging:general", "livestream:off"]}}`, off + " " + general},
		{`{"cid": {"$lt": "livestream:o"}}`, news},
		{`{"id": "general"}`, general},
		{`{"id": {"$in": ["news", "off"]}}`, news + " " + off},
		{`{"id": {"$gte": "news"}}`, news + " " + off},
		{`{"type": "livestream"}`, news + " " + off},
		{`{"type": {"$gt": "livestream"}}`, distinct + " " + general},
		{`{"team": "red"}`, general},
		{`{"team": {"$exists": false}}`, off + " " + distinct},
		{`{"created_by_id": {"$in": ["ann", "eve"]}}`, news + " " + off + " " + general},
		{`{"created_at": {"$lte": "2026-02-02T00:00:00Z"}}`, distinct + " " + general},
		{`{"updated_at": {"$gt": "2026-02-13T00:00:00Z"}}`, off},
		{`{"last_message_at": {"$exists": false}}`, off + " " + distinct},
		{`{"last_message_at": {"$lt": "2026-02-05T00:00:00Z"}}`, news},
		{`{"last_updated": {"$gte": "2026-02-14T00:00:00Z"}}`, off + " " + general},
		{`{"last_updated": "2026-02-13T00:00:00Z"}`, news},
		{`{"last_updated": {"$exists": true}}`, news + " " + off + " " + distinct + " " + general},
		{`{"member_count": 2}`, distinct},
		{`{"member_count": {"$gt": 1.5}}`, distinct + " " + general},
		{`{"member_count": {"$gt": -1e1000, "$lt": 1e-1000}}`, off},
		{`{"member_count": {"$in": [0, 3]}}`, off + " " + general},
		{`{"message_count": 3}`, general},
		{`{"message_count": {"$lt": 1}}`, off + " " + distinct},
		{`{"frozen": true}`, news},
		{`{"frozen": {"$gt": false}}`, news},
		{`{"frozen": {"$in": [false]}}`, off + " " + distinct + " " + general},
		{`{"disabled": true}`, off},
		{`{"distinct": true}`, distinct},
		{`{"distinct": {"$eq": false}}`, news + " " + off + " " + general},
		{`{"name": "General Talk"}`, general},
		{`{"name": {"$in": ["General Talk", "x"]}}`, general},
		{`{"name": {"$gt": "H"}}`, news},
		{`{"name": {"$exists": true}}`, news + " " + off + " " + general},
		{`{"name": {"$autocomplete": "talk"}}`, general},
		{`{"name": {"$autocomplete": "7"}}`, ""},
		{`{"name": {"$q": "the ÉVE"}}`, news},
		{`{"name": {"$q": "news, eve"}}`, ""},
		{`{"name": {"$q": "news, év"}}`, news},
		{`{"name": {"$q": "ta ge"}}`, general},
		{`{"name": {"$q": "talk x"}}`, ""},
		{`{"members": {"$in": ["Dee", "zed"]}}`, general},
		{`{"members": {"$in": ["ann"]}}`, distinct + " " + general},
		{`{"members": ["bob", "ann", "bob"]}`, distinct},
		{`{"members": {"$eq": ["Dee", "ann", "bob"]}}`, general},
		{`{"members": {"$eq": ["ann"]}}`, ""},
		{`{"members": []}`, off},
		{`{"member.user.name": "Émile Zola"}`, general},
		{`{"member.user.name": {"$autocomplete": "jones"}}`, news + " " + distinct + " " + general},
		{`{"member.user.name": {"$autocomplete": "zed"}}`, ""},
		{`{"member.user.name": "Ann Other"}`, ""}, // ann of another app
		{`{"color": "red"}`, news + " " + general},
		{`{"color": {"$ne": "red"}}`, off + " " + distinct},
		{`{"color": {"$in": ["blue", "green"]}}`, news + " " + off},
		{`{"color": {"$nin": ["blue", "green"]}}`, distinct + " " + general},
		{`{"color": {"$contains": "red"}}`, news},
		{`{"color": {"$q": "r"}}`, general},
		{`{"rank": {"$gte": 1.0, "$lt": 2.50}}`, general},
		{`{"type": "messaging", "members": {"$in": ["bob"]}, "$nor": [{"distinct": true}]}`, general},
	} {
		tt.check(t, selected(t, db, filter.Channels, tt.filter))
	}
}

func TestChannelsAsAMemberSeesThem(t *testing.T) {
	db := open(t)
	for _, tt := range []struct {
		user string
		selection
	}{
		{"ann", selection{`{"joined": true}`, distinct + " " + general}},
		{"ann", selection{`{"joined": false}`, news + " " + off}},
		{"zed", selection{`{"joined": true}`, ""}},
		{"ann", selection{`{"hidden": true}`, ""}},
		{"bob", selection{`{"hidden": true}`, general}},
		{"bob", selection{`{"hidden": false}`, news + " " + off + " " + distinct}},
		{"ann", selection{`{"archived": true}`, distinct}},
		{"bob", selection{`{"archived": {"$eq": true}}`, news}},
		{"ann", selection{`{"archived": false, "joined": true}`, general}},
		{"ann", selection{`{"has_unread": true}`, ""}},      // after its marker are its own only
		{"bob", selection{`{"has_unread": true}`, general}}, // and in news only what was there when it joined
		{"Dee", selection{`{"has_unread": true}`, ""}},      // cleared since, what came later was deleted
		{"zed", selection{`{"has_unread": true}`, ""}},      // another app's
		{"bob", selection{`{"has_unread": false, "joined": true}`, news + " " + distinct}},
	} {
		tt.check(t, selected(t, db, filter.Channels, tt.filter, filter.WithMember(tt.user)))
	}
}

func TestMentions(t *testing.T) {
	raw := []byte(`{"$nor": [{"hidden": true}], "custom.color": "red"}`)
	f, err := filter.Parse(filter.Channels, "filter_conditions", raw, filter.WithMember("ann"))
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]bool{"hidden": true, "color": true, "joined": false, "custom.color": false} {
		if got := f.Mentions(field); got != want {
			t.Errorf("Mentions(%s) = %v, want %v", field, got, want)
		}
	}
}
