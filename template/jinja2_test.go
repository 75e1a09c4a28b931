package template_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"herald/template"
)

// Ensure templates mean what they mean in Jinja2. testdata/golden.py wrote the expected texts with Jinja2 itself.
func TestJinja2(t *testing.T) {
	raw, err := os.ReadFile("testdata/jinja2.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Context struct {
			Receiver struct {
				ID, Name, Role, Language string
				Teams                    []string
			}
			Custom map[string]any
		}
		Cases []struct{ Template, Want string }
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) < 80 {
		t.Fatalf("only %d cases", len(golden.Cases))
	}
	u := golden.Context.Receiver
	ctx := template.Context{
		Receiver: &template.User{ID: u.ID, Name: u.Name, Role: u.Role, Language: u.Language, Teams: u.Teams},
		Custom:   golden.Context.Custom,
	}
	for _, c := range golden.Cases {
		compiled, err := template.Compile(c.Template, template.Scope{})
		if err != nil {
			t.Errorf("%q: %v", c.Template, err)
			continue
		}
		got, err := compiled.Render(ctx)
		if err != nil {
			t.Errorf("%q: %v", c.Template, err)
			continue
		}
		if got != c.Want {
			t.Errorf("%q:\n got %q\nwant %q", c.Template, got, c.Want)
		}
	}
}
