package events

import (
	"math/rand/v2"
	"time"
)

// Waiting times between tries (contract 14.3).
const (
	firstBackoff = time.Second
	maxBackoff   = 10 * time.Minute
	jitter       = 0.2 // a fifth more or less, so that what failed together is not tried together for ever
)

// backoff is how long to wait after the n-th try, n from 1, where the receiver asked for at least retryAfter. That is
// heeded up to maxBackoff: a receiver cannot put its events off until they are given up.
func backoff(n int, retryAfter time.Duration) time.Duration {
	wait := maxBackoff
	const doublings = 10 // 2^10 s is more than the maximum
	if n <= doublings {
		wait = min(firstBackoff<<(n-1), maxBackoff)
	}
	wait = time.Duration(float64(wait) * (1 - jitter + 2*jitter*rand.Float64())) //nolint:gosec // no secret
	return max(wait, min(retryAfter, maxBackoff))
}
