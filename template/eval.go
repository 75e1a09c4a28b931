package template

// expr is an expression. Every error is a *RenderError.
type expr interface {
	eval(r *run) (any, error)
}

type (
	measuredExpr struct {
		value expr
		work  int
	}
	literal    struct{ value any }
	listExpr   []expr
	dictExpr   struct{ keys, values []expr }
	concatExpr []expr // a ~ b ~ c
	notExpr    struct{ value expr }
	logicExpr  struct {
		left, right expr
		or          bool
	}
	condExpr struct{ when, then, otherwise expr }
	signExpr struct {
		minus bool
		value expr
	}
	arithmeticExpr struct {
		op          byte
		left, right expr
	}
	compareExpr struct {
		first expr
		rest  []comparand
	}
	comparand struct {
		op    string
		value expr
	}
	attributeExpr struct {
		value expr
		name  string
	}
	indexExpr struct{ value, key expr }
	sliceExpr struct {
		value  expr
		bounds [3]expr // from, to, step; nil when not given
	}
	capturedExpr struct{} // the text of the {% set %} block being assigned
)

func (e *measuredExpr) eval(r *run) (any, error) {
	if err := r.spend(e.work); err != nil {
		return nil, err
	}
	return e.value.eval(r)
}

func (e literal) eval(*run) (any, error) { return e.value, nil }

func (capturedExpr) eval(r *run) (any, error) { return r.captured, nil }

// nameExpr is a variable, or one of the contexts.
type nameExpr struct {
	name string
	kind contextKind
}

type contextKind int

const (
	noContext contextKind = iota
	senderContext
	receiverContext
	channelContext
	campaignContext
	customContext
	messageContext
)

var contexts = map[string]contextKind{"sender": senderContext, "receiver": receiverContext, "channel": channelContext,
	"campaign": campaignContext, "custom": customContext, "message": messageContext}

func newName(name string) *nameExpr { return &nameExpr{name, contexts[name]} }

func (e *nameExpr) eval(r *run) (any, error) {
	r.work += len(r.variables)
	for i := len(r.variables) - 1; i >= 0; i-- {
		if r.variables[i].name == e.name {
			return r.variables[i].value, nil
		}
	}
	switch e.kind {
	case senderContext:
		if r.sender.user != nil {
			return &r.sender, nil
		}
	case receiverContext:
		if r.receiver.user != nil {
			return &r.receiver, nil
		}
	case channelContext:
		if r.channel.channel != nil {
			return &r.channel, nil
		}
	case campaignContext:
		return &r.campaign, nil
	case customContext:
		if r.ctx.Custom != nil {
			return r.ctx.Custom, nil
		}
	case messageContext:
		if r.message.message != nil {
			return &r.message, nil
		}
	case noContext:
	}
	return nil, nil
}

func (e *attributeExpr) eval(r *run) (any, error) {
	value, err := e.value.eval(r)
	if err != nil || value == nil {
		return nil, err
	}
	return attribute(value, e.name)
}

func (e *indexExpr) eval(r *run) (any, error) {
	value, err := e.value.eval(r)
	if err != nil || value == nil {
		return nil, err
	}
	key, err := e.key.eval(r)
	if err != nil {
		return nil, err
	}
	if text, ok := value.(string); ok {
		if err := r.spend(2 * len(text)); err != nil {
			return nil, err
		}
	}
	return index(value, key)
}

func (e listExpr) eval(r *run) (any, error) {
	list := make([]any, len(e))
	for i, item := range e {
		var err error
		if list[i], err = item.eval(r); err != nil {
			return nil, err
		}
	}
	return list, r.listed(len(list))
}

func (e *dictExpr) eval(r *run) (any, error) {
	d := newDict(len(e.keys))
	for i := range e.keys {
		key, err := e.keys[i].eval(r)
		if err != nil {
			return nil, err
		}
		scalar, ok := dictKey(key)
		if !ok {
			return nil, fail("%s cannot be a key", typeName(key))
		}
		value, err := e.values[i].eval(r)
		if err != nil {
			return nil, err
		}
		d.set(scalar, value)
	}
	return d, r.keyed(len(d.keys))
}

