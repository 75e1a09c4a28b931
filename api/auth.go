package api

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"herald/api/request"
	"herald/models"
)

const (
	// clockSkew is how far the clock of a token's maker may be ahead, for nbf and iat (contract 3.1).
	clockSkew = 5 * time.Second

	// appCacheTime is how long a changed secret or a removed app may go unnoticed.
	appCacheTime = 10 * time.Second

	// lastActiveResolution bounds the writes that user tokens cause (contract 3.1).
	lastActiveResolution = time.Minute
)

// caller is who made a request: an app's server, or one of its users.
type caller struct {
	app  models.App
	user *models.User // nil with a server token
}

// authenticate finds out who calls, checking in the order of contract 4.3 up to permission.
func (s *Server) authenticate(ctx context.Context, r *http.Request, usersToo bool) (caller, error) {
	query := r.URL.Query()
	app, err := s.apps.get(ctx, query.Get("api_key"))
	if err != nil {
		return caller{}, err
	}
	if r.Header.Get("stream-auth-type") != "jwt" {
		return caller{}, unauthenticated(models.CodeAuthFailed, "the header stream-auth-type must be jwt")
	}
	userID, err := verify(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), app.Secret, s.now())
	if err != nil || userID == "" {
		return caller{app: app}, err
	}

	unknown := unauthenticated(models.CodeAuthFailed, "the user %q of the token does not exist", userID)
	if !storable(userID) {
		return caller{}, unknown
	}
	user, err := s.store.User(ctx, app.PK, userID)
	switch {
	case models.ErrorCode(err) == models.CodeNotFound:
		return caller{}, unknown
	case err != nil:
		return caller{}, err
	case !user.Active():
		return caller{}, denied("the user %q is deactivated or deleted", userID)
	case !usersToo:
		return caller{}, denied("this operation needs a server token")
	}
	if named := query.Get("user_id"); named != "" && named != userID {
		return caller{}, denied("a token of user %q cannot act as user %q", userID, named)
	}
	if now := s.now(); user.LastActive == nil || now.Sub(*user.LastActive) >= lastActiveResolution {
		if user, err = s.store.TouchUser(ctx, app.PK, userID, lastActiveResolution); err != nil {
			return caller{}, err
		}
	}
	return caller{app: app, user: &user}, nil
}

func unauthenticated(code models.Code, format string, args ...any) error {
	return &models.Error{Code: code, Reason: fmt.Sprintf(format, args...)}
}

// verify checks a token and gives the user it is for, "" for a server token.
func verify(token, secret string, now time.Time) (userID string, err error) {
	claims := jwt.MapClaims{}
	parsed, _, err := jwt.NewParser().ParseUnverified(token, claims)
	if err != nil || parsed.Method.Alg() != jwt.SigningMethodHS256.Alg() {
		return "", unauthenticated(models.CodeAuthFailed, "the header Authorization must be a JWT signed with HS256")
	}
	expires, ok1 := seconds(claims, "exp", math.Inf(1))
	notBefore, ok2 := seconds(claims, "nbf", math.Inf(-1))
	issued, ok3 := seconds(claims, "iat", math.Inf(-1))
	if !ok1 || !ok2 || !ok3 {
		return "", unauthenticated(models.CodeAuthFailed, "exp, nbf and iat of the token must be numbers")
	}
	userID, _ = claims["user_id"].(string)
	if claims["server"] == true {
		userID = ""
	} else if userID == "" {
		return "", unauthenticated(models.CodeAuthFailed, "the token has neither server: true nor a user_id")
	}

	key := func(*jwt.Token) (any, error) { return []byte(secret), nil }
	checker := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}), jwt.WithoutClaimsValidation())
	if _, err := checker.Parse(token, key); err != nil {
		return "", unauthenticated(models.CodeBadSignature, "the signature of the token does not verify")
	}
	switch {
	case unixSeconds(now) >= expires:
		return "", unauthenticated(models.CodeTokenExpired, "the token has expired")
	case unixSeconds(now.Add(clockSkew)) < notBefore:
		return "", unauthenticated(models.CodeTokenNotYet, "the token is not valid yet")
	case unixSeconds(now.Add(clockSkew)) < issued:
		return "", unauthenticated(models.CodeTokenIssued, "the token was issued in the future")
	}
	return userID, nil
}

// seconds reads a time of a token, in seconds since 1970. The library's own way takes 0 for a time that is not there, with
// which a token that has expired would be good for ever, and wraps around on numbers of more than 64 bits.
func seconds(claims jwt.MapClaims, name string, otherwise float64) (float64, bool) {
	value, ok := claims[name]
	if !ok || value == nil {
		return otherwise, true
	}
	number, ok := value.(float64)
	return number, ok
}

func unixSeconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// actor gives the user that a body wants to act for, by user_id or user.id, which is the token's own with a user token.
// With a server token it is "" when absent.
func (c *call) actor(f *request.Object) (string, error) {
	id := f.String("user_id")
	if id == "" {
		id = f.Object("user").String("id")
	}
	switch {
	case c.user == nil:
		return id, nil
	case id != "" && id != c.user.ID:
		return "", denied("a token of user %q cannot act as user %q", c.user.ID, id)
	}
	return c.user.ID, nil
}

// appCache spares a query per request. Unknown keys are not kept, so that guessing does not fill memory.
type appCache struct {
	load func(ctx context.Context, key string) (models.App, error)
	now  func() time.Time

	mu   sync.Mutex
	apps map[string]cachedApp
}

type cachedApp struct {
	app     models.App
	expires time.Time
}

var errUnknownKey = unauthenticated(models.CodeNoAPIKey, "api_key is not valid")

func (c *appCache) get(ctx context.Context, key string) (models.App, error) {
	if key == "" {
		return models.App{}, unauthenticated(models.CodeNoAPIKey, "api_key is missing")
	}
	if !storable(key) {
		return models.App{}, errUnknownKey
	}
	c.mu.Lock()
	cached, ok := c.apps[key]
	c.mu.Unlock()
	if ok && c.now().Before(cached.expires) {
		return cached.app, nil
	}
	app, err := c.load(ctx, key)
	if models.ErrorCode(err) == models.CodeNotFound {
		return models.App{}, errUnknownKey
	}
	if err != nil {
		return models.App{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.apps[key] = cachedApp{app: app, expires: c.now().Add(appCacheTime)}
	return app, nil
}
