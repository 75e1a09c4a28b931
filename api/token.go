package api

import (
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// ServerToken signs a token with which a server may call everything, as the SDKs make it: HS256 with the app's secret,
// the payload {"server": true}, without an end.
func ServerToken(secret string) (string, error) {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"server": true}).SignedString([]byte(secret))
	if err != nil {
		return "", fmt.Errorf("sign a server token: %w", err)
	}
	return token, nil
}

// UserToken signs a token that acts as one user.
func UserToken(secret, userID string) (string, error) {
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"user_id": userID}).SignedString([]byte(secret))
	if err != nil {
		return "", fmt.Errorf("sign a token for user %q: %w", userID, err)
	}
	return token, nil
}
