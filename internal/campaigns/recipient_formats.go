package campaigns

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"herald/internal/client"
)

// The formats of a list of recipients.
const (
	FormatTable  = "table"
	FormatJSON   = "json"   // one array
	FormatNDJSON = "ndjson" // an object a line
	FormatCSV    = "csv"
)

// RecipientFormats are all of them.
var RecipientFormats = []string{FormatTable, FormatJSON, FormatNDJSON, FormatCSV}

// recipientRows writes a list in a format, piece by piece.
type recipientRows interface {
	write(recipients []client.Recipient) error
	end() error
}

func newRecipientRows(format string, out io.Writer) recipientRows {
	switch format {
	case FormatCSV:
		return &csvRows{w: csv.NewWriter(out)}
	case FormatNDJSON:
		return ndjsonRows{out}
	case FormatJSON:
		return &jsonRows{out: out}
	default:
		return &tableRows{w: tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)}
	}
}

// tableRows aligns the columns of each piece.
type tableRows struct {
	w     *tabwriter.Writer
	begun bool
}

func (t *tableRows) write(recipients []client.Recipient) error {
	if !t.begun {
		t.begun = true
		fmt.Fprintln(t.w, "RECIPIENT\tSTATUS\tSENT (UTC)\tREAD (UTC)\tCHANNEL\tERROR")
	}
	for _, r := range recipients {
		problem := nothing
		if r.ErrorCode != "" {
			problem = oneLine(r.ErrorCode + ": " + r.Error)
		}
		fmt.Fprintf(t.w, "%s\t%s\t%s\t%s\t%s\t%s\n", oneLine(r.TargetID), oneLine(r.Status), moment(r.SentAt), moment(r.ReadAt),
			orNothing(oneLine(r.CID)), problem)
	}
	return t.w.Flush()
}

func (t *tableRows) end() error { return nil }

// csvRows writes a header, and then the values of the API; null is the empty cell.
type csvRows struct {
	w     *csv.Writer
	begun bool
}

func (c *csvRows) write(recipients []client.Recipient) error {
	if !c.begun {
		c.begun = true
		err := c.w.Write([]string{"target_id", "user_id", "cid", "message_id", "status", "error_code", "error", "sent_at", "read_at"})
		if err != nil {
			return err
		}
	}
	for _, r := range recipients {
		err := c.w.Write([]string{r.TargetID, r.UserID, r.CID, r.MessageID, r.Status, r.ErrorCode, r.Error, exact(r.SentAt), exact(r.ReadAt)})
		if err != nil {
			return err
		}
	}
	c.w.Flush()
	return c.w.Error()
}

func (c *csvRows) end() error { return nil }

// exact is a time as the API writes it.
func exact(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

type ndjsonRows struct{ out io.Writer }

func (n ndjsonRows) write(recipients []client.Recipient) error {
	for _, r := range recipients {
		if err := jsonLine(n.out, r.JSON); err != nil {
			return err
		}
	}
	return nil
}

func (n ndjsonRows) end() error { return nil }

// jsonRows writes what JSONList would, without having it all.
type jsonRows struct {
	out   io.Writer
	begun bool
}

func (j *jsonRows) write(recipients []client.Recipient) error {
	var b bytes.Buffer
	for _, r := range recipients {
		separator := ",\n  "
		if !j.begun {
			separator = "[\n  "
			j.begun = true
		}
		b.WriteString(separator)
		if err := json.Indent(&b, r.JSON, "  ", "  "); err != nil {
			return fmt.Errorf("show the answer: %w", err)
		}
	}
	_, err := b.WriteTo(j.out)
	return err
}

func (j *jsonRows) end() error {
	closing := "\n]\n"
	if !j.begun {
		closing = "[]\n"
	}
	_, err := io.WriteString(j.out, closing)
	return err
}
