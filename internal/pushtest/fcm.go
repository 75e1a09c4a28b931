package pushtest

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// What an FCM server knows of its sender.
const (
	FCMProject = "shop-12345"

	fcmEmail      = "herald@shop-12345.iam.gserviceaccount.com"
	fcmKeyID      = "0123456789abcdef"
	fcmScope      = "https://www.googleapis.com/auth/firebase.messaging"
	fcmGrant      = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	fcmMaxPayload = 4096
)

// FCMMessage is a notification as it came in. No other field may be in it.
type FCMMessage struct {
	Token        string `json:"token"`
	Notification struct {
		Title string `json:"title"`
		Body  string `json:"body"`
	} `json:"notification"`
	Data    map[string]string `json:"data"`
	Android struct {
		Priority     string `json:"priority"`
		TTL          string `json:"ttl"`
		Notification struct {
			Tag string `json:"tag"`
		} `json:"notification"`
	} `json:"android"`
	APNs struct {
		Headers map[string]string `json:"headers"`
		Payload map[string]any    `json:"payload"`
	} `json:"apns"`
	Webpush struct {
		Headers map[string]string `json:"headers"`
	} `json:"webpush"`
}

// FCM is a server of Firebase Cloud Messaging, with Google's token endpoint.
type FCM struct {
	*httptest.Server
	key *rsa.PrivateKey
	// Respond decides about a notification that is correct; nil takes all.
	Respond func(FCMMessage) Answer
	// RespondToken decides about a request for a token that is correct; nil grants all.
	RespondToken func() Answer

	mu       sync.Mutex
	tokens   map[string]bool // that are valid
	granted  int
	messages []FCMMessage
}

// NewFCM starts a server that ends with the test. A request that Google would refuse as malformed fails the test.
func NewFCM(tb testing.TB) *FCM {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	f := &FCM{key: key, tokens: map[string]bool{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		answer, err := f.readGrant(r)
		if err != nil {
			tb.Errorf("the token endpoint got a bad request: %v", err)
		}
		f.answerGrant(w, answer)
	})
	mux.HandleFunc("POST /v1/projects/"+FCMProject+"/messages:send", func(w http.ResponseWriter, r *http.Request) {
		message, answer, err := f.readMessage(r)
		if err != nil {
			tb.Errorf("FCM got a bad request: %v", err)
		}
		if answer.Status == 0 && f.Respond != nil {
			answer = f.Respond(message)
		}
		f.answerMessage(w, message, answer)
	})
	f.Server = httptest.NewServer(mux)
	tb.Cleanup(f.Close)
	return f
}

// CredentialsFile is the sender's service account.
func (f *FCM) CredentialsFile(tb testing.TB) string {
	tb.Helper()
	account, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": FCMProject, "private_key_id": fcmKeyID, "private_key": string(pkcs8(tb, f.key)),
		"client_email": fcmEmail, "client_id": "1", "token_uri": f.URL + "/token", "universe_domain": "googleapis.com",
	})
	if err != nil {
		tb.Fatal(err)
	}
	return write(tb, "service-account.json", account)
}

// Messages gives the notifications that were taken or refused so far, without those of senders who were not known.
func (f *FCM) Messages() []FCMMessage {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]FCMMessage(nil), f.messages...)
}

// Granted is how many access tokens were given.
func (f *FCM) Granted() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.granted
}

// Revoke ends all access tokens.
func (f *FCM) Revoke() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.tokens)
}

func (f *FCM) readGrant(r *http.Request) (Answer, error) {
	refused := Answer{Status: http.StatusBadRequest, Reason: "invalid_grant"}
	if grant := r.PostFormValue("grant_type"); grant != fcmGrant {
		return refused, fmt.Errorf("the grant is %q", grant)
	}
	token, err := jwt.Parse(r.PostFormValue("assertion"), func(*jwt.Token) (any, error) {
		return &f.key.PublicKey, nil
	}, jwt.WithValidMethods([]string{"RS256"}), jwt.WithAudience(f.URL+"/token"), jwt.WithIssuer(fcmEmail), jwt.WithExpirationRequired(), jwt.WithIssuedAt())
	if err != nil {
		return refused, fmt.Errorf("the assertion: %w", err)
	}
	claims, ok := token.Claims.(jwt.MapClaims)
	if !ok || claims["scope"] != fcmScope || token.Header["kid"] != fcmKeyID {
		return refused, fmt.Errorf("the assertion has the scope %v, its key is %v", claims["scope"], token.Header["kid"])
	}
	if f.RespondToken != nil {
		return f.RespondToken(), nil
	}
	return Answer{}, nil
}

func (f *FCM) answerGrant(w http.ResponseWriter, answer Answer) {
	w.Header().Set("Content-Type", "application/json")
	if answer.Status != 0 {
		w.WriteHeader(answer.Status)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": answer.Reason}) // a client that is gone is not the test's subject
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	token := "ya29." + rand.Text()
	f.tokens[token] = true
	f.granted++
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "expires_in": int(time.Hour / time.Second), "token_type": "Bearer"}) // the same
}

func (f *FCM) readMessage(r *http.Request) (FCMMessage, Answer, error) {
	var sent struct {
		Message FCMMessage `json:"message"`
	}
	f.mu.Lock()
	known := f.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
	f.mu.Unlock()
	if !known {
		return sent.Message, Answer{Status: http.StatusUnauthorized, Reason: "UNAUTHENTICATED"}, nil
	}
	refused := Answer{Status: http.StatusBadRequest, Reason: "INVALID_ARGUMENT"}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return sent.Message, refused, fmt.Errorf("read the message: %w", err)
	}
	if len(body) > fcmMaxPayload {
		return sent.Message, refused, fmt.Errorf("the message has %d bytes", len(body))
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&sent); err != nil {
		return sent.Message, refused, fmt.Errorf("the message: %w", err)
	}
	m := sent.Message
	if ttl, err := time.ParseDuration(m.Android.TTL); m.Token == "" || err != nil || ttl < 0 || m.Android.Priority != "high" {
		return m, refused, fmt.Errorf("the message to %q has the ttl %q and the priority %q", m.Token, m.Android.TTL, m.Android.Priority)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.messages = append(f.messages, m)
	return m, Answer{}, nil
}

// FCMBadToken is a Reason: INVALID_ARGUMENT because of the device's token.
const FCMBadToken = "the registration token is not a valid FCM registration token"

// answerMessage answers as Google's APIs do: a status of theirs, and with most an error code of FCM's.
func (f *FCM) answerMessage(w http.ResponseWriter, m FCMMessage, answer Answer) {
	w.Header().Set("Content-Type", "application/json")
	if answer.Status == 0 {
		_ = json.NewEncoder(w).Encode(map[string]string{"name": "projects/" + FCMProject + "/messages/" + m.Token}) // a client that is gone is not the test's subject
		return
	}
	if answer.RetryAfter != "" {
		w.Header().Set("Retry-After", answer.RetryAfter)
	}
	failure := map[string]any{"code": answer.Status, "message": answer.Reason, "status": answer.Reason}
	switch answer.Reason {
	case "UNAUTHENTICATED", "PERMISSION_DENIED", "NOT_FOUND", "":
	case FCMBadToken:
		failure["status"] = "INVALID_ARGUMENT"
		failure["details"] = []any{
			map[string]any{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "INVALID_ARGUMENT"},
			map[string]any{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": []any{map[string]string{"field": "message.token", "description": "Invalid registration token"}}},
		}
	default:
		failure["details"] = []any{map[string]any{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": answer.Reason}}
	}
	w.WriteHeader(answer.Status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": failure}) // the same
}
