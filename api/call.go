package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"herald/api/request"
	"herald/models"
	"herald/models/store"
	"herald/wire"
)

const (
	maxBodyBytes    = 10 << 20         // contract 3.2
	bodyReadTimeout = 30 * time.Second // contract 4.3

	// requestTimeout bounds a handler; with it a database that hangs becomes 503. Clients give up sooner (contract 4.1).
	requestTimeout = 20 * time.Second
)

// route is one operation of the API.
type route struct {
	operation string // as named in errors
	method    string
	path      string // in the v1 dialect; that in the v2 dialect follows from it
	v1Only    bool   // it has no path in the v2 dialect
	usersToo  bool   // a user token may call it, not only a server token
	status    int    // of success; 0 is that of the method: 201 for POST and PUT, 200 for the rest
	handle    handler
}

// handler does what a call asks for. The object becomes the answer, with duration added to it.
type handler func(ctx context.Context, c *call) (*wire.Object, error)

// call is one authenticated request.
type call struct {
	caller
	dialect *dialect
	request *http.Request
	body    request.Body
	params  map[string]string
	claim   *store.Claim // of a call with an Idempotency-Key
}

// param gives a parameter of the path, percent-decoded.
func (c *call) param(name string) string { return c.params[name] }

// fields starts reading the body; GET and DELETE have none.
func (c *call) fields() *request.Object { return c.body.Object() }

// query starts reading the query string.
func (c *call) query() *request.Query { return request.NewQuery(c.request.URL.Query()) }

// payload starts reading the query parameter in which a GET has its body (QueryUsers, QueryMembers).
func (c *call) payload() (*request.Object, error) {
	body, err := request.Decode([]byte(c.request.URL.Query().Get("payload")))
	return body.Object(), err
}

// success is the status of an answer that is no error.
func (r route) success() int {
	switch {
	case r.status != 0:
		return r.status
	case r.method == http.MethodPost || r.method == http.MethodPut:
		return http.StatusCreated
	default:
		return http.StatusOK
	}
}

// serve makes the HTTP handler of a route in a dialect.
func (s *Server) serve(r route, d *dialect) gin.HandlerFunc {
	return func(g *gin.Context) {
		started := s.now()
		g.Set(operationKey, r.operation)
		answer, err := s.run(g, r, d, started)
		if err != nil {
			s.refuse(g, r.operation, err, started)
			return
		}
		g.Data(answer.status, contentType, answer.body)
	}
}

// run authenticates, reads the body and calls the handler.
func (s *Server) run(g *gin.Context, r route, d *dialect, started time.Time) (reply, error) {
	ctx, cancel := context.WithTimeout(g.Request.Context(), s.patience+requestTimeout)
	defer cancel()
	who, err := s.authenticate(ctx, g.Request, r.usersToo)
	if err != nil {
		return reply{}, err
	}
	if err := s.limitRate(g, who.app.PK, r.operation); err != nil {
		return reply{}, err
	}
	c := &call{caller: who, dialect: d, request: g.Request}
	var sent []byte
	if r.method != http.MethodGet && r.method != http.MethodDelete {
		if sent, err = s.readBody(g); err != nil {
			return reply{}, err
		}
		if c.body, err = request.Decode(sent); err != nil {
			return reply{}, err
		}
		if d.nested {
			c.body = c.body.NestedCustom()
		}
	}
	ctx, cancel = context.WithTimeout(ctx, requestTimeout)
	defer cancel()

	do := func(ctx context.Context) (reply, error) {
		answer, err := handle(ctx, c, r, g.Params)
		if err != nil {
			return reply{}, err
		}
		return reply{r.success(), encode(d, answer.Set("duration", s.since(started)))}, nil
	}
	if r.method == http.MethodPost && g.Request.Header[idempotencyHeader] != nil {
		return s.once(ctx, g, c, sent, do)
	}
	return do(ctx)
}

// handle calls the handler of a route with the parameters of the path.
func handle(ctx context.Context, c *call, r route, escaped gin.Params) (*wire.Object, error) {
	var plus bool
	var err error
	if c.params, plus, err = pathParams(escaped, false); err != nil {
		return nil, err
	}
	answer, err := r.handle(ctx, c)
	if plus && models.ErrorCode(err) == models.CodeNotFound {
		// Some clients write a space as +. A refused call has changed nothing, so it may be tried again.
		if c.params, _, err = pathParams(escaped, true); err != nil {
			return nil, err
		}
		answer, err = r.handle(ctx, c)
	}
	return answer, err
}

// pathParams decodes the parameters of a path once; plus says whether one has a +, which plusIsSpace reads as a space.
func pathParams(escaped gin.Params, plusIsSpace bool) (params map[string]string, plus bool, err error) {
	params = make(map[string]string, len(escaped))
	for _, p := range escaped {
		value := p.Value
		plus = plus || strings.Contains(value, "+")
		if plusIsSpace {
			value = strings.ReplaceAll(value, "+", " ")
		}
		value, err := url.PathUnescape(value)
		if err != nil || !storable(value) {
			return nil, false, &models.Error{Code: models.CodeNotFound, Reason: p.Key + " in the path doesn't exist"}
		}
		params[p.Key] = value
	}
	return params, plus, nil
}

// storable says whether Postgres can hold a text. What it cannot hold names nothing, and must not come to a query.
func storable(text string) bool { return utf8.ValidString(text) && strings.IndexByte(text, 0) < 0 }

// boundBody bounds how long the body of any request may take, also where nothing of it is wanted: net/http reads the rest of it
// before it sends the answer.
func (s *Server) boundBody(g *gin.Context) {
	if g.Request.ContentLength != 0 {
		s.setBodyDeadline(g, time.Now().Add(s.patience))
	}
}

// setBodyDeadline does nothing on a connection without deadlines (a test's recorder).
func (s *Server) setBodyDeadline(g *gin.Context, at time.Time) {
	if err := http.NewResponseController(g.Writer).SetReadDeadline(at); err != nil && !errors.Is(err, http.ErrNotSupported) {
		s.log.DebugContext(g.Request.Context(), "bound the body", "error", err) // the connection is gone
	}
}

func (s *Server) readBody(g *gin.Context) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(g.Writer, g.Request.Body, maxBodyBytes))
	if err == nil {
		s.setBodyDeadline(g, time.Time{}) // else it would end the call, which may go on for longer
	} else {
		g.Header("Connection", "close") // else net/http would first wait for the rest
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, &models.Error{Code: models.CodeTooLarge, Reason: "the request body is larger than 10 MiB"}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, &models.Error{Code: models.CodeTimeout, Reason: "the request body was not received in time"}
	case err != nil:
		return nil, models.Invalid("the request body could not be read")
	}
	return body, nil
}
