package push_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/events/push"
	"herald/internal/pushtest"
)

func newFCM(t *testing.T, server *pushtest.FCM) *push.FCM {
	t.Helper()
	f, err := push.NewFCM(push.FCMConfig{CredentialsFile: server.CredentialsFile(t), URL: server.URL + "/"})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestFCM(t *testing.T) {
	server := pushtest.NewFCM(t)
	n := note("token:1")
	if err := newFCM(t, server).Send(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	got := server.Messages()
	if len(got) != 1 {
		t.Fatalf("%d messages", len(got))
	}
	want := pushtest.FCMMessage{Token: n.Token, Data: n.Data}
	want.Notification.Title, want.Notification.Body = n.Title, n.Body
	want.Android.Priority, want.Android.Notification.Tag, want.Android.TTL = "high", n.Replace, got[0].Android.TTL
	want.APNs.Headers = map[string]string{"apns-collapse-id": n.Replace, "apns-expiration": strconv.FormatInt(n.Expires.Unix(), 10)}
	want.APNs.Payload = map[string]any{"aps": map[string]any{"sound": "default", "thread-id": n.Group, "mutable-content": 1.0}}
	want.Webpush.Headers = map[string]string{"TTL": strings.TrimSuffix(got[0].Android.TTL, "s")}
	if diff := cmp.Diff(want, got[0]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if ttl, err := time.ParseDuration(got[0].Android.TTL); err != nil || ttl > time.Hour || ttl < 58*time.Minute {
		t.Errorf("the ttl is %s", got[0].Android.TTL)
	}
}

func TestFCMAnswers(t *testing.T) {
	for _, tc := range []struct {
		status               int
		answer, retry, shown string // the reason is that of the answer unless shown
		want                 string
	}{
		{status: http.StatusNotFound, answer: "UNREGISTERED", want: "unregistered"},
		{status: http.StatusBadRequest, answer: pushtest.FCMBadToken, shown: "INVALID_ARGUMENT", want: "unregistered"},
		{status: http.StatusBadRequest, answer: "INVALID_ARGUMENT", want: "rejected"},
		{status: http.StatusForbidden, answer: "SENDER_ID_MISMATCH", want: "rejected"},
		{status: http.StatusUnauthorized, answer: "THIRD_PARTY_AUTH_ERROR", want: "rejected"},
		{status: http.StatusForbidden, answer: "PERMISSION_DENIED", want: "misconfigured"},
		{status: http.StatusNotFound, answer: "NOT_FOUND", want: "misconfigured"},
		{status: http.StatusTooManyRequests, answer: "QUOTA_EXCEEDED", retry: "30", want: "unavailable"},
		{status: http.StatusServiceUnavailable, answer: "UNAVAILABLE", want: "unavailable"},
		{status: http.StatusInternalServerError, answer: "INTERNAL", want: "unavailable"},
		{status: http.StatusBadGateway, want: "unavailable"},
	} {
		t.Run(tc.answer, func(t *testing.T) {
			server := pushtest.NewFCM(t)
			server.Respond = func(pushtest.FCMMessage) pushtest.Answer {
				return pushtest.Answer{Status: tc.status, Reason: tc.answer, RetryAfter: tc.retry}
			}
			err := newFCM(t, server).Send(t.Context(), note("token:1"))
			if got := problem(t, err); got != tc.want {
				t.Errorf("%s, want %s", got, tc.want)
			}
			if tc.shown == "" {
				tc.shown = tc.answer
			}
			failed, _ := errors.AsType[*push.Error](err)
			if seconds, _ := strconv.Atoi(tc.retry); failed.Reason != tc.shown || failed.Status != tc.status || failed.Delay != time.Duration(seconds)*time.Second {
				t.Errorf("%+v", failed)
			}
			if got := len(server.Messages()); got != 1 {
				t.Errorf("%d requests, want 1", got)
			}
		})
	}
}

// One token serves all, and one that was revoked is replaced once.
func TestFCMToken(t *testing.T) {
	server := pushtest.NewFCM(t)
	f := newFCM(t, server)
	sendMany := func() {
		var calls sync.WaitGroup
		for range 50 {
			calls.Go(func() {
				if err := f.Send(t.Context(), note("token:1")); err != nil {
					t.Error(err)
				}
			})
		}
		calls.Wait()
	}
	sendMany()
	if got := server.Granted(); got != 1 {
		t.Errorf("%d tokens, want 1", got)
	}
	server.Revoke()
	sendMany()
	if got, sent := server.Granted(), len(server.Messages()); got != 2 || sent != 100 {
		t.Errorf("%d tokens for %d messages, want 2 for 100", got, sent)
	}
	server.Respond = func(pushtest.FCMMessage) pushtest.Answer {
		return pushtest.Answer{Status: http.StatusUnauthorized, Reason: "UNAUTHENTICATED"}
	}
	if got := problem(t, f.Send(t.Context(), note("token:1"))); got != "misconfigured" || server.Granted() != 3 {
		t.Errorf("%s after %d tokens, want misconfigured after 3", got, server.Granted())
	}
}

func TestFCMTokenRefused(t *testing.T) {
	for status, want := range map[int]string{http.StatusBadRequest: "misconfigured", http.StatusUnauthorized: "misconfigured", http.StatusServiceUnavailable: "unavailable"} {
		server := pushtest.NewFCM(t)
		server.RespondToken = func() pushtest.Answer { return pushtest.Answer{Status: status, Reason: "invalid_grant"} }
		if got := problem(t, newFCM(t, server).Send(t.Context(), note("token:1"))); got != want {
			t.Errorf("status %d: %s, want %s", status, got, want)
		}
	}
}

func TestFCMGone(t *testing.T) {
	server := pushtest.NewFCM(t)
	f := newFCM(t, server)
	server.Close()
	if got := problem(t, f.Send(t.Context(), note("token:1"))); got != "unavailable" {
		t.Error(got)
	}
}

func TestFCMConfig(t *testing.T) {
	for content, part := range map[string]string{
		`{`:                           "is no JSON",
		`{"type": "authorized_user"}`: `is of type "authorized_user"`,
		`{"type": "service_account", "project_id": "p"}`: "has no private_key, no client_email, no token_uri",
		`{"type": "service_account", "project_id": "p", "private_key": "k", "client_email": "e", "token_uri": "https://oauth2.example.com"}`: "private_key in",
	} {
		file := filepath.Join(t.TempDir(), "account.json")
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := push.NewFCM(push.FCMConfig{CredentialsFile: file, URL: "ftp://x"})
		for _, part := range []string{"HERALD_FCM_CREDENTIALS_FILE: ", part, "HERALD_FCM_URL is"} {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%v, want %q in it", err, part)
			}
		}
	}
}
