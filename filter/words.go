package filter

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"
)

// phrase reads the operand of $autocomplete or $q.
func (p *parser) phrase(at string, raw json.RawMessage) (string, bool) {
	v, ok := p.scalar(at, raw, text)
	if !ok {
		return "", false
	}
	if n := utf8.RuneCountInString(v.digits); n < 1 || n > MaxPhraseLength {
		p.fail(at, "expected a string of 1 to %d characters", MaxPhraseLength)
		return "", false
	}
	phrase := strings.TrimLeftFunc(v.digits, unicode.IsSpace)
	if phrase == "" {
		p.fail(at, "expected at least one word")
		return "", false
	}
	return phrase, true
}

// beginsWord compiles $autocomplete and $q over a text expression, which may be NULL.
func (p *parser) beginsWord(at string, op operator, raw json.RawMessage, of fragment) fragment {
	phrase, ok := p.phrase(at, raw)
	if !ok {
		return nil
	}
	sought := []string{phrase}
	if op == opQuery {
		sought = words(phrase)
	}
	return func(b *Binder) string {
		field := wordStarts(of(b))
		tests := make([]string, len(sought))
		for i, word := range sought {
			tests[i] = "strpos(" + field + ", " + wordStarts(b.Bind(word)+"::text") + ") > 0"
		}
		return "(" + strings.Join(tests, " AND ") + ")"
	}
}

// wordStarts lowers a text and puts the character 1 wherever a word begins. Both sides of a search go through it, so a
// plain substring search finds the value at word starts only, and no character of the value has a meaning of its own, as
// it would in LIKE or a regular expression.
func wordStarts(expression string) string {
	return `chr(1) || regexp_replace(lower((` + expression + `) COLLATE "default"), '([^[:alnum:]])', '\1' || chr(1), 'g')`
}

// words are the runs of letters, digits and marks; in a phrase without any (an emoji, "&") the runs without space.
func words(phrase string) []string {
	found := strings.FieldsFunc(phrase, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r)
	})
	if len(found) == 0 {
		return strings.Fields(phrase)
	}
	return found
}
