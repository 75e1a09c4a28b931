package campaigns

import (
	"fmt"
	"time"
)

// Moment reads a point in time to come, as a person writes it: RFC 3339, or a duration from now such as 2h or 1h30m.
func Moment(text string, now time.Time) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil {
		if d <= 0 {
			return time.Time{}, fmt.Errorf("%q is not a duration from now on", text)
		}
		return now.Add(d).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a time such as 2030-11-24T09:00:00Z nor a duration such as 2h", text)
	}
	if !t.After(now) {
		return time.Time{}, fmt.Errorf("%q has passed", text)
	}
	return t.UTC(), nil
}
