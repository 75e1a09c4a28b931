package template_test

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

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
		tooHard   = "rendering takes too much work"
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
		{"map", doubled + "{{ s|list|map('replace', 'a', s)|list|length }}", []string{tooMuch, tooHard}},
		{"doubling lists", "{% set l = custom.numbers %}" + strings.Repeat("{% set l = l + l %}", 30), []string{tooMuch}},
		{"printing a doubled list", "{% set l = [1] %}" + tooMany + "{{ l }}", []string{tooLong}},
		{"comparing doubled lists", "{% set l = [1] %}" + tooMany + "{% set m = l %}{% set l = [1] %}" + tooMany + "{{ l == m }}", []string{tooHard}},
		{"membership of doubled lists", "{% set l = [1] %}" + tooMany + "{% set m = l %}{% set l = [1] %}" + tooMany + "{{ l in [m] }}", []string{tooHard}},
		{"indenting", "{% set l = [1] %}" + strings.Repeat("{% set l = [l] %}", 900) + "{{ l|tojson(indent=16)|length }}", []string{tooLong}},
		{"sorting again and again", doubled + "{% for a in custom.numbers %}{{ (s|list|sort)[0] }}{% endfor %}", []string{tooHard}},
		{"searching again and again", doubled + "{% for a in custom.numbers %}{% for b in custom.numbers[:40] %}{{ 'x' if 'zz' in s }}{% endfor %}{% endfor %}", []string{tooHard}},
	} {
		t.Run(c.name, func(t *testing.T) {
			template.StopClock(t) // how busy the machine is must not decide them
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			began := time.Now()
			got, err := render(t, c.source, ctx)
			took := time.Since(began)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > 200<<20 {
				t.Errorf("allocated %d MB", used>>20)
			}
			if took > 30*time.Second { // it ends; within 50 ms on an idle machine without the race detector
				t.Errorf("took %v", took)
			}
			var failure *template.RenderError
			switch {
			case err == nil && len(c.want) == 0:
			case len(c.want) == 0 || !errors.As(err, &failure):
				t.Errorf("got %.40q, %v, want one of %q", got, err, c.want)
			default:
				for _, want := range c.want {
					if strings.HasSuffix(failure.Reason, want) {
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

// Ensure a rendering ends by the clock too, should its work take longer than it is counted for.
func TestBoundOfTime(t *testing.T) {
	template.RunClock(t, 3*time.Second)
	ctx := template.Context{Custom: map[string]any{"text": strings.Repeat("x", 60<<10)}}
	for source, want := range map[string]string{
		"{% set x = custom.text|upper %}":                    "",
		strings.Repeat("{% set x = custom.text|upper %}", 2): "line 1, column 35: rendering took longer than 5s",
	} {
		got := ""
		if _, err := render(t, source, ctx); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%.40s: got %q, want %q", source, got, want)
		}
	}
}
