package api_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/api"
)

// wantExample compares an answer with the contract's example in testdata, key by key. What differs from call to call is
// only required to be there: duration, and next and prev of a list.
func wantExample(t *testing.T, file string, got map[string]any) {
	t.Helper()
	raw, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var want map[string]any
	if err := d.Decode(&want); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"duration", "next", "prev"} {
		if _, ok := want[key].(string); ok {
			if text, _ := got[key].(string); text == "" {
				t.Errorf("%s is missing", key)
			}
			delete(want, key)
			delete(got, key)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-contract +got):\n%s", file, diff)
	}
}

// people are the users of the examples.
func (h *harness) people(t *testing.T) {
	t.Helper()
	h.mustCall(t, 201, "POST", "/users", m{"users": m{
		"shop": m{"id": "shop", "name": "The Shop"}, "ann": m{"id": "ann", "name": "Ann", "language": "en", "teams": []string{"red"}, "country": "US"},
		"bob": m{"id": "bob"}, "agent-1": m{"id": "agent-1"},
	}})
	h.exec(t, `UPDATE users SET created_at = '2026-11-01T08:00:00Z', updated_at = '2026-11-01T08:00:00Z',
		last_active = CASE id WHEN 'ann' THEN timestamptz '2026-11-22T18:30:00Z' END`)
}

func TestCampaignExample(t *testing.T) {
	started := time.Date(2026, 11, 23, 10, 0, 0, 184211000, time.UTC)
	h := newHarness(t, func(c *api.Config) { c.Now = func() time.Time { return started.Add(time.Second) } })
	h.people(t)
	h.mustCall(t, 201, "POST", "/campaigns", m{
		"id": "spring-sale", "name": "Spring sale", "sender_id": "shop", "sender_visibility": "archived",
		"message_template": m{
			"text":        "Hi {{ receiver.name }}, 20% off today",
			"attachments": []m{{"type": "image", "image_url": "https://cdn.example.com/{{ receiver.country }}.png", "custom": m{"alt": "banner"}}},
			"custom":      m{"promotional": true, "lang": "{{ receiver.language }}"},
		},
		"channel_template": m{
			"type": "messaging", "id": "{{receiver.id}}-{{sender.id}}", "team": "eu", "custom": m{"name": "Shop for {{ receiver.name }}"},
			"members_template": []m{{"user_id": "agent-1", "channel_role": "channel_moderator", "custom": m{"desk": 4}}},
		},
		"create_channels": true, "skip_webhook": true, "user_ids": []string{"ann", "bob", "ann"},
	})
	h.exec(t, `UPDATE campaigns SET status = 'in_progress', started_at = $1, recipients_total = 2, control_seq = 1,
		scheduled_for = '2026-11-23T10:00:00Z', stop_at = '2026-11-24T10:00:00Z', created_at = '2026-11-23T09:15:04.207332Z', updated_at = $1`, started)
	h.exec(t, `INSERT INTO campaign_batches (app_pk, campaign_id, source, after_key, through_key, recipients, sent, failed, skipped,
		channels_created, users_sent, committed_at) VALUES ($1, 'spring-sale', 0, '', 'ann', 1, 1, 0, 0, 1, 1, now())`, h.app.PK)
	wantExample(t, "campaign.json", h.mustCall(t, 200, "GET", "/campaigns/spring-sale", nil))
}

func TestListExamples(t *testing.T) {
	h := newHarness(t)
	h.people(t)
	for _, id := range []string{"before", "welcome", "after"} {
		h.draft(t, id, m{"name": "Welcome", "user_ids": []string{"zoe"}, "message_template": m{"text": "Hello {{ receiver.name }}"}})
	}
	h.exec(t, `UPDATE campaigns SET updated_at = '2026-11-23T09:15:04.207332Z', created_at = timestamptz '2026-11-23T09:15:04.207332Z'
		+ CASE id WHEN 'before' THEN interval '1 hour' WHEN 'after' THEN interval '-1 hour' ELSE '0' END`)
	query := m{"filter": m{"status": m{"$in": []string{"draft", "scheduled"}}}, "sort": []m{{"field": "created_at", "direction": -1}}, "limit": 1, "user_limit": 5}
	first := h.mustCall(t, 201, "POST", "/campaigns/query", query)
	wantExample(t, "campaigns_page.json", h.mustCall(t, 201, "POST", "/campaigns/query", m{"next": first["next"], "user_limit": 5}))

	h.mustCall(t, 201, "POST", "/segments", m{"id": "seg-1", "type": "user", "name": "US users", "filter": m{"country": "US"}})
	h.mustCall(t, 201, "POST", "/segments", m{"id": "seg-2", "type": "channel"})
	h.mustCall(t, 201, "POST", "/segments/seg-2/addtargets", m{"target_ids": []string{"bob", "zoe", "ann", "Al"}})
	h.exec(t, `UPDATE segments SET size = 61240, counted_at = now(), created_at = '2026-11-23T08:59:40.112233Z', updated_at = '2026-11-23T08:59:40.112233Z'`)
	h.exec(t, `UPDATE segment_targets SET created_at = '2026-11-23T09:00:00.12Z'`)
	wantExample(t, "segment.json", h.mustCall(t, 200, "GET", "/segments/seg-1", nil))
	wantExample(t, "segments_page.json", h.mustCall(t, 201, "POST", "/segments/query", m{"filter": m{"type": "user"}, "limit": 1}))
	wantExample(t, "targets_page.json", h.mustCall(t, 201, "POST", "/segments/seg-2/targets/query",
		m{"filter": m{"target_id": m{"$gte": "a"}}, "sort": []m{{"field": "target_id", "direction": 1}}, "limit": 2}))
}