func (e concatExpr) eval(r *run) (any, error) {
	var whole []byte
	for _, part := range e {
		value, err := part.eval(r)
		if err != nil {
			return nil, err
		}
		text, err := r.toText(value)
		if err != nil {
			return nil, err
		}
		if len(whole)+len(text) > MaxProduced {
			return nil, errTooLong()
		}
		whole = append(whole, text...)
	}
	return r.produced(string(whole))
}

func (e *notExpr) eval(r *run) (any, error) {
	value, err := e.value.eval(r)
	if err != nil {
		return nil, err
	}
	return !truth(value), nil
}

// eval gives one of the operands, as Python does, and looks at the second one only when needed.
func (e *logicExpr) eval(r *run) (any, error) {
	left, err := e.left.eval(r)
	if err != nil || truth(left) == e.or {
		return left, err
	}
	return e.right.eval(r)
}

func (e *condExpr) eval(r *run) (any, error) {
	when, err := e.when.eval(r)
	if err != nil {
		return nil, err
	}
	if truth(when) {
		return e.then.eval(r)
	}
	return e.otherwise.eval(r)
}

func (e *signExpr) eval(r *run) (any, error) {
	value, err := e.value.eval(r)
	if err != nil {
		return nil, err
	}
	if !e.minus {
		if _, ok := toFloat(value); !ok {
			return nil, fail("a sign needs a number, not %s", typeName(value))
		}
		return value, nil
	}
	return negate(value)
}

func (e *arithmeticExpr) eval(r *run) (any, error) {
	left, err := e.left.eval(r)
	if err != nil {
		return nil, err
	}
	right, err := e.right.eval(r)
	if err != nil {
		return nil, err
	}
	if e.op == '+' {
		return r.add(left, right)
	}
	return calculate(e.op, left, right)
}

// eval compares neighbours: a < b < c is a < b and b < c.
func (e *compareExpr) eval(r *run) (any, error) {
	left, err := e.first.eval(r)
	if err != nil {
		return nil, err
	}
	for _, c := range e.rest {
		right, err := c.value.eval(r)
		if err != nil {
			return nil, err
		}
		holds, err := r.holds(c.op, left, right)
		if err != nil || !holds {
			return false, err
		}
		left = right
	}
	return true, nil
}

func (r *run) holds(op string, left, right any) (bool, error) {
	switch op {
	case "==":
		return r.equal(left, right)
	case "!=":
		same, err := r.equal(left, right)
		return !same, err
	case "in":
		return r.contains(right, left)
	case "not in":
		found, err := r.contains(right, left)
		return !found, err
	}
	order, err := r.compare(left, right)
	switch op {
	case "<":
		return order < 0, err
	case "<=":
		return order <= 0, err
	case ">":
		return order > 0, err
	}
	return order >= 0, err
}

func (e *sliceExpr) eval(r *run) (any, error) {
	value, err := e.value.eval(r)
	if err != nil || value == nil {
		return nil, err
	}
	var bounds [3]*int64
	for i, bound := range e.bounds {
		if bound == nil {
			continue
		}
		v, err := bound.eval(r)
		if err != nil {
			return nil, err
		}
		if v == nil {
			continue
		}
		n, ok := v.(int64)
		if !ok {
			return nil, fail("a slice needs whole numbers, not %s", typeName(v))
		}
		bounds[i] = &n
	}
	_, isText := value.(string)
	if _, isList := value.([]any); !isList && !isText {
		return nil, fail("cannot slice %s", typeName(value))
	}
	list, err := r.items(value)
	if err != nil {
		return nil, err
	}
	cut, err := slice(list, bounds)
	if err != nil {
		return nil, err
	}
	if err := r.listed(len(cut)); err != nil || !isText {
		return cut, err
	}
	return r.joinText(cut, "")
}
