package push_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/events/push"
	"herald/internal/pushtest"
	"herald/models"
)

func (w *world) expect(want ...string) {
	w.Helper()
	slices.Sort(want)
	if diff := cmp.Diff(want, w.got()); diff != "" {
		w.Errorf("pushes (-want +got):\n%s", diff)
	}
}

// Every enabled device of a member other than the sender gets one notification, with the rendered texts.
func TestBatch(t *testing.T) {
	w := newWorld(t)
	w.users("ann", "bob", "cid", "dan", "eve")
	w.device("ann", "ann-android", "firebase")
	w.device("ann", "ann-iphone", "apn")
	w.device("bob", "bob-old", "apn")
	w.device("bob", "bob-off", "apn")
	w.exec(`UPDATE devices SET disabled = true WHERE id = 'bob-off'`)
	w.device("cid", "cid-huawei", "huawei")
	w.device("cid", "cid-xiaomi", "xiaomi")
	w.device("dan", "dan-old", "firebase")
	w.device("eve", "eve-gone", "firebase")
	w.exec(`UPDATE users SET deactivated_at = now() WHERE id = 'eve'`)
	w.device(sender, "shop-own", "firebase")
	w.fcm.Respond = func(m pushtest.FCMMessage) pushtest.Answer {
		if strings.HasSuffix(m.Token, "-old") {
			return pushtest.Answer{Status: http.StatusNotFound, Reason: "UNREGISTERED"}
		}
		return pushtest.Answer{}
	}
	w.apns.Respond = func(r pushtest.APNsRequest) pushtest.Answer {
		if strings.HasSuffix(r.Device, "-old") {
			return pushtest.Answer{Status: http.StatusGone, Reason: "Unregistered"}
		}
		return pushtest.Answer{}
	}
	w.sent("ann", "bob", "cid", "dan", "eve")
	w.batch(models.BatchEvents{})
	w.relay(push.Options{Texts: w.texts("{{ sender.name }} in {{ channel.name }}", "{{ receiver.name }}, {{ message.text|lower }}")})
	w.untilDone()
	w.expect("ann-android: The Shop in Offers: Ann, hello ann", "ann-iphone: The Shop in Offers: Ann, hello ann",
		"bob-old: The Shop in Offers: Bob, hello bob", "dan-old: The Shop in Offers: Dan, hello dan")
	if diff := cmp.Diff([]string{"ann-android", "ann-iphone", "bob-off", "cid-huawei", "cid-xiaomi", "eve-gone", "shop-own"}, w.devices()); diff != "" {
		t.Errorf("devices that are left (-want +got):\n%s", diff)
	}
	want := map[string]string{
		"sender": "stream.chat", "version": "v2", "type": "message.new", "id": "to-ann", "message_id": "to-ann", "cid": "messaging:ann", "channel_type": "messaging",
		"channel_id": "ann", "receiver_id": "ann", "sender_id": "shop", "sender_name": "The Shop", "campaign_id": "spring",
	}
	for _, m := range w.fcm.Messages() {
		if m.Token == "ann-android" {
			if diff := cmp.Diff(want, m.Data); diff != "" {
				t.Errorf("data (-want +got):\n%s", diff)
			}
		}
	}
	for _, r := range w.apns.Requests() {
		if diff := cmp.Diff(want, r.Payload.Stream); diff != "" && r.Device == "ann-iphone" {
			t.Errorf("data (-want +got):\n%s", diff)
		}
		if !r.Expires.Equal(w.at.Add(push.DefaultExpiry).Truncate(time.Second)) {
			t.Errorf("%s expires %v after the message", r.Device, r.Expires.Sub(w.at))
		}
	}
}

// A batch tells of its own messages alone: others in its range are of another batch, which tells of them.
func TestBatchOfOthers(t *testing.T) {
	w := newWorld(t)
	for _, u := range []string{"ann", "bob", "cid", "dan", "eve"} {
		w.users(u)
		w.device(u, u, "apn")
	}
	w.sent("ann", "bob", "cid", "dan", "eve")
	w.exec(`UPDATE messages SET created_at = created_at + interval '1 s' WHERE recipient IN ('bob', 'cid')`)
	w.exec(`UPDATE messages SET deleted_at = now(), type = 'deleted', text = '' WHERE recipient = 'eve'`)
	w.batch(models.BatchEvents{After: "ann", Through: "zzz", Late: []string{"cid"}})
	w.relay(push.Options{})
	w.untilDone()
	w.expect("cid: The Shop: Hello cid", "dan: The Shop: Hello dan")
}

