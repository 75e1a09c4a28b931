package campaigns_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/internal/campaigns"
	"herald/internal/client"
)

func TestShowPreviews(t *testing.T) {
	const list = `[
		{"target_id": "ann", "status": "ok", "error_code": "", "error": "",
			"message": {"text": "Hi \u001b[31mAnn,\n20% off", "attachments": [{"title": "x"}], "custom": {"lang": "en"}, "poll_id": "p-1"},
			"channel": {"cid": "messaging:ann-shop", "exists": false, "will_create": true, "team": "eu", "custom": {"name": "Shop"}, "members": ["agent-1", "ann", "shop"]}},
		{"target_id": "messaging:x", "status": "failed", "error_code": "empty_message", "error": "the text is blank", "message": null,
			"channel": {"cid": "messaging:x", "exists": true, "will_create": false, "custom": {}, "members": []}},
		{"target_id": "cy", "status": "ok", "error_code": "", "error": "", "message": {"text": "", "attachments": [], "custom": {}}, "channel": null},
		{"target_id": "bob", "status": "skipped", "error_code": "no_channel", "error": "none", "message": null,
			"channel": {"cid": "team:bob", "exists": false, "will_create": false, "custom": {}, "members": []}},
		{"target_id": "zoe", "status": "skipped", "error_code": "unknown_user", "error": "no\nzoe", "message": null, "channel": null}]`
	var previews []client.Preview
	if err := json.Unmarshal([]byte(list), &previews); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := campaigns.ShowPreviews(&out, previews); err != nil {
		t.Fatal(err)
	}
	want := `
target          ann
status          ok
channel         messaging:ann-shop, will be created
members         agent-1, ann, shop
team            eu
channel custom  {"name": "Shop"}
text            Hi [31mAnn, 20% off
attachments     [{"title": "x"}]
custom          {"lang": "en"}
poll            p-1

target   messaging:x
status   failed, empty_message: the text is blank
channel  messaging:x, exists

target  cy
status  ok
text    -

target   bob
status   skipped, no_channel: none
channel  team:bob, does not exist

target  zoe
status  skipped, unknown_user: no zoe
`
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestShowTest(t *testing.T) {
	const list = `[{"target_id": "ann", "cid": "messaging:x", "message_id": "m", "status": "sent", "error_code": "", "error": "", "sent_at": "2026-11-23T09:20:00.000000Z", "read_at": null},
		{"target_id": "zoe", "cid": null, "message_id": null, "status": "skipped", "error_code": "unknown_user", "error": "no zoe", "sent_at": null, "read_at": null}]`
	var recipients []client.Recipient
	if err := json.Unmarshal([]byte(list), &recipients); err != nil {
		t.Fatal(err)
	}
	var table, array bytes.Buffer
	if err := campaigns.ShowTest(&table, recipients); err != nil {
		t.Fatal(err)
	}
	want := `
RECIPIENT  STATUS   SENT (UTC)           READ (UTC)  CHANNEL      ERROR
ann        sent     2026-11-23 09:20:00  -           messaging:x  -
zoe        skipped  -                    -           -            unknown_user: no zoe
`
	if diff := cmp.Diff(strings.TrimPrefix(want, "\n"), table.String()); diff != "" {
		t.Error(diff)
	}
	if err := campaigns.JSONTest(&array, recipients); err != nil {
		t.Fatal(err)
	}
	var compact, given bytes.Buffer
	for to, from := range map[*bytes.Buffer][]byte{&compact: array.Bytes(), &given: []byte(list)} {
		if err := json.Compact(to, from); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(given.String(), compact.String()); diff != "" {
		t.Error(diff)
	}
}

func TestShowAudience(t *testing.T) {
	for want, a := range map[string]client.Audience{
		"0 recipients\n": {}, "1 recipient\n": {Count: 1}, "61,240 recipients\n": {Count: 61240}, "about 2,000,000 recipients\n": {Count: 2_000_000, Estimate: true},
	} {
		var out bytes.Buffer
		if err := campaigns.ShowAudience(&out, a); err != nil || out.String() != want {
			t.Errorf("%q, %v, want %q", out.String(), err, want)
		}
	}
}
