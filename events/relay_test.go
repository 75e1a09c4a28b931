package events_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"herald/events"
	"herald/models"
	"herald/models/store"
)

func fail(status int) func(http.ResponseWriter, *http.Request, received) {
	return func(w http.ResponseWriter, _ *http.Request, _ received) { w.WriteHeader(status) }
}

// What a receiver gets is what the contract says, in both dialects, compressed or not.
func TestRelayCalls(t *testing.T) {
	for _, tc := range []struct {
		name, times string
		compressed  bool
		at          string // created_at, as JSON
	}{
		{"v1", models.HookTimesRFC3339, false, `"2026-11-23T10:01:02.550120Z"`},
		{"v2, compressed", models.HookTimesUnixNano, true, "1795428062550120000"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			rc := newReceiver(t, nil)
			w.hook("h", rc.URL+"/hook?x=1", func(h *models.Hook) { h.TimestampFormat = tc.times })
			if err := w.UpdateApp(t.Context(), w.app.PK, store.AppChange{EnableHookPayloadCompression: &tc.compressed}); err != nil {
				t.Fatal(err)
			}
			w.campaignEvent("h", "sale", models.EventCampaignStarted, 7)
			id := one[string](w, `SELECT event_id::text FROM outbox`)
			w.relay()
			w.drained()
			got := rc.all()
			if len(got) != 1 {
				t.Fatalf("%d calls", len(got))
			}
			mac := hmac.New(sha256.New, []byte(w.app.Secret))
			mac.Write(got[0].body)
			encoding := ""
			if tc.compressed {
				encoding = "gzip"
			}
			for header, want := range map[string]string{
				"Content-Type": "application/json", "User-Agent": "Herald/1.0", "X-Api-Key": w.app.APIKey, "X-Webhook-Id": id, "X-Webhook-Attempt": "1",
				"X-Signature": hex.EncodeToString(mac.Sum(nil)), "Content-Encoding": encoding,
			} {
				if got := got[0].header.Get(header); got != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
			begin := `{"type":"campaign.started","created_at":` + tc.at + `,"seq":7,"custom":{},"campaign":{"id":"sale","name":"",`
			if !bytes.HasPrefix(got[0].body, []byte(begin)) {
				t.Errorf("the payload is %s", got[0].body)
			}
			var p struct {
				Campaign struct {
					UserIDs []string `json:"user_ids"`
					Users   []any
					Sender  struct{ ID string }
					Stats   struct {
						Progress float64
						Sent     int `json:"stats_messages_sent"`
					}
				}
			}
			if err := json.Unmarshal(got[0].body, &p); err != nil || !slices.Equal(p.Campaign.UserIDs, []string{"ann", "bob"}) || p.Campaign.Users == nil ||
				p.Campaign.Sender.ID != sender || p.Campaign.Stats.Sent != 1 {
				t.Errorf("the campaign is %+v, error %v", p, err)
			}
		})
	}
}

// Events of a campaign arrive in order of seq, however many tries each takes, and several campaigns and hooks side by side.
func TestRelayKeepsTheOrderOfACampaign(t *testing.T) {
	w := newWorld(t)
	var mu sync.Mutex
	chance := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test's
	taken := map[string][]int64{}         // by hook and campaign
	rc := newReceiver(t, func(rw http.ResponseWriter, r *http.Request, got received) {
		mu.Lock()
		defer mu.Unlock()
		if chance.IntN(3) == 0 {
			rw.WriteHeader(http.StatusBadGateway)
			return
		}
		key := r.URL.Path + " " + got.Campaign.ID
		taken[key] = append(taken[key], got.Seq)
	})
	const campaigns, each = 5, 12
	for _, hook := range []string{"h1", "h2"} {
		w.hook(hook, rc.URL+"/"+hook)
		for c := range campaigns {
			w.campaignEvents(hook, fmt.Sprintf("c%d", c), each)
		}
	}
	w.relay()
	w.until("an empty outbox", func() bool {
		w.hurry()
		return one[int](w, `SELECT count(*) FROM outbox`) == 0
	})
	mu.Lock()
	defer mu.Unlock()
	if len(taken) != 2*campaigns {
		t.Errorf("events of %v", slices.Collect(maps.Keys(taken)))
	}
	for key, seqs := range taken {
		if len(seqs) != each || !slices.IsSorted(seqs) {
			t.Errorf("%s: %v", key, seqs)
		}
	}
}

