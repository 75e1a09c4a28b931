package api_test

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

// A campaign's message comes with everything it was given: attachments of each kind, custom data, the poll, the mention of its
// receiver; each text of it rendered. So does a test of it, and a preview says so before.
func TestCampaignContent(t *testing.T) { inEachDialect(t, testCampaignContent) }

func testCampaignContent(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	h.mustCall(t, 201, "POST", "/users", m{"users": m{
		"shop": d.with(m{"id": "shop", "name": "The Shop"}, m{"city": "Ulm"}),
		"ann":  d.with(m{"id": "ann", "name": "Ann", "language": "de"}, m{"since": "2026-03-01", "tags": []string{"a", "b"}}),
		"bob":  d.with(m{"id": "bob", "name": "Bob"}, m{"since": "2026-03-01", "tags": []string{}}),
	}})
	poll := at(t, h.mustCall(t, 201, "POST", "/polls", m{"name": "Tea?", "user_id": "shop", "options": []m{{"text": "Yes"}, {"text": "No"}}}), "poll").(m)
	options := poll["options"].([]any)
	pollID := poll["id"].(string)

	message := m{
		"text": "Hi {{ receiver.name }} in {{ sender.city }}",
		"attachments": []m{
			d.with(m{"type": "image", "image_url": "https://x/{{ receiver.id }}.png", "thumb_url": "https://x/t.png", "original_width": 640, "original_height": 480}, m{"alt": "{{ receiver.name | upper }}"}),
			d.with(m{"type": "file", "asset_url": "https://x/{{ custom.code }}.pdf", "title": "{{ campaign.id }}.pdf"}, m{"file_size": 12345678901234567, "mime_type": "application/pdf"}),
			d.with(m{
				"type": "card", "title": "{{ channel.cid }}", "text": "{{ receiver.since | strftime('%B') }}", "title_link": "https://x/?u={{ receiver.id | urlencode }}",
				"actions": []m{{"name": "buy", "text": "Buy, {{ receiver.name }}", "type": "button", "value": "{{ receiver.id }}", "style": "primary"}},
				"fields":  []m{{"title": "For", "value": "{{ receiver.name }}", "short": true}},
				"giphy":   m{"original": m{"url": "https://x/{{ receiver.id }}.gif"}},
			}, m{"deep": m{"list": []any{"{{ receiver.tags | join('+') }}", jsonNumber("1.50"), nil, true}}}),
		},
		"custom":  m{"code": "SPRING", "promo": true, "n": jsonNumber("1.0"), "for": m{"users": []string{"{{ receiver.id }}", "all"}}, "{{ receiver.id }}": "a key"},
		"poll_id": pollID, "searchable": true, "mention_receiver": true,
	}
	created := h.draft(t, "c", m{"message_template": message, "create_channels": true, "user_ids": []string{"ann", "bob"},
		"channel_template": m{"type": "messaging", "id": "{{ receiver.id }}-shop", "custom": m{"name": "For {{ receiver.name }}", "list": []string{"{{ sender.id }}"}}}})
	given := m{"searchable": true, "mention_receiver": true, "poll_id": pollID, "text": message["text"]}
	for key, want := range given {
		if got := created["message_template"].(m)[key]; got != want {
			t.Errorf("the template's %s is %v, want %v", key, got, want)
		}
	}

	attachments := func(id, name, month, tags string) []any {
		return []any{
			d.with(m{"type": "image", "image_url": "https://x/" + id + ".png", "thumb_url": "https://x/t.png", "original_width": jsonNumber("640"), "original_height": jsonNumber("480")},
				m{"alt": map[string]string{"Ann": "ANN", "Bob": "BOB"}[name]}),
			d.with(m{"type": "file", "asset_url": "https://x/SPRING.pdf", "title": "c.pdf"}, m{"file_size": jsonNumber("12345678901234567"), "mime_type": "application/pdf"}),
			d.with(m{
				"type": "card", "title": "messaging:" + id + "-shop", "text": month, "title_link": "https://x/?u=" + id,
				"actions": []any{m{"name": "buy", "text": "Buy, " + name, "type": "button", "value": id, "style": "primary"}},
				"fields":  []any{m{"title": "For", "value": name, "short": true}},
				"giphy":   m{"original": m{"url": "https://x/" + id + ".gif"}},
			}, m{"deep": m{"list": []any{tags, jsonNumber("1.50"), nil, true}}}),
		}
	}
	custom := func(id string) m {
		return m{"code": "SPRING", "promo": true, "n": jsonNumber("1.0"), "for": m{"users": []any{id, "all"}}, "{{ receiver.id }}": "a key"}
	}
	receivers := []struct{ id, name, month, tags string }{{"ann", "Ann", "März", "a+b"}, {"bob", "Bob", "March", ""}}

	previews := h.mustCall(t, 201, "POST", "/campaigns/c/preview", m{"user_ids": []string{"ann", "bob"}})
	for i, r := range receivers {
		want := m{"text": "Hi " + r.name + " in Ulm", "attachments": attachments(r.id, r.name, r.month, r.tags), "custom": with(custom(r.id), m{"campaign_id": "c"}),
			"poll_id": pollID, "mentioned_users": []any{r.id}}
		if diff := cmp.Diff(want, at(t, previews, "previews", i, "message")); diff != "" {
			t.Errorf("preview of %s (-want +got):\n%s", r.id, diff)
		}
	}

	h.mustCall(t, 201, "POST", "/campaigns/c/test", m{"user_ids": []string{"ann"}})
	h.worker().deliver(t, "c")
	ids := map[string]string{}
	for _, r := range receivers {
		list := at(t, h.callAs(t, h.as(t, r.id), "POST", "/channels", m{"filter_conditions": m{}}).body, "channels").([]any)
		if len(list) != 1 {
			t.Fatalf("%s sees %d channels", r.id, len(list))
		}
		channel, messages := at(t, list[0], "channel").(m), at(t, list[0], "messages").([]any)
		for key, want := range d.with(m{"cid": "messaging:" + r.id + "-shop"}, m{"name": "For " + r.name, "list": []any{"shop"}}) {
			if got := channel[key]; !cmp.Equal(got, want) {
				t.Errorf("%s of the channel of %s is %v, want %v", key, r.id, got, want)
			}
		}
		marks := []m{{"campaign_id": "c"}}
		if r.id == "ann" {
			marks = []m{{"campaign_id": "c", "campaign_test": true}, {"campaign_id": "c"}}
		}
		if len(messages) != len(marks) {
			t.Fatalf("%s has %d messages, want %d", r.id, len(messages), len(marks))
		}
		for i, marks := range marks {
			got := messages[i].(m)
			want := d.with(m{"text": "Hi " + r.name + " in Ulm", "type": "regular", "poll_id": pollID, "attachments": attachments(r.id, r.name, r.month, r.tags)}, with(custom(r.id), marks))
			for key, want := range want {
				if diff := cmp.Diff(want, got[key]); diff != "" {
					t.Errorf("%s of a message to %s (-want +got):\n%s", key, r.id, diff)
				}
			}
			if mentioned := keysOf(t, got, "mentioned_users", "id"); !cmp.Equal(mentioned, []string{r.id}) {
				t.Errorf("a message to %s mentions %v", r.id, mentioned)
			}
			ids[r.id] = got["id"].(string) // in the end that of the campaign's message, not of the test's
		}
	}

	// One poll for all: each votes at the own message, and sees what the other voted.
	for i, r := range receivers {
		option := at(t, options, i, "id").(string)
		if a := h.callAs(t, h.as(t, r.id), "POST", "/messages/"+ids[r.id]+"/polls/"+pollID+"/vote", m{"vote": m{"option_id": option}}); a.status != 201 {
			t.Fatalf("%s votes: %s", r.id, a.raw)
		}
	}
	for _, r := range receivers {
		seen := at(t, h.callAs(t, h.as(t, r.id), "GET", "/messages/"+ids[r.id], nil).body, "message", "poll").(m)
		if seen["id"] != pollID || seen["vote_count"] != jsonNumber("2") || len(seen["vote_counts_by_option"].(m)) != 2 || len(seen["own_votes"].([]any)) != 1 {
			t.Errorf("%s sees the poll as %v", r.id, seen)
		}
	}
}

