package push

import (
	"crypto/ecdsa"
	"fmt"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// APNs takes a token for an hour, and none that was made less than 20 minutes after the one before.
const (
	apnsTokenLife    = 50 * time.Minute
	apnsTokenMinLife = 20 * time.Minute
)

// apnsToken is the signed token by which APNs knows the sender. It is made anew before it expires.
type apnsToken struct {
	key           *ecdsa.PrivateKey
	keyID, teamID string
	now           func() time.Time

	mu     sync.Mutex
	signed string
	made   time.Time
}

func (t *apnsToken) current() (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if t.signed != "" && now.Sub(t.made) < apnsTokenLife {
		return t.signed, nil
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{"iss": t.teamID, "iat": now.Unix()})
	token.Header["kid"] = t.keyID
	signed, err := token.SignedString(t.key)
	if err != nil {
		return "", fmt.Errorf("sign a token for APNs: %w", err)
	}
	t.signed, t.made = signed, now
	return signed, nil
}

// renew gives up a token that APNs takes for expired, and says whether another can be had. A young one is not expired: the
// clocks differ.
func (t *apnsToken) renew(refused string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.signed != refused {
		return true
	}
	if t.now().Sub(t.made) < apnsTokenMinLife {
		return false
	}
	t.signed = ""
	return true
}
