package campaigns

import (
	"bufio"
	"context"
	"io"

	"herald/internal/client"
)

// RecipientLister is the part of the API that a list of recipients needs.
type RecipientLister interface {
	Recipients(ctx context.Context, id string, q client.RecipientQuery) (client.RecipientPage, error)
}

// RecipientList says what to list of a campaign's recipients, and how.
type RecipientList struct {
	API    RecipientLister
	ID     string
	Status string // sent, failed, skipped or read; all when empty
	Limit  int    // most recipients; 0 is all
	Format string // one of RecipientFormats

	// Progress is told how many were written, a page at a time. It may be nil.
	Progress func(written int64)
}

// Write writes the recipients as they come, a page at a time, so that any number of them takes the memory of one page. It gives
// how many were written, after an error too, and whether there are more than Limit.
func (l RecipientList) Write(ctx context.Context, out io.Writer) (written int64, more bool, err error) {
	buffered := bufio.NewWriter(out)
	rows := newRecipientRows(l.Format, buffered)
	q := client.RecipientQuery{Status: l.Status}
	for {
		q.Limit = client.MaxRecipientsPerPage
		if l.Limit > 0 {
			q.Limit = int(min(int64(q.Limit), int64(l.Limit)-written))
		}
		page, err := l.API.Recipients(ctx, l.ID, q)
		if err != nil {
			return written, false, err
		}
		if err := rows.write(page.Recipients); err != nil {
			return written, false, err
		}
		written += int64(len(page.Recipients))
		more := page.Next != ""
		last := !more || l.Limit > 0 && written >= int64(l.Limit)
		if last {
			if err := rows.end(); err != nil {
				return written, false, err
			}
		}
		if err := buffered.Flush(); err != nil {
			return written, false, err
		}
		if l.Progress != nil {
			l.Progress(written)
		}
		if last {
			return written, more, nil
		}
		q.Next = page.Next
	}
}
