package events_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"herald/models"
)

// Each chat event has what the contract says, and what has vanished since is told of as far as it is known.
func TestChatPayloads(t *testing.T) {
	at := time.Date(2026, 11, 23, 10, 5, 9, 0, time.UTC)
	known := `"cid":"messaging:talk","channel_type":"messaging","channel_id":"talk","channel":{"id":"talk","type":"messaging","cid":"messaging:talk","created_at":"2026-11-23T10:00:00.000000Z"`
	gone := `"cid":"messaging:gone","channel_type":"messaging","channel_id":"gone","channel":{"id":"gone","type":"messaging","cid":"messaging:gone"}`
	ann := `"user":{"id":"ann","name":"Ann"`
	for name, tc := range map[string]struct {
		kind  models.EventType
		event models.ChatEvent
		wants []string
	}{
		"a message": {models.EventMessageNew, models.ChatEvent{CID: "messaging:talk", UserID: "ann", MessageID: "m1"}, []string{
			known, ann, `"team":"red","user":`, `"message":{"id":"m1","cid":"messaging:talk","text":"Hello","html":"","type":"regular"`, `"city":"Delft"`,
			`"message_id":"m1","watcher_count":0,"members":[{"user_id":"u00",`, `{"user_id":"u49",`, `"channel_member_count":60}`,
		}},
		"a message that was deleted for good": {models.EventMessageNew, models.ChatEvent{CID: "messaging:talk", UserID: "ann", MessageID: "m9"}, []string{
			known, ann, `"message":{"id":"m9","cid":"messaging:talk","text":"","html":"","type":"deleted","user":{"id":"ann"`, `"message_id":"m9"`,
		}},
		"a message without its content": {models.EventMessageNew, models.ChatEvent{CID: "messaging:talk", UserID: "ann", MessageID: "m2"}, []string{`"text":"","html":"","type":"deleted"`}},
		"a read":                        {models.EventMessageRead, models.ChatEvent{CID: "messaging:talk", UserID: "ann", MessageID: "m1"}, []string{known, ann, `"last_read_message_id":"m1"}`}},
		"a member":                      {models.EventMemberAdded, models.ChatEvent{CID: "messaging:talk", UserID: "u07"}, []string{known, `"member":{"user_id":"u07","channel_role":"channel_member","role":"member"`}},
		"a member that left":            {models.EventMemberAdded, models.ChatEvent{CID: "messaging:talk", UserID: "ann"}, []string{known, `"member":{"user_id":"ann"`, ann}},
		"a channel":                     {models.EventChannelCreated, models.ChatEvent{CID: "messaging:talk", UserID: "ann"}, []string{known, ann}},
		"a channel that is gone":        {models.EventChannelVisible, models.ChatEvent{CID: "messaging:gone", UserID: "nobody"}, []string{gone, `"user":{"id":"nobody"}}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			rc := newReceiver(t, nil)
			w.hook("h", rc.URL)
			w.exec(`INSERT INTO users (app_pk, id, name, created_at, updated_at) VALUES ($1, 'ann', 'Ann', now(), now())`, w.app.PK)
			w.exec(`INSERT INTO channels (app_pk, cid, team, created_by, member_count, created_at, updated_at)
				VALUES ($1, 'messaging:talk', 'red', 'boss', 60, '2026-11-23T10:00:00Z', '2026-11-23T10:00:00Z')`, w.app.PK)
			w.exec(`INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at)
				SELECT $1, 'messaging:talk', 'u' || lpad(n::text, 2, '0'), now(), now() FROM generate_series(0, 59) n`, w.app.PK)
			w.exec(`INSERT INTO messages (app_pk, id, cid, user_id, text, type, custom, created_at, updated_at) VALUES
				($1, 'm1', 'messaging:talk', 'ann', 'Hello', 'regular', '{"city": "Delft"}', now(), now()), ($1, 'm2', 'messaging:talk', 'ann', '', 'erased', '{}', now(), now())`, w.app.PK)
			tc.event.At = at
			w.chatEvent("h", tc.kind, tc.event)
			w.relay()
			w.drained()
			got := rc.all()
			if len(got) != 1 {
				t.Fatalf("%d events", len(got))
			}
			body := string(got[0].body)
			for _, want := range append(tc.wants, fmt.Sprintf(`{"type":%q,"created_at":"2026-11-23T10:05:09.000000Z","custom":{},`, tc.kind)) {
				if !strings.Contains(body, want) {
					t.Errorf("%s is not in %s", want, body)
				}
			}
			if strings.Contains(body, `"u50"`) {
				t.Error("more than 50 members are shown")
			}
			if !json.Valid(got[0].body) {
				t.Errorf("the payload is no JSON: %s", body)
			}
		})
	}
}

// The messages of a test are told of where they are, and of a batch everything beside its messages.
func TestBatchPayloads(t *testing.T) {
	w := newWorld(t)
	rc := newReceiver(t, nil)
	w.hook("h", rc.URL)
	w.exec(`INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, created_at, updated_at) VALUES ($1, 't1', 'messaging:x', 'boss', 'Test', 'c', now(), now())`, w.app.PK)
	body, err := json.Marshal(models.BatchEvents{
		At: time.Now(), SenderID: sender, Joined: []string{"messaging:j"}, Shown: []models.Shown{{CID: "messaging:s", UserID: "ann"}}, Tests: []string{"t1"},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.exec(`INSERT INTO outbox (app_pk, hook_id, kind, campaign_id, body) VALUES ($1, 'h', 'batch', 'c', $2)`, w.app.PK, string(body))
	w.relay()
	w.drained()
	got := map[string]string{}
	for _, r := range rc.all() {
		got[r.Type] += r.CID + " " + r.User.ID + " " + r.Message.Text
	}
	for kind, want := range map[string]string{
		"member.added": "messaging:j boss ", "channel.visible": "messaging:s ann ", "message.new": "messaging:x boss Test",
	} {
		if got[kind] != want {
			t.Errorf("%s: %q, want %q", kind, got[kind], want)
		}
	}
	if len(got) != 3 {
		t.Errorf("events %v", got)
	}
}
