package campaigns

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"herald/internal/client"
	"herald/internal/progress"
)

// ShowPreviews describes what each target would get.
func ShowPreviews(out io.Writer, previews []client.Preview) error {
	for i, p := range previews {
		if i > 0 {
			if _, err := fmt.Fprintln(out); err != nil {
				return err
			}
		}
		status := p.Status
		if p.ErrorCode != "" {
			status += ", " + p.ErrorCode + ": " + p.Error
		}
		described := [][2]string{{"target", oneLine(p.TargetID)}, {"status", oneLine(status)}}
		if ch := p.Channel; ch != nil {
			described = append(described, describeChannel(*ch)...)
		}
		if m := p.Message; m != nil {
			described = append(described, [2]string{"text", orNothing(oneLine(m.Text))})
			described = addJSON(described, "attachments", m.Attachments)
			described = addJSON(described, "custom", m.Custom)
			described = addText(described, "poll", m.PollID)
			described = addText(described, "mentions", strings.Join(m.Mentioned, ", "))
		}
		if err := rows(out, described); err != nil {
			return err
		}
	}
	return nil
}

func describeChannel(ch client.PreviewChannel) [][2]string {
	state := "does not exist"
	switch {
	case ch.Exists:
		state = "exists"
	case ch.WillCreate:
		state = "will be created"
	}
	described := [][2]string{{"channel", oneLine(ch.CID) + ", " + state}}
	described = addText(described, "members", strings.Join(ch.Members, ", "))
	described = addText(described, "team", ch.Team)
	return addJSON(described, "channel custom", ch.Custom)
}

// addText adds a row unless there is nothing to show.
func addText(described [][2]string, name, text string) [][2]string {
	if text == "" {
		return described
	}
	return append(described, [2]string{name, oneLine(text)})
}

// addJSON adds a row unless the list or object is empty.
func addJSON(described [][2]string, name string, value json.RawMessage) [][2]string {
	if text := string(value); text != "[]" && text != "{}" {
		return addText(described, name, text)
	}
	return described
}

// ShowTest lists what became of each target of a test.
func ShowTest(out io.Writer, recipients []client.Recipient) error {
	return writeRecipients(out, FormatTable, recipients)
}

// JSONTest prints what became of each target of a test as one array of the API's objects.
func JSONTest(out io.Writer, recipients []client.Recipient) error {
	return writeRecipients(out, FormatJSON, recipients)
}

func writeRecipients(out io.Writer, format string, recipients []client.Recipient) error {
	rows := newRecipientRows(format, out)
	if err := rows.write(recipients); err != nil {
		return err
	}
	return rows.end()
}

// ShowAudience says in one line how large an audience is.
func ShowAudience(out io.Writer, a client.Audience) error {
	noun := "recipients"
	if a.Count == 1 {
		noun = "recipient"
	}
	about := ""
	if a.Estimate {
		about = "about "
	}
	_, err := fmt.Fprintf(out, "%s%s %s\n", about, progress.Count(a.Count), noun)
	return err
}
