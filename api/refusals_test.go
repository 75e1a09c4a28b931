package api_test

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"herald/api"
	"herald/models"
	"herald/models/store"
)

// listen runs the API over a database that is not there, on a real listener, and gives its address.
func listen(t *testing.T, configure ...func(*api.Config)) string {
	t.Helper()
	st, err := store.Open(t.Context(), "postgres://nobody@127.0.0.1:1/none", store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(st.Close)
	cfg := api.Config{Store: st, Log: slog.New(slog.DiscardHandler)}
	for _, f := range configure {
		f(&cfg)
	}
	return serve(t, api.New(cfg))
}

// serve runs a server on a port of its own until the test ends, and gives its address.
func serve(t *testing.T, server *api.Server) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Run(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// raw sends bytes as they are on a connection of their own, and reads the one answer to them.
func raw(t *testing.T, address, method, request string) answer {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatalf("no answer to %.80q: %v", request, err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatalf("half an answer to %.80q: %v", request, err)
	}
	a := answer{status: response.StatusCode, header: response.Header, raw: string(content)}
	if a.raw != "" {
		decoder := json.NewDecoder(strings.NewReader(a.raw))
		decoder.UseNumber()
		if err := decoder.Decode(&a.body); err != nil {
			t.Errorf("the answer to %.80q is no JSON: %s", request, a.raw)
		}
	}
	return a
}

// Requests that net/http refuses before any handler sees them get the same answer as others.
func TestRequestsThatCannotBeRead(t *testing.T) {
	address := listen(t)
	const host = "Host: herald\r\n"
	for name, tc := range map[string]struct{ request, reason string }{
		"bad escape in the path":      {"GET /messages/50% HTTP/1.1\r\n" + host + "\r\n", "cannot be read"},
		"no HTTP":                     {"hello\r\n\r\n", "cannot be read"},
		"space in the path":           {"GET /a b HTTP/1.1\r\n" + host + "\r\n", "cannot be read"},
		"no host":                     {"GET / HTTP/1.1\r\n\r\n", "missing required Host header"},
		"two hosts":                   {"GET / HTTP/1.1\r\n" + host + host + "\r\n", "cannot be read"},
		"bad host":                    {"GET / HTTP/1.1\r\nHost: a/b c\r\n\r\n", "malformed Host header"},
		"bad header name":             {"GET / HTTP/1.1\r\n" + host + "a b: c\r\n\r\n", ""},
		"bad header value":            {"GET / HTTP/1.1\r\n" + host + "a: \x01\r\n\r\n", ""},
		"header too large":            {"GET / HTTP/1.1\r\n" + host + "a: " + strings.Repeat("x", 1<<20+4096) + "\r\n\r\n", "larger than 1024 KiB"},
		"path too long":               {"GET /" + strings.Repeat("x", 1<<20+4096) + " HTTP/1.1\r\n" + host + "\r\n", "larger than 1024 KiB"},
		"unsupported version":         {"GET / HTTP/3.0\r\n" + host + "\r\n", "unsupported protocol version"},
		"unsupported encoding":        {"POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", "transfer encoding is not supported"},
		"two lengths":                 {"POST / HTTP/1.1\r\n" + host + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "cannot be read"},
		"negative length":             {"POST / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", "cannot be read"},
		"an expectation":              {"POST / HTTP/1.1\r\n" + host + "Expect: wonders\r\n\r\n", "Expect"},
		"an expectation, old version": {"POST / HTTP/1.0\r\n" + host + "Expect: wonders\r\n\r\n", "Expect"},
	} {
		t.Run(name, func(t *testing.T) {
			a := raw(t, address, http.MethodGet, tc.request)
			wantError(t, a, http.StatusBadRequest, models.CodeInvalid, tc.reason, "")
			wantError(t, a, http.StatusBadRequest, models.CodeInvalid, `Request failed with error: "`, "")
			wantEnvelope(t, a)
		})
	}
}

// wantEnvelope checks what every error has: the eight keys, the content type and the three headers.
func wantEnvelope(t *testing.T, a answer) {
	t.Helper()
	for _, key := range []string{"code", "message", "StatusCode", "duration", "more_info", "exception_fields", "details", "unrecoverable"} {
		if _, ok := a.body[key]; !ok {
			t.Errorf("the error has no %s: %s", key, a.raw)
		}
	}
	if len(a.body) != 8 {
		t.Errorf("an error has eight keys: %s", a.raw)
	}
	if got := a.header.Get("Content-Type"); got != "application/json; charset=utf-8" {
		t.Errorf("content type %q", got)
	}
	for _, name := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Access-Control-Allow-Origin"} {
		if a.header.Get(name) == "" {
			t.Errorf("no header %s", name)
		}
	}
}

func TestOptionsOfTheWholeServer(t *testing.T) {
	a := raw(t, listen(t), http.MethodOptions, "OPTIONS * HTTP/1.1\r\nHost: herald\r\nConnection: close\r\n\r\n")
	if a.status != http.StatusNoContent || a.header.Get("Access-Control-Allow-Origin") != "*" || a.header.Get("X-RateLimit-Limit") == "" {
		t.Errorf("OPTIONS *: %d %v", a.status, a.header)
	}
}
