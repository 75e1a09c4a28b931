package store_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/models"
	"herald/models/store"
)

// source gives one source of a campaign that begins now.
func (w *world) source(c models.Campaign, index int) store.Source {
	w.tb.Helper()
	started := time.Now()
	if c.StartedAt != nil {
		started = *c.StartedAt
	}
	sources, err := w.Sources(w.tb.Context(), c, started)
	if err != nil {
		w.tb.Fatal(err)
	}
	if want := max(1, len(c.SegmentIDs)); len(sources) != want || sources[index].Index != index {
		w.tb.Fatalf("%d sources, want %d; source %d has index %d", len(sources), want, index, sources[index].Index)
	}
	return sources[index]
}

// targets reads the targets of a range as far as limit, and which of them exist.
func (w *world) targets(src store.Source, after, through string, limit int) (keys []string, exist []bool) {
	w.tb.Helper()
	if src.Channels() {
		found, err := w.ChannelTargets(w.tb.Context(), src, after, through, limit)
		if err != nil {
			w.tb.Fatal(err)
		}
		for _, t := range found {
			keys, exist = append(keys, t.CID), append(exist, t.Channel != nil)
		}
		return keys, exist
	}
	found, err := w.UserTargets(w.tb.Context(), src, after, through, limit)
	if err != nil {
		w.tb.Fatal(err)
	}
	for _, t := range found {
		keys, exist = append(keys, t.ID), append(exist, t.User != nil)
	}
	return keys, exist
}

// past every key of a test.
const last = "\U0010FFFF"

// ids in an order that a locale would change.
var mixed = []string{"-dash", "0", "10", "9", "@at", "A", "Z", "_under", "a", "aa", "b", "z", "é"}

// audience makes users and channels with everything that keeps one out of an audience.
func audience(w *world) {
	w.users(mixed...)
	w.users("deactivated", "deleted", "late")
	w.exec(`UPDATE users SET custom = '{"vip": true}' WHERE id NOT IN ('boss', 'b', 'z')`)
	w.exec(`UPDATE users SET deactivated_at = now() WHERE id = 'deactivated'`)
	w.exec(`UPDATE users SET deleted_at = now() WHERE id = 'deleted'`)
	w.exec(`UPDATE users SET created_at = now() + interval '1 hour' WHERE id = 'late'`)
	for _, id := range []string{"B", "_x", "b", "deleted", "late", "other"} {
		w.channel("team:"+id, sender, "ann")
		w.exec(`UPDATE channels SET custom = '{"hot": true}' WHERE cid = $1`, "team:"+id)
	}
	w.exec(`UPDATE channels SET deleted_at = now() WHERE cid = 'team:deleted'`)
	w.exec(`UPDATE channels SET created_at = now() + interval '1 hour' WHERE cid = 'team:late'`)
	w.exec(`UPDATE channels SET custom = '{}' WHERE cid = 'team:B'`)
	w.exec(`DELETE FROM channel_members WHERE cid = 'team:other' AND user_id = $1`, sender)
	// The same ids in another app must never be seen.
	w.exec(`INSERT INTO apps (app_pk, name, api_key, secret) VALUES (1000, 'other', 'other', '')`)
	w.exec(`INSERT INTO users (app_pk, id, custom, created_at, updated_at) SELECT 1000, id || s, '{"vip": true}', created_at, created_at FROM users, unnest(ARRAY['', '+']) s WHERE app_pk = $1`, w.app)
	w.exec(`INSERT INTO channels (app_pk, cid, custom, created_by, created_at, updated_at) SELECT 1000, cid || s, '{"hot": true}', 'boss', created_at, created_at FROM channels, unnest(ARRAY['', '+']) s WHERE app_pk = $1`, w.app)
	w.exec(`INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at) SELECT 1000, cid, 'boss', created_at, created_at FROM channels WHERE app_pk = 1000`)
}