// While a campaign's first event hangs, other campaigns, chat events and hooks go on, and its second event waits.
func TestRelayIsNotHeldUp(t *testing.T) {
	w := newWorld(t)
	release := make(chan struct{})
	rc := newReceiver(t, func(_ http.ResponseWriter, r *http.Request, got received) {
		if got.Campaign.ID == "slow" {
			hang(r, release)
		}
	})
	dead := newReceiver(t, func(_ http.ResponseWriter, r *http.Request, _ received) { hang(r, release) })
	w.hook("dead", dead.URL)
	w.hook("h", rc.URL)
	w.campaignEvents("dead", "other", 1)
	w.reads("dead", 100)
	w.campaignEvents("h", "slow", 2)
	w.campaignEvents("h", "quick", 2)
	w.reads("h", 100)
	w.relay()
	w.until("everything else", func() bool { return len(rc.all()) == 1+2+100 })
	if n := len(dead.all()); n > events.DefaultPerReceiver+events.DefaultPerReceiver/4 {
		t.Errorf("%d calls to one hook at once", n)
	}
	close(release)
	w.drained()
	if n := len(rc.all()); n != 104 {
		t.Errorf("%d events", n)
	}
}

// A failed try is repeated after the back-off, with the same id and the same bytes, whatever has become of what it tells of.
func TestRelayRetries(t *testing.T) {
	w := newWorld(t)
	var healthy atomic.Bool
	rc := newReceiver(t, func(rw http.ResponseWriter, _ *http.Request, _ received) {
		if !healthy.Load() {
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	w.hook("h", rc.URL)
	w.chatEvent("h", models.EventMessageRead, models.ChatEvent{CID: "messaging:talk", UserID: sender, MessageID: "m1"})
	w.relay()
	for n, least := range []time.Duration{800 * time.Millisecond, 1600 * time.Millisecond, 3200 * time.Millisecond} {
		w.until("a failed try", func() bool {
			return one[int](w, `SELECT attempts FROM outbox WHERE claim IS NULL UNION ALL SELECT 0 LIMIT 1`) == n+1
		})
		wait := one[time.Duration](w, `SELECT due_at - last_attempt_at FROM outbox`)
		if most := least * 3 / 2; wait < least-50*time.Millisecond || wait > most+2*time.Second {
			t.Errorf("after try %d it waits %v, want %v to %v", n+1, wait, least, most)
		}
		if n == 2 {
			healthy.Store(true)
			w.exec(`UPDATE users SET name = 'Somebody else'`)
		}
		w.hurry()
	}
	w.drained()
	got := rc.all()
	if len(got) != 4 {
		t.Fatalf("%d tries", len(got))
	}
	for i, r := range got {
		if r.id() != got[0].id() || !bytes.Equal(r.body, got[0].body) || r.attempt() != fmt.Sprint(i+1) {
			t.Errorf("try %d: id %s, attempt %s, body %s", i+1, r.id(), r.attempt(), r.body)
		}
	}
}

// Retry-After makes the wait longer, up to ten minutes, and never shorter.
func TestRelayHeedsRetryAfter(t *testing.T) {
	for header, want := range map[string]time.Duration{"120": 2 * time.Minute, "86400": 10 * time.Minute, "0": time.Second, "soon": time.Second} {
		w := newWorld(t)
		rc := newReceiver(t, func(rw http.ResponseWriter, _ *http.Request, _ received) {
			rw.Header().Set("Retry-After", header)
			rw.WriteHeader(http.StatusTooManyRequests)
		})
		w.hook("h", rc.URL)
		w.reads("h", 1)
		w.relay()
		w.until("a failed try", func() bool { return one[int](w, `SELECT attempts FROM outbox`) == 1 })
		if wait := one[time.Duration](w, `SELECT due_at - last_attempt_at FROM outbox`); wait < want*8/10-50*time.Millisecond || wait > want*12/10+2*time.Second {
			t.Errorf("Retry-After %s: it waits %v, want %v", header, wait, want)
		}
	}
}

// What is no answer of 2xx in time is a failure, with what is known of it.
func TestRelayFailures(t *testing.T) {
	elsewhere := newReceiver(t, nil)
	for name, tc := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request, received)
		status int
		says   string
	}{
		"a redirect": {func(rw http.ResponseWriter, r *http.Request, _ received) {
			http.Redirect(rw, r, elsewhere.URL, http.StatusTemporaryRedirect)
		}, 307, ""},
		"a server error": {fail(http.StatusInternalServerError), 500, ""},
		"no answer":      {func(_ http.ResponseWriter, r *http.Request, _ received) { hang(r, nil) }, 0, "no answer within 100 ms"},
		"a broken answer": {func(rw http.ResponseWriter, _ *http.Request, _ received) {
			conn, _, err := rw.(http.Hijacker).Hijack() //nolint:forcetypeassert // of net/http
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close()
			_, _ = conn.Write([]byte("\x00\xff no HTTP"))
		}, 0, "malformed HTTP"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			rc := newReceiver(t, tc.answer)
			w.hook("h", rc.URL, func(h *models.Hook) { h.TimeoutMS = models.MinHookTimeoutMS })
			w.reads("h", 1)
			w.relay()
			w.until("a failed try", func() bool { return one[int](w, `SELECT attempts FROM outbox`) == 1 })
			if status := one[int](w, `SELECT last_status FROM outbox`); status != tc.status {
				t.Errorf("status %d, want %d", status, tc.status)
			}
			if text := one[string](w, `SELECT last_error FROM outbox`); !strings.Contains(text, tc.says) || tc.says == "" && text != "" {
				t.Errorf("the error is %q, want %q", text, tc.says)
			}
		})
	}
	if n := len(elsewhere.all()); n != 0 {
		t.Errorf("the redirect was followed %d times", n)
	}
}

