package template_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"herald/template"
)

// Ensure that docs/templates.md says what is: every example gives what stands beside it, and every filter, test and language is there.
func TestDocumentation(t *testing.T) {
	raw, err := os.ReadFile("../docs/templates.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(raw)
	_, rest, _ := strings.Cut(guide, "```json\n")
	example, rest, _ := strings.Cut(rest, "```")
	ctx := documented(t, object(t, example))
	examples := regexp.MustCompile("`([^`]*\\{[^`]*)` → `([^`]*)`").FindAllStringSubmatch(rest, -1)
	if len(examples) < 60 {
		t.Fatalf("only %d examples", len(examples))
	}
	for _, e := range examples {
		got, err := render(t, e[1], ctx)
		if err != nil || strings.TrimRight(got, " ") != e[2] {
			t.Errorf("%s gives %q, %v; the guide says %q", e[1], got, err, e[2])
		}
	}
	if arrows := strings.Count(guide, "` → `"); arrows != len(examples) {
		t.Errorf("%d of %d examples are read", len(examples), arrows)
	}
	for _, name := range template.NamesOfFilters() {
		if !strings.Contains(guide, "**"+name+"**") {
			t.Errorf("filter %s is missing", name)
		}
	}
	for _, name := range template.NamesOfTests() {
		if !strings.Contains(guide, "`"+name+"`") && !strings.Contains(guide, " is "+name) && !strings.Contains(guide, " is not "+name) && !regexp.MustCompile(`^\W+$`).MatchString(name) {
			t.Errorf("test %s is missing", name)
		}
	}
	if languages := "these languages: `" + strings.Join(template.Languages(), "`, `") + "`."; !strings.Contains(strings.ReplaceAll(guide, "\n", " "), languages) {
		t.Errorf("the guide does not say\n%s", languages)
	}
}

// documented is the context that the guide shows as JSON.
func documented(t *testing.T, v map[string]any) template.Context {
	t.Helper()
	text := func(fields map[string]any, name string) string {
		s, _ := fields[name].(string)
		return s
	}
	user := func(fields map[string]any) *template.User {
		u := &template.User{ID: text(fields, "id"), Name: text(fields, "name"), Language: text(fields, "language"), Custom: fields}
		if teams, ok := fields["teams"].([]any); ok {
			for _, team := range teams {
				u.Teams = append(u.Teams, team.(string))
			}
		}
		if at := text(fields, "created_at"); at != "" {
			var err error
			if u.CreatedAt, err = time.Parse(time.RFC3339Nano, at); err != nil {
				t.Fatal(err)
			}
		}
		return u
	}
	channel, campaign := v["channel"].(map[string]any), v["campaign"].(map[string]any)
	return template.Context{
		Sender: user(v["sender"].(map[string]any)), Receiver: user(v["receiver"].(map[string]any)),
		Channel:  &template.Channel{ID: text(channel, "id"), Type: text(channel, "type"), CID: text(channel, "cid"), MemberCount: 2, Custom: channel},
		Campaign: template.Campaign{ID: text(campaign, "id"), Name: text(campaign, "name")},
		Custom:   v["custom"].(map[string]any),
	}
}

// Ensure times are in the language of the receiver, or in the one that is asked for.
func TestLanguages(t *testing.T) {
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	for _, c := range []struct{ language, source, want string }{
		{"de", "{{ receiver.created_at|strftime('%A %a %d %B %b %x') }}", "Sonntag So. 01 März März 1. März 2026"},
		{"de", "{{ receiver.created_at|strftime('%B', 'es') }} {{ sender.created_at|strftime('%B') }}", "marzo März"},
		{"de", "{{ receiver.created_at|strftime('%B', receiver.other) }} {{ receiver.created_at|strftime('%B', language='nl') }}", "März maart"},
		{"de", "{{ [receiver.created_at]|map('strftime', '%d. %B')|join }}", "01. März"},
		{"de-CH", "{{ receiver.created_at|strftime('%A') }}", "Sonntag"},
		{"ru", "{{ receiver.created_at|strftime('%d %B %Y, %A') }}", "01 марта 2026, воскресенье"},
		{"pt_BR", "{{ receiver.created_at|strftime('%x') }}", "1 de março de 2026"},
		{"PT-br", "{{ receiver.created_at|strftime('%B') }}", "março"},
		{"zh-TW", "{{ receiver.created_at|strftime('%B %A') }}", "3月 星期日"},
		{"zh", "{{ receiver.created_at|strftime('%B %A') }}", "三月 星期日"},
		{"no", "{{ receiver.created_at|strftime('%A') }}", "søndag"},
		{"ar", "{{ receiver.created_at|strftime('%d %B %Y') }}", "01 مارس 2026"},
		{"en-GB", "{{ receiver.created_at|strftime('%x, %B') }}", "1 March 2026, March"},
		{"en", "{{ receiver.created_at|strftime('%x, %A %b') }}", "March 1, 2026, Sunday Mar"},
		{"", "{{ receiver.created_at|strftime('%B %x') }}", "March March 1, 2026"},
		{"tlh", "{{ receiver.created_at|strftime('%B', receiver.language) }}", "March"},
		{strings.Repeat("de-", 100), "{{ receiver.created_at|strftime('%B') }}", "March"},
	} {
		ctx := template.Context{Sender: &template.User{CreatedAt: at, Language: "fr"}, Receiver: &template.User{CreatedAt: at, Language: c.language}}
		if got, err := render(t, c.source, ctx); err != nil || got != c.want {
			t.Errorf("%s: %s gives %q, %v, want %q", c.language, c.source, got, err, c.want)
		}
	}
	toChannels := template.Context{Channel: &template.Channel{CreatedAt: at}, Sender: &template.User{Language: "fr"}}
	if got, err := render(t, "{{ channel.created_at|strftime('%B') }}", toChannels); got != "March" || err != nil {
		t.Errorf("to a channel: %q, %v", got, err)
	}
}

// Ensure each language has all names: a rendering with one that lacks some would end with a panic.
func TestEveryLanguage(t *testing.T) {
	tags := template.Languages()
	if !slices.IsSorted(tags) || len(tags) < 80 {
		t.Fatalf("%d languages", len(tags))
	}
	for _, tag := range tags {
		seen := map[string]bool{}
		for day := range 366 {
			at := time.Date(2028, 1, 1+day, 0, 0, 0, 0, time.UTC)
			ctx := template.Context{Receiver: &template.User{Language: tag, CreatedAt: at}}
			got, err := render(t, "{{ receiver.created_at|strftime('%A;%a;%B;%b;%x') }}", ctx)
			parts := strings.Split(got, ";")
			if err != nil || slices.Contains(parts, "") {
				t.Fatalf("%s, %s: %q, %v", tag, at.Format(time.DateOnly), got, err)
			}
			seen[parts[0]], seen[parts[2]] = true, true
		}
		if len(seen) < 19 {
			t.Errorf("%s has %d names of days and months: %v", tag, len(seen), seen)
		}
	}
}
