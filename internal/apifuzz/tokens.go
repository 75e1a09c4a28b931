package apifuzz

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// breakToken makes a request come from a user, from nobody, or from someone who may not.
func (g *generator) breakToken(d *draft) {
	secret := g.app.Secret
	sign := func(secret string, claims jwt.MapClaims) string {
		token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(secret))
		if err != nil {
			return "x" // claims that are no JSON
		}
		return token
	}
	token := func(text string) { d.header = d.header.set("Authorization", text) }
	key := func(text string) { d.query[len(d.query)-1][1] = text }
	later := time.Now().Add(time.Hour).Unix()
	if n := g.IntN(100); n < 45 {
		token(sign(secret, jwt.MapClaims{"user_id": pick(g, "ann", "bob", "zoe", "shop")}))
		return
	} else if n < 60 { // signed by the app, but odd; some of them are good
		claims := jwt.MapClaims{"server": pick[any](g, true, 1, "true", nil, false), "user_id": pick[any](g, "ann", "", 5, nil, "\x00", "\xff", g.oddString(), array{})}
		claims[pick(g, "exp", "nbf", "iat", "aud", "a")] = pick[any](g, 1e300, -1e300, 1.5, "1", nil, array{}, object{}, 0, -1, later, uint64(1<<63), "\x00")
		token(sign(secret, claims))
		return
	}
	d.denied = true
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	switch g.IntN(14) {
	case 0:
		d.header = d.header.without("Authorization")
	case 1:
		token(g.oddHeader())
	case 2:
		token(sign(secret, jwt.MapClaims{"server": true, "exp": pick(g, 1, 0, later-7200)}))
	case 3:
		token(sign(secret, jwt.MapClaims{"server": true, pick(g, "nbf", "iat"): later}))
	case 4:
		token(g.bystander.token)
	case 5:
		key(g.bystander.APIKey)
	case 6:
		d.query = d.query[:len(d.query)-1]
	case 7:
		key(g.oddString())
	case 8:
		d.header = d.header.set("Stream-Auth-Type", pick(g, "anonymous", "", "JWT", g.oddHeader()))
	case 9:
		d.header = d.header.without("Stream-Auth-Type")
	case 10:
		token(g.app.token[:len(g.app.token)-1-g.IntN(len(g.app.token)/2)])
	case 11:
		token(part(`{"alg":"none"}`) + "." + part(`{"server":true}`) + ".")
	case 12:
		token(part(pick(g, "{", "[]", `{"alg":5}`, `{"alg":"HS256","alg":"none"}`, "\xff", `{"alg":"RS256"}`)) + "." + part(pick(g, "{}", "x", `{"server":true}`, strings.Repeat("[", 20_000))) + "." + part("x"))
	default:
		key(pick(g, "\x00", "\xff", "'", strings.Repeat("k", 5000), g.app.APIKey+"x", strings.ToUpper(g.app.APIKey)+"x"))
	}
}
