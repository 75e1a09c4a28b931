package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"herald/models"
	"herald/wire"
)

// httpStatus is the status of every error code (contract 4.3). Codes that are not here are errors of the server.
var httpStatus = map[models.Code]int{
	models.CodeNoAPIKey:     http.StatusUnauthorized,
	models.CodeInvalid:      http.StatusBadRequest,
	models.CodeAuthFailed:   http.StatusUnauthorized,
	models.CodeRateLimited:  http.StatusTooManyRequests,
	models.CodeNotFound:     http.StatusNotFound,
	models.CodeNotAllowed:   http.StatusForbidden,
	models.CodeTextTooLong:  http.StatusBadRequest,
	models.CodeTooLarge:     http.StatusRequestEntityTooLarge,
	models.CodeTimeout:      http.StatusRequestTimeout,
	models.CodeTokenExpired: http.StatusUnauthorized,
	models.CodeTokenNotYet:  http.StatusUnauthorized,
	models.CodeTokenIssued:  http.StatusUnauthorized,
	models.CodeBadSignature: http.StatusUnauthorized,
	models.CodeConflict:     http.StatusConflict,
	models.CodeUnavailable:  http.StatusServiceUnavailable,
}

// unrecoverable are the statuses after which the same request fails again.
var unrecoverable = map[int]bool{
	http.StatusBadRequest: true, http.StatusUnauthorized: true, http.StatusForbidden: true,
	http.StatusNotFound: true, http.StatusRequestEntityTooLarge: true,
}

const (
	// moreInfo is where the SDKs' own documentation explains the codes; they show it to developers.
	moreInfo = "https://getstream.io/chat/docs/api_errors_response"

	// unknownOperation names a request that no route takes.
	unknownOperation = "Request"

	retryAfterUnavailable = "1" // seconds
)

// denied is a call that the token does not permit.
func denied(format string, args ...any) error {
	return &models.Error{Code: models.CodeNotAllowed, Reason: fmt.Sprintf(format, args...)}
}

// refuse answers with an error. What is not a *models.Error, and whatever a *models.Error wraps, is only logged.
func (s *Server) refuse(g *gin.Context, operation string, err error, started time.Time) {
	shown := &models.Error{Code: models.CodeInternal, Reason: "internal error"}
	known := errors.As(err, &shown)
	status, ok := httpStatus[shown.Code]
	if !ok {
		status = http.StatusInternalServerError
	}
	if status == http.StatusServiceUnavailable {
		g.Header("Retry-After", retryAfterUnavailable)
	}
	if status >= http.StatusInternalServerError && !errors.Is(g.Request.Context().Err(), context.Canceled) {
		cause := err
		if known && shown.Err != nil {
			cause = shown.Err
		}
		s.log.ErrorContext(g.Request.Context(), "request failed", "operation", operation, "status", status, "error", cause)
	}

	s.write(g, status, v1, errorBody(operation, shown, status, s.since(started))) // the same in every dialect
	g.Abort()
}

// errorBody is what an answer says of an error.
func errorBody(operation string, e *models.Error, status int, duration string) *wire.Object {
	code := e.Code
	if status >= http.StatusInternalServerError {
		code = models.CodeInternal
	}
	fields := wire.NewObject()
	for _, f := range e.Fields {
		if !fields.Has(f.Path) {
			fields.Set(f.Path, f.Reason)
		}
	}
	return wire.NewObject().
		Set("code", int(code)).
		Set("message", fmt.Sprintf("%s failed with error: \"%s\"", operation, e.Error())).
		Set("StatusCode", status).
		Set("duration", duration).
		Set("more_info", moreInfo).
		Set("exception_fields", fields).
		Set("details", []string{}).
		Set("unrecoverable", unrecoverable[status])
}
