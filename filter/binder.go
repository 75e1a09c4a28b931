package filter

import "strconv"

// Binder collects the arguments of one statement. Several conditions, and the caller's own, share one, so that their
// placeholders number through. The zero value is ready for use.
//
// The arguments are Go values that pgx takes as they are (string, bool, time.Time and slices of these); every
// placeholder in a condition carries its cast. gorm numbers arguments of its own, so these statements go to pgx directly.
type Binder struct {
	args []any
}

// NewBinder starts with arguments the caller's statement already names: with two of them the next one is $3.
func NewBinder(args ...any) *Binder {
	return &Binder{args: append([]any(nil), args...)}
}

// Bind adds an argument and gives its placeholder, such as "$3".
func (b *Binder) Bind(v any) string {
	b.args = append(b.args, v)
	return "$" + strconv.Itoa(len(b.args))
}

// Args gives the arguments in the order of their placeholders.
func (b *Binder) Args() []any { return b.args }

// fragment writes a piece of SQL, an expression or a condition, binding what it needs.
type fragment func(b *Binder) string

func verbatim(sql string) fragment {
	return func(*Binder) string { return sql }
}