// with is an object with more keys.
func with(object, more m) m {
	all := maps.Clone(object)
	maps.Copy(all, more)
	return all
}

// A message mentions its receiver only where that is asked for, and where it has one.
func TestMentionReceiver(t *testing.T) {
	h := sendingHarness(t)
	h.draft(t, "silent", m{"create_channels": true, "message_template": m{"text": "Hi", "mention_receiver": false}})
	h.draft(t, "default", m{"create_channels": true})
	w := h.worker()
	for _, id := range []string{"silent", "default"} {
		template := at(t, h.mustCall(t, 200, "GET", "/campaigns/"+id, nil), "campaign", "message_template").(m)
		if given, said := template["mention_receiver"]; said != (id == "silent") || said && given != false {
			t.Errorf("%s: %v", id, template)
		}
		if preview := at(t, h.mustCall(t, 201, "POST", "/campaigns/"+id+"/preview", m{"user_ids": []string{"ann"}}), "previews", 0, "message").(m); preview["mentioned_users"] != nil {
			t.Errorf("%s: preview %v", id, preview)
		}
		w.deliver(t, id)
		message := at(t, h.mustCall(t, 200, "GET", "/campaigns/"+id+"/recipients", nil), "recipients", 0, "message_id").(string)
		if got := at(t, h.mustCall(t, 200, "GET", "/messages/"+message, nil), "message", "mentioned_users").([]any); len(got) != 0 {
			t.Errorf("%s: mentions %v", id, got)
		}
	}

	const field = "message_template.mention_receiver"
	toChannels := m{"id": "x", "sender_id": "shop", "segment_ids": []string{"channels"}, "message_template": m{"text": "Hi", "mention_receiver": true}}
	wantError(t, h.call(t, "POST", "/campaigns", toChannels), 400, models.CodeInvalid, "recipients of the campaign are channels", field)
	wantError(t, h.call(t, "POST", "/campaigns", with(toChannels, m{"message_template": m{"text": "Hi", "mention_receiver": "yes"}})), 400, models.CodeInvalid, "", field)
	h.draft(t, "turned", m{"message_template": m{"text": "Hi", "mention_receiver": true}})
	wantError(t, h.call(t, "PUT", "/campaigns/turned", m{"segment_ids": []string{"channels"}}), 400, models.CodeInvalid, "recipients of the campaign are channels", field)
	h.mustCall(t, 201, "PUT", "/campaigns/turned", m{"segment_ids": []string{"channels"}, "message_template": m{"text": "Hi", "mention_receiver": false}})
}
