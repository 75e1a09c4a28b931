package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/internal/heralddev"
	"herald/internal/pushtest"
)

// From the API's calls to the push services, which are servers that speak their protocols.
func TestPush(t *testing.T) {
	dir := t.TempDir()
	s := startStack(t, dir, nil)
	s.call(http.StatusCreated, http.MethodPost, "/users", map[string]any{"users": map[string]any{
		"shop": map[string]any{"id": "shop", "name": "The Shop"}, "ann": map[string]any{"id": "ann", "name": "Ann"}, "bob": map[string]any{"id": "bob", "name": "Bob"},
		"cid": map[string]any{"id": "cid", "name": "Cid"}, "dan": map[string]any{"id": "dan", "name": "Dan"},
	}})
	for _, d := range []struct{ id, provider, user string }{
		{"ann-android", "firebase", "ann"}, {"ann-iphone", "apn", "ann"}, {"bob-old", "apn", "bob"}, {"bob-off", "firebase", "bob"}, {"bob-iphone", "apn", "bob"},
		{"cid-huawei", "huawei", "cid"}, {"dan-old", "firebase", "dan"}, {"shop-own", "apn", "shop"},
	} {
		s.call(http.StatusCreated, http.MethodPost, "/devices", map[string]any{"id": d.id, "push_provider": d.provider, "user_id": d.user})
	}
	if _, err := s.DB.Exec(t.Context(), `UPDATE devices SET disabled = true WHERE id = 'bob-off'`); err != nil {
		t.Fatal(err)
	}
	audience := []string{"ann", "bob", "cid", "dan", "shop"}
	campaign := func(s *stack, text string, fields map[string]any) {
		s.t.Helper()
		body := map[string]any{"user_ids": audience, "message_template": map[string]any{"text": text}}
		for k, v := range fields {
			body[k] = v
		}
		id := s.campaign(body)
		s.start(id)
		s.eventually("the campaign's end", time.Minute, func() bool { return s.get(id)["status"] == "completed" })
	}

	t.Run("without a service nothing is recorded", func(t *testing.T) {
		s := s.in(t)
		campaign(s, "In silence, {{ receiver.name }}", nil)
		s.sendMessage("messaging", "ann", "In silence", nil)
		if n := s.recorded(); n != 0 {
			t.Errorf("%d rows were recorded", n)
		}
	})
	s.stop()

	fcm, apns := pushtest.NewFCM(t), pushtest.NewAPNs(t)
	fcm.Respond = func(m pushtest.FCMMessage) pushtest.Answer {
		if strings.HasSuffix(m.Token, "-old") {
			return pushtest.Answer{Status: http.StatusNotFound, Reason: "UNREGISTERED"}
		}
		return pushtest.Answer{}
	}
	apns.Respond = func(r pushtest.APNsRequest) pushtest.Answer {
		if strings.HasSuffix(r.Device, "-old") {
			return pushtest.Answer{Status: http.StatusGone, Reason: "Unregistered"}
		}
		return pushtest.Answer{}
	}
	s = startStack(t, dir, []string{
		"HERALD_FCM_CREDENTIALS_FILE=" + fcm.CredentialsFile(t), "HERALD_FCM_URL=" + fcm.URL,
		"HERALD_APNS_KEY_FILE=" + apns.KeyFile(t), "HERALD_APNS_KEY_ID=" + pushtest.APNsKeyID, "HERALD_APNS_TEAM_ID=" + pushtest.APNsTeamID,
		"HERALD_APNS_TOPIC=" + pushtest.APNsTopic, "HERALD_APNS_URL=" + apns.URL, "SSL_CERT_FILE=" + apns.CAFile(t),
		"HERALD_PUSH_TITLE={{ sender.name }} to {{ receiver.name }}",
	}, "--workers", "2")
	// expect waits until nothing is left to push, and looks at what has come since the last time.
	seenFCM, seenAPNs := 0, 0
	expect := func(s *stack, want ...string) {
		s.t.Helper()
		s.eventually("an empty outbox", time.Minute, func() bool {
			var n int
			return s.DB.QueryRow(s.t.Context(), `SELECT count(*) FROM outbox`).Scan(&n) == nil && n == 0
		})
		got := []string{}
		for _, m := range fcm.Messages()[seenFCM:] {
			got = append(got, fmt.Sprintf("%s: %s: %s", m.Token, m.Notification.Title, m.Notification.Body))
		}
		for _, r := range apns.Requests()[seenAPNs:] {
			got = append(got, fmt.Sprintf("%s: %s: %s", r.Device, r.Payload.APS.Alert.Title, r.Payload.APS.Alert.Body))
		}
		seenFCM, seenAPNs = len(fcm.Messages()), len(apns.Requests())
		slices.Sort(got)
		if diff := cmp.Diff(append([]string{}, want...), got); diff != "" {
			s.t.Errorf("pushes (-want +got):\n%s", diff)
		}
	}

	t.Run("a campaign goes to each enabled device once, and devices that are gone are forgotten", func(t *testing.T) {
		s := s.in(t)
		campaign(s, "Hello {{ receiver.name }}", nil)
		expect(s, "ann-android: The Shop to Ann: Hello Ann", "ann-iphone: The Shop to Ann: Hello Ann",
			"bob-iphone: The Shop to Bob: Hello Bob", "bob-old: The Shop to Bob: Hello Bob", "dan-old: The Shop to Dan: Hello Dan")
		for user, want := range map[string]string{"ann": "[ann-android ann-iphone]", "bob": "[bob-off bob-iphone]", "cid": "[cid-huawei]", "dan": "[]", "shop": "[shop-own]"} {
			var ids []string
			if err := s.DB.QueryRow(t.Context(), `SELECT coalesce(array_agg(id ORDER BY created_at), '{}') FROM devices WHERE user_id = $1`, user).Scan(&ids); err != nil || fmt.Sprint(ids) != want {
				t.Errorf("devices of %s: %v, want %s (%v)", user, ids, want, err)
			}
		}
		campaign(s, "Again", nil)
		expect(s, "ann-android: The Shop to Ann: Again", "ann-iphone: The Shop to Ann: Again", "bob-iphone: The Shop to Bob: Again")
	})

	t.Run("skip_push is heeded", func(t *testing.T) {
		s := s.in(t)
		before := s.recorded()
		campaign(s, "Quietly", map[string]any{"skip_push": true})
		if n := s.recorded() - before; n != 0 {
			t.Errorf("%d rows were recorded", n)
		}
		expect(s)
	})

	t.Run("a test is pushed to those who get it", func(t *testing.T) {
		s := s.in(t)
		id := s.campaign(map[string]any{"user_ids": audience, "message_template": map[string]any{"text": "Try, {{ receiver.name }}"}})
		s.call(http.StatusCreated, http.MethodPost, "/campaigns/"+id+"/test", map[string]any{"user_ids": []string{"bob"}})
		expect(s, "bob-iphone: The Shop to Bob: Try, Bob")
	})

	t.Run("an ordinary message is pushed to the other members", func(t *testing.T) {
		s := s.in(t)
		s.sendMessage("messaging", "ann", "Between us", nil)
		expect(s, "ann-android: The Shop to Ann: Between us", "ann-iphone: The Shop to Ann: Between us")
		before := s.recorded()
		s.sendMessage("messaging", "ann", "Quietly", map[string]any{"skip_push": true})
		if n := s.recorded() - before; n != 0 {
			t.Errorf("%d rows were recorded", n)
		}
		expect(s)
	})
}

// recorded is how many rows the outbox has ever had.
func (s *stack) recorded() int {
	s.t.Helper()
	var n int
	if err := s.DB.QueryRow(s.t.Context(), `SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM outbox_id_seq`).Scan(&n); err != nil {
		s.t.Fatal(err)
	}
	return n
}

// sendMessage has the sender write to a channel of the type that it has with a user.
func (s *stack) sendMessage(channelType, user, text string, fields map[string]any) {
	s.t.Helper()
	answer := s.call(http.StatusCreated, http.MethodPost, "/channels/"+channelType+"/query", map[string]any{"data": map[string]any{
		"members": []string{heralddev.Sender, user}, "created_by_id": heralddev.Sender,
	}})
	body := map[string]any{"message": map[string]any{"text": text, "user_id": heralddev.Sender}}
	for k, v := range fields {
		body[k] = v
	}
	id := answer["channel"].(map[string]any)["id"].(string)
	s.call(http.StatusCreated, http.MethodPost, "/channels/"+channelType+"/"+id+"/message", body)
}