// A name that led to a public address when the URL was set, and leads inside when it is called, is not called.
func TestRelayChecksTheAddressItConnectsTo(t *testing.T) {
	w := newWorld(t)
	rc := newReceiver(t, nil)
	there, err := url.Parse(rc.URL)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int32
	rebinding := events.Addresses{Lookup: func(context.Context, string) ([]netip.Addr, error) {
		if asked.Add(1) == 1 {
			return []netip.Addr{netip.MustParseAddr("93.184.216.34")}, nil
		}
		return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
	}}
	there.Host = "rebinding.test:" + there.Port()
	if err := rebinding.CheckURL(t.Context(), there); err != nil {
		t.Fatal(err)
	}
	w.hook("h", there.String())
	w.reads("h", 1)
	w.relay(func(cfg *events.RelayConfig) {
		cfg.Kinds = []events.Kind{events.Hooks{Store: w.Store, Caller: events.NewCaller(rebinding, 1)}}
	})
	w.until("a failed try", func() bool { return one[int](w, `SELECT attempts FROM outbox`) == 1 })
	if text := one[string](w, `SELECT last_error FROM outbox`); !strings.Contains(text, events.ErrAddress.Error()) {
		t.Errorf("the error is %q", text)
	}
	if n := len(rc.all()); n != 0 || asked.Load() != 2 {
		t.Errorf("%d calls arrived, after %d look-ups", n, asked.Load())
	}
}

