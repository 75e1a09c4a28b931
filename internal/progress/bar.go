package progress

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/mattn/go-isatty"
	"github.com/schollz/progressbar/v3"
)

const (
	width      = 30 // characters of the bar itself
	redrawTime = 65 * time.Millisecond
)

// IsTerminal says whether w is a terminal that a person may be looking at.
func IsTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && (isatty.IsTerminal(file.Fd()) || isatty.IsCygwinTerminal(file.Fd()))
}

// Bar is one line that is redrawn as work goes on. Its methods may be called by several goroutines.
type Bar struct {
	mu  sync.Mutex
	out io.Writer
	bar *progressbar.ProgressBar // nil when switched off or finished
}

// New begins a bar for total units of work, of any kind; with a total below 1, which is unknown, it is a spinner. Unless shown,
// the bar is switched off.
func New(out io.Writer, shown bool, total int64) *Bar {
	b := &Bar{out: out}
	if !shown {
		return b
	}
	if total < 1 {
		total = -1
	}
	b.bar = progressbar.NewOptions64(total,
		progressbar.OptionSetWriter(out),
		progressbar.OptionSetWidth(width),
		progressbar.OptionThrottle(redrawTime),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetElapsedTime(true),
		progressbar.OptionShowDescriptionAtLineEnd(),
		progressbar.OptionSetRenderBlankState(true),
		progressbar.OptionSetSpinnerChangeInterval(0), // else a goroutine draws without regard to Printf
	)
	return b
}

// Set moves the bar to the units done, with a note beside it.
func (b *Bar) Set(done int64, note string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bar == nil {
		return
	}
	b.bar.Describe(note)
	_ = b.bar.Set64(done) // fails where the terminal is gone, and then there is nobody to tell
}

// Printf prints lines above the bar; the format ends in a newline.
func (b *Bar) Printf(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bar != nil {
		_ = b.bar.Clear()
	}
	fmt.Fprintf(b.out, format, args...)
}

// Finish takes the bar away. It may be called more than once.
func (b *Bar) Finish() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.bar == nil {
		return
	}
	_ = b.bar.Clear()
	b.bar = nil
}

// Rate is a number of things per second, for people.
func Rate(n int64, took time.Duration) string {
	perSecond := float64(n) / max(took.Seconds(), 0.001)
	return Count(int64(perSecond)) + "/s"
}

// Count writes a number with commas: 1,234,567.
func Count(n int64) string { return humanize.Comma(n) }
