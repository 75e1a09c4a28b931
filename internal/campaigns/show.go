package campaigns

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"herald/internal/client"
	"herald/internal/progress"
	"herald/models"
)

const (
	timeFormat = "2006-01-02 15:04:05"
	maxName    = 32 // characters of a name in a list; the API allows 1,000
	nothing    = "-"
)

// Table lists campaigns, a line each.
func Table(out io.Writer, list []client.Campaign) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tNAME\tSTATUS\tPROGRESS\tSENT\tFAILED\tSKIPPED\tTOTAL\tSCHEDULED (UTC)\tSTOP AT (UTC)\tPAUSED")
	for _, c := range list {
		paused := nothing
		if c.Paused {
			paused = pause(c)
		}
		n := progress.Count
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", oneLine(c.ID), short(c.Name), oneLine(c.Status), percent(c.Stats.Progress),
			n(c.Stats.MessagesSent), n(c.Stats.MessagesFailed), n(c.Stats.MessagesSkipped), total(c.Stats),
			moment(c.ScheduledFor), moment(c.StopAt), paused)
	}
	return w.Flush()
}

// Moves lists what was done to a campaign, a line each.
func Moves(out io.Writer, moves []client.Move) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "AT (UTC)\tMOVE\tVIA\tBY\tREASON")
	for _, m := range moves {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", moment(&m.MovedAt), oneLine(m.Action), oneLine(m.Via), orNothing(oneLine(m.By)), orNothing(oneLine(m.Reason)))
	}
	return w.Flush()
}

// lastMove says in one line what was done last.
func lastMove(moves []client.Move) string {
	if len(moves) == 0 {
		return nothing
	}
	m := moves[len(moves)-1]
	said := fmt.Sprintf("%s by %s", oneLine(m.Action), oneLine(m.Via))
	if m.By != "" {
		said = fmt.Sprintf("%s by %s (%s)", oneLine(m.Action), oneLine(m.By), oneLine(m.Via))
	}
	said += " at " + momentUTC(&m.MovedAt)
	if m.Reason != "" {
		said += ": " + oneLine(m.Reason)
	}
	return said
}

// Show describes one campaign and what was done to it last.
func Show(out io.Writer, c client.Campaign, moves []client.Move) error {
	paused := "no"
	if c.Paused {
		paused = pause(c)
	}
	left := nothing
	if c.Stats.ETASeconds != nil {
		left = (time.Duration(*c.Stats.ETASeconds) * time.Second).String()
	}
	n := progress.Count
	return rows(out, [][2]string{
		{"campaign", oneLine(c.ID)},
		{"name", orNothing(oneLine(c.Name))},
		{"status", oneLine(c.Status)},
		{"paused", paused},
		{"progress", percent(c.Stats.Progress)},
		{"sent", n(c.Stats.MessagesSent) + " of " + total(c.Stats)},
		{"failed", n(c.Stats.MessagesFailed)},
		{"skipped", n(c.Stats.MessagesSkipped)},
		{"read", n(c.Stats.UsersRead)},
		{"scheduled", momentUTC(c.ScheduledFor)},
		{"stop at", momentUTC(c.StopAt)},
		{"started", momentUTC(c.Stats.StartedAt)},
		{"ended", momentUTC(c.Stats.CompletedAt)},
		{"time left", left},
		{"last move", lastMove(moves)},
	})
}

// ShowExecution describes a campaign's workflow.
func ShowExecution(out io.Writer, e client.Execution) error {
	described := [][2]string{
		{"workflow", oneLine(e.WorkflowID)},
		{"run", orNothing(oneLine(e.RunID))},
		{"status", oneLine(e.Status)},
		{"web ui", orNothing(oneLine(e.WebUIURL))},
	}
	if p := e.Progress; p == nil {
		described = append(described, [2]string{"progress", "not known: no worker answers"})
	} else {
		n := progress.Count
		described = append(described, [][2]string{
			{"phase", oneLine(p.Phase)},
			{"held", held(p)},
			{"recipients", fmt.Sprintf("%s of %s done: %s sent, %s failed, %s skipped", n(p.RecipientsDone), n(p.RecipientsTotal), n(p.Sent), n(p.Failed), n(p.Skipped))},
			{"pages", fmt.Sprintf("%s of %s done, %s in flight", n(p.PagesDone), n(p.PagesPlanned), n(p.PagesInFlight))},
			{"rate", rate(p)},
			{"control", fmt.Sprint(p.ControlSeq)},
		}...)
	}
	return rows(out, described)
}

