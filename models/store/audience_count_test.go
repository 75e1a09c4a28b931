package store_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"herald/models"
)

// counted is a world of users u0000 to u0009 and channels messaging:0 to messaging:9, of which the sender is in the even
// ones. Beside them there is what no filter selects: who is deleted or deactivated, and another app.
func counted(t *testing.T) *world {
	w := newWorld(t)
	w.exec(`INSERT INTO users (app_pk, id, custom, created_at, updated_at, deleted_at, deactivated_at)
		SELECT app, 'u' || to_char(n, 'FM0000'), jsonb_build_object('n', n), now(), now(), CASE n WHEN 10 THEN now() END, CASE n WHEN 11 THEN now() END
		FROM generate_series(0, 11) n, unnest(ARRAY[$1::bigint, 99]) app WHERE app = $1 OR n < 5`, w.app)
	for n := range 11 {
		members := []string{"u0000"}
		if n%2 == 0 {
			members = append(members, sender)
		}
		w.channel(fmt.Sprint("messaging:", n), members...)
	}
	w.exec(`UPDATE channels SET deleted_at = now() WHERE cid = 'messaging:10'`)
	w.exec(`UPDATE channels SET frozen = true WHERE cid IN ('messaging:0', 'messaging:1', 'messaging:10')`)
	filter := func(kind, id, filter string) {
		w.segment(models.Segment{ID: id, Type: kind, Filter: json.RawMessage(filter)})
	}
	filter(models.SegmentUser, "low", `{"n": {"$lt": 6}}`)
	filter(models.SegmentUser, "high", `{"n": {"$gte": 4}}`)
	filter(models.SegmentUser, "none", `{"n": {"$lt": 0}}`)
	filter(models.SegmentChannel, "frozen", `{"frozen": true}`)
	w.segment(models.Segment{ID: "all", Type: models.SegmentUser, AllUsers: true})
	w.segment(models.Segment{ID: "list", Type: models.SegmentUser}, "u0005", "u0006", "u0010", "u0011", "nobody")
	w.segment(models.Segment{ID: "list 2", Type: models.SegmentUser}, "u0000", "u0006", "nobody", "no one")
	w.segment(models.Segment{ID: "empty", Type: models.SegmentUser})
	w.segment(models.Segment{ID: "of sender", Type: models.SegmentChannel, AllSenderChannels: true})
	w.segment(models.Segment{ID: "of sender 2", Type: models.SegmentChannel, AllSenderChannels: true})
	w.segment(models.Segment{ID: "cids", Type: models.SegmentChannel}, "messaging:0", "messaging:3", "messaging:10", "rubbish")
	return w
}

// Each is counted once, whichever way it is in the audience.
func TestCountAudience(t *testing.T) {
	t.Parallel()
	w := counted(t)
	for i, tt := range []struct {
		segments []string
		want     int64
	}{
		{[]string{"all"}, 11}, // the sender is a user too
		{[]string{"low"}, 6},
		{[]string{"none"}, 0},
		{[]string{"low", "high"}, 10},
		{[]string{"low", "none"}, 6},
		{[]string{"high", "all", "low"}, 11},
		{[]string{"list"}, 5},
		{[]string{"empty"}, 0},
		{[]string{"list", "list 2", "empty"}, 7},
		{[]string{"low", "list"}, 10},
		{[]string{"list 2", "high", "list", "low"}, 14},
		{[]string{"list", "all"}, 14},
		{[]string{"frozen"}, 2},
		{[]string{"of sender"}, 5},
		{[]string{"of sender", "of sender 2"}, 5},
		{[]string{"of sender", "frozen"}, 6},
		{[]string{"cids", "of sender"}, 8},
		{[]string{"frozen", "cids", "of sender"}, 9},
	} {
		c := w.draft(fmt.Sprint(i), func(c *models.Campaign) { c.SegmentIDs = tt.segments })
		n, estimate, err := w.CountAudience(t.Context(), c, patience)
		if err != nil || estimate || n != tt.want {
			t.Errorf("%q: %d, estimate %v, %v; want %d", tt.segments, n, estimate, err, tt.want)
		}
	}
	c := w.draft("ids", func(c *models.Campaign) { c.UserIDs = []string{"u0001", "nobody", sender} })
	if n, estimate, err := w.CountAudience(t.Context(), c, patience); err != nil || estimate || n != 3 {
		t.Errorf("user_ids: %d, estimate %v, %v", n, estimate, err)
	}
}

// Whom the campaign would be sent to is whom it counts.
func TestCountAudienceOfPlannedBatches(t *testing.T) {
	t.Parallel()
	w := counted(t)
	for _, segments := range [][]string{{"low", "high", "list", "list 2"}, {"all", "list"}, {"frozen", "cids", "of sender"}} {
		c := w.running(segments[0], func(c *models.Campaign) { c.SegmentIDs = segments })
		sources, err := w.Sources(t.Context(), c, *c.StartedAt)
		if err != nil {
			t.Fatal(err)
		}
		keys := map[string]bool{}
		for _, src := range sources {
			after := ""
			for {
				bounds, err := w.CutBatches(t.Context(), src, after, 1, 5)
				if err != nil {
					t.Fatal(err)
				}
				for _, b := range bounds {
					after = b.Through
					keys[after] = true
				}
				if len(bounds) < 5 {
					break
				}
			}
		}
		if n, _, err := w.CountAudience(t.Context(), c, patience); err != nil || n != int64(len(keys)) {
			t.Errorf("%q: %d, %v; planned are %d", segments, n, err, len(keys))
		}
	}
}

func TestEstimateAudience(t *testing.T) {
	t.Parallel()
	w := counted(t)
	w.exec(`UPDATE segments SET counted_at = now(), size = CASE id WHEN 'low' THEN 6 WHEN 'high' THEN 7 WHEN 'frozen' THEN 2 END WHERE id IN ('low', 'high', 'frozen')`)
	tests := []struct {
		segments    []string
		least, most int64 // what the planner says is not exact
	}{
		{[]string{"low"}, 6, 6},
		{[]string{"list"}, 5, 5},
		{[]string{"low", "list"}, 11, 11},
		{[]string{"list", "list 2"}, 9, 9},
		{[]string{"low", "high"}, 9, 12},          // not 13: there are no more users
		{[]string{"low", "high", "list"}, 14, 17}, // of which the list knows nothing
		{[]string{"all"}, 9, 12},                  // never counted
		{[]string{"frozen", "cids"}, 6, 6},
		{[]string{"of sender"}, 1, 10},
	}
	campaigns := make([]models.Campaign, len(tests))
	for i, tt := range tests {
		campaigns[i] = w.draft(fmt.Sprint(i), func(c *models.Campaign) { c.SegmentIDs = tt.segments })
	}
	w.exec(`ANALYZE`)
	// Reading takes long from here on, planning does not.
	for _, table := range []string{"users", "channels", "segment_targets"} {
		w.exec(fmt.Sprintf(`ALTER TABLE %[1]s RENAME TO slow_%[1]s; CREATE VIEW %[1]s AS SELECT * FROM slow_%[1]s WHERE pg_sleep(10) IS NOT NULL`, table))
	}
	for i, tt := range tests {
		n, estimate, err := w.CountAudience(t.Context(), campaigns[i], 20*time.Millisecond)
		if err != nil || !estimate || n < tt.least || n > tt.most {
			t.Errorf("%q: %d, estimate %v, %v; want %d to %d", tt.segments, n, estimate, err, tt.least, tt.most)
		}
	}
}
