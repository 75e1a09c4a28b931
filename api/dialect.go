package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// dialect is one of the wire forms of the API (contract 2): where its routes are, where requests have custom data, and
// how its encoder writes the values that look different in each.
type dialect struct {
	path        func(path string) string // of a route in this dialect
	nested      bool                     // requests have custom data in the key "custom", not beside the built-in keys
	time        func(b []byte, t time.Time) []byte
	custom      func(e *encoder, c customData) error // writes keys of the enclosing object
	attachments func(e *encoder, a attachments) error
	unset       string // JSON of a choice that is unset
	legacy      bool   // has the keys of older SDKs
	spread      bool   // writes the keys of a spread object into the one around it too
}

// v1 is the dialect of paths without a prefix: times as text, custom data beside the built-in keys.
var v1 = &dialect{
	path: func(path string) string { return path },
	time: timeAsText, custom: customBeside, attachments: attachmentsFlat, unset: "null", legacy: true,
}

// v2 is the dialect of the generated SDKs: times as integers, custom data in an object of its own that is always there.
// Their decoders are typed, so a time with a decimal point or a missing "custom" breaks a client.
var v2 = &dialect{
	path: pathV2, nested: true,
	time: timeAsNanoseconds, custom: customNested, attachments: attachmentsNested, unset: `""`, spread: true,
}

var dialects = []*dialect{v1, v2}

// chatPaths are the first steps of the paths that the v2 dialect has below /api/v2/chat. All others are below /api/v2.
var chatPaths = []string{"campaigns", "segments", "channels", "messages", "members", "unread", "unread_batch"}

func pathV2(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if slices.Contains(chatPaths, first) {
		return "/api/v2/chat" + path
	}
	return "/api/v2" + path
}

const textualTime = `"2006-01-02T15:04:05.000000Z"`

func timeAsText(b []byte, t time.Time) []byte { return t.UTC().AppendFormat(b, textualTime) }

// timeAsNanoseconds writes what is stored, which is in microseconds, in the dialect's unit.
func timeAsNanoseconds(b []byte, t time.Time) []byte {
	return strconv.AppendInt(b, t.UnixMicro()*int64(time.Microsecond), 10)
}

func customBeside(e *encoder, c customData) error {
	hidden := slices.Clone(c.builtin)
	for _, f := range c.extra {
		hidden = append(hidden, f.key)
	}
	err := eachMember(c.data, func(key string, value json.RawMessage) {
		if !slices.Contains(hidden, key) {
			e.raw(key, value)
		}
	})
	if err != nil {
		return fmt.Errorf("custom data: %w", err)
	}
	return e.fields(c.extra)
}

func customNested(e *encoder, c customData) error {
	e.key("custom")
	e.b = append(e.b, '{')
	err := eachMember(c.data, func(key string, value json.RawMessage) {
		if !slices.ContainsFunc(c.extra, func(f field) bool { return f.key == key }) {
			e.raw(key, value)
		}
	})
	if err != nil {
		return fmt.Errorf("custom data: %w", err)
	}
	if err := e.fields(c.extra); err != nil {
		return err
	}
	e.b = append(e.b, '}')
	return nil
}

func attachmentsFlat(e *encoder, a attachments) error {
	if len(a) == 0 {
		a = attachments("[]")
	}
	e.b = append(e.b, a...)
	return nil
}

func attachmentsNested(e *encoder, a attachments) error {
	var each []json.RawMessage
	if len(a) > 0 {
		if err := json.Unmarshal(a, &each); err != nil {
			return fmt.Errorf("read attachments: %w", err)
		}
	}
	e.b = append(e.b, '[')
	for i, one := range each {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.b = append(e.b, '{')
		custom := &encoder{d: e.d, b: []byte{'{'}}
		err := eachMember(one, func(key string, value json.RawMessage) {
			if slices.Contains(attachmentKeys, key) {
				e.raw(key, value)
			} else {
				custom.raw(key, value)
			}
		})
		if err != nil {
			return fmt.Errorf("attachment %d: %w", i, err)
		}
		e.raw("custom", append(custom.b, '}'))
		e.b = append(e.b, '}')
	}
	e.b = append(e.b, ']')
	return nil
}

// eachMember walks a JSON object in its own order; an empty text is one without members.
func eachMember(object json.RawMessage, do func(key string, value json.RawMessage)) error {
	if len(object) == 0 {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(object))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("%.20q is no JSON object: %w", object, err)
	}
	for d.More() {
		var value json.RawMessage
		key, err := d.Token()
		if err == nil {
			err = d.Decode(&value)
		}
		if err != nil {
			return fmt.Errorf("read a JSON object: %w", err)
		}
		name, _ := key.(string)
		do(name, value)
	}
	return nil
}
