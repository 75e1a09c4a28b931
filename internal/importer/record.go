package importer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// MaxRecordLength is the longest row, in bytes. The API takes users of a tenth of that.
const MaxRecordLength = 1 << 20

// position is a place between two records of a file.
type position struct {
	Offset int64 `json:"offset"` // bytes before it
	Line   int64 `json:"line"`   // lines before it
}

// records cuts a file into records: lines, or with quotes the rows of a CSV file, in which a quoted field may hold line breaks.
type records struct {
	in     *bufio.Reader
	quotes bool
	next   position
	buffer []byte
}

func newRecords(in io.Reader, quotes bool, from position) *records {
	const readAhead = 256 << 10
	return &records{in: bufio.NewReaderSize(in, readAhead), quotes: quotes, next: from}
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// read gives the next record that is not blank, without the line break at its end, and the number of its first line. The
// record is valid until the next call. A record that is too long is a *BadRow, and reading goes on after the line at which it
// became too long.
func (r *records) read() (record []byte, line int64, err error) {
	for {
		record, line, err = r.readOne()
		if err != nil || len(bytes.TrimSpace(record)) > 0 {
			return record, line, err
		}
	}
}

func (r *records) readOne() ([]byte, int64, error) {
	r.buffer = r.buffer[:0]
	atStart, first := r.next.Offset == 0, r.next.Line+1
	tooLong, state := false, fieldStart
	for {
		chunk, err := r.in.ReadSlice('\n')
		r.next.Offset += int64(len(chunk))
		if !tooLong {
			tooLong = len(r.buffer)+len(chunk) > MaxRecordLength
		}
		if !tooLong {
			r.buffer = append(r.buffer, chunk...)
			if r.quotes {
				state = state.after(chunk)
			}
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && (!errors.Is(err, io.EOF) || len(chunk) == 0 && r.next.Line+1 == first && len(r.buffer) == 0) {
			return nil, 0, err
		}
		if len(chunk) > 0 {
			r.next.Line++
		}
		ended := err != nil
		switch {
		case tooLong:
			return nil, 0, r.tooLong(first)
		case state == quoted && !ended:
			continue
		}
		record := bytes.TrimSuffix(bytes.TrimSuffix(r.buffer, []byte("\n")), []byte("\r"))
		if atStart {
			record = bytes.TrimPrefix(record, byteOrderMark)
		}
		return record, first, nil
	}
}

func (r *records) tooLong(first int64) *BadRow {
	bad := &BadRow{Line: first, Reason: fmt.Sprintf("is longer than %d bytes", MaxRecordLength)}
	if r.next.Line > first {
		bad.Reason = fmt.Sprintf("a quote is not closed; skipped through line %d", r.next.Line)
	}
	return bad
}

// quoting is where in a CSV record a byte stands, as RFC 4180 has it.
type quoting byte

const (
	fieldStart   quoting = iota
	unquoted             // a quote in here is a mistake and opens nothing
	quoted               // line breaks and commas are text
	quoteInQuote         // the end of the field, or the first of two quotes that are one
)

func (q quoting) after(text []byte) quoting {
	for _, c := range text {
		switch {
		case q == quoted:
			if c == '"' {
				q = quoteInQuote
			}
		case c == ',' || c == '\n':
			q = fieldStart
		case c == '"' && q != unquoted:
			q = quoted
		default:
			q = unquoted
		}
	}
	return q
}
