package api_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/api"
	"herald/api/openapi"
)

// wantExample compares an answer with the example that the document shows, key by key. What differs from call to call is
// only required to be there: duration, and next and prev of a list.
func wantExample(t *testing.T, d dialect, file string, got map[string]any) {
	t.Helper()
	raw, err := openapi.Example(file, d.v2)
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var want map[string]any
	if err := decoder.Decode(&want); err != nil {
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
		"shop": m{"id": "shop", "name": "The Shop"},
		"ann":  h.dialect.with(m{"id": "ann", "name": "Ann", "language": "en", "teams": []string{"red"}}, m{"country": "US"}),
		"bob":  m{"id": "bob"}, "agent-1": m{"id": "agent-1"},
	}})
	h.exec(t, `UPDATE users SET created_at = '2026-11-01T08:00:00Z', updated_at = '2026-11-01T08:00:00Z',
		last_active = CASE id WHEN 'ann' THEN timestamptz '2026-11-22T18:30:00Z' END`)
}

func TestUsersExample(t *testing.T) { inEachDialect(t, testUsersExample) }

func testUsersExample(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	h.people(t)
	h.exec(t, `UPDATE users SET last_active = NULL`)
	ann := d.with(m{"id": "ann", "name": "Ann", "role": "user", "teams": []string{"red"}, "language": "en"}, m{"country": "US"})
	got := h.mustCall(t, 201, "POST", "/users", m{"users": m{"ann": ann}})
	if shown := at(t, got, "users", "ann").(m); shown["created_at"] == shown["updated_at"] {
		t.Error("updated_at did not move")
	} else {
		shown["updated_at"] = shown["created_at"] // the only value that the call chose
	}
	wantExample(t, d, "users.json", got)
}

func TestCampaignExample(t *testing.T) { inEachDialect(t, testCampaignExample) }

func testCampaignExample(t *testing.T, d dialect) {
	started := time.Date(2026, 11, 23, 10, 0, 0, 184211000, time.UTC)
	h := newHarness(t, func(c *api.Config) { c.Now = func() time.Time { return started.Add(time.Second) } }).in(d)
	h.people(t)
	h.mustCall(t, 201, "POST", "/campaigns", m{
		"id": "spring-sale", "name": "Spring sale", "sender_id": "shop", "sender_visibility": "archived",
		"message_template": m{
			"text":        "Hi {{ receiver.name }}, 20% off today",
			"attachments": []m{d.with(m{"type": "image", "image_url": "https://cdn.example.com/{{ receiver.country }}.png"}, m{"alt": "banner"})},
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
	wantExample(t, d, "campaign.json", h.mustCall(t, 200, "GET", "/campaigns/spring-sale", nil))
}

func TestFinishedCampaignExample(t *testing.T) { inEachDialect(t, testFinishedCampaignExample) }

func testFinishedCampaignExample(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	h.people(t)
	h.mustCall(t, 201, "POST", "/segments", m{"id": "seg-1", "type": "user", "name": "US users", "filter": m{"country": "US"}})
	h.mustCall(t, 201, "POST", "/campaigns", m{
		"id": "spring-sale", "name": "Spring sale", "sender_id": "shop", "segment_ids": []string{"seg-1"}, "create_channels": true,
		"message_template": m{
			"text":        "Hi {{ receiver.name }}, 20% off today",
			"attachments": []m{d.with(m{"type": "image", "image_url": "https://cdn.example.com/banner.png"}, m{"alt": "banner"})},
			"custom":      m{"promotional": true},
		},
		"channel_template":    m{"type": "messaging", "id": "{{receiver.id}}-{{sender.id}}"},
		"messages_per_second": 5000,
	})
	h.exec(t, `UPDATE segments SET size = 61240, counted_at = now(), created_at = '2026-11-23T08:59:40.112233Z', updated_at = '2026-11-23T08:59:40.112233Z'`)
	h.exec(t, `UPDATE campaigns SET status = 'completed', recipients_total = 61240, message_template = message_template || '{"poll_id": "p-1"}',
		started_at = '2026-11-23T10:00:00.184211Z', completed_at = '2026-11-23T10:01:02.55012Z', scheduled_for = '2026-11-23T10:00:00Z',
		stop_at = '2026-11-24T10:00:00Z', created_at = '2026-11-23T09:15:04.207332Z', updated_at = '2026-11-23T10:01:02.55012Z'`)
	h.exec(t, `INSERT INTO campaign_batches (app_pk, campaign_id, source, after_key, through_key, recipients, sent, failed, skipped,
		channels_created, users_sent, committed_at) VALUES ($1, 'spring-sale', 0, '', 'm', 61240, 61231, 6, 3, 17, 61231, now())`, h.app.PK)
	h.exec(t, `INSERT INTO campaign_read_counts VALUES ($1, 'spring-sale', 3, 400), ($1, 'spring-sale', 5, 2)`, h.app.PK)
	wantExample(t, d, "campaign_finished.json", h.mustCall(t, 200, "GET", "/campaigns/spring-sale", nil))
}

func TestListExamples(t *testing.T) { inEachDialect(t, testListExamples) }

func testListExamples(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	h.people(t)
	for _, id := range []string{"before", "welcome", "after"} {
		h.draft(t, id, m{"name": "Welcome", "user_ids": []string{"zoe"}, "message_template": m{"text": "Hello {{ receiver.name }}"}})
	}
	h.exec(t, `UPDATE campaigns SET updated_at = '2026-11-23T09:15:04.207332Z', created_at = timestamptz '2026-11-23T09:15:04.207332Z'
		+ CASE id WHEN 'before' THEN interval '1 hour' WHEN 'after' THEN interval '-1 hour' ELSE '0' END`)
	query := m{"filter": m{"status": m{"$in": []string{"draft", "scheduled"}}}, "sort": []m{{"field": "created_at", "direction": -1}}, "limit": 1, "user_limit": 5}
	first := h.mustCall(t, 201, "POST", "/campaigns/query", query)
	wantExample(t, d, "campaigns_page.json", h.mustCall(t, 201, "POST", "/campaigns/query", m{"next": first["next"], "user_limit": 5}))

	h.mustCall(t, 201, "POST", "/segments", m{"id": "seg-1", "type": "user", "name": "US users", "filter": m{"country": "US"}})
	h.mustCall(t, 201, "POST", "/segments", m{"id": "seg-2", "type": "channel"})
	h.mustCall(t, 201, "POST", "/segments/seg-2/addtargets", m{"target_ids": []string{"bob", "zoe", "ann", "Al"}})
	h.exec(t, `UPDATE segments SET size = 61240, counted_at = now(), created_at = '2026-11-23T08:59:40.112233Z', updated_at = '2026-11-23T08:59:40.112233Z'`)
	h.exec(t, `UPDATE segment_targets SET created_at = '2026-11-23T09:00:00.12Z'`)
	wantExample(t, d, "segment.json", h.mustCall(t, 200, "GET", "/segments/seg-1", nil))
	wantExample(t, d, "segments_page.json", h.mustCall(t, 201, "POST", "/segments/query", m{"filter": m{"type": "user"}, "limit": 1}))
	wantExample(t, d, "targets_page.json", h.mustCall(t, 201, "POST", "/segments/seg-2/targets/query",
		m{"filter": m{"target_id": m{"$gte": "a"}}, "sort": []m{{"field": "target_id", "direction": 1}}, "limit": 2}))
}
