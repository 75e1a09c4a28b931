package api

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"herald/models"
	"herald/models/store"
)

const (
	idempotencyHeader = "Idempotency-Key"
	replayedHeader    = "Idempotency-Replayed"

	maxIdempotencyKey = 255 // characters

	// A request whose key is in progress waits this long for the answer. SDKs give up after 3 s and repeat: what the first
	// request has committed by then, the second one should show, and not a conflict that looks like a failure.
	keyPatience = 2 * time.Second
	// How soon it looks again: first, and at most.
	minKeyPause, maxKeyPause = 20 * time.Millisecond, 320 * time.Millisecond

	retryAfterInProgress = "1" // seconds

	// settleTimeout bounds the recording of an answer, which goes on when the client has gone away.
	settleTimeout = 5 * time.Second

	forgetKeysEvery = 10 * time.Minute
	forgetKeysBatch = 1000 // keys in one statement
)

// ignoredInQuery are parameters that say nothing of what is asked for: who asks is part of the key, and the rest is of the
// client's connection.
var ignoredInQuery = []string{"api_key", "user_id", "connection_id"}

// reply is an answer as it goes over the wire.
type reply struct {
	status int
	body   []byte
}

// once has do carry out a POST that came with an Idempotency-Key, unless that was done before: then it gives the first answer
// again. What do commits and what a repeat can know are one transaction (store.WithClaim), so a process may die at any
// moment. Only successes are kept; a refused request has changed nothing, and its key is free again.
func (s *Server) once(ctx context.Context, g *gin.Context, c *call, sent []byte, do func(context.Context) (reply, error)) (reply, error) {
	key, err := readIdempotencyKey(g.Request)
	if err != nil {
		return reply{}, err
	}
	id := store.IdempotencyKey{AppPK: c.app.PK, UserID: c.userID(), Key: key}
	claim, kept, err := s.claimKey(ctx, id, fingerprint(g.Request, sent))
	switch {
	case errors.Is(err, store.ErrKeyInProgress):
		g.Header("Retry-After", retryAfterInProgress)
		return reply{}, &models.Error{Code: models.CodeConflict, Reason: "a request with this " + idempotencyHeader + " is still in progress"}
	case err != nil:
		return reply{}, err
	case kept != nil:
		g.Header(replayedHeader, "true")
		return reply{kept.Status, kept.Body}, nil
	}

	c.claim = claim
	settled := false
	defer func() {
		if !settled { // a handler panics
			s.releaseKey(ctx, claim) //nolint:errcheck // it is logged, and what went wrong is the panic
		}
	}()
	answer, err := do(store.WithClaim(ctx, claim))
	if err == nil {
		// An answer that is not recorded is not given: a repeat could get another one.
		err = s.keepAnswer(ctx, claim, answer)
	}
	settled = true
	if err == nil {
		return answer, nil
	}
	// Nor is the refusal of an attempt that has lost its key, which may be due to what its successor has done.
	return reply{}, cmp.Or(s.releaseKey(ctx, claim), err)
}

func (s *Server) keepAnswer(ctx context.Context, claim *store.Claim, answer reply) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	if err := s.store.KeepAnswer(ctx, claim, store.KeptAnswer{Status: answer.status, Body: answer.body}); err != nil {
		return models.Unavailable(err)
	}
	return nil
}

// readIdempotencyKey reads the header of a request that has it.
func readIdempotencyKey(r *http.Request) (string, error) {
	values := r.Header.Values(idempotencyHeader)
	key := values[0]
	n := utf8.RuneCountInString(key)
	if len(values) > 1 {
		return "", models.InvalidField(idempotencyHeader, "is given %d times", len(values))
	}
	if n < 1 || n > maxIdempotencyKey || !utf8.ValidString(key) || !allPrintable(key) {
		return "", models.InvalidField(idempotencyHeader, "must be 1 to %d printable characters", maxIdempotencyKey)
	}
	return key, nil
}

func allPrintable(text string) bool {
	for _, r := range text {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return true
}

// fingerprint tells requests apart: by method, path, query and the bytes of the body. The dialects have paths of their own.
func fingerprint(r *http.Request, body []byte) []byte {
	query := r.URL.Query()
	for _, name := range ignoredInQuery {
		query.Del(name)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %s?%s\n", r.Method, r.URL.EscapedPath(), query.Encode())
	h.Write(body)
	return h.Sum(nil)
}

// claimKey is store.ClaimKey with patience for an attempt that is in progress.
func (s *Server) claimKey(ctx context.Context, key store.IdempotencyKey, request []byte) (*store.Claim, *store.KeptAnswer, error) {
	patience := time.NewTimer(keyPatience)
	defer patience.Stop()
	for pause := minKeyPause; ; pause = min(2*pause, maxKeyPause) {
		claim, kept, err := s.store.ClaimKey(ctx, key, request, s.now())
		if !errors.Is(err, store.ErrKeyInProgress) {
			return claim, kept, err
		}
		select {
		case <-time.After(pause):
		case <-patience.C:
			return nil, nil, err
		case <-ctx.Done():
			return nil, nil, models.Unavailable(ctx.Err())
		}
	}
}

// releaseKey gives back the key of a request that has no answer to keep. Where that fails its lease ends by itself, and
// the error is what there is to say to the client.
func (s *Server) releaseKey(ctx context.Context, claim *store.Claim) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTimeout)
	defer cancel()
	err := s.store.ReleaseKey(ctx, claim)
	if err == nil {
		return nil
	}
	s.log.WarnContext(ctx, "an idempotency key was not released", "app", claim.AppPK, "error", err)
	return models.Unavailable(err)
}

// forgetKeys deletes keys whose life is over, now and every few minutes, until ctx ends.
func (s *Server) forgetKeys(ctx context.Context) {
	ticker := time.NewTicker(forgetKeysEvery)
	defer ticker.Stop()
	for {
		forgotten := forgetKeysBatch
		for forgotten == forgetKeysBatch {
			var err error
			if forgotten, err = s.store.ForgetKeys(ctx, s.now(), forgetKeysBatch); err != nil && ctx.Err() == nil {
				s.log.WarnContext(ctx, "old idempotency keys are not deleted", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// carriedOut says whether an earlier attempt at this call has committed what it does and only its answer was lost.
func (c *call) carriedOut() bool { return c.claim != nil && c.claim.CarriedOut }

// newID makes an id for something new. Attempts at one call make the same ids; what tells apart what one call makes.
func (c *call) newID(what string) string {
	if c.claim == nil {
		return models.NewID()
	}
	return c.claim.ID(what)
}

// newMessageID is newID for a message.
func (c *call) newMessageID() string {
	if c.claim == nil {
		return models.NewMessageID()
	}
	return c.claim.MessageID("message")
}

// numbered is the name of one of several things that a call makes.
func numbered(what string, n int) string { return what + " " + strconv.Itoa(n) }
