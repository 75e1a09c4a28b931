package template_test

import (
	"encoding/json"
	"errors"
	"flag"
	"maps"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"herald/template"
)

// longestRender is how long a template may take to compile, and to render for one recipient.
const longestRender = 50 * time.Millisecond

// secret is what no template may find: it is in the environment and in the data of others.
const secret = "c4n4ry"

// hostile is a context whose values are as large and as odd as the limits of custom data allow, and larger.
func hostile(tb testing.TB) template.Context {
	tb.Helper()
	numbers, words := make([]any, 1000), make([]any, 500)
	wide := map[string]any{}
	for i := range numbers {
		numbers[i] = json.Number(strings.Repeat("9", 1+i%90))
	}
	for i := range words {
		words[i] = map[string]any{"a": strings.Repeat("w", i%40), "id": i, "b": []any{"x"}}
		wide["k"+strings.Repeat("e", i%30)+string(rune('a'+i%26))+strings.Repeat("y", i/26)] = i
	}
	var deep any = "bottom"
	for range 32 {
		deep = []any{deep, map[string]any{"a": deep}}[1]
	}
	custom := map[string]any{
		"text": strings.Repeat("ab ", 1700), "long": strings.Repeat("<!-- > é\"&'", 1<<12), "list": numbers[:100], "numbers": numbers, "words": words,
		"wide": wide, "deep": deep, "digits": json.Number("0." + strings.Repeat("0", 4900) + "1"), "brackets": strings.Repeat("<", 1<<15),
		"accents": strings.Repeat("é", 1<<15), "n": json.Number("7"), "number": 1e308, "object": map[string]any{"a": map[string]any{"b": []any{1, "é", nil}}},
		"x": strings.Repeat("x", 1<<16),
	}
	small := maps.Clone(custom) // of a user or channel, as much as is allowed
	for _, name := range []string{"numbers", "words", "wide", "long", "brackets", "accents", "x"} {
		delete(small, name)
	}
	small["digits"], small["text"] = json.Number("0."+strings.Repeat("0", 400)), strings.Repeat("ab ", 20)
	raw, err := json.Marshal(small)
	if err != nil {
		tb.Fatal(err)
	}
	at := time.Date(2026, 11, 23, 9, 15, 4, 0, time.UTC)
	teams := strings.Split(strings.Repeat("team,", 250), ",")
	return template.Context{
		Sender:   &template.User{ID: "shop", Name: "The Shop", Language: "de", CreatedAt: at, Custom: custom},
		Receiver: &template.User{ID: "ann", Name: "Ann", Language: "zh-TW", Teams: teams, CreatedAt: at, UpdatedAt: at, CustomJSON: raw},
		Channel:  &template.Channel{ID: "c", Type: "messaging", CID: "messaging:c", MemberCount: 2, CreatedAt: at, CustomJSON: raw},
		Campaign: template.Campaign{ID: "spring", Name: "Spring"},
		Custom:   custom,
	}
}

// stranger is the context of somebody else, with the secret in every place.
func stranger() template.Context {
	custom := map[string]any{"name": secret, "x": secret, "text": secret, "a": map[string]any{secret: secret}}
	user := &template.User{ID: secret, Name: secret, Image: secret, Role: secret, Language: secret, Teams: []string{secret}, Custom: custom}
	return template.Context{Sender: user, Receiver: user, Channel: &template.Channel{ID: secret, CID: secret, Custom: custom}, Campaign: template.Campaign{ID: secret, Name: secret}, Custom: custom}
}

