package push

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"time"
)

// Service hands notifications to the devices of one provider. It is safe for concurrent use.
type Service interface {
	// Provider is the push_provider of the devices.
	Provider() string
	// Send hands over one notification. The error is an *Error, or that of ctx.
	Send(ctx context.Context, n Notification) error
}

const (
	requestTimeout = 10 * time.Second
	maxAnswer      = 64 << 10 // bytes that are read of an answer
)

// checkURL accepts the base URL of a service: https, or http to this machine.
func checkURL(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return fmt.Errorf("is no URL: %w", err)
	}
	host := u.Hostname()
	ip, _ := netip.ParseAddr(host) // of a name the zero address, which is no loopback
	local := host == "localhost" || ip.IsLoopback()
	if host == "" || u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return fmt.Errorf("is %q, it must be an https URL, or an http URL of this machine", raw)
	}
	return nil
}

// post sends one request and reads the answer.
func post(client *http.Client, req *http.Request) (status int, header http.Header, body []byte, err error) {
	ctx, cancel := context.WithTimeout(req.Context(), requestTimeout)
	defer cancel()
	resp, err := client.Do(req.WithContext(ctx))
	if err == nil {
		defer resp.Body.Close()
		if body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer)); err == nil {
			return resp.StatusCode, resp.Header, body, nil
		}
	}
	return 0, nil, nil, noAnswer(req.Context(), err)
}

// noAnswer is the error for a request that got no answer: that of its context, where this has ended.
func noAnswer(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	// Without the URL, which may hold the device's token.
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	return &Error{Problem: Unavailable, Err: err}
}

// retryAfter reads the header of that name: seconds, or a time.
func retryAfter(header http.Header, now time.Time) time.Duration {
	value := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

func newTransport() *http.Transport {
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: requestTimeout}).DialContext,
		TLSHandshakeTimeout: requestTimeout,
		IdleConnTimeout:     5 * time.Minute,
		MaxIdleConnsPerHost: DefaultParallel,
		// A connection whose other end is gone without a word is found out by a ping, not by the time-outs of all that use it.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 5 * time.Second},
	}
}