// The events of a batch are those of its channels, members and messages, each once, with ids of their own that stay the same.
func TestRelayTellsOfABatch(t *testing.T) {
	const n = 230
	w := newWorld(t)
	rc := newReceiver(t, nil)
	w.hook("h", rc.URL)
	w.batch("h", "sale", n)
	row := one[string](w, `SELECT event_id::text FROM outbox`)
	w.relay()
	w.drained()
	seen, types := map[string]bool{}, map[string]int{}
	for _, r := range rc.all() {
		if seen[r.id()] {
			t.Errorf("the id %s came twice", r.id())
		}
		seen[r.id()] = true
		types[r.Type]++
		if r.Type == "message.new" {
			if want := uuid.NewSHA1(uuid.MustParse(row), []byte("message.new\x00"+r.Message.ID)).String(); r.id() != want {
				t.Errorf("the id of message %s is %s, want %s", r.Message.ID, r.id(), want)
			}
			if r.Message.Text != "Hello "+strings.TrimPrefix(r.CID, "messaging:") || r.User.ID != sender {
				t.Errorf("a message: %s", r.body)
			}
		}
	}
	if want := map[string]int{"message.new": n, "channel.created": n, "member.added": 2 * n}; !maps.Equal(types, want) {
		t.Errorf("events %v, want %v", types, want)
	}
}

// A hook that wants only some of a batch's events gets those.
func TestRelayTellsOfWhatIsWanted(t *testing.T) {
	w := newWorld(t)
	rc := newReceiver(t, nil)
	w.hook("h", rc.URL, func(h *models.Hook) { h.EventTypes = []string{"message.new"} })
	w.batch("h", "sale", 5)
	w.relay()
	w.drained()
	for _, r := range rc.all() {
		if r.Type != "message.new" {
			t.Errorf("a %s", r.Type)
		}
	}
	if n := len(rc.all()); n != 5 {
		t.Errorf("%d events", n)
	}
}

// Rows of a disabled hook wait for it; those of a hook that is gone are nobody's.
func TestRelayPassesOverDisabledHooks(t *testing.T) {
	w := newWorld(t)
	rc := newReceiver(t, nil)
	w.hook("off", rc.URL, func(h *models.Hook) { h.Enabled = false })
	w.hook("on", rc.URL)
	w.reads("off", 3)
	w.reads("gone", 3)
	w.reads("on", 3)
	w.relay()
	w.until("those of the hook that is on", func() bool { return one[int](w, `SELECT count(*) FROM outbox WHERE hook_id = 'on'`) == 0 })
	if n := len(rc.all()); n != 3 {
		t.Errorf("%d calls", n)
	}
	w.exec(`UPDATE hooks SET enabled = true`)
	w.until("those of the other one", func() bool { return len(rc.all()) == 6 })
}

// One event that cannot be told of does not keep the others.
func TestRelayPassesOverWhatItCannotRead(t *testing.T) {
	w := newWorld(t)
	rc := newReceiver(t, nil)
	w.hook("h", rc.URL)
	w.reads("h", 1)
	w.exec(`UPDATE outbox SET body = '[]'`)
	w.reads("h", 5)
	w.relay()
	w.until("the others", func() bool { return len(rc.all()) == 5 && one[int](w, `SELECT count(*) FROM outbox`) == 1 })
	if text := one[string](w, `SELECT last_error FROM outbox WHERE attempts = 1`); !strings.Contains(text, "read the event") {
		t.Errorf("the error is %q", text)
	}
}

// While this process sends messages, the events of batches wait, and not for ever; those of campaigns do not.
func TestRelayLetsSendingGoFirst(t *testing.T) {
	w := newWorld(t)
	rc := newReceiver(t, nil)
	w.hook("h", rc.URL)
	w.batch("h", "sale", 10)
	w.campaignEvents("h", "sale", 2)
	var asked atomic.Int32
	w.relay(func(cfg *events.RelayConfig) { cfg.Sending = func() bool { return asked.Add(1) > 0 } })
	w.drained()
	got := rc.all()
	if got[0].Type != "campaign.updated" || got[1].Type != "campaign.updated" {
		t.Errorf("first came %s and %s", got[0].Type, got[1].Type)
	}
	if asked.Load() < 10 {
		t.Errorf("it was asked %d times whether messages are being sent", asked.Load())
	}
}
