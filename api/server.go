package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"herald/api/openapi"
	"herald/events"
	"herald/models"
	"herald/models/store"
	"herald/wire"
)

const (
	headerTimeout   = 10 * time.Second
	maxHeaderBytes  = 1 << 20 // of the first line and the header of a request
	idleTimeout     = 2 * time.Minute
	shutdownTimeout = 15 * time.Second // calls in progress get this long to end
	readyTimeout    = 2 * time.Second

	contentType  = "application/json; charset=utf-8"
	operationKey = "operation"
)

// Config is what a Server needs.
type Config struct {
	Store *store.Store
	Log   *slog.Logger
	Runs  Runs  // tells campaigns' workflows what was decided
	WebUI WebUI // for links
	// Webhooks says which addresses hooks may have; by default public ones.
	Webhooks events.Addresses
	// RateLimits of the apps; none by default.
	RateLimits RateLimits
	// Ready are the conditions of GET /readyz beside a migrated database that answers: Temporal being reachable.
	Ready []func(context.Context) error
	// BodyTimeout is how long the body of a request may take to arrive; default 30 s (contract 4.3).
	BodyTimeout time.Duration
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Server is the API as an http.Handler.
type Server struct {
	store    *store.Store
	log      *slog.Logger
	ready    []func(context.Context) error
	patience time.Duration // with bodies
	now      func() time.Time
	runs     Runs
	webUI    WebUI
	webhooks events.Addresses
	sizes    *segmentSizes
	apps     *appCache
	limiter  *limiter
	engine   *gin.Engine
}

// New makes the API.
func New(cfg Config) *Server {
	s := &Server{store: cfg.Store, log: cfg.Log, ready: cfg.Ready, now: cfg.Now, runs: cfg.Runs, webUI: cfg.WebUI, webhooks: cfg.Webhooks}
	s.patience = cmp.Or(cfg.BodyTimeout, bodyReadTimeout)
	s.sizes = newSegmentSizes(cfg.Store, cfg.Log)
	if s.now == nil {
		s.now = time.Now
	}
	s.apps = &appCache{load: cfg.Store.AppByKey, now: s.now, apps: map[string]cachedApp{}}

	routes := s.routes()
	s.limiter = newLimiter(cfg.RateLimits, routes, s.now)

	gin.SetMode(gin.ReleaseMode)
	e := gin.New()
	e.UseEscapedPath, e.UnescapePathValues = true, false // pathParams decodes, once
	e.RedirectTrailingSlash, e.RedirectFixedPath, e.HandleMethodNotAllowed = false, false, false
	e.Use(s.logRequests, s.recoverPanics, s.boundBody, s.commonHeaders)
	e.NoRoute(s.refuseUnknown)
	for _, path := range openapi.Paths {
		e.GET(path, s.answerDocument)
	}
	e.GET("/healthz", func(g *gin.Context) { s.write(g, http.StatusOK, v1, wire.NewObject().Set("status", "ok")) })
	e.GET("/readyz", s.answerReady)
	for _, r := range routes {
		for _, d := range dialects {
			if !r.v1Only || d == v1 {
				e.Handle(r.method, d.path(r.path), s.serve(r, d))
			}
		}
	}
	s.engine = e
	return s
}

// routes are all operations of the API.
func (s *Server) routes() []route {
	return slices.Concat(
		s.userRoutes(),
		s.taskRoutes(),
		s.channelRoutes(),
		s.memberRoutes(),
		s.messageRoutes(),
		s.pollRoutes(),
		s.readRoutes(),
		s.deviceRoutes(),
		s.segmentRoutes(),
		s.campaignRoutes(),
		s.appRoutes(),
	)
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.engine.ServeHTTP(w, r) }

// Run serves the API on a listener until ctx ends; then it takes no more calls and lets those in progress end.
func (s *Server) Run(ctx context.Context, listener net.Listener) error {
	server := &http.Server{
		Handler:           s,
		MaxHeaderBytes:    maxHeaderBytes,
		ReadHeaderTimeout: headerTimeout,
		WriteTimeout:      headerTimeout + s.patience + requestTimeout + 10*time.Second,
		IdleTimeout:       idleTimeout,
		// OPTIONS * too is answered by the handler, with the headers that every answer has.
		DisableGeneralOptionsHandler: true,
		ErrorLog:                     slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	var background sync.WaitGroup
	defer background.Wait()
	working, stopWorking := context.WithCancel(ctx)
	defer stopWorking()
	background.Go(func() { s.sizes.Run(working) })
	background.Go(func() { s.forgetKeys(working) })

	served := make(chan error, 1)
	go func() { served <- server.Serve(refusalListener{Listener: listener, refusal: s.refusal}) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve the API on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	// ctx has ended, and the calls in progress must not end with it.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		return fmt.Errorf("end the calls in progress: %w", errors.Join(err, server.Close()))
	}
	return nil
}

func (s *Server) refuseUnknown(g *gin.Context) {
	unknown := &models.Error{Code: models.CodeNotFound, Reason: "no route for " + g.Request.Method + " " + g.Request.URL.Path}
	s.refuse(g, unknownOperation, unknown, s.now())
}

// answerDocument serves the description of the API, for programs and for people.
func (s *Server) answerDocument(g *gin.Context) {
	if !openapi.Serve(g.Writer, g.Request) {
		s.refuseUnknown(g)
	}
}

func (s *Server) answerReady(g *gin.Context) {
	ctx, cancel := context.WithTimeout(g.Request.Context(), readyTimeout)
	defer cancel()
	for _, check := range slices.Concat([]func(context.Context) error{s.store.Ping}, s.ready) {
		if err := check(ctx); err != nil {
			s.log.WarnContext(ctx, "not ready", "error", err)
			s.write(g, http.StatusServiceUnavailable, v1, wire.NewObject().Set("status", "not ready"))
			return
		}
	}
	s.write(g, http.StatusOK, v1, wire.NewObject().Set("status", "ready"))
}

// write sends an object as the answer.
func (s *Server) write(g *gin.Context, status int, d *dialect, o *wire.Object) {
	g.Data(status, contentType, encode(d, o))
}

func encode(d *dialect, o *wire.Object) []byte {
	body, err := wire.Encode(d.wire, o)
	if err != nil {
		panic(fmt.Errorf("encode the answer: %w", err)) // a bug in a handler; recoverPanics answers
	}
	return body
}

func (s *Server) since(started time.Time) string {
	return strconv.FormatFloat(s.now().Sub(started).Seconds()*1000, 'f', 2, 64) + "ms"
}

func (s *Server) logRequests(g *gin.Context) {
	started := s.now()
	g.Next()
	s.log.DebugContext(g.Request.Context(), "request",
		"method", g.Request.Method, "route", g.FullPath(), "operation", g.GetString(operationKey),
		"status", g.Writer.Status(), "duration", s.now().Sub(started), "client_request_id", g.GetHeader("x-client-request-id"))
}

func (s *Server) recoverPanics(g *gin.Context) {
	started := s.now()
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
			panic(p)
		}
		s.log.ErrorContext(g.Request.Context(), "panic in a handler", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		if g.Writer.Written() {
			g.Abort()
			return
		}
		operation := g.GetString(operationKey)
		if operation == "" {
			operation = unknownOperation
		}
		s.refuse(g, operation, fmt.Errorf("panic: %v", p), started)
	}()
	g.Next()
}

// setCommon sets what every answer has.
func (s *Server) setCommon(h http.Header) {
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Expose-Headers", "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, "+replayedHeader)
	s.limiter.free(s.now()).show(h) // until it is known who calls what
}

// commonHeaders sets what every answer has, and answers OPTIONS for any path.
func (s *Server) commonHeaders(g *gin.Context) {
	h := g.Writer.Header()
	s.setCommon(h)
	if g.Request.Method == http.MethodOptions {
		h.Set("Access-Control-Allow-Methods", "GET, POST, PUT, PATCH, DELETE, OPTIONS")
		h.Set("Access-Control-Allow-Headers", "Authorization, stream-auth-type, Content-Type, X-Stream-Client, x-client-request-id, "+idempotencyHeader)
		h.Set("Access-Control-Max-Age", "86400")
		g.AbortWithStatus(http.StatusNoContent)
	}
}
