package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"herald/models"
)

// Format of a file of users.
type Format string

// The formats.
const (
	NDJSON Format = "ndjson" // one user of the v1 dialect a line, custom fields beside the built-in ones
	CSV    Format = "csv"    // a header, then a user a row; columns.go says what a header may hold
)

// BadRow is a row that was not imported.
type BadRow struct {
	Line   int64  // in the file, from 1; of a row over several lines the first
	ID     string // of the user; "" where the row has none
	Reason string // completes the sentence "the row …", or names the field first
}

// Error makes a BadRow an error.
func (b *BadRow) Error() string {
	if b.ID == "" {
		return fmt.Sprintf("line %d: %s", b.Line, b.Reason)
	}
	return fmt.Sprintf("line %d, user %s: %s", b.Line, b.ID, b.Reason)
}

// row is one user that may be sent.
type row struct {
	line int64
	id   string
	user json.RawMessage
}

// rows reads the users of a file.
type rows struct {
	records *records
	parse   func(record []byte) (id string, user json.RawMessage, reason string)
}

// openRows reads a CSV file's header, so its errors concern the whole file.
func openRows(in io.Reader, format Format) (*rows, error) {
	switch format {
	case NDJSON:
		return &rows{records: newRecords(in, false, position{}), parse: parseLine}, nil
	case CSV:
		r := newRecords(in, true, position{})
		header, _, err := r.read()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty; it needs a header row")
		}
		if err != nil {
			return nil, fmt.Errorf("read the header row: %w", err)
		}
		c, err := parseHeader(header)
		if err != nil {
			return nil, fmt.Errorf("header row: %w", err)
		}
		return &rows{records: r, parse: c.parse}, nil
	default:
		return nil, fmt.Errorf("unknown format %q; it must be %s or %s", format, NDJSON, CSV)
	}
}

// skipTo goes on at a place where a reading of the same file stood before.
func (r *rows) skipTo(file io.ReadSeeker, p position) error {
	if _, err := file.Seek(p.Offset, io.SeekStart); err != nil {
		return fmt.Errorf("go on at byte %d: %w", p.Offset, err)
	}
	r.records = newRecords(file, r.records.quotes, p)
	return nil
}

// next gives the next user, io.EOF at the end. A row that is no user is a *BadRow; reading goes on after it.
func (r *rows) next() (row, error) {
	record, line, err := r.records.read()
	if err != nil {
		return row{}, err
	}
	id, user, reason := r.parse(record)
	if reason == "" {
		reason = checkID(id)
	}
	if reason != "" {
		return row{}, &BadRow{Line: line, ID: id, Reason: reason}
	}
	return row{line: line, id: id, user: user}, nil
}

func checkID(id string) string {
	switch {
	case id == "":
		return "id is missing"
	case !models.ValidID(id):
		return fmt.Sprintf("id must be 1 to %d characters of A-Z a-z 0-9 @ _ -", models.MaxIDLength)
	}
	return ""
}

// parseLine reads a line of an NDJSON file. What a user's fields may be is the API's to say.
func parseLine(record []byte) (id string, user json.RawMessage, reason string) {
	var head struct {
		ID any `json:"id"`
	}
	err := json.Unmarshal(record, &head)
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrongType):
		return "", nil, "must be a JSON object, not " + wrongType.Value
	case err != nil:
		return "", nil, "malformed JSON: " + err.Error()
	case bytes.TrimSpace(record)[0] == 'n':
		return "", nil, "must be a JSON object, not null"
	}
	if head.ID != nil {
		text, ok := head.ID.(string)
		if !ok {
			return "", nil, "id must be a string"
		}
		id = text
	}
	return id, append(json.RawMessage(nil), record...), ""
}
