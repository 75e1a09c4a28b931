package push_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"herald/events/push"
	"herald/internal/pushtest"
)

// Long texts are cut, and further where they take many bytes. What is left is taken by both services.
func TestLongTexts(t *testing.T) {
	for name, tc := range map[string]struct {
		character string
		whole     bool // the body has as many characters as a body may have
	}{"ascii": {"x", true}, "two bytes": {"é", true}, "four bytes": {"🎁", true}, "escaped": {"\x01", false}} {
		t.Run(name, func(t *testing.T) {
			n := note("abc")
			n.Title, n.Body = strings.Repeat(tc.character, 5000), strings.Repeat(tc.character, 5000)
			n.Data = map[string]string{"message_id": strings.Repeat("m", 255), "cid": "messaging:" + strings.Repeat("c", 64)}
			if !push.Fit(&n) {
				t.Fatal("does not fit")
			}
			title, body := utf8.RuneCountInString(n.Title), utf8.RuneCountInString(n.Body)
			if !strings.HasSuffix(n.Body, "…") || title > push.MaxTitle || body > push.MaxBody || (body == push.MaxBody) != tc.whole {
				t.Errorf("title of %d, body of %d characters", title, body)
			}
			if encoded, err := json.Marshal(n); err != nil || !utf8.Valid(encoded) {
				t.Error(err)
			}
			// The servers refuse more than 4,096 bytes.
			if err := newAPNs(t, pushtest.NewAPNs(t)).Send(t.Context(), n); err != nil {
				t.Error(err)
			}
			if err := newFCM(t, pushtest.NewFCM(t)).Send(t.Context(), n); err != nil {
				t.Error(err)
			}
		})
	}
	n := note("abc")
	n.Data["message_id"] = strings.Repeat("\x01", 800)
	if push.Fit(&n) {
		t.Error("data of 4,800 bytes fit")
	}
}
