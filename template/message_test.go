package template_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/template"
)

func object(t testing.TB, text string) map[string]any {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var v map[string]any
	if err := decoder.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

// Ensure every string value of a message is rendered, at any depth, nothing else, and the source stays as it is.
func TestMessage(t *testing.T) {
	source := func() template.MessageSource {
		return template.MessageSource{
			Text: "Hi {{ receiver.name }}",
			Attachments: object(t, `{"a": [{"type": "image", "image_url": "https://x/{{ receiver.country }}.png", "original_width": 640, "actions": [{"name": "{{ receiver.id }}", "n": null}]},
				{"title": "plain"}]}`)["a"].([]any),
			Custom: object(t, `{"lang": "{{ receiver.language }}", "promo": true, "n": 12.50, "{{ receiver.id }}": "key", "deep": {"list": ["a", "{{ 1 + 1 }}", 3, {"x": "{{ sender.name }}"}]}, "same": {"a": ["b"]}}`),
		}
	}
	given := source()
	m, err := template.CompileMessage(given, template.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	want := template.RenderedMessage{
		Text:        "Hi Ann",
		Attachments: object(t, `{"a": [{"type": "image", "image_url": "https://x/US.png", "original_width": 640, "actions": [{"name": "ann", "n": null}]}, {"title": "plain"}]}`)["a"].([]any),
		Custom:      object(t, `{"lang": "en", "promo": true, "n": 12.50, "{{ receiver.id }}": "key", "deep": {"list": ["a", "2", 3, {"x": "The Shop"}]}, "same": {"a": ["b"]}}`),
	}
	for range 2 {
		got, err := m.Render(person(t))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		got.Custom["campaign_id"] = "spring" // what sending does; the next recipient must not see it
		got.Attachments[1] = nil
	}
	if diff := cmp.Diff(source(), given); diff != "" {
		t.Errorf("the source changed: %s", diff)
	}
}

// Ensure a message without templates renders to fresh copies, and an empty one to empty values, not nil.
func TestConstantMessage(t *testing.T) {
	custom := map[string]any{"a": "b"}
	m, err := template.CompileMessage(template.MessageSource{Text: "x", Attachments: []any{"y"}, Custom: custom}, template.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	if text, attachments, custom := m.Constant(); !text || !attachments || !custom {
		t.Error("not constant")
	}
	got, err := m.Render(template.Context{})
	if err != nil {
		t.Fatal(err)
	}
	got.Custom["campaign_id"], got.Attachments[0] = "c", nil
	again, err := m.Render(template.Context{})
	if diff := cmp.Diff(template.RenderedMessage{Text: "x", Attachments: []any{"y"}, Custom: map[string]any{"a": "b"}}, again); diff != "" || err != nil {
		t.Error(diff, err)
	}
	empty, err := template.CompileMessage(template.MessageSource{}, template.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	got, err = empty.Render(template.Context{})
	if err != nil || got.Attachments == nil || got.Custom == nil {
		t.Errorf("got %#v, %v", got, err)
	}
	got.Custom["campaign_id"] = "c"
}

// Ensure all errors come at once, each with its path, in a fixed order.
func TestMessageErrors(t *testing.T) {
	_, err := template.CompileMessage(template.MessageSource{
		Text:        "Hi {{ sender }",
		Attachments: []any{map[string]any{"title": "{{ range(3) }}", "actions": []any{map[string]any{"name": "{% x %}"}}}},
		Custom:      object(t, `{"b": ["ok", "{{ receiver.id }}"], "a": {"c d": "{{"}}`),
	}, template.Scope{NoReceiver: true})
	var errs template.Errors
	if !errors.As(err, &errs) {
		t.Fatalf("got %v", err)
	}
	var got []string
	for _, e := range errs {
		got = append(got, e.Error())
	}
	want := []string{
		`text: line 1, column 14: unexpected "}"`,
		`attachments[0].actions[0].name: line 1, column 4: the statement "x" is not allowed`,
		`attachments[0].title: line 1, column 4: the function "range" is not allowed`,
		`custom.a.c d: line 1, column 3: unexpected end of template`,
		`custom.b[1]: line 1, column 4: "receiver" is not available when the audience is channels`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var syntax *template.SyntaxError
	if !errors.As(err, &syntax) || syntax.Column != 14 {
		t.Errorf("got %+v", syntax)
	}
}

// Ensure a failure names the string it happened in.
func TestMessageRenderErrors(t *testing.T) {
	m, err := template.CompileMessage(template.MessageSource{Text: "x", Attachments: []any{"y", map[string]any{"a": []any{"{{ 1 / receiver.n }}"}}}}, template.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	for n, want := range map[string]string{
		"0":   "attachments[1].a[0]: line 1, column 1: division by zero",
		`"x"`: "attachments[1].a[0]: line 1, column 1: cannot divide a number and text",
		"2":   "",
	} {
		got, err := m.Render(template.Context{Receiver: &template.User{CustomJSON: []byte(`{"n":` + n + `}`)}})
		reason := ""
		if err != nil {
			reason = err.Error()
		}
		if reason != want || (err != nil) != reflect.ValueOf(got).IsZero() {
			t.Errorf("n = %s: got %+v, %v", n, got, err)
		}
	}
}

func TestNeedsChannel(t *testing.T) {
	for _, c := range []struct {
		source template.MessageSource
		want   bool
	}{
		{template.MessageSource{Text: "channel {{ receiver.channel }}"}, false},
		{template.MessageSource{Text: "{% if channel %}{% endif %}"}, true},
		{template.MessageSource{Custom: map[string]any{"a": []any{"{{ x|default(channel.name) }}"}}}, true},
	} {
		m, err := template.CompileMessage(c.source, template.Scope{})
		if err != nil {
			t.Fatal(err)
		}
		if m.NeedsChannel() != c.want {
			t.Errorf("%+v: got %v", c.source, !c.want)
		}
	}
}

// Ensure a channel template renders id and custom data, refuses channel but not receiver, and holds the id to its own length.
func TestChannelTemplate(t *testing.T) {
	c, err := template.CompileChannel(template.ChannelSource{ID: "{{receiver.id}}-{{sender.id}}", Custom: map[string]any{"name": "Shop for {{ receiver.name }}", "n": 1}},
		template.Scope{NoReceiver: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx := person(t)
	got, err := c.Render(ctx)
	if diff := cmp.Diff(template.RenderedChannel{ID: "ann-shop", Custom: map[string]any{"name": "Shop for Ann", "n": 1}}, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	if id, err := c.RenderID(ctx); id != "ann-shop" || err != nil {
		t.Errorf("got %q, %v", id, err)
	}
	_, err = template.CompileChannel(template.ChannelSource{ID: strings.Repeat("x", 1001), Custom: map[string]any{"a": "{{ channel.id }}", "b": strings.Repeat("x", 1001)}}, template.Scope{})
	const want = `id: line 1, column 1: the template has 1001 characters, at most 1000 are allowed; ` +
		`custom.a: line 1, column 4: "channel" is not available in a channel template`
	if err == nil || err.Error() != want {
		t.Errorf("got %v", err)
	}
}

// Ensure a field found by searching the JSON text is the one decoding finds, in any layout, and broken text fails and never hangs.
func TestCustomJSON(t *testing.T) {
	for _, text := range []string{
		``, `null`, `{}`, ` { } `, `{"a":1}`, "{\n\t\"b\" : [1, {\"a\": \"}\"}] ,\r\n \"a\" : \"x\\\"y\" }", `{"\u0061":"escaped key"}`, `{"b":"\\","a":-1.5e3}`,
		`{"a":{"a":"inner"},"b":"a"}`, `{"b":{"a":1}}`, `{"a":"","b":null}`, `{"a":"é","b":"😀"}`, `{"b":true,"a":false}`, `{"a":[[],{}]}`,
	} {
		var decoded map[string]any
		if text != "" {
			decoded = object(t, text)
		}
		for _, name := range []string{"a", "b", "é", ""} {
			source := fmt.Sprintf("{{ receiver[%q] }}", name)
			searched, err1 := render(t, source, template.Context{Receiver: &template.User{CustomJSON: []byte(text)}})
			found, err2 := render(t, source, template.Context{Receiver: &template.User{Custom: decoded}})
			whole, err3 := render(t, strings.Repeat("{% if receiver.q %}{% endif %}", 20)+source, template.Context{Receiver: &template.User{CustomJSON: []byte(text)}})
			if err := errors.Join(err1, err2, err3); err != nil || searched != found || whole != found {
				t.Errorf("%s of %s: searched %q, decoded %q, both %q, %v", name, text, found, searched, whole, err)
			}
		}
	}
	valid := `{"b":[1,{"c":"d\"e"}],"a":"x"}`
	for i := range valid {
		_, err := render(t, "{{ receiver.zz }}", template.Context{Receiver: &template.User{CustomJSON: []byte(valid[:i])}})
		if i > 0 && err == nil {
			t.Errorf("%s: no error", valid[:i])
		}
	}
}

// BenchmarkRender is the hot path of a campaign: one text per recipient, custom data as they come from the database.
func BenchmarkRender(b *testing.B) {
	ctx := person(b)
	custom := map[string]any{}
	for i := range 12 {
		custom[fmt.Sprintf("field_%02d", i)] = fmt.Sprintf("value %02d", i)
	}
	maps.Copy(custom, map[string]any{"plan": "gold", "country": "US"})
	raw, err := json.Marshal(custom)
	if err != nil {
		b.Fatal(err)
	}
	ctx.Receiver = &template.User{ID: "ann", Name: "Ann", Language: "en", CustomJSON: raw}
	for _, c := range []struct {
		name   string
		source template.MessageSource
	}{
		{"names", template.MessageSource{Text: "Hi {{ receiver.name }} I'm {{ sender.name }}!"}},
		{"custom", template.MessageSource{Text: "Hi {{ receiver.name }} from {{ receiver.country }}, your {{ receiver.plan }} plan"}},
		{"rich", template.MessageSource{
			Text: "{% if receiver.plan == 'gold' %}Dear {{ receiver.name|upper }}{% else %}Hi{% endif %}, {{ receiver.missing|default('friend') }}" +
				"{% for t in receiver.teams %}{{ t }}{% endfor %}",
			Attachments: []any{map[string]any{"type": "image", "image_url": "https://cdn.example.com/{{ receiver.country }}.png"}},
			Custom:      map[string]any{"promotional": true, "lang": "{{ receiver.language }}"},
		}},
	} {
		m, err := template.CompileMessage(c.source, template.Scope{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := m.Render(ctx); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	decode, err := template.Compile("{{ receiver|length }}", template.Scope{})
	if err != nil {
		b.Fatal(err)
	}
	b.Run("decoding all", func(b *testing.B) {
		for b.Loop() {
			if _, err := decode.Render(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
}
