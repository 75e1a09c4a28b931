package api_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

// sent stores what a campaign to n users left behind: of five, one failed, one was skipped, and one read the message.
func (h *harness) sent(t *testing.T, campaign string, n int) {
	t.Helper()
	h.exec(t, `INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, recipient, created_at, updated_at)
		SELECT $1, $2 || '-' || n, 'messaging:' || n, 'shop', 'x', $2, 'u' || to_char(n, 'FM000'), timestamptz '2026-11-23' + n * interval '1 s', now()
		FROM generate_series(0, $3::int - 1) AS n WHERE n % 5 > 1`, h.app.PK, campaign, n)
	h.exec(t, `INSERT INTO campaign_outcomes (app_pk, campaign_id, recipient, status, error_code, error, created_at)
		SELECT $1, $2, 'u' || to_char(n, 'FM000'), CASE n % 5 WHEN 0 THEN 'failed' ELSE 'skipped' END, 'code', 'why', now()
		FROM generate_series(0, $3::int - 1) AS n WHERE n % 5 < 2`, h.app.PK, campaign, n)
	h.exec(t, `INSERT INTO campaign_reads (app_pk, campaign_id, cid, user_id, read_at)
		SELECT $1, $2, 'messaging:' || n, 'u' || to_char(n, 'FM000'), timestamptz '2026-11-24' + n * interval '1 s'
		FROM generate_series(0, $3::int - 1) AS n WHERE n % 5 = 4`, h.app.PK, campaign, n)
}

func TestRecipientsExample(t *testing.T) { inEachDialect(t, testRecipientsExample) }

func testRecipientsExample(t *testing.T, d dialect) {
	h := newHarness(t).in(d)
	h.users(t, "shop")
	h.draft(t, "spring-sale", m{"user_ids": []string{"ann", "bob", "cy"}})
	h.exec(t, `INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, recipient, created_at, updated_at)
		VALUES ($1, '019ab1c2-7d10-7e3f-9a55-0c1d2e3f4a5b', 'messaging:ann-shop', 'shop', 'x', 'spring-sale', 'ann', '2026-11-23T10:00:01.020304Z', now())`, h.app.PK)
	h.exec(t, `INSERT INTO campaign_outcomes (app_pk, campaign_id, recipient, status, error_code, error, created_at)
		SELECT $1, 'spring-sale', r, 'failed', 'message_too_long', 'text has 5120 characters, at most 5000 are allowed', now() FROM unnest(ARRAY['bob', 'cy']) AS r`, h.app.PK)
	h.exec(t, `INSERT INTO campaign_reads VALUES ($1, 'spring-sale', 'messaging:ann-shop', 'ann', '2026-11-23T10:05:09Z')`, h.app.PK)
	wantExample(t, d, "recipients_page.json", h.mustCall(t, 200, "GET", "/campaigns/spring-sale/recipients?limit=2", nil))
}

// Every list is walked forwards to the end and backwards to the beginning.
func TestRecipientPaging(t *testing.T) {
	h := newHarness(t)
	h.users(t, "shop")
	h.draft(t, "c", nil)
	h.draft(t, "other", nil)
	const recipients = 250
	h.sent(t, "c", recipients)
	h.sent(t, "other", 10)
	for status, every := range map[string][]int{"": {0, 1, 2, 3, 4}, "failed": {0}, "skipped": {1}, "sent": {2, 3, 4}, "read": {4}} {
		t.Run(status, func(t *testing.T) {
			const limit = 17
			all := []string{}
			for n := range recipients {
				if slices.Contains(every, n%5) {
					all = append(all, fmt.Sprintf("u%03d", n))
				}
			}
			get := func(query string) m { return h.mustCall(t, 200, "GET", "/campaigns/c/recipients?"+query, nil) }
			page := get(fmt.Sprintf("limit=%d&status=%s", limit, status))
			begin := 0
			for {
				if diff := cmp.Diff(all[begin:min(begin+limit, len(all))], keysOf(t, page, "recipients", "target_id")); diff != "" {
					t.Fatalf("page from %d (-want +got):\n%s", begin, diff)
				}
				if (page["prev"] != nil) != (begin > 0) {
					t.Fatalf("at %d prev is %v", begin, page["prev"])
				}
				if page["next"] == nil {
					break
				}
				begin += limit
				// The status beside a cursor is not looked at, and the limit is the cursor's.
				another := "sent"
				if status == another {
					another = "failed"
				}
				page = get(fmt.Sprintf("next=%s&prev=nonsense&status=%s", page["next"], another))
			}
			if begin+limit < len(all) {
				t.Fatalf("no next at %d", begin)
			}
			for begin > 0 {
				begin -= limit
				page = get(fmt.Sprintf("prev=%s&limit=%d", page["prev"], limit))
				if diff := cmp.Diff(all[begin:begin+limit], keysOf(t, page, "recipients", "target_id")); diff != "" {
					t.Fatalf("page back from %d (-want +got):\n%s", begin, diff)
				}
				if page["next"] == nil || (page["prev"] != nil) != (begin > 0) {
					t.Fatalf("on the way back at %d prev is %v and next %v", begin, page["prev"], page["next"])
				}
			}
		})
	}
	for query, want := range map[string]int{"": 100, "?limit=0": 100, "?limit=1000": recipients, "?status=&limit=&next=&prev=": 100} {
		page := h.mustCall(t, 200, "GET", "/campaigns/c/recipients"+query, nil)
		if n := len(page["recipients"].([]any)); n != want || (page["next"] != nil) != (n < recipients) {
			t.Errorf("%q gives %d rows, want %d; next is %v", query, n, want, page["next"])
		}
	}
}

