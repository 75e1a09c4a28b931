package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// SplitPath is for tests.
var SplitPath = splitPath

// ReadAll reads every row of a file as an import does.
func ReadAll(format Format, content []byte) (users map[string]json.RawMessage, bad []BadRow, lines, offset int64, err error) {
	r, err := openRows(bytes.NewReader(content), format)
	if err != nil {
		return nil, nil, 0, 0, err
	}
	users = map[string]json.RawMessage{}
	for {
		next, err := r.next()
		var wrong *BadRow
		switch {
		case errors.Is(err, io.EOF):
			return users, bad, r.records.next.Line, r.records.next.Offset, nil
		case errors.As(err, &wrong):
			bad = append(bad, *wrong)
		case err != nil:
			return nil, nil, 0, 0, err
		default:
			users[next.id] = next.user
		}
	}
}
