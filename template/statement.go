package template

// stmt is a piece of a template's body. Every error is a *RenderError.
type stmt interface {
	exec(r *run) error
}

func execute(r *run, nodes []stmt) error {
	for _, node := range nodes {
		if err := node.exec(r); err != nil {
			return err
		}
	}
	return nil
}

type textStmt string

func (s textStmt) exec(r *run) error { return r.write(string(s)) }

// outputStmt is {{ value }}.
type outputStmt struct {
	value  expr
	offset int
}

func (s *outputStmt) exec(r *run) error {
	value, err := s.value.eval(r)
	if err != nil {
		return place(err, s.offset)
	}
	text, err := r.toText(value)
	if err == nil {
		err = r.write(text)
	}
	return place(err, s.offset)
}

type (
	ifStmt struct {
		branches  []branch
		otherwise []stmt
	}
	branch struct {
		when   expr
		then   []stmt
		offset int
	}
)

// exec opens no scope: what a branch sets is seen after the block.
func (s *ifStmt) exec(r *run) error {
	for i := range s.branches {
		b := &s.branches[i]
		value, err := b.when.eval(r)
		if err != nil {
			return place(err, b.offset)
		}
		if truth(value) {
			return execute(r, b.then)
		}
	}
	return execute(r, s.otherwise)
}

type forStmt struct {
	targets         []string
	over            expr
	when            expr // nil: all
	body, otherwise []stmt
	offset          int
}

func (s *forStmt) exec(r *run) error {
	items, err := s.items(r)
	if err != nil {
		return place(err, s.offset)
	}
	if len(items) == 0 {
		return execute(r, s.otherwise)
	}
	scope, mark := r.enter()
	defer r.leave(scope, mark)
	loop := &loopObject{items: items}
	for i := range items {
		if s.when == nil {
			if err := r.iterate(); err != nil {
				return place(err, s.offset)
			}
		}
		loop.index = i
		r.variables = r.variables[:mark] // what an iteration sets ends with it
		r.assign("loop", loop)
		if err := r.assignAll(s.targets, normalise(items[i])); err != nil {
			return place(err, s.offset)
		}
		if err := execute(r, s.body); err != nil {
			return err
		}
	}
	return nil
}

// items are those the condition lets through, so that loop.length and loop.last are right.
func (s *forStmt) items(r *run) ([]any, error) {
	over, err := s.over.eval(r)
	if err != nil {
		return nil, err
	}
	items, err := r.items(over)
	if err != nil || s.when == nil {
		return items, err
	}
	scope, mark := r.enter()
	defer r.leave(scope, mark)
	var chosen []any
	for _, item := range items {
		if err := r.iterate(); err != nil {
			return nil, err
		}
		r.variables = r.variables[:mark]
		if err := r.assignAll(s.targets, normalise(item)); err != nil {
			return nil, err
		}
		when, err := s.when.eval(r)
		if err != nil {
			return nil, err
		}
		if truth(when) {
			chosen = append(chosen, item)
		}
	}
	return chosen, r.listed(len(chosen))
}

// assignAll gives one name the value, several names its elements.
func (r *run) assignAll(names []string, value any) error {
	if len(names) == 1 {
		r.assign(names[0], value)
		return nil
	}
	items, err := r.items(value)
	if err != nil {
		return err
	}
	if len(items) != len(names) {
		return fail("%d values for %d names", len(items), len(names))
	}
	for i, name := range names {
		r.assign(name, normalise(items[i]))
	}
	return nil
}

// setStmt is {% set x = value %}, or with captures {% set x %}…{% endset %}, where the value is the captured text, maybe filtered.
type setStmt struct {
	targets  []string
	value    expr
	captures bool
	body     []stmt
	offset   int
}

func (s *setStmt) exec(r *run) error {
	if s.captures {
		if err := s.capture(r); err != nil {
			return err
		}
	}
	value, err := s.value.eval(r)
	if err == nil {
		err = r.assignAll(s.targets, value)
	}
	return place(err, s.offset)
}

func (s *setStmt) capture(r *run) error {
	if err := r.spend(2 * tokenWork); err != nil {
		return place(err, s.offset)
	}
	floor, start := r.floor, len(r.out)
	r.floor = start
	scope, mark := r.enter()
	err := execute(r, s.body)
	r.leave(scope, mark)
	r.floor = floor
	if err != nil {
		return err
	}
	r.captured = string(r.out[start:])
	r.out = r.out[:start]
	_, err = r.produced(r.captured)
	return place(err, s.offset)
}

type withStmt struct {
	names  []string
	values []expr
	body   []stmt
	offset int
}

// exec evaluates all values before the first name is set: none sees another.
func (s *withStmt) exec(r *run) error {
	values := make([]any, len(s.values))
	for i, value := range s.values {
		var err error
		if values[i], err = value.eval(r); err != nil {
			return place(err, s.offset)
		}
	}
	if err := r.spend(tokenWork); err != nil {
		return place(err, s.offset)
	}
	scope, mark := r.enter()
	defer r.leave(scope, mark)
	for i, name := range s.names {
		r.assign(name, values[i])
	}
	return execute(r, s.body)
}

// loopObject is the variable loop.
type loopObject struct {
	items []any
	index int // from 0
}

func (l *loopObject) field(name string) (any, error) {
	switch name {
	case "index":
		return int64(l.index + 1), nil
	case "index0":
		return int64(l.index), nil
	case "revindex":
		return int64(len(l.items) - l.index), nil
	case "revindex0":
		return int64(len(l.items) - l.index - 1), nil
	case "first":
		return l.index == 0, nil
	case "last":
		return l.index == len(l.items)-1, nil
	case "length":
		return int64(len(l.items)), nil
	case "previtem":
		if l.index > 0 {
			return normalise(l.items[l.index-1]), nil
		}
	case "nextitem":
		if l.index+1 < len(l.items) {
			return normalise(l.items[l.index+1]), nil
		}
	}
	return nil, nil
}

var loopFields = []string{"index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem"}

func (l *loopObject) dict() (*dict, error) {
	d := newDict(len(loopFields))
	for _, name := range loopFields {
		value, err := l.field(name)
		if err != nil {
			return nil, err
		}
		d.set(name, value)
	}
	return d, nil
}
