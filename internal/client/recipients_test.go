package client_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/internal/client"
)

func TestRecipients(t *testing.T) {
	const sent = `{"target_id": "ann", "user_id": "ann", "cid": "messaging:x", "message_id": "m", "status": "sent", "error_code": "", "error": "",
		"sent_at": "2026-11-23T10:00:01.020304Z", "read_at": null, "later": 1.50}`
	var asked url.Values
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = r.URL.Query()
		_, _ = io.WriteString(w, `{"recipients": [`+sent+`, {"target_id": "messaging:y", "user_id": null, "cid": null, "status": "skipped", "error_code": "unknown_channel", "error": "why", "sent_at": null}], "next": "more"}`)
	}))
	defer server.Close()
	c, err := client.New(client.Config{URL: server.URL, APIKey: "key", Token: "token"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.Recipients(t.Context(), "c", client.RecipientQuery{Status: "read", Limit: 2, Next: "a+b&c"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(url.Values{"api_key": {"key"}, "status": {"read"}, "limit": {"2"}, "next": {"a+b&c"}}, asked); diff != "" {
		t.Errorf("the query (-want +got):\n%s", diff)
	}
	at := time.Date(2026, 11, 23, 10, 0, 1, 20304000, time.UTC)
	want := client.RecipientPage{Next: "more", Recipients: []client.Recipient{
		{TargetID: "ann", UserID: "ann", CID: "messaging:x", MessageID: "m", Status: "sent", SentAt: &at, JSON: []byte(sent)},
		{TargetID: "messaging:y", Status: "skipped", ErrorCode: "unknown_channel", Error: "why"},
	}}
	got.Recipients[1].JSON = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
