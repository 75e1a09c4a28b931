package models

import (
	"errors"
	"fmt"
	"strings"
)

// Code is an error code of the API contract (section 4.3). Each layer turns the code into its own terms in one place:
// api into an HTTP status, activities into a Temporal error type.
type Code int

// The codes and when they are given.
const (
	CodeInternal     Code = -1  // anything unexpected, or Postgres not reachable (see Unavailable)
	CodeNoAPIKey     Code = 2   // api_key missing or unknown
	CodeInvalid      Code = 4   // malformed or invalid input, or a move that is not allowed in the present status
	CodeAuthFailed   Code = 5   // authentication missing or unusable
	CodeRateLimited  Code = 9   // too many requests
	CodeNotFound     Code = 16  // unknown route, or the object named in the path is unknown or deleted
	CodeNotAllowed   Code = 17  // not permitted, or capacity used up
	CodeTextTooLong  Code = 20  // text of an ordinary message over its limit
	CodeTooLarge     Code = 22  // request body over its limit
	CodeTimeout      Code = 23  // request body not received in time
	CodeTokenExpired Code = 40  // exp of the token has passed
	CodeTokenNotYet  Code = 41  // nbf of the token is in the future
	CodeTokenIssued  Code = 42  // iat of the token is in the future
	CodeBadSignature Code = 43  // the token's signature does not verify
	CodeConflict     Code = 409 // an Idempotency-Key of another request, or of one in progress; Stream has no such code
	CodeUnavailable  Code = -2  // Postgres not reachable; on the wire it is CodeInternal with status 503
)

// maxReasonsInError bounds the sentence made of many fields; exception_fields lists them all.
const maxReasonsInError = 3

// FieldError says what is wrong with one field of a request.
type FieldError struct {
	Path   string // as the client wrote it: segment_ids[0]
	Reason string // completes the sentence "<path> ...": must be a string
	Colon  bool   // the reason is none that completes a sentence, and follows a colon: expected a timestamp
}

// Error is an error that a client may see: its reason and fields are shown, whatever it wraps is only logged.
type Error struct {
	Code   Code
	Reason string       // one sentence for people; derived from Fields when empty
	Fields []FieldError // every invalid field, in the order found
	Err    error        // the cause, for the log
}

func (e *Error) Error() string {
	reason := e.Reason
	if reason == "" {
		parts := make([]string, 0, len(e.Fields))
		for _, f := range e.Fields {
			separator := " "
			if f.Colon {
				separator = ": "
			}
			parts = append(parts, f.Path+separator+f.Reason)
		}
		if extra := len(parts) - maxReasonsInError; extra > 0 {
			parts = append(parts[:maxReasonsInError], fmt.Sprintf("and %d more", extra))
		}
		reason = strings.Join(parts, "; ")
	}
	return reason
}

func (e *Error) Unwrap() error { return e.Err }

// Invalid is bad input that belongs to no single field, and a move that the present status forbids.
func Invalid(format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Reason: fmt.Sprintf(format, args...)}
}

// InvalidField is bad input in one field.
func InvalidField(path, format string, args ...any) *Error {
	return &Error{Code: CodeInvalid, Fields: []FieldError{{Path: path, Reason: fmt.Sprintf(format, args...)}}}
}

// NotFound says that the object named in the path does not exist (or belongs to another app).
func NotFound(kind, id string) *Error {
	return &Error{Code: CodeNotFound, Reason: fmt.Sprintf("%s with id %q doesn't exist", kind, id)}
}

// Unavailable says that Postgres cannot be reached or did not answer in time; the request may be repeated.
func Unavailable(err error) *Error {
	return &Error{Code: CodeUnavailable, Reason: "service temporarily unavailable", Err: err}
}

// ErrorCode gives the code of err: CodeInternal for any error that is not an *Error.
func ErrorCode(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return CodeInternal
}
