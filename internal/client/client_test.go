package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"herald/internal/client"
)

// step is what happens to one request.
type step struct {
	err    error // no answer at all
	status int
	body   string
	header map[string]string
}

// script takes one step after the other for each request, the last one over and over, and notes when they came.
type script struct {
	steps []step
	calls []time.Duration // since the first
	first time.Time
}

func (s *script) RoundTrip(*http.Request) (*http.Response, error) {
	if s.first.IsZero() {
		s.first = time.Now()
	}
	s.calls = append(s.calls, time.Since(s.first))
	now := s.steps[min(len(s.calls), len(s.steps))-1]
	if now.err != nil {
		return nil, now.err
	}
	header := http.Header{}
	for name, value := range now.header {
		header.Set(name, value)
	}
	return &http.Response{StatusCode: now.status, Header: header, Body: io.NopCloser(strings.NewReader(now.body))}, nil
}

func answer(status int, body string) step { return step{status: status, body: body} }

func wish(status int, body, seconds string) step {
	return step{status: status, body: body, header: map[string]string{"Retry-After": seconds}}
}

func fail(err error) step { return step{err: err} }

func newClient(t *testing.T, transport http.RoundTripper) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: "http://herald.test/", APIKey: "key", Token: "token", Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	created   = `{"campaign": {"id": "c", "status": "draft"}, "users": {}, "duration": "1ms"}`
	exists    = `{"code": 4, "message": "CreateCampaign failed with error: \"taken\"", "StatusCode": 400, "duration": "1ms", "exception_fields": {"id": "is taken"}, "details": [], "unrecoverable": true}`
	throttled = `{"code": 9, "message": "Too many requests", "StatusCode": 429, "exception_fields": {}}`
)

func TestRetries(t *testing.T) {
	create := func(ctx context.Context, c *client.Client) error {
		_, err := c.CreateCampaign(ctx, client.NewCampaign{ID: "c"})
		return err
	}
	upsert := func(ctx context.Context, c *client.Client) error {
		return c.UpsertUsers(ctx, map[string]json.RawMessage{"a": json.RawMessage(`{"id":"a"}`)})
	}
	read := func(ctx context.Context, c *client.Client) error {
		_, err := c.Campaign(ctx, "c")
		return err
	}
	for name, tc := range map[string]struct {
		call      func(context.Context, *client.Client) error
		steps     []step
		wantCalls int
		wantErr   bool
		atLeast   time.Duration // before the second call
	}{
		"refused connections are waited out": {create, []step{fail(syscall.ECONNREFUSED), fail(syscall.ECONNREFUSED), answer(201, created)}, 3, false, 100 * time.Millisecond},
		"503 without a wish":                 {create, []step{answer(503, `{}`), answer(201, created)}, 2, false, 100 * time.Millisecond},
		"429 with a wish longer than the back-off": {
			create, []step{wish(429, throttled, "7"), answer(201, created)}, 2, false, 7 * time.Second},
		"a wish beyond the patience ends it":           {create, []step{wish(429, throttled, "3600")}, 1, true, 0},
		"a refusal is final":                           {create, []step{answer(400, exists)}, 1, true, 0},
		"a create whose answer was lost is not risked": {create, []step{fail(io.ErrUnexpectedEOF)}, 1, true, 0},
		"a create that met a 500 is not risked":        {create, []step{answer(500, `{}`)}, 1, true, 0},
		"an upsert whose answer was lost is repeated":  {upsert, []step{fail(io.ErrUnexpectedEOF), answer(201, `{}`)}, 2, false, 100 * time.Millisecond},
		"an upsert that met a 500 is repeated":         {upsert, []step{answer(500, `{}`), answer(201, `{}`)}, 2, false, 100 * time.Millisecond},
		"a read behind a proxy is repeated":            {read, []step{answer(502, `<html>`), answer(200, created)}, 2, false, 100 * time.Millisecond},
		"an unknown campaign is final":                 {read, []step{answer(404, `{"code":16,"message":"no"}`)}, 1, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &script{steps: tc.steps}
				err := tc.call(t.Context(), newClient(t, s))
				if (err != nil) != tc.wantErr {
					t.Errorf("error is %v", err)
				}
				if len(s.calls) != tc.wantCalls {
					t.Errorf("%d calls, want %d", len(s.calls), tc.wantCalls)
				}
				if len(s.calls) > 1 && s.calls[1] < tc.atLeast {
					t.Errorf("the second call came after %v, want at least %v", s.calls[1], tc.atLeast)
				}
			})
		})
	}
}

func TestPatienceEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &script{steps: []step{fail(syscall.ECONNREFUSED)}}
		began := time.Now()
		_, err := newClient(t, s).Campaign(t.Context(), "c")
		if !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("error is %v", err)
		}
		if took := time.Since(began); took > time.Minute || took < 50*time.Second {
			t.Errorf("gave up after %v", took)
		}
		for i, at := range s.calls {
			if i > 0 && at-s.calls[i-1] > 7*time.Second {
				t.Errorf("%v between two calls", at-s.calls[i-1])
			}
		}
	})
}

func TestCancelEndsTheWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s := &script{steps: []step{wish(429, throttled, "30")}}
		began := time.Now()
		_, err := newClient(t, s).Campaign(ctx, "c")
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 2*time.Second {
			t.Errorf("error is %v after %v", err, time.Since(began))
		}
	})
}

func TestError(t *testing.T) {
	for name, tc := range map[string]struct {
		step step
		want client.Error
	}{
		"Herald's":       {answer(400, exists), client.Error{Status: 400, Code: 4, Message: `CreateCampaign failed with error: "taken"`, Fields: map[string]string{"id": "is taken"}}},
		"someone else's": {answer(403, "<html>no</html>\n"), client.Error{Status: 403, Message: "<html>no</html>"}},
		"empty":          {answer(404, ""), client.Error{Status: 404, Message: "Not Found"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := newClient(t, &script{steps: []step{tc.step}}).CreateCampaign(t.Context(), client.NewCampaign{})
			var got *client.Error
			if !errors.As(err, &got) {
				t.Fatalf("error is %v", err)
			}
			if diff := cmp.Diff(tc.want, *got, cmpopts.IgnoreUnexported(client.Error{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRequest(t *testing.T) {
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got = []string{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, r.Header.Get("Authorization"), r.Header.Get("stream-auth-type"), string(body)}
		_, _ = io.WriteString(w, `{"channel": {"cid": "messaging:x"}, "messages": [{"id": "m", "text": "Hi", "campaign_id": "c", "created_at": "2026-11-23T09:15:04.207332Z"}]}`)
	}))
	defer server.Close()
	c, err := client.New(client.Config{URL: server.URL + "/", APIKey: "k&y", Token: "token"})
	if err != nil {
		t.Fatal(err)
	}

	if _, err := c.Campaign(t.Context(), "a/b c"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"GET", "/campaigns/a%2Fb%20c", "limit=1&api_key=k%26y", "token", "jwt", ""}, got); diff != "" {
		t.Error(diff)
	}
	channel, err := c.DistinctChannel(t.Context(), "messaging", "shop", []string{"ann", "shop"}, 5)
	if err != nil {
		t.Fatal(err)
	}
	want := client.Channel{CID: "messaging:x", Messages: []client.Message{
		{ID: "m", Text: "Hi", CampaignID: "c", CreatedAt: time.Date(2026, 11, 23, 9, 15, 4, 207332000, time.UTC)}}}
	if diff := cmp.Diff(want, channel); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"POST", "/channels/messaging/query", "api_key=k%26y", "token", "jwt",
		`{"data":{"created_by_id":"shop","members":["ann","shop"]},"messages":{"limit":5},"state":true}`}, got); diff != "" {
		t.Error(diff)
	}
}

func TestHealthyNamesTheURLAndNotTheKey(t *testing.T) {
	err := newClient(t, &script{steps: []step{fail(syscall.ECONNREFUSED)}}).Healthy(t.Context())
	if err == nil || !strings.Contains(err.Error(), "http://herald.test") || strings.Contains(err.Error(), "key") {
		t.Errorf("error is %v", err)
	}
}

func TestNewRefusesWhatIsNoURL(t *testing.T) {
	for _, u := range []string{"", "127.0.0.1:8080", "ftp://x", "http://", "http://%zz"} {
		if _, err := client.New(client.Config{URL: u}); err == nil {
			t.Errorf("%q was taken", u)
		}
	}
}

func TestReason(t *testing.T) {
	for message, want := range map[string]string{
		`PauseCampaign failed with error: "campaign is completed and can't be paused"`: "campaign is completed and can't be paused",
		`GetCampaign failed with error: "campaign with id "x" doesn't exist"`:          `campaign with id "x" doesn't exist`,
		"<html>\n no\n</html>": "<html> no </html>",
	} {
		if got := (&client.Error{Message: message}).Reason(); got != want {
			t.Errorf("the reason is %q, want %q", got, want)
		}
	}
}
