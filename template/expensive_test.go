package template_test

import (
	"strings"
	"testing"

	"herald/template"
)

// Ensure that what is cheap to write and dear to do ends in time. Each of these took seconds or minutes where only what it produces was counted.
func TestExpensiveTemplates(t *testing.T) {
	template.StopClock(t) // the work alone has to bound them
	long := func(unit string) string {
		return "{% set s = '" + unit + "' %}" + strings.Repeat("{% set s = s ~ s %}", 15) // up to 64 KiB with units of two bytes
	}
	loop := func(body string) string {
		return "{% for a in custom.hundred %}{% for b in custom.hundred %}" + body + "{% endfor %}{% endfor %}"
	}
	names := ""
	for i := range 26 * 26 {
		names += "{% set v" + string(rune('a'+i/26)) + string(rune('a'+i%26)) + " = 1 %}"
	}
	for name, source := range map[string]string{
		"arithmetic":                   loop("{% if 1" + strings.Repeat("+1", 8000) + " == 0 %}{% endif %}"),
		"names that are not there":     loop("{{ x" + strings.Repeat("~x", 8000) + " }}"),
		"a long chain":                 loop("{% if custom" + strings.Repeat(".a", 8000) + " %}{% endif %}"),
		"comparing numbers":            loop("{% if 1" + strings.Repeat("<2", 8000) + " %}{% endif %}"),
		"names behind many others":     names + loop("{% if x"+strings.Repeat(" or x", 1200)+" %}{% endif %}"),
		"empty scopes":                 loop(strings.Repeat("{% with %}{% endwith %}", 800)),
		"empty texts":                  loop(strings.Repeat("{% set x %}{% endset %}", 800)),
		"a list of teams":              loop(strings.Repeat("{% if receiver.teams %}{% endif %}", 500)),
		"replacing everything":         long("xx") + loop("{{ s|replace('x', '')|length }}"),
		"replacing nothing":            long("xx") + loop("{{ s|replace('y', '')|first }}"),
		"counting characters":          long("xx") + loop("{% if s|length > 9 %}{% endif %}"),
		"trimming":                     long("é") + "{% set s = s[:9000] %}{% set t = s|replace('é', 'è') ~ 'é' %}" + loop("{{ s|trim(t)|length }}"),
		"tags that are comments":       long("<!") + "{% set s = s[:6000]|replace('!', '!-- > ') %}" + loop("{{ s|striptags|length }}"),
		"comparing long texts":         long("xx") + "{% set t = s ~ '' %}" + loop(strings.Repeat("{% if s == t %}{% endif %}", 700)),
		"ordering long texts":          long("xx") + "{% set t = s ~ '' %}" + loop(strings.Repeat("{% if s <= t %}{% endif %}", 700)),
		"the greatest of long texts":   long("xx") + "{% set l = [s] %}" + strings.Repeat("{% set l = l + l %}", 15) + "{{ l|max|length }}",
		"sorting long texts":           long("xx") + "{% set l = [s] %}" + strings.Repeat("{% set l = l + l %}", 12) + "{{ l|sort|first|length }}",
		"sorting fields of long texts": long("xx") + loop("{{ {'a': s, 'b': s}|dictsort(by='value')|length }}"),
		"long texts, each once":        long("xx") + "{% set l = [s] %}" + strings.Repeat("{% set l = l + l %}", 15) + "{{ l|unique|length }}",
		"joining nothing":              "{% set l = [''] %}" + strings.Repeat("{% set l = l + l %}", 17) + loop("{{ l|join }}"),
		"choosing nothing":             "{% set l = [''] %}" + strings.Repeat("{% set l = l + l %}", 17) + loop("{{ l|select|first }}"),
		"adding up":                    "{% set l = [1] %}" + strings.Repeat("{% set l = l + l %}", 17) + loop("{{ l|sum|string|first }}"),
		"the fields of a user":         loop(strings.Repeat("{{ receiver|length }}", 800) + "{% set x = 1 %}"),
		"words":                        long("a ") + loop("{% if s|wordcount %}{% endif %}"),
		"a long format":                long("%A") + loop("{% if '2026-11-23'|strftime(s[:16000]) %}{% endif %}"),
		"a number of many digits":      loop(strings.Repeat("{% if custom.digits %}{% endif %}", 550)),
		"many digits added":            loop("{% if custom.zeros" + strings.Repeat("+custom.zeros", 1400) + " %}{% endif %}"),
		"the case of a text":           long("XX") + loop("{% if s is upper and s is not lower %}{% endif %}"),
		"encoding":                     long("é") + loop("{% if s[:9000]|urlencode|striptags|title %}{% endif %}"),
		"slices":                       long("xx") + loop("{% if s[::-1] %}{% endif %}"),
		"a path of many steps":         "{% set p = '" + strings.Repeat("a.", 2000) + "a' %}" + loop("{{ [custom]|map(attribute=p)|first }}"),
		"lists within lists":           "{% set l = [1] %}" + strings.Repeat("{% set l = [l, l] %}", 40) + "{% set m = [1] %}" + strings.Repeat("{% set m = [m, m] %}", 40) + "{{ l == m or l < m }}",
		"parentheses":                  "{{ " + strings.Repeat("(", 19_000) + " }}",
		"negations":                    "{{ " + strings.Repeat("not ", 4_900) + "x }}",
		"texts in a row":               "{{ " + strings.Repeat("'a'", 6_600) + " }}",
		"statements":                   strings.Repeat("{%if a%}", 2_400),
		"brackets":                     strings.Repeat("{", 20_000),
		"comments":                     strings.Repeat("{#", 10_000),
		"quotes":                       "{{" + strings.Repeat("'", 19_990),
		"blanks":                       "{{" + strings.Repeat(" ", 19_990),
		"line ends":                    strings.Repeat("{{\n", 6_600),
		"filters":                      "{{ x" + strings.Repeat("|e", 9_000) + " }}",
	} {
		t.Run(name, func(t *testing.T) {
			ctx := person(t)
			hundred := make([]any, 100)
			for i := range hundred {
				hundred[i] = i
			}
			ctx.Receiver.Teams = make([]string, 250)
			ctx.Custom = map[string]any{
				"hundred": hundred,
				"digits":  object(t, `{"n": 0.`+strings.Repeat("0", 4900)+`}`)["n"],
				"zeros":   object(t, `{"n": 0.`+strings.Repeat("0", 90)+`1}`)["n"],
			}
			withstand(t, source, ctx)
		})
	}
}
