package campaigns

import (
	"context"
	"fmt"
	"io"
	"time"

	"herald/internal/client"
	"herald/internal/progress"
	"herald/models"
)

// steps of the bar of a watched campaign: the API tells progress as a fraction.
const steps = 1000

// Reader is the part of the API that watching needs.
type Reader interface {
	Campaign(ctx context.Context, id string) (client.Campaign, error)
}

// Watching says how a campaign is watched.
type Watching struct {
	API   Reader
	ID    string
	Every time.Duration // how often it is read; above 0
	Out   io.Writer

	Bar  bool // a bar that moves, with a line above it per change of state; else a line per change of anything
	JSON bool // the API's object instead of the line, and no bar
}

// Watch shows a campaign until it is stopped or completed, and gives the last that was read of it. Until then only an error of
// the API or of ctx ends it.
func (w Watching) Watch(ctx context.Context) (client.Campaign, error) {
	bar := progress.New(w.Out, w.Bar && !w.JSON, steps)
	defer bar.Finish()
	tick := time.NewTicker(w.Every)
	defer tick.Stop()
	last := ""
	for {
		c, err := w.API.Campaign(ctx, w.ID)
		if err != nil {
			return c, err
		}
		ended := c.Status == string(models.StatusStopped) || c.Status == string(models.StatusCompleted)
		bar.Set(int64(c.Stats.Progress*steps), w.note(c))
		if ended {
			bar.Finish() // its last line stays
		}
		if now := w.appearance(c); now != last || ended {
			last = now
			if err := w.say(bar, c); err != nil {
				return c, err
			}
		}
		if ended {
			return c, nil
		}
		select {
		case <-ctx.Done():
			return c, ctx.Err()
		case <-tick.C:
		}
	}
}

// appearance is what has to change for another line.
func (w Watching) appearance(c client.Campaign) string {
	if w.Bar && !w.JSON {
		return state(c)
	}
	return state(c) + counts(c.Stats)
}

// note is what stands beside the bar.
func (w Watching) note(c client.Campaign) string {
	n := progress.Count
	note := fmt.Sprintf("%s of %s sent", n(c.Stats.MessagesSent), total(c.Stats))
	if c.Paused {
		note += ", paused"
	}
	return note
}

func (w Watching) say(bar *progress.Bar, c client.Campaign) error {
	if w.JSON {
		return jsonLine(w.Out, c.JSON)
	}
	bar.Printf("%s UTC  %s\n", time.Now().UTC().Format(timeFormat), Line(c))
	return nil
}
