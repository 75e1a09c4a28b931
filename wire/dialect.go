package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Dialect is one of the wire forms of the API and of webhooks (contract 2): how values that differ between them look.
type Dialect struct {
	time        func(b []byte, t time.Time) []byte
	custom      func(e *encoder, c customData) error // writes keys of the enclosing object
	attachments func(e *encoder, a Attachments) error
	unset       string // JSON of a choice that is unset
	legacy      bool   // has the keys of older SDKs
	spread      bool   // writes the keys of a spread object into the one around it too
}

// V1 is the dialect of the older SDKs: times as text, custom data beside the built-in keys.
var V1 = &Dialect{
	time: timeAsText, custom: customBeside, attachments: attachmentsFlat, unset: "null", legacy: true,
}

// V2 is the dialect of the generated SDKs: times as integers, custom data in an object of its own that is always there.
// Their decoders are typed, so a time with a decimal point or a missing "custom" breaks a client.
var V2 = &Dialect{
	time: timeAsNanoseconds, custom: customNested, attachments: attachmentsNested, unset: `""`, spread: true,
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
		hidden = append(hidden, f.Key)
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
		if !slices.ContainsFunc(c.extra, func(f Field) bool { return f.Key == key }) {
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

// eachMember walks a JSON object in its own order; an empty text is one without members, and so is null, which is what an
// empty text has become where it went through JSON.
func eachMember(object json.RawMessage, do func(key string, value json.RawMessage)) error {
	if len(object) == 0 || string(object) == "null" {
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
