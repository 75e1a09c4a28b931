package template_test

import (
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"herald/template"
)

// Ensure every bound ends a rendering with its reason, soon and with little memory, whatever the template is up to.
func TestBounds(t *testing.T) {
	numbers := make([]any, 200)
	for i := range numbers {
		numbers[i] = i
	}
	ctx := person(t)
	ctx.Custom = map[string]any{"numbers": numbers, "text": strings.Repeat("ab ", 1700), "orders": []any{map[string]any{"a": 1.0}}}
	doubled := "{% set s = custom.text %}" + strings.Repeat("{% set s = s ~ s %}", 3) // 40 KB
	tooMany := strings.Repeat("{% set l = [l, l] %}", 60)
	const (
		tooLong   = "the result is longer than 64 KiB"
		tooMuch   = "the results take more than 8 MiB together"
		tooSlow   = "rendering took longer than 100 ms"
		tooLooped = "more than 10000 loop iterations"
	)
	for _, c := range []struct {
		name, source string
		want         []string // any of them; none: it renders
	}{
		{"10,000 iterations", "{% for a in custom.numbers[:50] %}{% for b in custom.numbers[:199] %}{% endfor %}{% endfor %}", nil},
		{"more iterations", "{% for a in custom.numbers %}{% for b in custom.numbers %}{% endfor %}{% endfor %}", []string{tooLooped}},
		{"iterations that a condition drops", "{% for a in custom.numbers %}{% for b in custom.numbers if false %}{% endfor %}{% endfor %}", []string{tooLooped}},
		{"64 KiB of output", doubled + "{{ s }}{{ s[:20000] }}", nil},
		{"more output", doubled + "{{ s }}{{ s }}", []string{tooLong}},
		{"output of a loop", "{% for a in custom.numbers %}{{ custom.text }}{% endfor %}", []string{tooLong}},
		{"doubling with ~", doubled + "{% set s = s ~ s %}", []string{tooLong}},
		{"doubling with +", doubled + "{% set s = s + s %}", []string{tooLong}},
		{"doubling by block", doubled + "{% set s %}{{ s }}{{ s }}{% endset %}", []string{tooLong}},
		{"replace", "{{ custom.text|replace('a', custom.text)|length }}", []string{tooLong}},
		{"join", "{{ custom.text|join(custom.text)|length }}", []string{tooLong}},
		{"escape", doubled + "{{ s|replace(' ', '\"')|e|e|length }}", []string{tooLong}},
		{"map", doubled + "{{ s|list|map('replace', 'a', s)|list|length }}", []string{tooMuch}},
		{"doubling lists", "{% set l = custom.numbers %}" + strings.Repeat("{% set l = l + l %}", 30), []string{tooMuch}},
		{"printing a doubled list", "{% set l = [1] %}" + tooMany + "{{ l }}", []string{tooLong}},
		{"comparing doubled lists", "{% set l = [1] %}" + tooMany + "{% set m = l %}{% set l = [1] %}" + tooMany + "{{ l == m }}", []string{tooSlow}},
		{"membership of doubled lists", "{% set l = [1] %}" + tooMany + "{% set m = l %}{% set l = [1] %}" + tooMany + "{{ l in [m] }}", []string{tooSlow}},
		{"indenting", "{% set l = [1] %}" + strings.Repeat("{% set l = [l] %}", 900) + "{{ l|tojson(indent=16)|length }}", []string{tooLong}},
		{"sorting again and again", doubled + "{% for a in custom.numbers %}{{ (s|list|sort)[0] }}{% endfor %}", []string{tooSlow, tooMuch}},
		{"searching again and again", doubled + "{% for a in custom.numbers %}{% for b in custom.numbers[:40] %}{{ 'x' if 'zz' in s }}{% endfor %}{% endfor %}", []string{tooSlow, ""}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !slices.Contains(c.want, tooSlow) {
				template.StopClock(t)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			got, err := render(t, c.source, ctx)
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 200<<20 {
				t.Errorf("allocated %d MB", used>>20)
			}
			if took > 30*time.Second { // it ends; 100 ms on an idle machine without the race detector
				t.Errorf("took %v", took)
			}
			var failure *template.RenderError
			switch {
			case err == nil && (len(c.want) == 0 || c.want[len(c.want)-1] == ""):
			case len(c.want) == 0 || !errors.As(err, &failure):
				t.Errorf("got %.40q, %v, want one of %q", got, err, c.want)
			default:
				for _, want := range c.want {
					if want != "" && strings.HasSuffix(failure.Reason, want) {
						return
					}
				}
				t.Errorf("got %v, want one of %q", err, c.want)
			}
		})
	}
}

// Ensure the iterations of all strings of a message count together.
func TestBoundsOfMessage(t *testing.T) {
	loop := "{% for a in custom.n %}{% for b in custom.n %}{% endfor %}{% endfor %}" // 8,190 iterations
	n := strings.Split(strings.Repeat("x,", 89)+"x", ",")
	list := make([]any, len(n))
	for i := range n {
		list[i] = n[i]
	}
	m, err := template.CompileMessage(template.MessageSource{Text: loop, Custom: map[string]any{"a": []any{loop}}}, template.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = m.Render(template.Context{Custom: map[string]any{"n": list}})
	const want = "custom.a[0]: line 1, column 27: more than 10000 loop iterations"
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// FuzzCompileRender looks for templates that panic, run over their bounds, or render differently the second time.
func FuzzCompileRender(f *testing.F) {
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
	f.Fuzz(func(t *testing.T, source string) {
		// Fails here and not afterwards: what never ends has no afterwards.
		watchdog := time.AfterFunc(5*time.Second, func() { panic("still running: " + source) })
		defer watchdog.Stop()
		compiled, err := template.Compile(source, template.Scope{})
		if err != nil {
			var syntax *template.SyntaxError
			if !errors.As(err, &syntax) || syntax.Line < 1 || syntax.Column < 1 || strings.Contains(syntax.Reason, "internal error") {
				t.Fatalf("%v", err)
			}
			return
		}
		got, err := compiled.Render(ctx)
		if err != nil {
			var failure *template.RenderError
			if !errors.As(err, &failure) || got != "" || strings.Contains(failure.Reason, "internal error") {
				t.Fatalf("%q, %v", got, err)
			}
		} else if !compiled.Constant() && len(got) > template.MaxProduced {
			t.Fatalf("%d bytes", len(got))
		}
		if again, _ := compiled.Render(ctx); err == nil && again != got {
			t.Fatalf("first %q, then %q", got, again)
		}
		if utf8.ValidString(source) && !utf8.ValidString(got) {
			t.Fatalf("not UTF-8: %q", got)
		}
	})
}