// One message is for every member, however many they are: each device gets it once.
func TestLargeChannel(t *testing.T) {
	w := newWorld(t)
	const members = 1234
	w.exec(`INSERT INTO users (app_pk, id, created_at, updated_at) SELECT $1, 'u' || to_char(i, 'FM0000'), now(), now() FROM generate_series(1, $2) i`, w.app, members)
	w.exec(`INSERT INTO devices (app_pk, id, user_id, push_provider, created_at)
		SELECT $1, 'd' || to_char(i, 'FM0000') || n, 'u' || to_char(i, 'FM0000'), CASE n WHEN 'a' THEN 'apn' ELSE 'firebase' END, now()
		FROM generate_series(1, $2) i CROSS JOIN unnest(ARRAY['a', 'f']) n WHERE i % 4 <> 0`, w.app, members)
	cid := w.channel("all", append(query[string](w, `SELECT id FROM users WHERE id LIKE 'u%'`), sender)...)
	w.message("m1", cid, "", "News")
	w.chat(cid, "m1")
	w.relay(push.Options{})
	w.untilDone()
	var want []string
	for _, d := range query[string](w, `SELECT id FROM devices`) {
		want = append(want, d+": The Shop: News")
	}
	if len(want) != 2*(members-members/4) {
		t.Fatalf("%d devices", len(want))
	}
	w.expect(want...)
}

// Several relays share the work, and a campaign of several chunks.
func TestManyMessages(t *testing.T) {
	w := newWorld(t)
	const users = 700
	w.exec(`INSERT INTO users (app_pk, id, created_at, updated_at) SELECT $1, 'u' || to_char(i, 'FM0000'), now(), now() FROM generate_series(1, $2) i`, w.app, users)
	w.exec(`INSERT INTO channels (app_pk, cid, created_by, created_at, updated_at) SELECT $1, 'messaging:' || id, 'shop', $2, $2 FROM users WHERE id LIKE 'u%'`, w.app, w.at)
	w.exec(`INSERT INTO channel_members (app_pk, cid, user_id, created_at, updated_at)
		SELECT $1, 'messaging:' || u.id, m, $2, $2 FROM users u CROSS JOIN LATERAL unnest(ARRAY[u.id, 'shop']) m WHERE u.id LIKE 'u%'`, w.app, w.at)
	w.exec(`INSERT INTO messages (app_pk, id, cid, user_id, text, campaign_id, recipient, created_at, updated_at)
		SELECT $1, 'm' || id, 'messaging:' || id, 'shop', 'Hi ' || id, 'spring', id, $2, $2 FROM users WHERE id LIKE 'u%'`, w.app, w.at)
	w.exec(`INSERT INTO devices (app_pk, id, user_id, push_provider, created_at) SELECT $1, 'd' || id, id, 'apn', now() FROM users WHERE id LIKE 'u%' AND right(id, 1) < '8'`, w.app)
	w.batch(models.BatchEvents{Through: "u0333"})
	w.batch(models.BatchEvents{After: "u0333", Through: "u0700"})
	for range 3 {
		w.relay(push.Options{}, w.services("apn")...)
	}
	w.untilDone()
	w.expect(query[string](w, `SELECT 'd' || id || ': The Shop: Hi ' || id FROM users WHERE id LIKE 'u%' AND right(id, 1) < '8'`)...)
}

// A test tells of its messages by id.
func TestTestMessages(t *testing.T) {
	w := newWorld(t)
	w.users("ann", "bob")
	w.device("ann", "a", "firebase")
	w.device("bob", "b", "firebase")
	w.message("t1", w.channel("ann", sender, "ann"), "", "Try 1")
	w.message("t2", w.channel("bob", sender, "bob"), "", "Try 2")
	w.batch(models.BatchEvents{Tests: []string{"gone", "t1", "t2"}})
	w.relay(push.Options{})
	w.untilDone()
	w.expect("a: The Shop: Try 1", "b: The Shop: Try 2")
}

