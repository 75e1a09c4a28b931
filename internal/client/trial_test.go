package client_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/internal/client"
)

func TestPreviewCampaign(t *testing.T) {
	const list = `[
		{"target_id": "ann", "user_id": "ann", "status": "ok", "error_code": "", "error": "",
			"message": {"text": "Hi", "attachments": [], "custom": {"n": 12345678901234567890}, "poll_id": "p"},
			"channel": {"cid": "messaging:x", "type": "messaging", "id": "x", "exists": false, "will_create": true, "team": "eu", "custom": {}, "members": ["ann"]}},
		{"target_id": "zoe", "user_id": "zoe", "status": "skipped", "error_code": "unknown_user", "error": "no zoe", "message": null, "channel": null}]`
	got, err := newClient(t, &script{steps: []step{answer(500, `{}`), answer(201, `{"previews": `+list+`, "duration": "1ms"}`)}}).
		PreviewCampaign(t.Context(), "c", client.Targets{UserIDs: []string{"ann", "zoe"}})
	if err != nil {
		t.Fatal(err)
	}
	want := client.Previews{JSON: []byte(list), Previews: []client.Preview{
		{
			TargetID: "ann", Status: "ok",
			Message: &client.PreviewMessage{Text: "Hi", Attachments: json.RawMessage(`[]`), Custom: json.RawMessage(`{"n": 12345678901234567890}`), PollID: "p"},
			Channel: &client.PreviewChannel{CID: "messaging:x", WillCreate: true, Team: "eu", Custom: json.RawMessage(`{}`), Members: []string{"ann"}},
		},
		{TargetID: "zoe", Status: "skipped", ErrorCode: "unknown_user", Error: "no zoe"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A test that may have been sent is not sent again.
func TestTestCampaignIsNotRepeated(t *testing.T) {
	s := &script{steps: []step{answer(500, `{}`), answer(201, `{"recipients": []}`)}}
	if _, err := newClient(t, s).TestCampaign(t.Context(), "c", client.Targets{}); err == nil {
		t.Error("it was sent again")
	}
}

func TestCampaignAudience(t *testing.T) {
	const object = `{"count": 61240, "estimate": true, "duration": "2s"}`
	got, err := newClient(t, &script{steps: []step{answer(201, object)}}).CampaignAudience(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(client.Audience{Count: 61240, Estimate: true, JSON: []byte(object)}, got); diff != "" {
		t.Error(diff)
	}
}
