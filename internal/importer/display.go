package importer

import (
	"fmt"
	"io"
	"time"

	"herald/internal/progress"
)

// Display shows an import to a person: a bar, bad rows above it, and at the end what came of it.
type Display struct {
	out   io.Writer
	name  string
	shown bool
	began time.Time
	bar   *progress.Bar
	drawn bool
	run   int64 // users written in this run
}

// NewDisplay shows the import of the file called name; bar says whether there is a terminal for a bar.
func NewDisplay(out io.Writer, name string, bar bool) *Display {
	if name == "-" {
		name = "standard input"
	}
	return &Display{out: out, name: name, shown: bar, began: time.Now(), bar: progress.New(out, false, 0)}
}

// Progress is for Options.Progress.
func (d *Display) Progress(p Progress) {
	if !d.drawn { // only now it is known how much there is to do
		d.bar, d.drawn = progress.New(d.out, d.shown, p.Total), true
	}
	d.run = p.Written
	d.bar.Set(p.Bytes, fmt.Sprintf("%s users, %s", progress.Count(p.Written), progress.Rate(p.Written, time.Since(d.began))))
}

// Bad is for Options.Bad: "users.csv:17: user ann: age:int must be a whole number".
func (d *Display) Bad(b BadRow) {
	user := ""
	if b.ID != "" {
		user = "user " + b.ID + ": "
	}
	d.bar.Printf("%s:%d: %s%s\n", d.name, b.Line, user, b.Reason)
}

// Finish takes the bar away and says what came of it.
func (d *Display) Finish(r Result) {
	d.bar.Finish()
	took := time.Since(d.began)
	line := "users imported: " + progress.Count(r.Written)
	if r.ResumedLine > 0 {
		line += fmt.Sprintf(", %s of them now, from line %s on", progress.Count(d.run), progress.Count(r.ResumedLine))
	}
	if r.Bad > 0 {
		line += "; bad rows left out: " + progress.Count(r.Bad)
	}
	fmt.Fprintf(d.out, "%s, in %s (%s)\n", line, took.Round(time.Millisecond), progress.Rate(d.run, took))
}