// A device that fails is tried again, alone, with the same id and text; others are not.
func TestRetry(t *testing.T) {
	w := newWorld(t)
	w.users("ann", "bob")
	w.device("ann", "slow", "apn")
	w.device("bob", "fine", "apn")
	var tries atomic.Int32
	w.apns.Respond = func(r pushtest.APNsRequest) pushtest.Answer {
		if r.Device == "slow" && tries.Add(1) == 1 {
			return pushtest.Answer{Status: http.StatusTooManyRequests, Reason: "TooManyRequests"}
		}
		return pushtest.Answer{}
	}
	w.sent("ann", "bob")
	w.batch(models.BatchEvents{})
	w.relay(push.Options{})
	w.untilDone()
	w.expect("fine: The Shop: Hello bob", "slow: The Shop: Hello ann", "slow: The Shop: Hello ann")
	ids := map[string][]string{}
	for _, r := range w.apns.Requests() {
		ids[r.Device] = append(ids[r.Device], r.ID+" "+r.CollapseID)
	}
	if slow := ids["slow"]; slow[0] != slow[1] || slow[0] == ids["fine"][0] {
		t.Errorf("ids: %v", ids)
	}
}

// What has changed since a first try failed is heeded by the next one.
func TestRetryLooksAgain(t *testing.T) {
	for name, change := range map[string]string{
		"logged out":      `DELETE FROM devices WHERE id = 'd'`,
		"another's":       `UPDATE devices SET user_id = 'bob' WHERE id = 'd'`,
		"disabled":        `UPDATE devices SET disabled = true WHERE id = 'd'`,
		"left":            `DELETE FROM channel_members WHERE user_id = 'ann'`,
		"message deleted": `UPDATE messages SET deleted_at = now(), type = 'deleted'`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.users("ann", "bob")
			w.device("ann", "d", "apn")
			w.apns.Respond = func(pushtest.APNsRequest) pushtest.Answer {
				w.exec(change)
				return pushtest.Answer{Status: http.StatusServiceUnavailable, Reason: "ServiceUnavailable"}
			}
			w.sent("ann")
			w.batch(models.BatchEvents{})
			w.relay(push.Options{})
			w.untilDone()
			w.expect("d: The Shop: Hello ann")
		})
	}
}

// A device that registers again while its service says that it is gone stays.
func TestRegisteredAgain(t *testing.T) {
	w := newWorld(t)
	w.users("ann")
	w.device("ann", "d", "apn")
	w.apns.Respond = func(pushtest.APNsRequest) pushtest.Answer {
		w.device("ann", "d", "apn")
		return pushtest.Answer{Status: http.StatusGone, Reason: "Unregistered"}
	}
	w.sent("ann")
	w.batch(models.BatchEvents{})
	w.relay(push.Options{})
	w.untilDone()
	w.expect("d: The Shop: Hello ann")
	if got := w.devices(); len(got) != 1 {
		t.Error("the device is gone")
	}
}

// What is too old is dropped.
func TestExpired(t *testing.T) {
	w := newWorld(t)
	w.users("ann")
	w.device("ann", "d", "apn")
	w.at = w.at.Add(-time.Hour)
	w.sent("ann")
	w.batch(models.BatchEvents{})
	w.relay(push.Options{})
	w.untilDone()
	w.expect()
}

// What was not taken until it expired is given up, and is no failure of a hook.
func TestGivenUp(t *testing.T) {
	w := newWorld(t)
	w.users("ann")
	w.device("ann", "d", "firebase")
	var passed atomic.Int64
	w.fcm.Respond = func(pushtest.FCMMessage) pushtest.Answer {
		passed.Store(int64(push.DefaultExpiry))
		return pushtest.Answer{Status: http.StatusServiceUnavailable, Reason: "UNAVAILABLE"}
	}
	w.sent("ann")
	w.batch(models.BatchEvents{})
	w.relay(push.Options{Now: func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }})
	w.untilDone()
	w.expect("d: The Shop: Hello ann")
	if n := query[int](w, `SELECT count(*) FROM hook_failures`)[0]; n != 0 {
		t.Errorf("%d hook failures of pushes", n)
	}
}

