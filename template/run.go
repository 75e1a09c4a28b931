package template

import (
	"sync"
	"time"
)

// Bounds of one recipient's rendering, over all strings of a message or of a channel template.
const (
	MaxIterations = 10_000   // of loops
	MaxProduced   = 64 << 10 // bytes of any string that comes to be

	// MaxWork keeps every rendering under 50 ms. It counts what is done and not the time it takes, so that a recipient's outcome is the
	// same on a busy machine as on an idle one, and at the second attempt as at the first. A unit is some 2 ns, at worst 5. MaxIterations that
	// print a field each are a tenth of it.
	MaxWork = 6 << 20

	maxMemory = 8 << 20 // bytes of everything produced together; without it lists of long strings could reach gigabytes within MaxWork

	// maxDuration ends what is counted wrongly. It is far above what a rendering takes, for a process may be frozen or starved meanwhile.
	maxDuration = 5 * time.Second
	// workBetweenChecks is how much work passes between two looks at the clock, some 0.1 ms of it.
	workBetweenChecks = 32 << 10
)

// What costs more than the byte or two that a unit of work is.
const (
	tokenWork   = 8  // of an expression
	filterWork  = 32 // a filter or test called
	compareWork = 16 // two values
	elementWork = 8  // of a list that is made or walked
	valueWork   = 64 // written as JSON
	fieldWork   = 96 // of an object that is made: a hash, and sorting by name
)

// now is the clock. Tests stop it, or make it run.
var now = time.Now

// run is the state of one rendering. It is used by one goroutine.
type run struct {
	ctx      Context
	sender   userObject
	receiver userObject
	channel  channelObject
	campaign campaignObject
	message  messageObject

	out      []byte // what was written
	floor    int    // where the string being written begins: above 0 inside {% set %}…{% endset %}
	captured string // the text of that block, for its filters

	variables []variable
	scope     int // index of the first variable of the innermost scope

	iterations int
	memory     int
	work       int
	lastCheck  int       // the work done at the last check
	started    time.Time // of the first check
}

type variable struct {
	name  string
	value any
}

var runs = sync.Pool{New: func() any { return new(run) }}

func newRun(ctx Context) *run {
	r := runs.Get().(*run)
	r.ctx = ctx
	r.sender.user, r.receiver.user, r.channel.channel, r.campaign.campaign = ctx.Sender, ctx.Receiver, ctx.Channel, ctx.Campaign
	r.message.message = ctx.Message
	if u := ctx.Sender; u != nil {
		r.sender.custom.set(u.Custom, u.CustomJSON)
	}
	if u := ctx.Receiver; u != nil {
		r.receiver.custom.set(u.Custom, u.CustomJSON)
	}
	if c := ctx.Channel; c != nil {
		r.channel.custom.set(c.Custom, c.CustomJSON)
	}
	return r
}

// release gives the run back without what belonged to this recipient.
func (r *run) release() {
	variables := r.variables[:cap(r.variables)]
	clear(variables)
	*r = run{out: r.out[:0], variables: variables[:0]}
	runs.Put(r)
}

// begin starts the next string of the same recipient.
func (r *run) begin() {
	r.out, r.floor = r.out[:0], 0
	r.variables, r.scope = r.variables[:0], 0
}

func (r *run) write(text string) error {
	if len(r.out)-r.floor+len(text) > MaxProduced {
		return errTooLong()
	}
	r.out = append(r.out, text...)
	return r.spend(len(text))
}

func errTooLong() error { return fail("the result is longer than %d KiB", MaxProduced>>10) }

// produced checks and counts a new string.
func (r *run) produced(text string) (any, error) {
	if len(text) > MaxProduced {
		return nil, errTooLong()
	}
	if r.memory += len(text); r.memory > maxMemory {
		return nil, errTooMuch()
	}
	return text, r.spend(len(text))
}

// listed checks and counts a new list of n elements.
func (r *run) listed(n int) error {
	const element = 16 // bytes of an any
	if r.memory += n * element; r.memory > maxMemory {
		return errTooMuch()
	}
	return r.spend(n * elementWork)
}

// keyed checks and counts a new object of n fields.
func (r *run) keyed(n int) error {
	if err := r.listed(n); err != nil {
		return err
	}
	return r.spend(n * fieldWork)
}

// readTexts counts the reading of texts, which may have no trace in what comes of it.
func (r *run) readTexts(values ...any) error {
	n := 0
	for _, v := range values {
		if text, ok := v.(string); ok {
			n += len(text)
		}
	}
	return r.spend(n)
}

func errTooMuch() error { return fail("the results take more than %d MiB together", maxMemory>>20) }

// spend counts work, and now and then looks at how much it is and at the clock.
func (r *run) spend(n int) error {
	r.work += n + 1
	if r.work < r.lastCheck+workBetweenChecks {
		return nil
	}
	r.lastCheck = r.work
	if r.work > MaxWork {
		return fail("rendering takes too much work")
	}
	if r.started.IsZero() {
		r.started = now()
	} else if now().Sub(r.started) > maxDuration {
		return fail("rendering took longer than %v", maxDuration)
	}
	return nil
}

func (r *run) iterate() error {
	if r.iterations++; r.iterations > MaxIterations {
		return fail("more than %d loop iterations", MaxIterations)
	}
	return r.spend(elementWork)
}

// enter opens a scope for variables and returns what leave needs to close it.
func (r *run) enter() (scope, mark int) {
	scope, mark = r.scope, len(r.variables)
	r.scope = mark
	return scope, mark
}

func (r *run) leave(scope, mark int) {
	r.variables = r.variables[:mark]
	r.scope = scope
}

// assign sets a variable of the innermost scope.
func (r *run) assign(name string, value any) {
	r.work += len(r.variables) - r.scope
	for i := r.scope; i < len(r.variables); i++ {
		if r.variables[i].name == name {
			r.variables[i].value = value
			return
		}
	}
	r.variables = append(r.variables, variable{name, value})
}
