package pushtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"
)

// What an APNs server knows of its sender.
const (
	APNsKeyID  = "KEY1234567"
	APNsTeamID = "TEAM123456"
	APNsTopic  = "com.example.shop"

	apnsMaxPayload = 4096
	apnsTokenLife  = time.Hour
)

// Answer is what a server says to a request; the zero value takes the notification.
type Answer struct {
	Status     int // 0 is 200
	Reason     string
	RetryAfter string // the header
}

// APNsRequest is a notification as it came in.
type APNsRequest struct {
	Device, ID, CollapseID string
	Expires                time.Time
	Bearer                 string
	Payload                struct {
		APS struct {
			Alert          struct{ Title, Body string }
			Sound          string
			ThreadID       string `json:"thread-id"`
			MutableContent int    `json:"mutable-content"`
		}
		Stream map[string]string
	}
}

// APNs is a server of the Apple Push Notification service: HTTP/2 over TLS.
type APNs struct {
	*httptest.Server
	key *ecdsa.PrivateKey
	// Respond decides about a notification that is correct; nil takes all.
	Respond func(APNsRequest) Answer
	// Now is the server's clock.
	Now func() time.Time

	mu       sync.Mutex
	requests []APNsRequest
}

// NewAPNs starts a server that ends with the test. A request that Apple would refuse as malformed fails the test.
func NewAPNs(tb testing.TB) *APNs {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	a := &APNs{key: key, Now: time.Now}
	a.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		req, answer, err := a.read(r)
		if err != nil {
			tb.Errorf("APNs got a bad request: %v", err)
		}
		if answer.Status == 0 && a.Respond != nil {
			answer = a.Respond(req)
		}
		a.mu.Lock()
		a.requests = append(a.requests, req)
		a.mu.Unlock()
		w.Header().Set("apns-id", req.ID)
		if answer.RetryAfter != "" {
			w.Header().Set("Retry-After", answer.RetryAfter)
		}
		if answer.Status == 0 || answer.Status == http.StatusOK {
			return
		}
		w.WriteHeader(answer.Status)
		said := map[string]any{"reason": answer.Reason}
		if answer.Status == http.StatusGone {
			said["timestamp"] = a.Now().UnixMilli()
		}
		if answer.Reason != "" {
			_ = json.NewEncoder(w).Encode(said) // a client that is gone is not the test's subject
		}
	}))
	a.EnableHTTP2 = true
	a.StartTLS()
	tb.Cleanup(a.Close)
	return a
}

// TLS trusts the server.
func (a *APNs) TLS() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(a.Certificate())
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
}

// CAFile is the server's certificate as a file, for SSL_CERT_FILE.
func (a *APNs) CAFile(tb testing.TB) string {
	tb.Helper()
	return write(tb, "ca.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate().Raw}))
}

// KeyFile is the sender's .p8 file.
func (a *APNs) KeyFile(tb testing.TB) string {
	tb.Helper()
	return write(tb, "AuthKey_"+APNsKeyID+".p8", pkcs8(tb, a.key))
}

// Requests gives the requests so far.
func (a *APNs) Requests() []APNsRequest {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]APNsRequest(nil), a.requests...)
}

// read takes a request apart. An answer with a status is a refusal of the sender, an error a request that is malformed.
func (a *APNs) read(r *http.Request) (req APNsRequest, refused Answer, err error) {
	bad := func(reason, format string, args ...any) (APNsRequest, Answer, error) {
		return req, Answer{Status: http.StatusBadRequest, Reason: reason}, fmt.Errorf(format, args...)
	}
	if r.ProtoMajor != 2 || r.TLS == nil {
		return bad("", "the protocol is %s", r.Proto)
	}
	if r.Method != http.MethodPost {
		return bad("MethodNotAllowed", "the method is %s", r.Method)
	}
	var ok bool
	if req.Device, ok = strings.CutPrefix(r.URL.Path, "/3/device/"); !ok || req.Device == "" {
		return bad("BadPath", "the path is %s", r.URL.Path)
	}
	for header, want := range map[string]string{"apns-topic": APNsTopic, "apns-push-type": "alert", "apns-priority": "10"} {
		if got := r.Header.Get(header); got != want {
			return bad("BadTopic", "%s is %q", header, got)
		}
	}
	req.ID, req.CollapseID = r.Header.Get("apns-id"), r.Header.Get("apns-collapse-id")
	if _, err := uuid.Parse(req.ID); err != nil {
		return bad("BadMessageId", "apns-id: %w", err)
	}
	if len(req.CollapseID) > 64 {
		return bad("BadCollapseId", "apns-collapse-id has %d bytes", len(req.CollapseID))
	}
	seconds, err := strconv.ParseInt(r.Header.Get("apns-expiration"), 10, 64)
	if err != nil {
		return bad("BadExpirationDate", "apns-expiration: %w", err)
	}
	req.Expires = time.Unix(seconds, 0)
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return bad("", "read the payload: %w", err)
	}
	if len(body) > apnsMaxPayload {
		return bad("PayloadTooLarge", "the payload has %d bytes", len(body))
	}
	if err := json.Unmarshal(body, &req.Payload); err != nil {
		return bad("", "the payload: %w", err)
	}
	if req.Bearer, ok = strings.CutPrefix(r.Header.Get("authorization"), "bearer "); !ok {
		return req, Answer{Status: http.StatusForbidden, Reason: "MissingProviderToken"}, nil
	}
	return req, a.checkToken(req.Bearer), nil
}

func (a *APNs) checkToken(bearer string) Answer {
	token, err := jwt.Parse(bearer, func(t *jwt.Token) (any, error) {
		if t.Header["kid"] != APNsKeyID {
			return nil, errors.New("another key")
		}
		return &a.key.PublicKey, nil
	}, jwt.WithValidMethods([]string{"ES256"}), jwt.WithTimeFunc(a.Now))
	if err != nil {
		return Answer{Status: http.StatusForbidden, Reason: "InvalidProviderToken"}
	}
	issuer, _ := token.Claims.GetIssuer()
	issued, err := token.Claims.GetIssuedAt()
	if err != nil || issued == nil || issuer != APNsTeamID {
		return Answer{Status: http.StatusForbidden, Reason: "InvalidProviderToken"}
	}
	if a.Now().Sub(issued.Time) > apnsTokenLife {
		return Answer{Status: http.StatusForbidden, Reason: "ExpiredProviderToken"}
	}
	return Answer{}
}

func pkcs8(tb testing.TB, key any) []byte {
	tb.Helper()
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
}

func write(tb testing.TB, name string, content []byte) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), name)
	if err := os.WriteFile(file, content, 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}
