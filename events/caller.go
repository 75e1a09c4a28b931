package events

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"herald/models"
)

// The headers of a webhook (contract 14.2).
const (
	headerSignature = "X-Signature"
	headerAPIKey    = "X-Api-Key" //nolint:gosec // a name
	headerID        = "X-Webhook-Id"
	headerAttempt   = "X-Webhook-Attempt"
	userAgent       = "Herald/1.0"
)

const (
	// The answer is ignored, but a connection whose answer was not read to its end cannot be used again.
	mostAnswerRead  = 64 << 10
	idleConnTimeout = 30 * time.Second
	maxErrorText    = 500
)

// Caller calls webhooks.
type Caller struct {
	client *http.Client
}

// NewCaller makes a caller that connects to the addresses that may be called, and keeps up to idle connections to a host.
func NewCaller(addresses Addresses, idle int) *Caller {
	transport := &http.Transport{
		// No proxy, whatever the environment says: the address would be checked by nobody.
		Proxy:       nil,
		DialContext: addresses.dial, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: idle, IdleConnTimeout: idleConnTimeout, DisableCompression: true, MaxResponseHeaderBytes: mostAnswerRead,
	}
	return &Caller{client: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close gives connections that are not in use back.
func (c *Caller) Close() { c.client.CloseIdleConnections() }

// Call makes one try to deliver an event to a hook. Everything but an answer of 2xx within the hook's time is a failure, a
// redirect included.
func (c *Caller) Call(ctx context.Context, app models.App, hook models.Hook, event models.OutboxRow) Outcome {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(hook.TimeoutMS)*time.Millisecond)
	defer cancel()
	req, err := newRequest(ctx, app, hook, event)
	if err != nil {
		return Outcome{Err: err}
	}
	resp, err := c.client.Do(req)
	if err != nil {
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			err = fmt.Errorf("no answer within %d ms", hook.TimeoutMS)
		}
		return Outcome{Err: err}
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, mostAnswerRead) // what goes wrong here changes nothing: the status has arrived
	out := Outcome{Status: resp.StatusCode, Delivered: resp.StatusCode/100 == 2}
	if !out.Delivered {
		out.RetryAfter = retryAfter(resp.Header, time.Now())
	}
	return out
}

func newRequest(ctx context.Context, app models.App, hook models.Hook, event models.OutboxRow) (*http.Request, error) {
	if event.Payload == nil {
		return nil, errors.New("the event has no payload")
	}
	payload := []byte(*event.Payload)
	body := payload
	if app.EnableHookPayloadCompression {
		var err error
		if body, err = compress(payload); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, hook.WebhookURL, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range map[string]string{
		"Content-Type": "application/json", "User-Agent": userAgent, headerAPIKey: app.APIKey, headerID: event.EventID,
		headerAttempt: strconv.Itoa(event.Attempts + 1), headerSignature: sign(app.Secret, payload),
	} {
		req.Header.Set(name, value)
	}
	if app.EnableHookPayloadCompression {
		req.Header.Set("Content-Encoding", "gzip")
	}
	return req, nil
}

// sign is the signature of a payload before compression, which SDKs verify.
func sign(secret string, payload []byte) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write(payload)
	return hex.EncodeToString(mac.Sum(nil))
}

func compress(payload []byte) ([]byte, error) {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(payload); err != nil {
		return nil, fmt.Errorf("compress a payload: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("compress a payload: %w", err)
	}
	return b.Bytes(), nil
}

// retryAfter reads Retry-After, in seconds or as a date; 0 is none.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		return time.Duration(seconds) * time.Second //nolint:gosec // of 32 bits
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// errorText is why there was no answer, as it is stored and shown. The URL is shown beside it.
func errorText(out Outcome) string {
	if out.Err == nil {
		return ""
	}
	err := out.Err
	var call *url.Error
	if errors.As(err, &call) {
		err = call.Err
	}
	text := strings.ReplaceAll(strings.ToValidUTF8(err.Error(), "\uFFFD"), "\x00", "")
	if runes := []rune(text); len(runes) > maxErrorText {
		text = string(runes[:maxErrorText])
	}
	return text
}

// dial connects to an address if it may be called. What is checked is the address that is connected to: a name may lead
// elsewhere than it did when the URL was set.
func (a Addresses) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return fmt.Errorf("read the address %q: %w", address, err)
		}
		return a.Check(to.Addr())
	}}
	if a.Lookup == nil {
		return dialer.DialContext(ctx, network, address)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, fmt.Errorf("read the address %q: %w", address, err)
	}
	ips, err := a.lookup(ctx, host)
	if err != nil {
		return nil, err
	}
	err = fmt.Errorf("no address of %s is known", host)
	for _, ip := range ips {
		var conn net.Conn
		if conn, err = dialer.DialContext(ctx, network, net.JoinHostPort(ip.String(), port)); err == nil {
			return conn, nil
		}
	}
	return nil, err
}
