package conform

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
)

// Transport checks whatever goes through it, and calls report with each exchange that does not conform.
func (c *Checker) Transport(next http.RoundTripper, report func(error)) http.RoundTripper {
	return transport{checker: c, next: next, report: report}
}

type transport struct {
	checker *Checker
	next    http.RoundTripper
	report  func(error)
}

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	e := Exchange{Method: r.Method, URL: r.URL}
	if r.Body != nil {
		var err error
		e.RequestBody, err = io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil {
			return nil, fmt.Errorf("read the request: %w", err)
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(e.RequestBody))
	}
	response, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	e.Status, e.Header = response.StatusCode, response.Header
	e.Body, err = io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("read the answer: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(e.Body))
	if err := t.checker.Check(e); err != nil {
		t.report(err)
	}
	return response, nil
}
