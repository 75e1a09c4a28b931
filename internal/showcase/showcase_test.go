package showcase_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"herald/demo"
	"herald/internal/client"
	"herald/internal/showcase"
	"herald/template"
)

func people(t *testing.T) ([]showcase.Person, []byte) {
	t.Helper()
	people, marked, err := showcase.ReadPeople(demo.UsersNDJSON)
	if err != nil {
		t.Fatal(err)
	}
	return people, marked
}

func TestEveryUserIsMarkedAndOtherwiseTheSame(t *testing.T) {
	people, marked := people(t)
	var original, result []map[string]any
	for text, into := range map[*[]byte]*[]map[string]any{&demo.UsersNDJSON: &original, &marked: &result} {
		for line := range bytes.Lines(*text) {
			var user map[string]any
			if err := json.Unmarshal(line, &user); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			*into = append(*into, user)
		}
	}
	for i, user := range original {
		user["demo"] = true
		if people[i].ID != user["id"] || people[i].Name == "" || people[i].Language == "" || people[i].Plan == "" || people[i].Address.City == "" {
			t.Errorf("%+v was read from %v", people[i], user)
		}
	}
	if diff := cmp.Diff(original, result); diff != "" {
		t.Error(diff)
	}
}

// What the demo expects is what the template makes of the same users, by the engine that sends.
func TestExpectedTextIsWhatTheTemplateRenders(t *testing.T) {
	compiled, err := template.CompileMessage(template.MessageSource{Text: showcase.MessageText()}, template.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	all, marked := people(t)
	sender := template.User{ID: showcase.SenderID, Name: showcase.SenderName}
	seen := map[string]bool{}
	lines := slices.Collect(bytes.Lines(marked))
	for i, p := range all {
		if seen[p.Language] {
			continue
		}
		seen[p.Language] = true
		receiver := template.User{ID: p.ID, Name: p.Name, Language: p.Language, CustomJSON: lines[i]}
		got, err := compiled.Render(template.Context{Sender: &sender, Receiver: &receiver})
		if err != nil {
			t.Fatal(err)
		}
		if want := showcase.ExpectedText(p); got.Text != want {
			t.Errorf("rendered %q, expected %q", got.Text, want)
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d languages", len(seen))
	}
}

func TestCheckStats(t *testing.T) {
	began := time.Now()
	ended := began.Add(time.Second)
	good := client.Stats{Progress: 1, StartedAt: &began, CompletedAt: &ended, MessagesSent: 10, UsersSent: 10, RecipientsTotal: 10}
	if errs := showcase.CheckStats(good, 10); len(errs) > 0 {
		t.Errorf("good stats are wrong: %v", errs)
	}
	for name, spoil := range map[string]func(*client.Stats){
		"one is missing": func(s *client.Stats) { s.MessagesSent, s.UsersSent, s.RecipientsTotal = 9, 9, 9 },
		"one is doubled": func(s *client.Stats) { s.MessagesSent, s.UsersSent, s.RecipientsTotal = 11, 11, 11 },
		"one failed":     func(s *client.Stats) { s.MessagesFailed, s.RecipientsTotal = 1, 11 },
		"one skipped":    func(s *client.Stats) { s.MessagesSkipped, s.RecipientsTotal = 1, 11 },
		"the total":      func(s *client.Stats) { s.RecipientsTotal = 12 },
		"users sent":     func(s *client.Stats) { s.UsersSent = 12 },
		"progress":       func(s *client.Stats) { s.Progress = 0.99 },
		"no end":         func(s *client.Stats) { s.CompletedAt = nil },
	} {
		bad := good
		spoil(&bad)
		if errs := showcase.CheckStats(bad, 10); len(errs) == 0 {
			t.Errorf("%s: nobody noticed", name)
		}
	}
}

func TestCheckMessages(t *testing.T) {
	all, _ := people(t)
	all = all[:10]
	good := make([]showcase.Delivered, len(all))
	for i, p := range all {
		good[i] = showcase.Delivered{Recipient: p.ID, CID: "messaging:" + p.ID, Text: showcase.ExpectedText(p)}
	}
	if errs := showcase.CheckMessages(good, all); len(errs) > 0 {
		t.Errorf("good messages are wrong: %v", errs)
	}
	for name, spoil := range map[string]func([]showcase.Delivered) []showcase.Delivered{
		"one is missing":          func(m []showcase.Delivered) []showcase.Delivered { return m[1:] },
		"one is doubled":          func(m []showcase.Delivered) []showcase.Delivered { return append(m, m[0]) },
		"one for another":         func(m []showcase.Delivered) []showcase.Delivered { m[0] = m[1]; return m },
		"a stranger":              func(m []showcase.Delivered) []showcase.Delivered { m[0].Recipient = "x"; return m },
		"another's text":          func(m []showcase.Delivered) []showcase.Delivered { m[0].Text = m[1].Text; return m },
		"two in the same channel": func(m []showcase.Delivered) []showcase.Delivered { m[0].CID = m[1].CID; return m },
	} {
		errs := showcase.CheckMessages(spoil(slices.Clone(good)), all)
		if len(errs) == 0 {
			t.Errorf("%s: nobody noticed", name)
		}
	}
}

func TestReadStack(t *testing.T) {
	if _, err := showcase.ReadStack(t.TempDir()); err == nil {
		t.Error("an empty directory has a stack")
	}
}
