package template

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits of a source, in characters.
const (
	MaxSource   = 20_000 // any template
	MaxIDSource = 1_000  // the template of a channel id
)

// Scope says where a template stands, which decides the names it may use. The zero Scope allows all of them.
type Scope struct {
	NoReceiver bool // the audience is channels: any mention of receiver is refused
	NoChannel  bool // inside channel_template: any mention of channel is refused
	MaxSource  int  // characters of source; default MaxSource
}

// Template is one compiled string. It never changes and may be rendered by many goroutines at once.
type Template struct {
	source string
	nodes  []stmt
	plain  bool // the result is the source
	names  map[string]bool
}

// Compile checks and compiles one source. Every error is a *SyntaxError. A source without "{{", "{%" and "{#" is a constant: it
// renders as it is.
func Compile(source string, scope Scope) (*Template, error) {
	limit := scope.MaxSource
	if limit <= 0 {
		limit = MaxSource
	}
	if n := utf8.RuneCountInString(source); n > limit {
		return nil, &SyntaxError{Line: 1, Column: 1, Reason: fmt.Sprintf("the template has %d characters, at most %d are allowed", n, limit)}
	}
	if !strings.Contains(source, "{{") && !strings.Contains(source, "{%") && !strings.Contains(source, "{#") {
		return &Template{source: source, plain: true}, nil
	}
	if i := strings.IndexByte(source, 0); i >= 0 {
		return nil, syntaxError(source, i, `unexpected "\x00"`)
	}
	nodes, names, err := parse(source, scope)
	if err != nil {
		return nil, err
	}
	return &Template{source: source, nodes: nodes, names: names}, nil
}

// Constant tells whether every rendering gives the source itself.
func (t *Template) Constant() bool { return t.plain }

// Uses tells whether the template mentions one of the names sender, receiver, channel, campaign and custom.
func (t *Template) Uses(name string) bool { return t.names[name] }

// Render renders the template for one recipient. Every error is a *RenderError.
func (t *Template) Render(ctx Context) (string, error) {
	if t.plain {
		return t.source, nil
	}
	r := newRun(ctx)
	defer r.release()
	return t.render(r)
}

// render renders within the bounds of a run, which all strings of one recipient's message share.
func (t *Template) render(r *run) (text string, err error) {
	if t.plain {
		return t.source, nil
	}
	// A panic here would fail the whole batch again and again; as an error it concerns one recipient only.
	defer func() {
		if p := recover(); p != nil {
			text, err = "", fail("%s%v", internalError, p)
		}
	}()
	r.begin()
	if err := execute(r, t.nodes); err != nil {
		failure, ok := errors.AsType[*RenderError](err)
		if !ok {
			failure = &RenderError{Reason: err.Error()}
		}
		if failure.placed {
			failure.Line, failure.Column = position(t.source, failure.offset)
		}
		return "", failure
	}
	return string(r.out), nil
}

// internalError begins the reason of a failure that is a mistake of this package, not of the template.
const internalError = "internal error: "

func syntaxError(source string, offset int, format string, args ...any) *SyntaxError {
	line, column := position(source, offset)
	return &SyntaxError{Line: line, Column: column, Reason: fmt.Sprintf(format, args...)}
}