func TestSources(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	audience(w)
	users := append([]string{sender}, mixed...)
	segment := func(seg models.Segment, targets ...string) func(*models.Campaign) {
		w.segment(seg, targets...)
		return func(c *models.Campaign) { c.SegmentIDs = []string{seg.ID} }
	}
	for name, tt := range map[string]struct {
		audience func(*models.Campaign)
		want     []string
		missing  []string // those of want that do not exist
	}{
		"user_ids": {
			func(c *models.Campaign) {
				c.UserIDs = append([]string{"nobody", "deleted", "deactivated", "late", "+"}, mixed...)
			},
			append([]string{"nobody", "deleted", "deactivated", "late", "+"}, mixed...), []string{"+", "nobody"},
		},
		"manual users": {
			segment(models.Segment{ID: "manual", Type: models.SegmentUser}, append([]string{"nobody", "deleted", "boss"}, mixed...)...),
			append([]string{"nobody", "deleted", "boss"}, mixed...), []string{"nobody"},
		},
		"empty manual users": {segment(models.Segment{ID: "empty", Type: models.SegmentUser}), nil, nil},
		"all_users":          {segment(models.Segment{ID: "all", Type: models.SegmentUser, AllUsers: true}), users, nil},
		"user filter": {
			segment(models.Segment{ID: "vip", Type: models.SegmentUser, Filter: json.RawMessage(`{"vip": true}`)}),
			slices.DeleteFunc(slices.Clone(mixed), func(id string) bool { return id == "b" || id == "z" }), nil,
		},
		"manual channels": {
			segment(models.Segment{ID: "cids", Type: models.SegmentChannel}, "team:b", "team:_x", "team:B", "team:deleted", "team:none", "no cid"),
			[]string{"team:b", "team:_x", "team:B", "team:deleted", "team:none", "no cid"}, []string{"no cid", "team:deleted", "team:none"},
		},
		"channel filter": {
			segment(models.Segment{ID: "hot", Type: models.SegmentChannel, Filter: json.RawMessage(`{"hot": true}`)}),
			[]string{"team:_x", "team:b", "team:other"}, nil,
		},
		"all_sender_channels": {
			segment(models.Segment{ID: "mine", Type: models.SegmentChannel, AllSenderChannels: true}),
			[]string{"team:B", "team:_x", "team:b"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := sorted(tt.want)
			src := w.source(w.draft(t.Name(), tt.audience), 0)
			n, err := w.CountSource(t.Context(), src)
			if err != nil || n != int64(len(want)) {
				t.Errorf("counted %d, want %d: %v", n, len(want), err)
			}
			keys, exist := w.targets(src, "", last, 1000)
			if diff := cmp.Diff(want, keys); diff != "" {
				t.Errorf("targets (-want +got):\n%s", diff)
			}
			for i, key := range keys {
				if exist[i] == slices.Contains(tt.missing, key) {
					t.Errorf("%q exists: %v", key, exist[i])
				}
			}
			if some, _ := w.targets(src, "", last, 2); len(some) != min(2, len(want)) {
				t.Errorf("limit 2 gives %q", some)
			}
			for _, size := range []int{1, 2, 3, len(want), len(want) + 1, 1000} {
				for _, limit := range []int{1, 2, 5} {
					if size > 0 {
						w.checkCut(src, want, size, limit)
					}
				}
			}
		})
	}
}

// checkCut cuts a source until nothing follows: every target must be in exactly one batch, all batches but the last full.
func (w *world) checkCut(src store.Source, want []string, size, limit int) {
	w.tb.Helper()
	var covered []string
	after := ""
	for {
		bounds, err := w.CutBatches(w.tb.Context(), src, after, size, limit)
		if err != nil {
			w.tb.Fatal(err)
		}
		if len(bounds) > limit {
			w.tb.Fatalf("size %d: %d batches, limit %d", size, len(bounds), limit)
		}
		if len(bounds) == 0 {
			break
		}
		for _, b := range bounds {
			keys, _ := w.targets(src, after, b.Through, 10_000)
			covered = append(covered, keys...)
			if full := len(covered) < len(want); b.Count != len(keys) || b.Count > size || full && b.Count != size {
				w.tb.Errorf("size %d, limit %d: batch (%q, %q] says %d and holds %d targets, %d of %d so far",
					size, limit, after, b.Through, b.Count, len(keys), len(covered), len(want))
			}
			after = b.Through
		}
	}
	if diff := cmp.Diff(want, covered); diff != "" {
		w.tb.Errorf("size %d, limit %d: covered (-want +got):\n%s", size, limit, diff)
	}
}

