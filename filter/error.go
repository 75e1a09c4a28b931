package filter

import "strings"

// Error says what is wrong at one place of a filter or sort order.
type Error struct {
	Path   string // as the client would write it: filter.$or[1].created_at.$gte
	Reason string // expected a timestamp
}

func (e *Error) Error() string { return e.Path + ": " + e.Reason }

// Errors is everything wrong with one filter or sort order, never empty when returned as an error.
type Errors []*Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "; ")
}

// Unwrap lets errors.As find the first *Error.
func (e Errors) Unwrap() []error {
	all := make([]error, len(e))
	for i, err := range e {
		all[i] = err
	}
	return all
}
