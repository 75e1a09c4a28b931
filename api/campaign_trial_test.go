package api_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

func TestTestExample(t *testing.T) { inEachDialect(t, testTestExample) }

func testTestExample(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	h.springSale(t)
	got := h.mustCall(t, 201, "POST", "/campaigns/spring-sale/test", m{"user_ids": []string{"ann", "zoe", "ann"}})
	ann := at(t, got, "recipients", 0).(m)
	id := ann["message_id"].(string)
	sent := at(t, h.mustCall(t, 200, "GET", "/messages/"+id, nil), "message").(m)
	want := d.with(m{
		"text": "Hi Ann, 20% off today", "type": "regular", "cid": "messaging:ann-shop", "created_at": ann["sent_at"],
		"attachments": []any{d.with(m{"type": "image", "image_url": "https://cdn.example.com/US.png"}, m{"alt": "banner"})},
	}, m{"promotional": true, "lang": "en", "campaign_id": "spring-sale", "campaign_test": true})
	for key, want := range want {
		if diff := cmp.Diff(want, sent[key]); diff != "" {
			t.Errorf("%s of the message (-want +got):\n%s", key, diff)
		}
	}
	channel := sent["channel"].(m)
	for key, want := range d.with(m{"team": "eu", "member_count": jsonNumber("3"), "last_message_at": ann["sent_at"]}, m{"name": "Shop for Ann"}) {
		if diff := cmp.Diff(want, channel[key]); diff != "" {
			t.Errorf("%s of the channel (-want +got):\n%s", key, diff)
		}
	}
	state := h.mustCall(t, 201, "POST", "/channels/messaging/ann-shop/query", m{})
	if diff := cmp.Diff([]string{"agent-1", "ann", "shop"}, keysOf(t, state, "members", "user_id")); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	member := at(t, state, "members", 0).(m)
	for key, want := range d.with(m{"channel_role": "channel_moderator"}, m{"desk": jsonNumber("4")}) {
		if diff := cmp.Diff(want, member[key]); diff != "" {
			t.Errorf("%s of the member by the template (-want +got):\n%s", key, diff)
		}
	}
	// What the call chose is the example's from here on.
	ann["message_id"], ann["sent_at"] = "019ab1c2-7d10-7e3f-9a55-0c1d2e3f4a5b", d.time("2026-11-23T09:20:00.000000Z")
	wantExample(t, d, "test.json", got)
}

// A test settles every target as a preview says, and leaves nothing in the campaign.
func TestTestOutcomes(t *testing.T) {
	h := sendingHarness(t)
	n := 0
	for name, s := range sendings {
		t.Run(name, func(t *testing.T) {
			n++
			id := fmt.Sprint("c", n)
			key, userID := h.draftOf(t, id, s)
			h.exec(t, `UPDATE channels SET deleted_at = now() WHERE cid NOT IN ('team:old')`) // those of the cases before
			before := h.contents(t)
			got := h.mustCall(t, 201, "POST", "/campaigns/"+id+"/test", m{key: []string{s.target}})
			one := at(t, got, "recipients", 0).(m)
			reason, messageID := one["error"].(string), one["message_id"]
			if !strings.HasPrefix(reason, s.reason) || s.reason == "" && reason != "" {
				t.Errorf("error %q does not begin with %q", reason, s.reason)
			}
			want := m{"target_id": s.target, "user_id": userID, "status": s.status("sent"), "error_code": s.code, "error": reason,
				"cid": nil, "message_id": nil, "sent_at": nil, "read_at": nil}
			result := reason
			var changes []string
			if s.code == "" {
				want["cid"], want["message_id"], want["sent_at"] = s.cid, messageID, one["sent_at"]
				result = "sent"
				changes = []string{"channel_members", "channels", "messages", "outbox"} // a push is due
				if s.exists && !slices.Contains(s.members, any("shop")) {
					changes = []string{"channels", "messages", "outbox"}
				}
			}
			if diff := cmp.Diff(want, one); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(any(m{s.target: result}), got["results"]); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(append([]string{}, changes...), h.changed(t, before)); diff != "" {
				t.Errorf("tables changed (-want +got):\n%s", diff)
			}
			if s.code != "" {
				return
			}
			sent := at(t, h.mustCall(t, 200, "GET", "/messages/"+messageID.(string), nil), "message").(m)
			if sent["text"] != s.text || sent["campaign_id"] != id || sent["campaign_test"] != true || sent["cid"] != s.cid || sent["created_at"] != one["sent_at"] {
				t.Errorf("message %v", sent)
			}
			channelType, channelID, _ := strings.Cut(s.cid, ":")
			state := h.mustCall(t, 201, "POST", "/channels/"+channelType+"/"+channelID+"/query", m{})
			members := []any{}
			for _, id := range keysOf(t, state, "members", "user_id") {
				members = append(members, id)
			}
			if diff := cmp.Diff(s.members, members); diff != "" {
				t.Errorf("members (-previewed +got):\n%s", diff)
			}
			h.exec(t, `DELETE FROM channel_members WHERE cid = 'team:old' AND user_id = 'shop'`)
		})
	}
}

