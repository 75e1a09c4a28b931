package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// An announcement as an integrator makes it: scheduled, personalised, with a poll, followed by webhooks, read by a tenth of
// its receivers and answered by two of them.
func TestAnnouncement(t *testing.T) {
	s := startStack(t, t.TempDir(), nil)
	const receivers, readers, voters = 200, 20, 2
	ids := make([]string, receivers)
	languages := []string{"de", "en", "fr"}
	for first := 0; first < receivers; first += 100 { // as many as one call takes
		users := map[string]any{}
		for i := first; i < first+100; i++ {
			ids[i] = fmt.Sprintf("fan-%03d", i)
			users[ids[i]] = map[string]any{"id": ids[i], "name": fmt.Sprintf("Fan %d", i), "language": languages[i%len(languages)], "seat": map[string]any{"row": i}}
		}
		s.call(http.StatusCreated, http.MethodPost, "/users", map[string]any{"users": users})
	}
	s.call(http.StatusCreated, http.MethodPost, "/users", map[string]any{"users": map[string]any{"hall": map[string]any{"id": "hall", "name": "The Hall"}}})
	poll := s.call(http.StatusCreated, http.MethodPost, "/polls", map[string]any{
		"name": "Are you coming?", "user_id": "hall", "options": []any{map[string]any{"text": "Yes"}, map[string]any{"text": "No"}},
	})["poll"].(map[string]any)
	inbox := newInbox(t, s.APISecret)
	s.call(http.StatusOK, http.MethodPatch, "/app", map[string]any{"event_hooks": []any{map[string]any{
		"hook_type": "webhook", "webhook_url": inbox.URL, "event_types": []string{"campaign.scheduled", "campaign.started", "campaign.completed", "message.new", "message.read"},
	}}})

	s.call(http.StatusCreated, http.MethodPost, "/campaigns", map[string]any{
		"id": "concert", "sender_id": "hall", "user_ids": ids, "create_channels": true,
		"message_template": map[string]any{
			"text": "Hi {{ receiver.name }}, row {{ receiver.seat.row + 1 }} is yours. {{ sender.name }}", "poll_id": poll["id"],
			"attachments": []any{map[string]any{"type": "image", "image_url": "https://cdn.example.com/{{ receiver.language }}.png"}},
		},
	})
	due := time.Now().Add(3 * time.Second)
	s.call(http.StatusCreated, http.MethodPost, "/campaigns/concert/start", map[string]any{"scheduled_for": due})
	s.completed("concert", receivers, time.Minute)
	if started, err := time.Parse(time.RFC3339Nano, s.get("concert")["stats"].(map[string]any)["started_at"].(string)); err != nil || started.Before(due) {
		t.Errorf("started at %v, due at %v: %v", started, due, err)
	}

	recipients := s.call(http.StatusOK, http.MethodGet, "/campaigns/concert/recipients", nil)["recipients"].([]any)
	for i, r := range recipients {
		got := r.(map[string]any)
		if i >= readers {
			break
		}
		channel := strings.Replace(got["cid"].(string), ":", "/", 1)
		s.call(http.StatusCreated, http.MethodPost, "/channels/"+channel+"/read", map[string]any{"user_id": got["target_id"]})
		if i < voters {
			s.call(http.StatusCreated, http.MethodPost, fmt.Sprintf("/messages/%s/polls/%s/vote", got["message_id"], poll["id"]), map[string]any{
				"user_id": got["target_id"], "vote": map[string]any{"option_id": poll["options"].([]any)[0].(map[string]any)["id"]},
			})
		}
	}
	first := s.call(http.StatusOK, http.MethodGet, "/messages/"+recipients[0].(map[string]any)["message_id"].(string), nil)["message"].(map[string]any)
	if want := "Hi Fan 0, row 1 is yours. The Hall"; first["text"] != want {
		t.Errorf("%q, want %q", first["text"], want)
	}
	if image := first["attachments"].([]any)[0].(map[string]any)["image_url"]; image != "https://cdn.example.com/de.png" {
		t.Errorf("image %q", image)
	}
	if votes := first["poll"].(map[string]any)["vote_count"]; votes != json.Number(fmt.Sprint(voters)) && votes != float64(voters) {
		t.Errorf("%v votes on the shared poll, want %d", votes, voters)
	}
	stats := s.get("concert")["stats"].(map[string]any)
	for key, want := range map[string]int{"stats_messages_sent": receivers, "stats_users_read": readers, "stats_channels_created": receivers, "stats_messages_failed": 0} {
		if fmt.Sprint(stats[key]) != fmt.Sprint(want) {
			t.Errorf("%s is %v, want %d", key, stats[key], want)
		}
	}

	s.eventually("all webhooks", time.Minute, func() bool {
		n := inbox.counts()
		return n["campaign.completed"] > 0 && n["message.new"] >= receivers && n["message.read"] >= readers
	})
	campaign, seqs := inbox.campaignEvents()
	if want := []string{"campaign.scheduled", "campaign.started", "campaign.completed"}; !slices.Equal(campaign, want) || !slices.IsSorted(seqs) {
		t.Errorf("told %q in the order %v, want %q", campaign, seqs, want)
	}
}

// inbox is where an app has its webhooks sent. Repeats of an event count once; one that is not signed fails the test.
type inbox struct {
	*httptest.Server

	mu     sync.Mutex
	seen   map[string]bool // by X-Webhook-Id
	events []webhook
}

type webhook struct {
	Type string `json:"type"`
	Seq  int64  `json:"seq"`
}

func newInbox(t *testing.T, secret string) *inbox {
	in := &inbox{seen: map[string]bool{}}
	in.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		var event webhook
		if err == nil {
			err = json.Unmarshal(body, &event)
		}
		if err != nil || r.Header.Get("X-Signature") != hex.EncodeToString(mac.Sum(nil)) {
			t.Errorf("a webhook that is broken or not signed: %v %s", err, body)
		}
		in.mu.Lock()
		defer in.mu.Unlock()
		if id := r.Header.Get("X-Webhook-Id"); !in.seen[id] {
			in.seen[id] = true
			in.events = append(in.events, event)
		}
	}))
	t.Cleanup(in.Close)
	return in
}

// counts says how many events of each type have come.
func (in *inbox) counts() map[string]int {
	in.mu.Lock()
	defer in.mu.Unlock()
	n := map[string]int{}
	for _, e := range in.events {
		n[e.Type]++
	}
	return n
}

// campaignEvents are the types and numbers of the campaign's own events, as they came.
func (in *inbox) campaignEvents() (types []string, seqs []int64) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, e := range in.events {
		if e.Seq > 0 {
			types, seqs = append(types, e.Type), append(seqs, e.Seq)
		}
	}
	return types, seqs
}