// withstand checks that a template does no harm: it neither panics nor hangs, keeps to its bounds, is the same every time, and
// shows nothing of what is not its recipient's.
func withstand(t *testing.T, source string, ctx template.Context) {
	t.Helper()
	// Fails here and not afterwards: what never ends has no afterwards.
	watchdog := time.AfterFunc(time.Minute, func() { panic("still running: " + source) })
	defer watchdog.Stop()
	var compiled *template.Template
	var err error
	withinTime(t, "compiling", source, func() { compiled, err = template.Compile(source, template.Scope{}) })
	if err != nil {
		var syntax *template.SyntaxError
		if !errors.As(err, &syntax) || syntax.Line < 1 || syntax.Column < 1 || strings.Contains(syntax.Reason, "internal error") {
			t.Fatalf("%.2000s: %v", source, err)
		}
		return
	}
	_, _ = compiled.Render(stranger()) // what it leaves behind must not be seen
	var got string
	withinTime(t, "rendering", source, func() { got, err = compiled.Render(ctx) })
	again, errAgain := compiled.Render(ctx)
	switch {
	case got != again || (err == nil) != (errAgain == nil) || err != nil && err.Error() != errAgain.Error():
		t.Fatalf("%.2000s: first %.200q, %v, then %.200q, %v", source, got, err, again, errAgain)
	case strings.Contains(got, secret) || err != nil && strings.Contains(err.Error(), secret):
		t.Fatalf("%.2000s shows a secret: %.2000q, %v", source, got, err)
	case !compiled.Constant() && len(got) > template.MaxProduced:
		t.Fatalf("%.2000s: %d bytes", source, len(got))
	case utf8.ValidString(source) && !utf8.ValidString(got):
		t.Fatalf("%.2000s: not UTF-8: %.200q", source, got)
	}
	if err != nil {
		var failure *template.RenderError
		if !errors.As(err, &failure) || got != "" || strings.Contains(failure.Reason, "internal error") || len(failure.Reason) > 500 {
			t.Fatalf("%.2000s: %.200q, %.2000v", source, got, err)
		}
	}
}

// withinTime fails if f takes the processor longer than a template may, or ten times that where it is watched. Other load on the machine does not count; what the runtime does for
// f does, so it has several attempts.
func withinTime(t *testing.T, what, source string, f func()) {
	t.Helper()
	const attempts = 5
	limit := longestRender
	if raceDetector || flag.Lookup("test.fuzz").Value.String() != "" {
		limit *= 10
	}
	var took time.Duration
	for range attempts {
		if took = processorTime(f); took <= limit {
			return
		}
	}
	t.Fatalf("%s takes %v: %.3000s", what, took, source)
}

// Ensure that templates made at random out of everything the language has do no harm.
func TestHostileTemplates(t *testing.T) {
	template.StopClock(t) // the work alone has to bound them
	t.Setenv("HERALD_SECRET", secret)
	seed := uint64(time.Now().UnixNano())
	templates := 300
	if os.Getenv("HERALD_SOAK") != "" {
		templates = 100_000
	}
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test's choices are no secret
	ctx := hostile(t)
	for range templates {
		data := make([]byte, 20+random.IntN(400))
		for i := range data {
			data[i] = byte(random.Uint32())
		}
		withstand(t, generate(data), ctx)
	}
}

// FuzzGenerated looks for templates out of the language's own grammar that do harm.
func FuzzGenerated(f *testing.F) {
	template.StopClock(f)
	f.Setenv("HERALD_SECRET", secret)
	for i := range 20 {
		f.Add([]byte(strings.Repeat(string(rune('!'+i))+"q7"+string(rune('Z'-i)), 30)))
	}
	ctx := hostile(f)
	f.Fuzz(func(t *testing.T, data []byte) { withstand(t, generate(data), ctx) })
}

// FuzzCompileRender looks for any text that does harm as a template.
func FuzzCompileRender(f *testing.F) {
	template.StopClock(f)
	for _, seed := range []string{
		"Hi {{ receiver.name }}!", "{% for k, v in receiver|items if v %}{{ loop.index }}{{ k ~ v|tojson }}{% else %}x{% endfor %}",
		"{%- set x | upper -%} {{ 'a\\n' if custom.n else {'k': [1, 2.5, none]} }} {%- endset -%}", "{% with a = 1, b = [2][::-1] %}{{ a <= b[0] is not defined }}{% endwith %}",
		"{% raw %}{{{% endraw %}{# c #}", "{{ sender.object.a['c'][-1].d|default('x', true)|truncate(5, end='') }}",
		"{% if a is divisibleby 3 and not b in c or d %}{% elif -x // 2 %}{% else %}{% endif %}",
		"{{ receiver.list|map('string')|select('ne', '1')|sort(reverse=true)|join(', ') }}", "{{ receiver.when|strftime('%d %B') }}",
		"{{ receiver.teams|groupby(1)|x(y=2) }}", "{{ \"\\u00e9\" \n ~ 1_0.5e1 }}", "{{ (1, 2) + [3] }}{{ 'abc'[0:2] }}{{ 7 % -2 }}{{ 1 < 2 < 3 }}",
		"{{ receiver.ratio|round(2, 'ceil')|int(base=16) }}{{ x|dictsort(by='value')|sum(attribute='a.0', start=1.5) }}",
	} {
		f.Add(seed)
	}
	ctx := person(f)
	f.Fuzz(func(t *testing.T, source string) { withstand(t, source, ctx) })
}
