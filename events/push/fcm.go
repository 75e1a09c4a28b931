package push

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	gojwt "github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/jwt"
)

// FCMURL is Google's server.
const FCMURL = "https://fcm.googleapis.com"

const fcmScope = "https://www.googleapis.com/auth/firebase.messaging"

// FCMConfig is access to Firebase Cloud Messaging by a service account.
type FCMConfig struct {
	CredentialsFile string // the service account's key as JSON, with its project
	URL             string // FCMURL by default
}

// FCM is Firebase Cloud Messaging. The Firebase Admin SDK would do as much, and brings the clients of Firestore, Storage and
// gRPC along; what it does here is a token and a POST.
type FCM struct {
	url     string
	account jwt.Config
	client  *http.Client

	mu     sync.Mutex
	tokens oauth2.TokenSource // gives one token until that expires
}

// serviceAccount is a key file.
type serviceAccount struct {
	Type         string `json:"type"`
	ProjectID    string `json:"project_id"`
	PrivateKeyID string `json:"private_key_id"`
	PrivateKey   string `json:"private_key"`
	ClientEmail  string `json:"client_email"`
	TokenURI     string `json:"token_uri"`
}

// Check finds what is wrong with the configuration, the file's content apart. The error names every problem by its variable.
func (cfg FCMConfig) Check() error {
	var problems []error
	if cfg.CredentialsFile == "" {
		problems = append(problems, errors.New("HERALD_FCM_CREDENTIALS_FILE is not set, and FCM needs it"))
	}
	if err := checkURL(cfg.url()); err != nil {
		problems = append(problems, fmt.Errorf("HERALD_FCM_URL %w", err))
	}
	return errors.Join(problems...)
}

func (cfg FCMConfig) url() string { return strings.TrimRight(cmp.Or(cfg.URL, FCMURL), "/") }

// NewFCM prepares the service. The error names every problem of the configuration by its variable.
func NewFCM(cfg FCMConfig) (*FCM, error) {
	err := cfg.Check()
	account, unread := readServiceAccount(cfg.CredentialsFile)
	if unread != nil {
		err = errors.Join(err, fmt.Errorf("HERALD_FCM_CREDENTIALS_FILE: %w", unread))
	}
	f := &FCM{
		url: cfg.url() + "/v1/projects/" + account.ProjectID + "/messages:send", client: &http.Client{Transport: newTransport(), Timeout: requestTimeout},
		account: jwt.Config{
			Email: account.ClientEmail, PrivateKey: []byte(account.PrivateKey), PrivateKeyID: account.PrivateKeyID,
			Scopes: []string{fcmScope}, TokenURL: account.TokenURI,
		},
	}
	f.tokens = f.newTokens()
	return f, err
}

func readServiceAccount(file string) (serviceAccount, error) {
	var a serviceAccount
	text, err := os.ReadFile(file)
	if err != nil {
		return a, fmt.Errorf("read the service account: %w", err)
	}
	if err := json.Unmarshal(text, &a); err != nil {
		return a, fmt.Errorf("%s is no JSON: %w", file, err)
	}
	if a.Type != "service_account" {
		return a, fmt.Errorf("%s is of type %q, it must be the key of a service_account", file, a.Type)
	}
	var missing []string
	for _, f := range []struct{ name, value string }{{"project_id", a.ProjectID}, {"private_key", a.PrivateKey}, {"client_email", a.ClientEmail}, {"token_uri", a.TokenURI}} {
		if f.value == "" {
			missing = append(missing, f.name)
		}
	}
	if len(missing) > 0 {
		return a, fmt.Errorf("%s has no %s", file, strings.Join(missing, ", no "))
	}
	if _, err := gojwt.ParseRSAPrivateKeyFromPEM([]byte(a.PrivateKey)); err != nil {
		return a, fmt.Errorf("private_key in %s: %w", file, err)
	}
	if err := checkURL(a.TokenURI); err != nil {
		return a, fmt.Errorf("token_uri in %s %w", file, err)
	}
	return a, nil
}

// Provider is "firebase".
func (f *FCM) Provider() string { return "firebase" }

type (
	fcmRequest struct {
		Message fcmMessage `json:"message"`
	}
	fcmMessage struct {
		Token        string            `json:"token"`
		Notification *apsAlert         `json:"notification"` // the same fields
		Data         map[string]string `json:"data"`
		Android      fcmAndroid        `json:"android"`
		APNs         fcmAPNs           `json:"apns"`
		Webpush      fcmWebpush        `json:"webpush"`
	}
	fcmAndroid struct {
		Priority     string         `json:"priority"`
		TTL          string         `json:"ttl"`
		Notification fcmAndroidNote `json:"notification"`
	}
	fcmAndroidNote struct {
		Tag string `json:"tag"`
	}
	fcmAPNs struct {
		Headers map[string]string `json:"headers"`
		Payload struct {
			APS apsDictionary `json:"aps"`
		} `json:"payload"`
	}
	fcmWebpush struct {
		Headers map[string]string `json:"headers"`
	}
)

