package template

import (
	"strconv"
	"strings"
	"time"

	"github.com/go-playground/locales"
)

// timeInputs are the forms strftime reads: those of RFC 3339, without an offset in UTC, and dates.
var timeInputs = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", time.DateOnly}

// timeDirectives are the directives of strftime as layouts of package time. Those left empty are written in formatTime.
var timeDirectives = map[byte]string{
	'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'j': "002", 'H': "15", 'I': "03", 'M': "04", 'S': "05", 'p': "PM",
	'A': "", 'a': "", 'B': "", 'b': "", 'x': "", 'Z': "", '%': "",
}

// filterStrftime formats a time in UTC. A missing time is empty. Names of months and days are in the language that the second
// argument says, else in the receiver's, and in English where it is not known.
func filterStrftime(r *run, v any, args []any) (any, error) {
	format, ok := args[0].(string)
	if !ok {
		return nil, fail("the format is a text, not %s", typeName(args[0]))
	}
	if fault := timeFormatFault(format); fault != "" {
		return nil, fail("%s", fault)
	}
	if v == nil || v == "" {
		return "", nil
	}
	text, ok := v.(string)
	if !ok {
		return nil, fail("needs a time, not %s", typeName(v))
	}
	names, err := r.timeNames(args[1])
	if err != nil {
		return nil, err
	}
	if err := r.spend(len(format) * elementWork); err != nil {
		return nil, err
	}
	for _, layout := range timeInputs {
		if t, err := time.Parse(layout, text); err == nil {
			return r.produced(formatTime(t.UTC(), format, names))
		}
	}
	return nil, fail("%.40q is no time", text)
}

// timeNames finds the language to write times in.
func (r *run) timeNames(tag any) (locales.Translator, error) {
	if tag == nil && r.receiver.user != nil {
		var err error
		if tag, err = r.receiver.field("language"); err != nil {
			return nil, err
		}
	}
	if tag, ok := tag.(string); ok {
		if language := findLanguage(tag); language != nil {
			return language, nil
		}
	}
	return findLanguage("en"), nil
}

// timeFormatFault says what is wrong with a format, "" when nothing is.
func timeFormatFault(format string) string {
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			continue
		}
		if i++; i == len(format) {
			return `a "%" stands at the end of the format`
		}
		if _, known := timeDirectives[format[i]]; !known {
			return "unknown directive " + strconv.Quote("%"+string(rune(format[i])))
		}
	}
	return ""
}

func formatTime(t time.Time, format string, names locales.Translator) string {
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' {
			b.WriteByte(format[i])
			continue
		}
		i++
		switch format[i] {
		case 'A':
			b.WriteString(names.WeekdayWide(t.Weekday()))
		case 'a':
			b.WriteString(names.WeekdayAbbreviated(t.Weekday()))
		case 'B':
			b.WriteString(names.MonthWide(t.Month()))
		case 'b':
			b.WriteString(names.MonthAbbreviated(t.Month()))
		case 'x':
			b.WriteString(names.FmtDateLong(t))
		case 'Z':
			b.WriteString("UTC")
		case '%':
			b.WriteByte('%')
		default:
			b.WriteString(t.Format(timeDirectives[format[i]]))
		}
	}
	return b.String()
}
