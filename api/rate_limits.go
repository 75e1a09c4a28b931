package api

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"herald/models"
	"herald/wire"
)

const (
	// unlimited is what is shown as the limit where nothing is limited (contract 4.2).
	unlimited = 1_000_000

	// Calls a minute, by kind of operation (contract 15.3).
	campaignLimit = 300    // of campaigns and segments
	targetLimit   = 1000   // of targets, and the queries of campaigns and segments
	otherLimit    = 10_000 // of everything else

	// burstShare of a minute's calls may come in one second, and one in any case (contract 15.3).
	burstShare = 30
)

// RateLimits says how many calls of an operation an app may make in a minute, counted in this process. The zero value
// limits nothing.
type RateLimits struct {
	On        bool
	PerMinute map[string]int // by operation; instead of the default
}

// Check gives everything that is wrong with the limits: operations that there are not, and numbers below 1.
func (l RateLimits) Check() error {
	defaults := defaultLimits(new(Server).routes())
	var errs []error
	for _, operation := range slices.Sorted(maps.Keys(l.PerMinute)) {
		if _, ok := defaults[operation]; !ok {
			errs = append(errs, fmt.Errorf("there is no operation %q to limit", operation))
		}
		if l.PerMinute[operation] < 1 {
			errs = append(errs, fmt.Errorf("the limit of %s must be at least 1 call a minute", operation))
		}
	}
	return errors.Join(errs...)
}

// defaultLimits are calls a minute by operation.
func defaultLimits(routes []route) map[string]int {
	limits := make(map[string]int, len(routes))
	for _, r := range routes {
		limits[r.operation] = defaultLimit(r)
	}
	return limits
}

func defaultLimit(r route) int {
	switch {
	case !strings.HasPrefix(r.path, "/campaigns") && !strings.HasPrefix(r.path, "/segments"):
		return otherLimit
	case strings.HasPrefix(r.operation, "Query"), strings.Contains(r.operation, "SegmentTarget"):
		return targetLimit
	default:
		return campaignLimit
	}
}

// limiter counts calls in fixed windows of a minute and a second, so that what the headers say is exact.
type limiter struct {
	now    func() time.Time
	on     bool
	limits map[string]int // by operation

	mu      sync.Mutex
	windows map[windowKey]*window // as many as there are apps and operations
}

type windowKey struct {
	appPK     int64
	operation string
}

type window struct {
	minute, second         time.Time // when they began
	inThisMinute, inSecond int       // calls
}

func newLimiter(cfg RateLimits, routes []route, now func() time.Time) *limiter {
	limits := defaultLimits(routes)
	maps.Copy(limits, cfg.PerMinute)
	return &limiter{now: now, on: cfg.On, limits: limits, windows: map[windowKey]*window{}}
}

// standing is how an operation of an app stands.
type standing struct {
	limit, remaining int // of this minute
	reset            time.Time
}

// take counts a call. Where there are too many, it is not counted, and the error says so; wait is when to try again.
func (l *limiter) take(appPK int64, operation string) (s standing, wait time.Duration, err error) {
	now := l.now()
	if !l.on {
		return l.free(now), 0, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.window(appPK, operation, now)
	limit := l.limits[operation]
	burst := max(1, limit/burstShare)
	s = l.standing(w, operation)
	switch {
	case s.remaining == 0:
		return s, s.reset.Sub(now), tooMany("%s is limited to %d calls a minute", operation, limit)
	case w.inSecond == burst:
		return s, time.Second, tooMany("%s is limited to %d calls a second", operation, burst)
	}
	w.inThisMinute++
	w.inSecond++
	s.remaining--
	return s, 0, nil
}

func tooMany(format string, args ...any) error {
	return &models.Error{Code: models.CodeRateLimited, Reason: "Too many requests: " + fmt.Sprintf(format, args...)}
}

// look is how an operation stands, counting nothing.
func (l *limiter) look(appPK int64, operation string) standing {
	now := l.now()
	if !l.on {
		return l.free(now)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.standing(l.window(appPK, operation, now), operation)
}

// free is how everything stands where nothing is limited.
func (l *limiter) free(now time.Time) standing {
	return standing{limit: unlimited, remaining: unlimited, reset: now.Truncate(time.Minute).Add(time.Minute)}
}

// window gives the counts of the present minute and second.
func (l *limiter) window(appPK int64, operation string, now time.Time) *window {
	key := windowKey{appPK, operation}
	w := l.windows[key]
	if w == nil {
		w = &window{}
		l.windows[key] = w
	}
	if minute := now.Truncate(time.Minute); !w.minute.Equal(minute) {
		w.minute, w.inThisMinute = minute, 0
	}
	if second := now.Truncate(time.Second); !w.second.Equal(second) {
		w.second, w.inSecond = second, 0
	}
	return w
}

func (l *limiter) standing(w *window, operation string) standing {
	limit := l.limits[operation]
	return standing{limit: limit, remaining: limit - w.inThisMinute, reset: w.minute.Add(time.Minute)}
}

// show sets the headers that every answer has (contract 4.2).
func (s standing) show(h http.Header) {
	h.Set("X-RateLimit-Limit", strconv.Itoa(s.limit))
	h.Set("X-RateLimit-Remaining", strconv.Itoa(s.remaining))
	h.Set("X-RateLimit-Reset", strconv.FormatInt(s.reset.Unix(), 10))
}

// limitRate counts a call against the app's limit of the operation.
func (s *Server) limitRate(g *gin.Context, appPK int64, operation string) error {
	now, wait, err := s.limiter.take(appPK, operation)
	now.show(g.Writer.Header())
	if err != nil {
		g.Header("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	return err
}

// getRateLimits shows how the limits of an app's operations stand. Only those of its servers are kept: calls with a user
// token count among them.
func (s *Server) getRateLimits(_ context.Context, c *call) (*wire.Object, error) {
	f := c.query()
	server := f.Bool("server_side")
	clients := slices.Contains([]bool{f.Bool("web"), f.Bool("android"), f.Bool("ios")}, true)
	wanted := strings.FieldsFunc(f.String("endpoints"), func(r rune) bool { return r == ',' || r == ' ' })
	if err := f.Err(); err != nil {
		return nil, err
	}
	if clients && !server {
		return wire.NewObject(), nil
	}
	limits := wire.NewObject()
	for _, operation := range slices.Sorted(maps.Keys(s.limiter.limits)) {
		if len(wanted) > 0 && !slices.Contains(wanted, operation) {
			continue
		}
		now := s.limiter.look(c.app.PK, operation)
		limits.Set(operation, wire.NewObject().Set("limit", now.limit).Set("remaining", now.remaining).Set("reset", now.reset.Unix()))
	}
	return wire.NewObject().Set("server_side", limits), nil
}