// While a service takes nothing, the other one goes on, the broken one is asked now and then only, and afterwards it gets
// what waited.
func TestOneServiceIsDown(t *testing.T) {
	w := newWorld(t)
	var want []string
	for i := range 60 {
		u := fmt.Sprintf("u%02d", i)
		w.users(u)
		w.device(u, u+"-a", "apn")
		w.device(u, u+"-f", "firebase")
		w.sent(u)
		want = append(want, fmt.Sprintf("%s-a: The Shop: Hello %s", u, u), fmt.Sprintf("%s-f: The Shop: Hello %s", u, u))
	}
	var down atomic.Bool
	var asked atomic.Int32
	down.Store(true)
	w.fcm.RespondToken = func() pushtest.Answer {
		if asked.Add(1); down.Load() {
			return pushtest.Answer{Status: http.StatusBadRequest, Reason: "invalid_grant"}
		}
		return pushtest.Answer{}
	}
	w.batch(models.BatchEvents{})
	w.relay(push.Options{})
	w.until("all pushes of APNs", func() bool { return len(w.apns.Requests()) == 60 && w.rows() == 60 })
	// Those that were under way together, and probes.
	if n := asked.Load(); n > push.DefaultParallel+5 {
		t.Errorf("%d requests for tokens to a server that refuses them", n)
	}
	if n := strings.Count(w.log.String(), "takes nothing"); n != 1 {
		t.Errorf("%d warnings, want 1:\n%s", n, w.log)
	}
	down.Store(false)
	w.untilDone()
	w.expect(want...)
}

// While the only service takes nothing, batches stay as they are: no row for each device.
func TestServiceIsDown(t *testing.T) {
	w := newWorld(t)
	w.exec(`INSERT INTO users (app_pk, id, created_at, updated_at) SELECT $1, 'u' || to_char(i, 'FM0000'), now(), now() FROM generate_series(1, 600) i`, w.app)
	w.exec(`INSERT INTO devices (app_pk, id, user_id, push_provider, created_at) SELECT $1, 'd' || id, id, 'apn', now() FROM users WHERE id LIKE 'u%'`, w.app)
	cid := w.channel("all", append(query[string](w, `SELECT id FROM users WHERE id LIKE 'u%'`), sender)...)
	w.message("m1", cid, "", "News")
	w.chat(cid, "m1")
	var down atomic.Bool
	down.Store(true)
	var refused atomic.Int32
	w.apns.Respond = func(pushtest.APNsRequest) pushtest.Answer {
		if down.Load() {
			refused.Add(1)
			return pushtest.Answer{Status: http.StatusServiceUnavailable, Reason: "Shutdown"}
		}
		return pushtest.Answer{}
	}
	w.relay(push.Options{}, w.services("apn")...)
	w.until("the relay to leave it alone", func() bool { return strings.Contains(w.log.String(), "left alone") && w.rows() > 1 })
	if n := w.rows(); n > 250 {
		t.Errorf("%d rows for a service that is down", n)
	}
	down.Store(false)
	w.untilDone()
	taken := map[string]int{}
	for _, r := range w.apns.Requests() {
		taken[r.Device]++
	}
	if len(taken) != 600 || len(w.apns.Requests())-int(refused.Load()) != 600 {
		t.Errorf("%d devices, %d requests, %d of them refused", len(taken), len(w.apns.Requests()), refused.Load())
	}
}

// Templates that cannot be are refused, both at once.
func TestTexts(t *testing.T) {
	_, err := push.NewTexts("{{ sender.name", "{% include 'x' %}")
	for _, part := range []string{"HERALD_PUSH_TITLE: line 1", "HERALD_PUSH_BODY: line 1"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v, want %q in it", err, part)
		}
	}
}

// A receiver for whom the templates fail gets nothing, the others do.
func TestTextFails(t *testing.T) {
	w := newWorld(t)
	w.users("ann", "bob")
	w.device("ann", "a", "firebase")
	w.device("bob", "b", "firebase")
	w.sent("ann", "bob")
	w.batch(models.BatchEvents{})
	w.relay(push.Options{Texts: w.texts("", "{% if receiver.id == 'ann' %}{{ 1 + receiver.name }}{% endif %}{{ message.id }} of {{ campaign.id }}")})
	w.untilDone()
	w.expect("b: The Shop: to-bob of spring")
	if !strings.Contains(w.log.String(), "HERALD_PUSH_BODY") {
		t.Errorf("nothing about it in the log:\n%s", w.log)
	}
}