// Each call sends again, in whatever status the campaign is, and neither stats nor recipients know of it.
func TestTestLeavesNoTrace(t *testing.T) {
	h := sendingHarness(t)
	h.draft(t, "c", m{"create_channels": true, "messages_per_second": 1})
	// The month's capacity is used up, which is no matter of tests.
	h.mustCall(t, 200, "PATCH", "/app", m{"mau_plan": 1})
	h.exec(t, `UPDATE campaign_usage SET sent = 3`)
	wantError(t, h.call(t, "POST", "/campaigns/c/start", nil), 403, models.CodeNotAllowed, "capacity", "")
	look := func() any {
		return []any{
			h.mustCall(t, 200, "GET", "/campaigns/c", nil)["campaign"],
			h.mustCall(t, 200, "GET", "/campaigns/c/recipients", nil)["recipients"],
			h.mustCall(t, 200, "GET", "/campaigns/c/moves", nil)["moves"],
		}
	}
	ids := map[string]bool{}
	for _, status := range models.Statuses {
		for _, hold := range []models.Hold{models.HoldNone, models.HoldPaused} {
			h.exec(t, `UPDATE campaigns SET status = $1, hold = $2`, string(status), string(hold))
			before := look()
			for _, name := range []string{"user_ids", "users"} {
				got := h.mustCall(t, 201, "POST", "/campaigns/c/test", m{name: []string{"bob", "ann"}})
				if diff := cmp.Diff([]string{"bob", "ann"}, keysOf(t, got, "recipients", "target_id")); diff != "" {
					t.Errorf("order (-want +got):\n%s", diff)
				}
				ids[at(t, got, "recipients", 0, "message_id").(string)] = true
				ids[at(t, got, "recipients", 1, "message_id").(string)] = true
			}
			if diff := cmp.Diff(before, look()); diff != "" {
				t.Errorf("%s, %s: the campaign (-before +after):\n%s", status, hold, diff)
			}
		}
	}
	if want := 2 * 2 * 2 * len(models.Statuses); len(ids) != want {
		t.Errorf("%d messages, want %d", len(ids), want)
	}
	state := h.mustCall(t, 201, "POST", "/channels/messaging/query", m{"data": m{"created_by_id": "shop", "members": []string{"ann", "shop"}}})
	if n := len(at(t, state, "messages").([]any)); n != len(ids)/2 {
		t.Errorf("ann sees %d messages, want %d", n, len(ids)/2)
	}
	// Ann reads up to the last test by writing.
	h.mustCall(t, 201, "POST", "/channels/messaging/"+models.DistinctID("ann", "shop")+"/message", m{"message": m{"text": "x", "user_id": "ann"}})
	if n := at(t, h.mustCall(t, 200, "GET", "/campaigns/c", nil), "campaign", "stats", "stats_users_read"); n != jsonNumber("0") {
		t.Errorf("%v reads of test messages count", n)
	}
}

func TestTestCarriesThePoll(t *testing.T) {
	h := sendingHarness(t)
	h.draft(t, "c", m{"create_channels": true})
	h.exec(t, `UPDATE campaigns SET message_template = '{"text": "", "poll_id": "p"}'`)
	got := at(t, h.mustCall(t, 201, "POST", "/campaigns/c/preview", m{"user_ids": []string{"ann"}}), "previews", 0, "message")
	if diff := cmp.Diff(any(m{"text": "", "attachments": []any{}, "custom": m{"campaign_id": "c"}, "poll_id": "p"}), got); diff != "" {
		t.Errorf("preview (-want +got):\n%s", diff)
	}
	id := at(t, h.mustCall(t, 201, "POST", "/campaigns/c/test", m{"user_ids": []string{"ann"}}), "recipients", 0, "message_id").(string)
	if got := at(t, h.mustCall(t, 200, "GET", "/messages/"+id, nil), "message", "poll_id"); got != "p" {
		t.Errorf("poll_id is %v", got)
	}
}