func held(p *client.ExecutionProgress) string {
	if p.HeldAt == nil {
		return "no"
	}
	said := "since " + momentUTC(p.HeldAt)
	if p.HeldBy != "" {
		said += " by " + oneLine(p.HeldBy)
	}
	if p.HoldReason != "" {
		said += ": " + oneLine(p.HoldReason)
	}
	return said
}

func rate(p *client.ExecutionProgress) string {
	if p.Rate == 0 {
		return nothing
	}
	said := progress.Count(p.Rate) + " recipients per second"
	if p.ETA != nil {
		said += ", done at about " + momentUTC(p.ETA)
	}
	return said
}

// Line says in one line how a campaign stands.
func Line(c client.Campaign) string {
	line := oneLine(c.ID) + ": " + state(c)
	if c.Status != string(models.StatusDraft) && c.Status != string(models.StatusScheduled) {
		line += ", " + counts(c.Stats)
	}
	return line
}

// state is the status and what bears on it.
func state(c client.Campaign) string {
	said := oneLine(c.Status)
	if c.Status == string(models.StatusScheduled) {
		said += " for " + momentUTC(c.ScheduledFor)
	}
	if alive := c.Status == string(models.StatusScheduled) || c.Status == string(models.StatusInProgress); alive && c.StopAt != nil {
		said += ", stops at " + momentUTC(c.StopAt)
	}
	if c.Paused {
		said += ", paused: " + pause(c)
	}
	return said
}

// counts says what has been done.
func counts(s client.Stats) string {
	n := progress.Count
	return fmt.Sprintf("%s, %s sent, %s failed, %s skipped of %s", percent(s.Progress), n(s.MessagesSent), n(s.MessagesFailed), n(s.MessagesSkipped), total(s))
}

// pause says why and since when a campaign is paused.
func pause(c client.Campaign) string {
	reason := oneLine(c.PauseReason)
	if reason == "" {
		reason = "no reason given,"
	}
	return reason + " since " + momentUTC(c.PausedAt)
}

// percent is cut, not rounded: 100% is only said of what is all done.
func percent(progress float64) string { return fmt.Sprintf("%d%%", int(math.Floor(progress*100+1e-9))) }

// total is not known before the start.
func total(s client.Stats) string {
	if s.StartedAt == nil && s.RecipientsTotal == 0 {
		return nothing
	}
	return progress.Count(s.RecipientsTotal)
}

func moment(t *time.Time) string {
	if t == nil {
		return nothing
	}
	return t.UTC().Format(timeFormat)
}

func momentUTC(t *time.Time) string {
	if t == nil {
		return nothing
	}
	return moment(t) + " UTC"
}

func orNothing(s string) string {
	if s == "" {
		return nothing
	}
	return s
}

// oneLine leaves out whatever a terminal would obey: control characters, and those that turn the direction of the text.
func oneLine(s string) string {
	shown := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	return strings.Join(strings.Fields(shown), " ")
}

func short(name string) string {
	runes := []rune(oneLine(name))
	if len(runes) > maxName {
		runes = append(runes[:maxName-1], '…')
	}
	return orNothing(string(runes))
}

func rows(out io.Writer, described [][2]string) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range described {
		fmt.Fprintf(w, "%s\t%s\n", row[0], row[1])
	}
	return w.Flush()
}

// JSON prints one object of the API, indented.
func JSON(out io.Writer, object json.RawMessage) error {
	var b bytes.Buffer
	if err := json.Indent(&b, object, "", "  "); err != nil {
		return fmt.Errorf("show the answer: %w", err)
	}
	b.WriteByte('\n')
	_, err := b.WriteTo(out)
	return err
}

// JSONList prints campaigns as one array of the API's objects.
func JSONList(out io.Writer, list []client.Campaign) error {
	objects := make([]json.RawMessage, len(list))
	for i, c := range list {
		objects[i] = c.JSON
	}
	return JSONOf(out, objects)
}

// JSONOf prints anything as JSON.
func JSONOf(out io.Writer, v any) error {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("show the answers: %w", err)
	}
	return JSON(out, bytes.TrimSpace(b.Bytes()))
}

func jsonLine(out io.Writer, object json.RawMessage) error {
	var b bytes.Buffer
	if err := json.Compact(&b, object); err != nil {
		return fmt.Errorf("show the answer: %w", err)
	}
	b.WriteByte('\n')
	_, err := b.WriteTo(out)
	return err
}
