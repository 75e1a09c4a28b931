package filter_test

import (
	"testing"

	"herald/filter"
)

func TestCampaignsSegmentsTargetsPolls(t *testing.T) {
	db := open(t)
	for _, tt := range []struct {
		entity filter.Entity
		selection
	}{
		{filter.Campaigns, selection{`{}`, "autumn spring summer welcome"}},
		{filter.Campaigns, selection{`{"id": {"$gt": "spring"}}`, "summer welcome"}},
		{filter.Campaigns, selection{`{"name": "Spring"}`, "spring summer"}},
		{filter.Campaigns, selection{`{"name": {"$exists": true}}`, "autumn spring summer welcome"}},
		{filter.Campaigns, selection{`{"sender_id": {"$in": ["bob"]}}`, "autumn summer"}},
		{filter.Campaigns, selection{`{"status": {"$in": ["draft", "scheduled"]}}`, "spring welcome"}},
		{filter.Campaigns, selection{`{"created_at": {"$gte": "2026-04-02T00:00:00Z", "$lt": "2026-04-04T00:00:00Z"}}`, "spring summer"}},
		{filter.Campaigns, selection{`{"updated_at": {"$gt": "2026-04-13T00:00:00Z"}}`, "autumn"}},
		{filter.Campaigns, selection{`{"scheduled_for": {"$exists": false}}`, "autumn welcome"}},
		{filter.Campaigns, selection{`{"scheduled_for": {"$lte": "2026-04-20T00:00:00Z"}}`, "summer"}},
		{filter.Campaigns, selection{`{"segments": "all"}`, "autumn spring"}},
		{filter.Campaigns, selection{`{"segments": ["all", "list"]}`, "autumn spring"}},
		{filter.Campaigns, selection{`{"segments": ["list"]}`, "summer"}},
		{filter.Campaigns, selection{`{"segments": {"$in": ["list", "x"]}}`, "autumn spring summer"}},
		{filter.Campaigns, selection{`{"segments": {"$contains": "all"}}`, "autumn spring"}},
		{filter.Campaigns, selection{`{"paused": true}`, "spring"}},
		{filter.Campaigns, selection{`{"paused": {"$eq": false}}`, "autumn summer welcome"}},
		{filter.Campaigns, selection{`{"$or": [{"paused": true}, {"status": "draft"}]}`, "spring welcome"}},

		{filter.Segments, selection{`{"id": "all"}`, "all"}},
		{filter.Segments, selection{`{"name": {"$gt": ""}}`, "all list"}},
		{filter.Segments, selection{`{"created_at": {"$gt": "2026-03-01T00:00:00Z"}}`, "list rooms"}},
		{filter.Segments, selection{`{"updated_at": "2026-03-11T00:00:00Z"}`, "all"}},
		{filter.Segments, selection{`{"all_users": true}`, "all"}},
		{filter.Segments, selection{`{"all_users": {"$in": [true, false]}}`, "all list rooms"}},
		{filter.Segments, selection{`{"all_users": {"$exists": false}}`, ""}},
		{filter.Segments, selection{`{"type": "channel"}`, "rooms"}},
		{filter.Segments, selection{`{"type": {"$in": ["user"]}}`, "all list"}},

		{filter.Targets, selection{`{}`, "Zoë ann bob"}},
		{filter.Targets, selection{`{"target_id": {"$gte": "ann"}}`, "ann bob"}},
		{filter.Targets, selection{`{"target_id": {"$in": ["Zoë", "cy"]}}`, "Zoë"}},
		{filter.Targets, selection{`{"created_at": {"$lt": "2026-03-03T00:00:00Z"}}`, "Zoë bob"}},
		{filter.Members, selection{`{}`, "Dee ann bob"}},
		{filter.Members, selection{`{"user_id": "ann"}`, "ann"}},
		{filter.Members, selection{`{"id": {"$in": ["bob", "zed"]}}`, "bob"}},
		{filter.Members, selection{`{"$nor": [{"user_id": {"$in": ["bob"]}}]}`, "Dee ann"}},

		{filter.Polls, selection{`{}`, "color food time"}},
		{filter.Polls, selection{`{"id": {"$in": ["time", "none"]}}`, "time"}},
		{filter.Polls, selection{`{"name": "Which?"}`, "color food"}},
		{filter.Polls, selection{`{"created_by_id": "ann", "is_closed": false}`, "color time"}},
		{filter.Polls, selection{`{"is_closed": true}`, "food"}},
		{filter.Polls, selection{`{"allow_answers": {"$in": [true]}}`, "color"}},
		{filter.Polls, selection{`{"voting_visibility": "anonymous"}`, "food"}},
		{filter.Polls, selection{`{"max_votes_allowed": {"$gte": 2}}`, "food time"}},
		{filter.Polls, selection{`{"max_votes_allowed": {"$ne": 2}}`, "color time"}},
		{filter.Polls, selection{`{"max_votes_allowed": {"$exists": false}}`, "color"}},
		{filter.Polls, selection{`{"created_at": {"$lt": "2026-03-22T00:00:00Z"}}`, "color"}},
		{filter.Polls, selection{`{"updated_at": {"$gt": "2026-04-01T00:00:00Z"}}`, "color food"}},
	} {
		tt.check(t, selected(t, db, tt.entity, tt.filter))
	}
}
