package template

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// SyntaxError says why a source is no allowed template.
type SyntaxError struct {
	Line   int    // from 1
	Column int    // from 1, in characters
	Reason string // such as `unexpected "}"`
}

// Error is the form clients read: `line 1, column 14: unexpected "}"`.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Reason)
}

// FieldError is the syntax error of one string inside a document.
type FieldError struct {
	Path string // from the root of the document, such as "attachments[0].title"
	Err  *SyntaxError
}

// Error is the path, a colon and the syntax error.
func (e FieldError) Error() string { return e.Path + ": " + e.Err.Error() }

// Unwrap returns the syntax error.
func (e FieldError) Unwrap() error { return e.Err }

// Errors are all syntax errors of a document, in the order text or id, attachments, custom. Keys of an object go in byte order.
type Errors []FieldError

// Error joins the errors with "; ".
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "; ")
}

// Unwrap returns the single errors for errors.As.
func (e Errors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, err := range e {
		errs[i] = err
	}
	return errs
}

// RenderError says why a template failed for one recipient. Path is empty for a single template; Line and Column are those of the
// output or statement that failed.
type RenderError struct {
	Path         string
	Line, Column int
	Reason       string

	offset int
	placed bool
}

// Error is path, place and reason: `custom.total: line 1, column 4: cannot add text and a number`.
func (e *RenderError) Error() string {
	var b strings.Builder
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d: ", e.Line, e.Column)
	}
	b.WriteString(e.Reason)
	return b.String()
}

func fail(format string, args ...any) error {
	return &RenderError{Reason: fmt.Sprintf(format, args...)}
}

// place notes where in the source a failure happened. The innermost statement is the first to call it, and wins.
func place(err error, offset int) error {
	if failure, ok := errors.AsType[*RenderError](err); ok && !failure.placed {
		failure.offset, failure.placed = offset, true
	}
	return err
}

// position turns a byte offset into line and column, both from 1, the column in characters.
func position(source string, offset int) (line, column int) {
	offset = min(offset, len(source))
	before := source[:offset]
	start := strings.LastIndexByte(before, '\n') + 1
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[start:]) + 1
}
