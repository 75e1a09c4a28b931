package template

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonWriter writes values as JSON, compact or indented. It stops where the text grows beyond MaxProduced, so that a list that
// holds another many times over cannot fill the memory.
type jsonWriter struct {
	run    *run
	out    []byte
	pretty bool
	indent int // blanks per level when pretty
}

func (w *jsonWriter) write(v any, depth int) error {
	if err := w.run.spend(valueWork); err != nil {
		return err
	}
	switch v := v.(type) {
	case nil:
		w.out = append(w.out, "null"...)
	case string:
		w.out = append(w.out, quote(v)...)
		if err := w.run.spend(2 * len(v)); err != nil {
			return err
		}
	case bool:
		w.out = strconv.AppendBool(w.out, v)
	case int64, float64, json.Number:
		text, err := w.run.toText(v)
		if err != nil {
			return err
		}
		w.out = append(w.out, text...)
	case []any:
		w.out = append(w.out, '[')
		for i, item := range v {
			w.separate(i, depth+1)
			if err := w.write(normalise(item), depth+1); err != nil {
				return err
			}
		}
		w.close(']', len(v), depth)
	default:
		return w.writeObject(v, depth)
	}
	if len(w.out) > MaxProduced {
		return errTooLong()
	}
	return nil
}

func (w *jsonWriter) writeObject(v any, depth int) error {
	d, err := w.run.toDict(v)
	if err != nil {
		return err
	}
	w.out = append(w.out, '{')
	for i, key := range d.keys {
		name, err := w.run.toText(key)
		if err != nil {
			return err
		}
		w.separate(i, depth+1)
		w.out = append(append(w.out, quote(name)...), ':')
		if w.pretty {
			w.out = append(w.out, ' ')
		}
		if err := w.write(d.values[key], depth+1); err != nil {
			return err
		}
	}
	w.close('}', len(d.keys), depth)
	return nil
}

func (w *jsonWriter) separate(i, depth int) {
	if i > 0 {
		w.out = append(w.out, ',')
	}
	w.line(depth)
}

func (w *jsonWriter) close(bracket byte, elements, depth int) {
	if elements > 0 {
		w.line(depth)
	}
	w.out = append(w.out, bracket)
}

func (w *jsonWriter) line(depth int) {
	if w.pretty {
		w.out = append(w.out, '\n')
		w.out = append(w.out, bytes.Repeat([]byte(" "), depth*w.indent)...)
	}
}

// needsEscape tells whether json.Encoder may write a character otherwise than it is.
func needsEscape(c rune) bool {
	return c < ' ' || c == '"' || c == '\\' || c == utf8.RuneError || c == '\u2028' || c == '\u2029'
}

// quote writes a JSON string and, other than json.Marshal, leaves < > & as they are: nothing is escaped for HTML.
func quote(s string) []byte {
	if !strings.ContainsFunc(s, needsEscape) {
		return append(append(append(make([]byte, 0, len(s)+2), '"'), s...), '"')
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(s); err != nil {
		return []byte(`""`) // no string fails
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
