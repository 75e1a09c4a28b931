package models

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"time"
)

// ErrTimestamp is the error of ParseTimestamp: the value is not a point in time as the contract writes them.
var ErrTimestamp = errors.New("expected a timestamp")

// timestampForm is checked before time.Parse, which is laxer: it takes a comma before the fraction, any number of
// fraction digits and hours of one digit.
var timestampForm = regexp.MustCompile(
	`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)?$`)

// A JSON integer is read in the unit that puts it near the present: the bounds lie between year 5138 in the larger
// unit and year 1973 in the smaller one.
const (
	leastNanoseconds  = 100_000_000_000_000_000
	leastMicroseconds = 100_000_000_000_000
	leastMilliseconds = 100_000_000_000
)

// These years keep every timestamp inside int64 nanoseconds (1677 to 2262), which one dialect of the API answers in.
const (
	firstYear        = 1678
	firstRefusedYear = 2200
)

// ParseTimestamp reads a JSON value of a request as a point in time, in UTC and cut to microseconds: a string of RFC 3339
// with any offset (none is UTC) and up to nine fraction digits, or an integer of seconds, milliseconds, microseconds or
// nanoseconds since 1970, told apart by its size. Zero, negative numbers, fractions, other strings, and years before 1678 or
// from 2200 on give ErrTimestamp.
func ParseTimestamp(raw json.RawMessage) (time.Time, error) {
	raw = bytes.Trim(raw, " \t\r\n")
	if len(raw) == 0 {
		return time.Time{}, ErrTimestamp
	}
	t, ok := timestampOfInteger(raw)
	if raw[0] == '"' {
		t, ok = timestampOfString(raw)
	}
	if !ok || t.Year() < firstYear || t.Year() >= firstRefusedYear {
		return time.Time{}, ErrTimestamp
	}
	return t.Truncate(time.Microsecond), nil
}

func timestampOfString(raw json.RawMessage) (time.Time, bool) {
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return time.Time{}, false
	}
	form := timestampForm.FindStringSubmatch(text)
	if form == nil {
		return time.Time{}, false
	}
	if offset := form[2]; offset == "" {
		text += "Z"
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	return t.UTC(), err == nil
}

func timestampOfInteger(raw json.RawMessage) (time.Time, bool) {
	// JSON has no leading plus sign or zeros, ParseInt would take both.
	if raw[0] < '1' || raw[0] > '9' {
		return time.Time{}, false
	}
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil {
		return time.Time{}, false
	}
	switch {
	case n >= leastNanoseconds:
		return time.Unix(0, n).UTC(), true
	case n >= leastMicroseconds:
		return time.UnixMicro(n).UTC(), true
	case n >= leastMilliseconds:
		return time.UnixMilli(n).UTC(), true
	default:
		return time.Unix(n, 0).UTC(), true
	}
}
