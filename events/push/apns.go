package push

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// APNsURL is Apple's server for apps from the App Store and TestFlight.
const APNsURL = "https://api.push.apple.com"

// APNsConfig is access to the Apple Push Notification service by a token key (.p8).
type APNsConfig struct {
	KeyFile string
	KeyID   string
	TeamID  string
	Topic   string      // the bundle id of the app
	URL     string      // APNsURL by default
	TLS     *tls.Config // nil trusts what the system trusts
}

// APNs is the Apple Push Notification service.
type APNs struct {
	cfg      APNsConfig
	url      string
	client   *http.Client
	token    apnsToken
	accepted atomic.Bool // a notification
}

// Check finds what is wrong with the configuration, the key file's content apart. The error names every problem by its
// variable.
func (cfg APNsConfig) Check() error {
	var problems []error
	for _, f := range []struct{ name, value string }{
		{"HERALD_APNS_KEY_FILE", cfg.KeyFile}, {"HERALD_APNS_KEY_ID", cfg.KeyID}, {"HERALD_APNS_TEAM_ID", cfg.TeamID}, {"HERALD_APNS_TOPIC", cfg.Topic},
	} {
		if f.value == "" {
			problems = append(problems, fmt.Errorf("%s is not set, and APNs needs it", f.name))
		}
	}
	if err := checkURL(cfg.url()); err != nil {
		problems = append(problems, fmt.Errorf("HERALD_APNS_URL %w", err))
	}
	return errors.Join(problems...)
}

func (cfg APNsConfig) url() string { return strings.TrimRight(cmp.Or(cfg.URL, APNsURL), "/") }

// NewAPNs prepares the service. The error names every problem of the configuration by its variable.
func NewAPNs(cfg APNsConfig) (*APNs, error) {
	err := cfg.Check()
	a := &APNs{cfg: cfg, url: cfg.url(), token: apnsToken{keyID: cfg.KeyID, teamID: cfg.TeamID, now: time.Now}}
	if cfg.KeyFile != "" {
		var unread error
		if a.token.key, unread = readAPNsKey(cfg.KeyFile); unread != nil {
			err = errors.Join(err, fmt.Errorf("HERALD_APNS_KEY_FILE: %w", unread))
		}
	}
	transport := newTransport()
	transport.TLSClientConfig = cfg.TLS
	// Nothing but HTTP/2: a proxy that offers less is a mistake to be told of.
	transport.Protocols = new(http.Protocols)
	transport.Protocols.SetHTTP2(true)
	transport.Protocols.SetUnencryptedHTTP2(true)
	a.client = &http.Client{Transport: transport}
	return a, err
}

func readAPNsKey(file string) (*ecdsa.PrivateKey, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the key: %w", err)
	}
	key, err := jwt.ParseECPrivateKeyFromPEM(text)
	if err != nil {
		return nil, fmt.Errorf("%s holds no .p8 key: %w", file, err)
	}
	return key, nil
}

// Provider is "apn".
func (a *APNs) Provider() string { return "apn" }

// apnsPayload is the body of a request. Stream's SDKs for iOS look for the data under "stream".
type apnsPayload struct {
	APS    apsDictionary     `json:"aps"`
	Stream map[string]string `json:"stream"`
}

type apsDictionary struct {
	Alert          *apsAlert `json:"alert,omitempty"`
	Sound          string    `json:"sound"`
	ThreadID       string    `json:"thread-id"`
	MutableContent int       `json:"mutable-content"` // 1: an extension of the app may change it before it is shown
}

type apsAlert struct {
	Title string `json:"title,omitempty"`
	Body  string `json:"body,omitempty"`
}

// Send hands over one notification.
func (a *APNs) Send(ctx context.Context, n Notification) error {
	body, err := json.Marshal(apnsPayload{
		APS:    apsDictionary{Alert: &apsAlert{Title: n.Title, Body: n.Body}, Sound: "default", ThreadID: n.Group, MutableContent: 1},
		Stream: n.Data,
	})
	if err != nil {
		return &Error{Problem: Rejected, Err: err}
	}
	for renewed := false; ; renewed = true {
		token, err := a.token.current()
		if err != nil {
			return &Error{Problem: Misconfigured, Err: err}
		}
		err = a.post(ctx, n, token, body)
		failed, ok := errors.AsType[*Error](err)
		if !ok || failed.Reason != "ExpiredProviderToken" || renewed || !a.token.renew(token) {
			return err
		}
	}
}

func (a *APNs) post(ctx context.Context, n Notification, token string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, a.url+"/3/device/"+url.PathEscape(n.Token), bytes.NewReader(body))
	if err != nil {
		return &Error{Problem: Rejected, Err: err}
	}
	for name, value := range map[string]string{
		"authorization": "bearer " + token, "content-type": "application/json", "apns-topic": a.cfg.Topic, "apns-push-type": "alert", "apns-priority": "10",
		"apns-id": n.ID, "apns-collapse-id": n.Replace, "apns-expiration": strconv.FormatInt(n.Expires.Unix(), 10),
	} {
		req.Header.Set(name, value)
	}
	status, header, answer, err := post(a.client, req)
	if err != nil {
		return err
	}
	if status == http.StatusOK {
		a.accepted.Store(true)
		return nil
	}
	var said struct {
		Reason string `json:"reason"`
	}
	_ = json.Unmarshal(answer, &said) // a proxy's answer has no reason, and its status says enough
	return &Error{Problem: a.problem(status, said.Reason), Status: status, Reason: said.Reason, Delay: retryAfter(header, time.Now())}
}

// problem says what an answer means. Reasons are those of Apple's "Handling notification responses from APNs".
func (a *APNs) problem(status int, reason string) Problem {
	switch reason {
	case "Unregistered", "ExpiredToken":
		return Unregistered
	case "BadDeviceToken":
		// The server for development answers this to every device of production, and the other way round: with the wrong
		// HERALD_APNS_URL every device would be forgotten. A server that has accepted a notification is the right one.
		if a.accepted.Load() {
			return Unregistered
		}
		return Rejected
	case "TooManyRequests":
		return Throttled
	case "BadTopic", "TopicDisallowed", "MissingTopic", "BadCertificate", "BadCertificateEnvironment", "MissingProviderToken", "InvalidProviderToken",
		"ExpiredProviderToken", "Forbidden", "UnrelatedKeyIdInToken", "BadEnvironmentKeyIdInToken":
		return Misconfigured
	}
	switch {
	case status == http.StatusGone:
		return Unregistered
	case status == http.StatusForbidden, status == http.StatusUnauthorized, status == http.StatusProxyAuthRequired:
		return Misconfigured
	case status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		return Unavailable // TooManyProviderTokenUpdates among them
	}
	return Rejected
}