func TestTestShowsHiddenChannels(t *testing.T) {
	h := sendingHarness(t)
	h.draft(t, "silent", m{"channel_template": m{"type": "team", "id": "old"}})
	h.draft(t, "shown", m{"channel_template": m{"type": "team", "id": "old"}, "show_channels": true})
	h.exec(t, `UPDATE channel_members SET hidden = true`)
	for campaign, hidden := range map[string]bool{"silent": true, "shown": false} {
		h.exec(t, `UPDATE channel_members SET hidden = true`)
		h.mustCall(t, 201, "POST", "/campaigns/"+campaign+"/test", m{"user_ids": []string{"ann"}})
		for user, want := range map[string]bool{"ann": hidden, "bob": true} {
			if got := h.mustCall(t, 201, "POST", "/channels/team/old/query", m{"user_id": user})["hidden"]; got != want {
				t.Errorf("%s: hidden is %v for %s", campaign, got, user)
			}
		}
	}
}

func TestTestNeedsItsSender(t *testing.T) {
	h := sendingHarness(t)
	h.draft(t, "c", m{"create_channels": true})
	for _, spoil := range []string{`UPDATE users SET deactivated_at = now()`, `UPDATE users SET deactivated_at = NULL, deleted_at = now()`, `DELETE FROM users`} {
		h.exec(t, spoil+` WHERE id = 'shop'`)
		before := h.contents(t)
		for _, target := range []string{"ann", "nobody"} {
			a := h.call(t, "POST", "/campaigns/c/test", m{"user_ids": []string{target}})
			wantFields(t, a, "sender_id")
			wantError(t, a, 400, models.CodeInvalid, `TestCampaign failed with error: "sender_id `, "")
		}
		if got := h.changed(t, before); len(got) > 0 {
			t.Errorf("a refused test changed %v", got)
		}
	}
}

// Tests of one campaign to the same users at once send as many messages, to channels that exist once.
func TestTestsAtOnce(t *testing.T) {
	h := sendingHarness(t)
	h.draft(t, "c", m{"create_channels": true})
	targets := make([]string, 20)
	for i := range targets {
		targets[i] = fmt.Sprint("user-", i)
	}
	h.users(t, targets...)
	const calls = 8
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			ids := slices.Clone(targets)
			if i%2 == 1 {
				slices.Reverse(ids)
			}
			if a := h.call(t, "POST", "/campaigns/c/test", m{"user_ids": ids}); a.status != 201 || strings.Contains(a.raw, "failed") {
				t.Errorf("a test answered %s", a.raw)
			}
		})
	}
	wg.Wait()
	var messages, channels, members int
	err := connect(t, h).QueryRow(t.Context(), `SELECT (SELECT count(*) FROM messages WHERE campaign_id = 'c'),
		(SELECT count(*) FROM channels WHERE cid LIKE 'messaging:!%' AND member_count = 2), (SELECT count(*) FROM channel_members WHERE cid LIKE 'messaging:!%')`).
		Scan(&messages, &channels, &members)
	if err != nil || messages != calls*len(targets) || channels != len(targets) || members != 2*len(targets) {
		t.Errorf("%d messages, %d channels, %d members, %v", messages, channels, members, err)
	}
}

// A channel that vanishes between its being read and its being sent to is looked up again.
func TestTestMeetsADeletion(t *testing.T) {
	h := sendingHarness(t)
	h.draft(t, "c", m{"channel_template": m{"type": "team", "id": "old"}})
	ctx := t.Context()
	tx, err := connect(t, h).Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, `UPDATE channels SET deleted_at = now() WHERE cid = 'team:old'`); err != nil {
		t.Fatal(err)
	}
	answered := make(chan answer, 1)
	go func() { answered <- h.call(t, "POST", "/campaigns/c/test", m{"user_ids": []string{"ann"}}) }()
	watch := connect(t, h)
	waitFor(t, "the test to wait for the channel", func(ctx context.Context) bool {
		var blocked bool
		err := watch.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')`).Scan(&blocked)
		return err == nil && blocked
	})
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	a := <-answered
	if a.status != 201 || at(t, a.body, "recipients", 0, "error_code") != "no_channel" {
		t.Errorf("it answered %s", a.raw)
	}
}