func TestRecipientsAreChannels(t *testing.T) {
	h := newHarness(t)
	h.users(t, "shop")
	h.mustCall(t, 201, "POST", "/segments", m{"id": "list", "type": "channel"})
	h.draft(t, "c", m{"segment_ids": []string{"list"}})
	h.exec(t, `INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, recipient, created_at, updated_at)
		VALUES ($1, 'm', 'messaging:x', 'shop', 'x', 'c', 'messaging:x', '2026-11-23T10:00:00Z', now())`, h.app.PK)
	h.exec(t, `INSERT INTO campaign_outcomes (app_pk, campaign_id, recipient, status, error_code, error, created_at)
		VALUES ($1, 'c', 'nonsense', 'skipped', 'unknown_channel', 'no such channel', now())`, h.app.PK)
	h.exec(t, `INSERT INTO campaign_reads VALUES ($1, 'c', 'messaging:x', 'ann', '2026-11-23T10:07:00Z'), ($1, 'c', 'messaging:x', 'bob', '2026-11-23T10:05:00Z')`, h.app.PK)
	read := m{"target_id": "messaging:x", "user_id": nil, "cid": "messaging:x", "message_id": "m", "status": "sent", "error_code": "", "error": "",
		"sent_at": "2026-11-23T10:00:00.000000Z", "read_at": "2026-11-23T10:05:00.000000Z"}
	skipped := m{"target_id": "nonsense", "user_id": nil, "cid": nil, "message_id": nil, "status": "skipped", "error_code": "unknown_channel",
		"error": "no such channel", "sent_at": nil, "read_at": nil}
	for status, want := range map[string][]any{"": {read, skipped}, "sent": {read}, "read": {read}, "skipped": {skipped}, "failed": {}} {
		got := h.mustCall(t, 200, "GET", "/campaigns/c/recipients?status="+status, nil)
		if diff := cmp.Diff(want, got["recipients"].([]any)); diff != "" {
			t.Errorf("status %q (-want +got):\n%s", status, diff)
		}
	}
}

func TestRecipientsRefuse(t *testing.T) {
	h := newHarness(t)
	h.users(t, "shop")
	h.draft(t, "c", nil)
	h.draft(t, "other", nil)
	h.sent(t, "c", 3)
	h.sent(t, "other", 3)
	next := h.mustCall(t, 200, "GET", "/campaigns/c/recipients?limit=1", nil)["next"].(string)
	for query, fields := range map[string][]string{
		"status=delivered":          {"status"},
		"status=SENT&limit=1001":    {"status", "limit"},
		"limit=-1":                  {"limit"},
		"limit=ten":                 {"limit"},
		"next=x":                    {"next"},
		"prev=x":                    {"prev"},
		"next=" + next[1:]:          {"next"},
		"status=%00":                {"status"},
		"next=" + next + "&limit=x": {"limit"},
	} {
		wantFields(t, h.call(t, "GET", "/campaigns/c/recipients?"+query, nil), fields...)
	}
	wantFields(t, h.call(t, "GET", "/campaigns/other/recipients?next="+next, nil), "next")
	a := h.call(t, "GET", "/campaigns/c/recipients?status=delivered", nil)
	if !strings.Contains(a.raw, `CampaignRecipients failed with error`) {
		t.Errorf("the operation is not named: %s", a.raw)
	}
	wantError(t, h.call(t, "GET", "/campaigns/none/recipients?status=x", nil), 404, models.CodeNotFound, "doesn't exist", "")
	wantError(t, h.tenant(t).call(t, "GET", "/campaigns/c/recipients", nil), 404, models.CodeNotFound, "doesn't exist", "")
	wantError(t, h.callAs(t, h.as(t, "shop"), "GET", "/campaigns/c/recipients", nil), 403, models.CodeNotAllowed, "", "")

	h.mustCall(t, 200, "DELETE", "/campaigns/c", nil)
	wantError(t, h.call(t, "GET", "/campaigns/c/recipients", nil), 404, models.CodeNotFound, "doesn't exist", "")
	wantError(t, h.call(t, "GET", "/campaigns/c/recipients?next="+next, nil), 404, models.CodeNotFound, "doesn't exist", "")
	if got := h.mustCall(t, 200, "GET", "/campaigns/other/recipients?status=read", nil)["recipients"].([]any); len(got) != 0 {
		t.Errorf("nobody read it: %v", got)
	}
}