func newFCMRequest(n Notification, now time.Time) fcmRequest {
	seconds := strconv.FormatInt(max(0, int64(n.Expires.Sub(now)/time.Second)), 10)
	m := fcmMessage{
		Token: n.Token, Notification: &apsAlert{Title: n.Title, Body: n.Body}, Data: n.Data,
		Android: fcmAndroid{Priority: "high", TTL: seconds + "s", Notification: fcmAndroidNote{Tag: n.Replace}},
		APNs:    fcmAPNs{Headers: map[string]string{"apns-expiration": strconv.FormatInt(n.Expires.Unix(), 10), "apns-collapse-id": n.Replace}},
		Webpush: fcmWebpush{Headers: map[string]string{"TTL": seconds}},
	}
	m.APNs.Payload.APS = apsDictionary{Sound: "default", ThreadID: n.Group, MutableContent: 1}
	return fcmRequest{m}
}

// Send hands over one notification.
func (f *FCM) Send(ctx context.Context, n Notification) error {
	body, err := json.Marshal(newFCMRequest(n, time.Now()))
	if err != nil {
		return &Error{Problem: Rejected, Err: err}
	}
	for renewed := false; ; renewed = true {
		tokens, token, err := f.token(ctx)
		if err != nil {
			return err
		}
		err = f.post(ctx, token, body)
		failed, ok := errors.AsType[*Error](err)
		if !ok || failed.Status != http.StatusUnauthorized || failed.Problem != Misconfigured || renewed {
			return err
		}
		f.renew(tokens) // a token may end before its time
	}
}

func (f *FCM) post(ctx context.Context, token *oauth2.Token, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.url, bytes.NewReader(body))
	if err != nil {
		return &Error{Problem: Misconfigured, Err: err}
	}
	token.SetAuthHeader(req)
	req.Header.Set("Content-Type", "application/json")
	status, header, answer, err := post(f.client, req)
	if err != nil || status == http.StatusOK {
		return err
	}
	said := readFCMAnswer(answer)
	return &Error{Problem: said.problem(status), Status: status, Reason: said.reason(), Delay: retryAfter(header, time.Now())}
}

// fcmAnswer is what the service says of a notification that it did not take.
type fcmAnswer struct {
	Error struct {
		Status  string `json:"status"` // of Google's APIs in general
		Details []struct {
			ErrorCode  string `json:"errorCode"` // FCM's own
			Violations []struct {
				Field string `json:"field"`
			} `json:"fieldViolations"`
		} `json:"details"`
	} `json:"error"`
}

func readFCMAnswer(body []byte) fcmAnswer {
	var a fcmAnswer
	_ = json.Unmarshal(body, &a) // a proxy's answer says nothing, and its status says enough
	return a
}

func (a fcmAnswer) reason() string {
	for _, d := range a.Error.Details {
		if d.ErrorCode != "" {
			return d.ErrorCode
		}
	}
	return a.Error.Status
}

// badToken says whether what was wrong in the request is the device's token.
func (a fcmAnswer) badToken() bool {
	for _, d := range a.Error.Details {
		for _, v := range d.Violations {
			if slices.Contains([]string{"message.token", "token"}, v.Field) {
				return true
			}
		}
	}
	return false
}

// problem says what an answer means. Reasons are those of FCM's ErrorCode.
func (a fcmAnswer) problem(status int) Problem {
	switch reason := a.reason(); {
	case reason == "UNREGISTERED", reason == "INVALID_ARGUMENT" && a.badToken():
		return Unregistered
	case reason == "INVALID_ARGUMENT", reason == "SENDER_ID_MISMATCH", reason == "THIRD_PARTY_AUTH_ERROR":
		return Rejected
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound, status == http.StatusProxyAuthRequired:
		return Misconfigured
	case status == http.StatusTooManyRequests, status >= http.StatusInternalServerError:
		return Unavailable
	}
	return Rejected
}

// token gives an access token, and the source it is from.
func (f *FCM) token(ctx context.Context) (oauth2.TokenSource, *oauth2.Token, error) {
	f.mu.Lock()
	tokens := f.tokens
	f.mu.Unlock()
	token, err := tokens.Token()
	if err == nil {
		return tokens, token, nil
	}
	if failed, ok := errors.AsType[*oauth2.RetrieveError](err); ok {
		status := failed.Response.StatusCode
		problem := Misconfigured
		if status == http.StatusTooManyRequests || status >= http.StatusInternalServerError {
			problem = Unavailable
		}
		return nil, nil, &Error{Problem: problem, Status: status, Reason: failed.ErrorCode, Delay: retryAfter(failed.Response.Header, time.Now())}
	}
	return nil, nil, noAnswer(ctx, err)
}

// renew gives up a source whose token was refused.
func (f *FCM) renew(refused oauth2.TokenSource) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tokens == refused {
		f.tokens = f.newTokens()
	}
}

// newTokens is a source of tokens of the service account. Its calls are bounded by the client's time-out alone: many
// senders wait for one.
func (f *FCM) newTokens() oauth2.TokenSource {
	return f.account.TokenSource(context.WithValue(context.Background(), oauth2.HTTPClient, f.client))
}
