package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/sethvargo/go-retry"
)

const (
	defaultPatience = time.Minute
	attemptTimeout  = 30 * time.Second // the most patient SDK waits as long (contract 4.1)
	probeTimeout    = 3 * time.Second

	firstDelay, longestDelay = 200 * time.Millisecond, 5 * time.Second
	jitterPercent            = 20

	// maxAnswer bounds what is read of an answer: the largest, a campaign with its users, stays far below.
	maxAnswer = 64 << 20
)

// Config says which API to call, and as whom.
type Config struct {
	URL    string // of the API, without a path, such as http://127.0.0.1:8080
	APIKey string // of the app
	Token  string // a server token of the same app

	// Patience is how long one call goes on trying while the API refuses connections, answers 429 or 503; a minute by default.
	Patience time.Duration
	// Transport is http.DefaultTransport by default.
	Transport http.RoundTripper
}

// Client calls one app's API. It may be used by several goroutines.
type Client struct {
	base     *url.URL
	apiKey   string
	token    string
	patience time.Duration
	http     *http.Client
}

// New prepares a client; it does not call yet.
func New(c Config) (*Client, error) {
	base, err := url.Parse(strings.TrimRight(c.URL, "/"))
	if err != nil {
		return nil, fmt.Errorf("the API's URL: %w", err)
	}
	if base.Scheme != "http" && base.Scheme != "https" || base.Host == "" {
		return nil, fmt.Errorf("the API's URL %q is not of the form http://host:port", c.URL)
	}
	return &Client{
		base: base, apiKey: c.APIKey, token: c.Token,
		patience: cmp.Or(c.Patience, defaultPatience),
		http:     &http.Client{Transport: c.Transport},
	}, nil
}

// URL of the API, without a slash at the end.
func (c *Client) URL() string { return c.base.String() }

// Identity names the app that is called: its API and key.
func (c *Client) Identity() string { return c.URL() + " " + c.apiKey }

// Healthy asks GET /healthz once. Its error says why no Herald API is there.
func (c *Client) Healthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	if _, err := c.once(ctx, call{method: http.MethodGet, path: "/healthz"}); err != nil {
		return fmt.Errorf("no Herald API answers at %s: %w", c.URL(), err)
	}
	return nil
}

// call is one request before it is tried.
type call struct {
	method string
	path   string // escaped, after the base
	body   []byte
	// repeatable: a second one, after one that was carried out, changes nothing.
	repeatable bool
}

// do sends a body as JSON and decodes the answer into answer; either may be nil.
func (c *Client) do(ctx context.Context, r call, body, answer any) error {
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("%s %s: encode the body: %w", r.method, r.path, err)
		}
		r.body = encoded
	}
	r.repeatable = r.repeatable || r.method == http.MethodGet

	// The server's own wish wins over the back-off where it is longer.
	var wish time.Duration
	backoff := retry.WithJitterPercent(jitterPercent, retry.WithCappedDuration(longestDelay, retry.NewExponential(firstDelay)))
	deadline := time.Now().Add(c.patience)
	delays := retry.BackoffFunc(func() (time.Duration, bool) {
		delay, stop := backoff.Next()
		delay = max(delay, wish)
		return delay, stop || time.Now().Add(delay).After(deadline)
	})
	err := retry.Do(ctx, delays, func(ctx context.Context) error {
		wish = 0
		ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
		defer cancel()
		got, err := c.once(ctx, r)
		if err != nil {
			wish = retryAfter(err)
			if worthAnother(err, r.repeatable) {
				return retry.RetryableError(err)
			}
			return err
		}
		if answer == nil {
			return nil
		}
		if err := json.Unmarshal(got, answer); err != nil {
			return fmt.Errorf("decode the answer: %w", err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	return nil
}

// once sends a request and gives the body of its 2xx answer. Another status is an *Error.
func (c *Client) once(ctx context.Context, r call) ([]byte, error) {
	target := c.base.String() + r.path
	separator := "?"
	if strings.Contains(r.path, "?") {
		separator = "&"
	}
	req, err := http.NewRequestWithContext(ctx, r.method, target+separator+"api_key="+url.QueryEscape(c.apiKey), bytes.NewReader(r.body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Stream-Auth-Type", "jwt")
	req.Header.Set("Authorization", c.token)
	resp, err := c.http.Do(req)
	if err != nil {
		// A *url.Error repeats the whole URL, with the key in it.
		var failed *url.Error
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return nil, err
	}
	defer resp.Body.Close()
	content, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	if resp.StatusCode/100 != 2 {
		return nil, newError(resp, content)
	}
	return content, nil
}

// worthAnother says whether the same call may succeed a little later. Refused and throttled calls were not carried out; after
// any other loss of the answer nobody knows.
func worthAnother(err error, repeatable bool) bool {
	var refused *Error
	switch {
	case errors.As(err, &refused):
		if refused.Status == http.StatusTooManyRequests || refused.Status == http.StatusServiceUnavailable {
			return true
		}
		return repeatable && (refused.Status >= http.StatusInternalServerError || refused.Status == http.StatusRequestTimeout)
	case errors.Is(err, context.Canceled):
		return false
	case errors.Is(err, syscall.ECONNREFUSED):
		return true
	default:
		return repeatable
	}
}

func retryAfter(err error) time.Duration {
	var refused *Error
	if errors.As(err, &refused) {
		return refused.retryAfter
	}
	return 0
}

// Error is a refusal by the server.
type Error struct {
	Status  int    // of HTTP
	Code    int    // contract 4.3; 0 where the answer was not Herald's
	Message string // for people
	// Fields are the invalid fields of the request, path to reason, all at once.
	Fields map[string]string

	retryAfter time.Duration
}

func (e *Error) Error() string {
	return fmt.Sprintf("%s (status %d, code %d)", e.Message, e.Status, e.Code)
}

// Reason is the message without the name of the operation around it: one line, whatever the server wrote.
func (e *Error) Reason() string {
	reason := e.Message
	if _, quoted, found := strings.Cut(reason, ` failed with error: "`); found && strings.HasSuffix(quoted, `"`) {
		reason = strings.TrimSuffix(quoted, `"`)
	}
	return strings.Join(strings.Fields(reason), " ")
}

func newError(resp *http.Response, body []byte) *Error {
	const shown = 200 // characters of an answer that is not Herald's
	e := &Error{Status: resp.StatusCode}
	var answer struct {
		Code    int               `json:"code"`
		Message string            `json:"message"`
		Fields  map[string]string `json:"exception_fields"`
	}
	if err := json.Unmarshal(body, &answer); err == nil && answer.Message != "" {
		e.Code, e.Message, e.Fields = answer.Code, answer.Message, answer.Fields
	} else {
		text := []rune(strings.ToValidUTF8(strings.TrimSpace(string(body)), "?"))
		e.Message = cmp.Or(string(text[:min(len(text), shown)]), http.StatusText(resp.StatusCode))
	}
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		e.retryAfter = time.Duration(seconds) * time.Second
	}
	return e
}
