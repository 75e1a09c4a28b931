package openapi

import (
	"regexp"
	"strings"
)

// ownLine begins a line that does not go on the one before: a heading, an entry of a list, a row of a table.
var ownLine = regexp.MustCompile(`^(#|\||- )`)

// prose joins the lines of each paragraph: viewers differ in what they make of a line's end.
func prose(text string) string {
	var b strings.Builder
	begin, heading := true, false // what the line before lets this one be: the first of a paragraph, below a heading
	for line := range strings.Lines(strings.TrimSpace(text)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "":
			b.WriteString("\n\n")
		case begin || b.Len() == 0:
			b.WriteString(line)
		case heading || ownLine.MatchString(line):
			b.WriteString("\n" + line)
		default:
			b.WriteString(" " + line)
		}
		begin, heading = line == "", strings.HasPrefix(line, "#")
	}
	return b.String()
}
