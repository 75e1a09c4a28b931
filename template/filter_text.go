package template

import (
	"html"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// textFilter makes a filter of a function on text. Other values are printed first.
func textFilter(f func(string) string) func(*run, any, []any) (any, error) {
	return func(r *run, v any, _ []any) (any, error) {
		text, err := r.toText(v)
		if err != nil {
			return nil, err
		}
		return r.produced(f(text))
	}
}

func escape(s string) string { return html.EscapeString(s) }

// upper turns "ß" into "SS", which strings.ToUpper leaves.
func upper(s string) string { return cases.Upper(language.Und).String(s) }

func capitalize(s string) string {
	first, width := utf8.DecodeRuneInString(s)
	if width == 0 {
		return ""
	}
	return string(unicode.ToTitle(first)) + strings.ToLower(s[width:])
}

// title begins words after blanks, hyphens and opening brackets only, so that "it's" becomes "It's".
func title(s string) string {
	var b strings.Builder
	begins := true
	for _, c := range s {
		if begins {
			b.WriteRune(unicode.ToTitle(c))
		} else {
			b.WriteRune(unicode.ToLower(c))
		}
		begins = unicode.IsSpace(c) || strings.ContainsRune("-({[<", c)
	}
	return b.String()
}

func stripTags(s string) string {
	s = without(without(s, "<!--", "-->"), "<", ">")
	return html.UnescapeString(strings.Join(strings.Fields(s), " "))
}

// without leaves out what stands between two marks, and the marks.
func without(s, begin, end string) string {
	var b strings.Builder
	for {
		from := strings.Index(s, begin)
		if from < 0 {
			break
		}
		length := strings.Index(s[from:], end)
		if length < 0 {
			break
		}
		b.WriteString(s[:from])
		s = s[from+length+len(end):]
	}
	b.WriteString(s)
	return b.String()
}

func filterWordcount(r *run, v any, _ []any) (any, error) {
	text, err := r.toText(v)
	if err != nil {
		return nil, err
	}
	isWord := func(c rune) bool { return c == '_' || unicode.IsLetter(c) || unicode.IsNumber(c) }
	words := 0
	inside := false
	for _, c := range text {
		if isWord(c) != inside {
			inside = !inside
			if inside {
				words++
			}
		}
	}
	return int64(words), nil
}

func filterReplace(r *run, v any, args []any) (any, error) {
	text, err := r.texts(v, args[0], args[1])
	if err != nil {
		return nil, err
	}
	source, old, replacement := text[0], text[1], text[2]
	n := -1
	if args[2] != nil {
		count, ok := toInt(args[2])
		if !ok {
			return nil, fail("count is a whole number, not %s", typeName(args[2]))
		}
		n = int(count)
	}
	found := strings.Count(source, old)
	if n >= 0 {
		found = min(found, n)
	}
	if err := r.spend(found * elementWork); err != nil {
		return nil, err
	}
	if len(source)+found*(len(replacement)-len(old)) > MaxProduced {
		return nil, errTooLong()
	}
	return r.produced(strings.Replace(source, old, replacement, n))
}

func (r *run) texts(values ...any) ([]string, error) {
	texts := make([]string, len(values))
	for i, v := range values {
		var err error
		if texts[i], err = r.toText(v); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

func filterTrim(r *run, v any, args []any) (any, error) {
	text, err := r.texts(v, args[0])
	if err != nil {
		return nil, err
	}
	if args[0] == nil {
		return r.produced(strings.TrimSpace(text[0]))
	}
	if err := r.spend((len(text[0]) + len(text[1])) * elementWork); err != nil {
		return nil, err
	}
	cutset := make(map[rune]bool, len(text[1])) // strings.Trim looks through all of a cutset for every character
	for _, c := range text[1] {
		cutset[c] = true
	}
	return r.produced(strings.TrimFunc(text[0], func(c rune) bool { return cutset[c] }))
}

// filterTruncate cuts at a word unless killwords, and leaves a text that is at most leeway too long.
func filterTruncate(r *run, v any, args []any) (any, error) {
	text, err := r.texts(v, args[2])
	if err != nil {
		return nil, err
	}
	length, okLength := toInt(args[0])
	leeway, okLeeway := toInt(args[3])
	if !okLength || !okLeeway {
		return nil, fail("length and leeway are whole numbers")
	}
	source, end := []rune(text[0]), text[1]
	ending := int64(utf8.RuneCountInString(end))
	if length < ending || leeway < 0 {
		return nil, fail("length must be at least that of the end %.40q, and leeway at least 0", end)
	}
	if int64(len(source))-leeway <= length {
		return r.produced(text[0])
	}
	cut := string(source[:length-ending])
	if !truth(args[1]) {
		if i := strings.LastIndexByte(cut, ' '); i >= 0 {
			cut = cut[:i]
		}
	}
	return r.produced(cut + end)
}

func filterURLEncode(r *run, v any, _ []any) (any, error) {
	list, isList := v.([]any)
	if d, err := r.toDict(v); err != nil {
		return nil, err
	} else if d != nil {
		list, isList = d.pairs(), true
	}
	if !isList {
		text, err := r.toText(v)
		if err != nil {
			return nil, err
		}
		return r.produced(strings.NewReplacer("+", "%20", "%2F", "/").Replace(url.QueryEscape(text)))
	}
	var parts []string
	for _, item := range list {
		pair, ok := normalise(item).([]any)
		if !ok || len(pair) != 2 {
			return nil, fail("a list must hold pairs")
		}
		text, err := r.texts(normalise(pair[0]), normalise(pair[1]))
		if err != nil {
			return nil, err
		}
		part, err := r.produced(url.QueryEscape(text[0]) + "=" + url.QueryEscape(text[1]))
		if err != nil {
			return nil, err
		}
		parts = append(parts, part.(string))
	}
	return r.joined(parts, "&")
}

// joined joins texts once it is clear that the result is short enough.
func (r *run) joined(parts []string, separator string) (any, error) {
	size := len(separator) * max(len(parts)-1, 0)
	for _, part := range parts {
		size += len(part)
		if size > MaxProduced {
			return nil, errTooLong()
		}
	}
	return r.produced(strings.Join(parts, separator))
}

// joinText prints the items and joins them.
func (r *run) joinText(items []any, separator string) (any, error) {
	if err := r.spend(len(items) * elementWork); err != nil {
		return nil, err
	}
	parts := make([]string, len(items))
	size := 0
	for i, item := range items {
		var err error
		if parts[i], err = r.toText(normalise(item)); err != nil {
			return nil, err
		}
		if size += len(parts[i]); size > MaxProduced {
			return nil, errTooLong()
		}
	}
	return r.joined(parts, separator)
}

// forScripts are the characters Jinja2 escapes in JSON, so that it may stand in HTML.
var forScripts = strings.NewReplacer("<", `\u003c`, ">", `\u003e`, "&", `\u0026`, "'", `\u0027`)

func filterToJSON(r *run, v any, args []any) (any, error) {
	writer := jsonWriter{run: r}
	if args[0] != nil {
		indent, ok := toInt(args[0])
		if !ok || indent < 0 || indent > 16 {
			return nil, fail("indent is a whole number from 0 to 16")
		}
		writer.pretty, writer.indent = true, int(indent)
	}
	if err := writer.write(v, 0); err != nil {
		return nil, err
	}
	return r.produced(forScripts.Replace(string(writer.out)))
}
