package models_test

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"herald/models"
)

func TestParseTimestamp(t *testing.T) {
	at := func(nanosecond int) time.Time { return time.Date(2026, 11, 23, 9, 15, 4, nanosecond, time.UTC) }
	tests := []struct {
		name string
		raw  string
		want time.Time
	}{
		{"zulu", `"2026-11-23T09:15:04Z"`, at(0)},
		{"one fraction digit", `"2026-11-23T09:15:04.2Z"`, at(200_000_000)},
		{"digits beyond microseconds are cut, not rounded", `"2026-11-23T09:15:04.207332999Z"`, at(207_332_000)},
		{"positive offset", `"2026-11-23T11:45:04+02:30"`, at(0)},
		{"negative offset into the next day", `"2026-11-22T20:15:04-13:00"`, at(0)},
		{"no offset is UTC", `"2026-11-23T09:15:04"`, at(0)},
		{"no offset, with fraction", `"2026-11-23T09:15:04.207332"`, at(207_332_000)},
		{"surrounding space of the JSON", " \"2026-11-23T09:15:04Z\"\n", at(0)},
		{"before 1970", `"1969-12-31T23:59:59Z"`, time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC)},
		{"first year", `"1678-01-01T00:00:00Z"`, time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC)},
		{"first second", `1`, time.Unix(1, 0).UTC()},
		{"seconds", `1795425304`, at(0)},
		{"last second", `7258118399`, time.Date(2199, 12, 31, 23, 59, 59, 0, time.UTC)},
		{"least milliseconds", `100000000000`, time.UnixMilli(100_000_000_000).UTC()},
		{"milliseconds", `1795425304207`, at(207_000_000)},
		{"least microseconds", `100000000000000`, time.UnixMicro(100_000_000_000_000).UTC()},
		{"microseconds", `1795425304207332`, at(207_332_000)},
		{"least nanoseconds", `100000000000000000`, time.Unix(100_000_000, 0).UTC()},
		{"nanoseconds are cut", `1795425304207332999`, at(207_332_000)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := models.ParseTimestamp(json.RawMessage(tt.raw))
			if err != nil || !got.Equal(tt.want) || got.Location() != time.UTC {
				t.Errorf("ParseTimestamp(%s) = %v, %v; want %v", tt.raw, got, err, tt.want)
			}
		})
	}
}

func TestParseTimestampRefuses(t *testing.T) {
	for _, raw := range []string{
		``, `null`, `true`, `{}`, `[]`, `""`, `"soon"`, `0`, `-0`, `-1`, `1.0`, `1.5`, `1e9`, `+1`, `01`, `1_000`, `0x10`,
		`"1795425304"`, `9223372036854775808`, `7258118400`, `7258118400000000000`,
		`"2200-01-01T00:00:00Z"`, `"2199-12-31T23:30:00-01:00"`,
		`"1677-12-31T23:59:59.999999Z"`, `"1678-01-01T00:30:00+01:00"`, `"0001-01-01T00:00:00Z"`,
		`"2026-11-23"`, `"2026-11-23 09:15:04"`, `"2026-11-23T09:15Z"`, `"2026-11-23T9:15:04Z"`, `"2026-11-23T09:15:04,2Z"`,
		`"2026-11-23T09:15:04.Z"`, `"2026-11-23T09:15:04.0123456789Z"`, `"2026-11-23T09:15:04+0200"`,
		`"2026-11-23T09:15:04+24:00"`, `"2026-11-23T09:15:04+01:60"`, `"2026-02-30T00:00:00Z"`, `"2026-11-23T24:00:00Z"`,
		"\v1", `"2026-11-23T09:15:04Z `, `"2026-11-23T09:15:04Z\n"`,
	} {
		if got, err := models.ParseTimestamp(json.RawMessage(raw)); !errors.Is(err, models.ErrTimestamp) {
			t.Errorf("ParseTimestamp(%s) = %v, %v; want ErrTimestamp", raw, got, err)
		}
	}
}

func FuzzParseTimestamp(f *testing.F) {
	for _, seed := range []string{`"2026-11-23T09:15:04.207332+02:00"`, `"2026-11-23T09:15:04"`, `1795425304`, `1795425304207332999`, `0`, `null`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		got, err := models.ParseTimestamp(json.RawMessage(raw))
		if err != nil {
			return
		}
		if !json.Valid([]byte(raw)) {
			t.Fatalf("%q is no JSON and was read as %v", raw, got)
		}
		if got.Year() < 1678 || got.Year() >= 2200 || got.Nanosecond()%1000 != 0 || got.Location() != time.UTC {
			t.Fatalf("%q was read as %v", raw, got)
		}
		written, err := json.Marshal(got)
		if err != nil {
			t.Fatalf("writing %v: %v", got, err)
		}
		if again, err := models.ParseTimestamp(written); err != nil || !again.Equal(got) {
			t.Fatalf("%v was written as %s and read back as %v, %v", got, written, again, err)
		}
	})
}