// Who comes after the campaign began is not in its audience; who leaves a list is not any more.
func TestAudienceEndsAtTheStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.users("ann", "bob")
	w.channel("team:a", sender)
	w.segment(models.Segment{ID: "manual", Type: models.SegmentUser}, "ann", "bob", "boss")
	w.segment(models.Segment{ID: "all", Type: models.SegmentUser, AllUsers: true})
	w.segment(models.Segment{ID: "filter", Type: models.SegmentUser, Filter: json.RawMessage(`{"role": "user"}`)})
	c := w.running("c", func(c *models.Campaign) { c.SegmentIDs = []string{"manual", "all", "filter"} })
	w.segment(models.Segment{ID: "mine", Type: models.SegmentChannel, AllSenderChannels: true})
	channels := w.running("channels", func(c *models.Campaign) { c.SegmentIDs = []string{"mine"} })

	if _, err := w.UpsertUsers(t.Context(), w.app, []models.User{{ID: "carl", Role: "user"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.CreateChannel(t.Context(), models.Channel{AppPK: w.app, CID: "team:b", CreatedBy: sender}, []models.Member{{UserID: sender}}); err != nil {
		t.Fatal(err)
	}
	if err := w.AddTargets(t.Context(), w.app, "manual", []string{"carl"}); err != nil {
		t.Fatal(err)
	}
	if err := w.DeleteTargets(t.Context(), w.app, "manual", []string{"bob"}); err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]string{{"ann", sender}, {"ann", "bob", sender}, {"ann", "bob", sender}} {
		got, _ := w.targets(w.source(c, i), "", last, 10)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("source %d (-want +got):\n%s", i, diff)
		}
	}
	if got, _ := w.targets(w.source(channels, 0), "", last, 10); !slices.Equal(got, []string{"team:a"}) {
		t.Errorf("channels of the sender: %q", got)
	}
	// A campaign that did not begin yet sees them all.
	if got, _ := w.targets(w.source(w.draft("d", func(c *models.Campaign) { c.SegmentIDs = []string{"manual"} }), 0), "", last, 10); !slices.Equal(got, []string{"ann", "boss", "carl"}) {
		t.Errorf("before the start: %q", got)
	}
}

func TestUserTargetsBringWhatTemplatesNeed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	full := models.User{ID: "full", Name: pointer("Full"), Image: pointer("i.png"), Role: "admin", Language: "de", Teams: []string{"b", "a"}, Custom: json.RawMessage(`{"n": 1.50}`)}
	stored, err := w.UpsertUsers(t.Context(), w.app, []models.User{full, {ID: "plain", Role: "user"}})
	if err != nil {
		t.Fatal(err)
	}
	w.exec(`UPDATE users SET last_active = '2026-01-01', deactivated_at = '2026-01-02', deleted_at = '2026-01-03' WHERE id = 'full'`)
	stored[0].LastActive, stored[0].DeactivatedAt, stored[0].DeletedAt = pointer(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)), pointer(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)), pointer(time.Date(2026, 1, 3, 0, 0, 0, 0, time.UTC))
	src := w.source(w.draft("c", func(c *models.Campaign) { c.UserIDs = []string{"plain", "none", "full"} }), 0)
	got, err := w.UserTargets(t.Context(), src, "", last, 10)
	if err != nil {
		t.Fatal(err)
	}
	want := []store.UserTarget{{ID: "full", User: &stored[0]}, {ID: "none"}, {ID: "plain", User: &stored[1]}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A filter is applied as it is when it is read, also in the middle of a run.
func TestSourcesReadTheFilterAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.users("ann", "bob")
	w.segment(models.Segment{ID: "s", Type: models.SegmentUser, Filter: json.RawMessage(`{"id": "ann"}`)})
	c := w.running("c", func(c *models.Campaign) { c.SegmentIDs = []string{"s"} })
	for _, id := range []string{"ann", "bob"} {
		if _, err := w.UpdateSegment(t.Context(), w.app, "s", store.SegmentChange{Filter: json.RawMessage(fmt.Sprintf(`{"id": %q}`, id))}); err != nil {
			t.Fatal(err)
		}
		if got, _ := w.targets(w.source(c, 0), "", last, 10); !slices.Equal(got, []string{id}) {
			t.Errorf("filter for %s selects %q", id, got)
		}
	}
}
