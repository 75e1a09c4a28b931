package request

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Rule checks a string and says what is wrong with it: a reason as in Invalid, or "".
type Rule func(s string) string

// MaxChars refuses more than n Unicode code points.
func MaxChars(n int) Rule {
	return func(s string) string {
		if utf8.RuneCountInString(s) > n {
			return fmt.Sprintf("must be at most %d characters long", n)
		}
		return ""
	}
}

// OneOf refuses everything but the values.
func OneOf(values ...string) Rule {
	return func(s string) string {
		if slices.Contains(values, s) {
			return ""
		}
		quoted := make([]string, len(values))
		for i, v := range values {
			quoted[i] = strconv.Quote(v)
		}
		return "must be one of " + strings.Join(quoted, ", ")
	}
}

// Matching refuses what valid does not accept, for the reason given.
func Matching(valid func(string) bool, reason string) Rule {
	return func(s string) string {
		if valid(s) {
			return ""
		}
		return reason
	}
}
