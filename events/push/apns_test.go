package push_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"herald/events/push"
	"herald/internal/pushtest"
)

func newAPNs(t *testing.T, server *pushtest.APNs) *push.APNs {
	t.Helper()
	a, err := push.NewAPNs(push.APNsConfig{
		KeyFile: server.KeyFile(t), KeyID: pushtest.APNsKeyID, TeamID: pushtest.APNsTeamID, Topic: pushtest.APNsTopic, URL: server.URL, TLS: server.TLS(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func note(token string) push.Notification {
	return push.Notification{
		Token: token, ID: uuid.NewString(), Group: "messaging:ann", Replace: uuid.NewString(), Title: "The Shop", Body: "20 % off", Data: map[string]string{"message_id": "m1"},
		Expires: time.Now().Add(time.Hour).Truncate(time.Second),
	}
}

// problem is what a service answered, "" where it took the notification.
func problem(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	failed, ok := errors.AsType[*push.Error](err)
	if !ok {
		t.Fatalf("%v is no *push.Error", err)
	}
	return failed.Problem.String()
}

func TestAPNs(t *testing.T) {
	server := pushtest.NewAPNs(t)
	n := note("abc/../123")
	if err := newAPNs(t, server).Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	got := server.Requests()
	if len(got) != 1 {
		t.Fatalf("%d requests", len(got))
	}
	want := pushtest.APNsRequest{Device: n.Token, ID: n.ID, CollapseID: n.Replace, Expires: n.Expires, Bearer: got[0].Bearer}
	want.Payload.APS.Alert.Title, want.Payload.APS.Alert.Body = n.Title, n.Body
	want.Payload.APS.Sound, want.Payload.APS.ThreadID, want.Payload.APS.MutableContent = "default", n.Group, 1
	want.Payload.Stream = n.Data
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAPNsAnswers(t *testing.T) {
	for _, tc := range []struct {
		status           int
		reason, retry    string
		accepted, strict string // the problem when a notification was accepted before, and when none was; strict "" is the same
	}{
		{status: http.StatusBadRequest, reason: "BadDeviceToken", accepted: "unregistered", strict: "rejected"},
		{status: http.StatusGone, reason: "Unregistered", accepted: "unregistered"},
		{status: http.StatusGone, reason: "ExpiredToken", accepted: "unregistered"},
		{status: http.StatusBadRequest, reason: "DeviceTokenNotForTopic", accepted: "rejected"},
		{status: http.StatusBadRequest, reason: "BadTopic", accepted: "misconfigured"},
		{status: http.StatusRequestEntityTooLarge, reason: "PayloadTooLarge", accepted: "rejected"},
		{status: http.StatusForbidden, reason: "InvalidProviderToken", accepted: "misconfigured"},
		{status: http.StatusForbidden, accepted: "misconfigured"},
		{status: http.StatusTooManyRequests, reason: "TooManyRequests", retry: "7", accepted: "throttled"},
		{status: http.StatusTooManyRequests, reason: "TooManyProviderTokenUpdates", accepted: "unavailable"},
		{status: http.StatusInternalServerError, reason: "InternalServerError", accepted: "unavailable"},
		{status: http.StatusServiceUnavailable, reason: "ServiceUnavailable", retry: "7", accepted: "unavailable"},
		{status: http.StatusBadGateway, accepted: "unavailable"},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			server := pushtest.NewAPNs(t)
			server.Respond = func(r pushtest.APNsRequest) pushtest.Answer {
				if r.Device == "good" {
					return pushtest.Answer{}
				}
				return pushtest.Answer{Status: tc.status, Reason: tc.reason, RetryAfter: tc.retry}
			}
			if tc.strict == "" {
				tc.strict = tc.accepted
			}
			a := newAPNs(t, server)
			if got := problem(t, a.Send(t.Context(), note("bad"))); got != tc.strict {
				t.Errorf("before any was accepted: %s, want %s", got, tc.strict)
			}
			if got := problem(t, a.Send(t.Context(), note("good"))); got != "" {
				t.Errorf("the good device: %s", got)
			}
			err := a.Send(t.Context(), note("bad"))
			if got := problem(t, err); got != tc.accepted {
				t.Errorf("after one was accepted: %s, want %s", got, tc.accepted)
			}
			failed, _ := errors.AsType[*push.Error](err)
			if want := time.Duration(len(tc.retry)) * 7 * time.Second; failed.Delay != want || failed.Status != tc.status || failed.Reason != tc.reason {
				t.Errorf("%+v, want the delay %v", failed, want)
			}
		})
	}
}

// The token is made once, made again before it is an hour old, and at once when APNs calls it expired.
func TestAPNsToken(t *testing.T) {
	server := pushtest.NewAPNs(t)
	a := newAPNs(t, server)
	var passed time.Duration
	clock := func() time.Time { return time.Now().Add(passed) }
	server.Now = clock
	a.SetClock(clock)
	bearers := map[string]int{}
	send := func(want string) {
		t.Helper()
		if got := problem(t, a.Send(t.Context(), note("abc"))); got != want {
			t.Errorf("after %v: %q, want %q", passed, got, want)
		}
		requests := server.Requests()
		bearers[requests[len(requests)-1].Bearer]++
	}
	send("")
	passed = 49 * time.Minute
	send("")
	passed = 51 * time.Minute
	send("")
	if len(bearers) != 2 {
		t.Errorf("%d tokens in 51 minutes, want 2", len(bearers))
	}
	// A server whose clock is ahead takes the token, which is older than 20 minutes, for expired: a new one is of its time.
	passed += 40 * time.Minute
	server.Now = func() time.Time { return clock().Add(30 * time.Minute) }
	send("")
	if len(bearers) != 3 {
		t.Errorf("%d tokens, want 3", len(bearers))
	}
	// One whose clock is far ahead takes every token for expired; they are not made faster than APNs allows.
	server.Now = func() time.Time { return clock().Add(2 * time.Hour) }
	before := len(server.Requests())
	for range 3 {
		send("misconfigured")
	}
	if got := len(server.Requests()) - before; got != 3 || len(bearers) != 3 {
		t.Errorf("%d requests with %d tokens, want 3 requests and no new token", got, len(bearers))
	}
}

// Requests share one connection and one token.
func TestAPNsAtOnce(t *testing.T) {
	server := pushtest.NewAPNs(t)
	a := newAPNs(t, server)
	var calls sync.WaitGroup
	for range 100 {
		calls.Go(func() {
			if err := a.Send(t.Context(), note("abc")); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	bearers := map[string]bool{}
	for _, r := range server.Requests() {
		bearers[r.Bearer] = true
	}
	if len(bearers) != 1 || len(server.Requests()) != 100 {
		t.Errorf("%d requests with %d tokens", len(server.Requests()), len(bearers))
	}
}

// A service that is not there is unavailable, and the error does not hold the device's token.
func TestAPNsGone(t *testing.T) {
	server := pushtest.NewAPNs(t)
	a := newAPNs(t, server)
	server.Close()
	err := a.Send(t.Context(), note("secret-token"))
	if got := problem(t, err); got != "unavailable" || strings.Contains(err.Error(), "secret-token") {
		t.Errorf("%v", err)
	}
}

func TestAPNsConfig(t *testing.T) {
	server := pushtest.NewAPNs(t)
	_, err := push.NewAPNs(push.APNsConfig{KeyFile: server.CAFile(t), KeyID: "K", URL: "http://push.example.com"})
	for _, part := range []string{"HERALD_APNS_TEAM_ID is not set", "HERALD_APNS_TOPIC is not set", "HERALD_APNS_KEY_FILE: ", "holds no .p8 key", "HERALD_APNS_URL is"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%v, want %q in it", err, part)
		}
	}
}
