package importer

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// teamSeparator stands between the teams of one cell.
const teamSeparator = ";"

// cell gives the JSON value of a cell that is not empty, or a reason why it has none.
type cell func(text string) (value any, reason string)

var cells = map[string]cell{
	"string": func(s string) (any, string) { return s, "" },
	"int": func(s string) (any, string) {
		if !number(s) || strings.ContainsAny(s, ".eE") {
			return nil, "must be a whole number"
		}
		return json.RawMessage(s), ""
	},
	"float": func(s string) (any, string) {
		if !number(s) {
			return nil, "must be a number such as -12.50 or 1e6"
		}
		return json.RawMessage(s), ""
	},
	"bool": func(s string) (any, string) {
		switch strings.ToLower(s) {
		case "true":
			return true, ""
		case "false":
			return false, ""
		}
		return nil, "must be true or false"
	},
	"json": func(s string) (any, string) {
		if !json.Valid([]byte(s)) {
			return nil, "must be JSON"
		}
		return json.RawMessage(s), ""
	},
}

// number says whether s is a number of JSON, whose digits are then kept as they are.
func number(s string) bool {
	return s != "" && (s[0] == '-' || s[0] >= '0' && s[0] <= '9') && json.Valid([]byte(s)) && strings.TrimSpace(s) == s
}

func teams(s string) (any, string) {
	var list []string
	for team := range strings.SplitSeq(s, teamSeparator) {
		if team = strings.TrimSpace(team); team != "" {
			list = append(list, team)
		}
	}
	return list, ""
}

// builtIn are the columns that are no custom fields.
var builtIn = map[string]cell{
	"id": cells["string"], "name": cells["string"], "image": cells["string"], "role": cells["string"], "language": cells["string"],
	"teams": teams, "invisible": cells["bool"],
}

const customPrefix = "custom."

// column is one column of a CSV file.
type column struct {
	header string
	path   []string // of the user's field; more than one step leads into objects
	read   cell
}

// columns are the header of a CSV file.
type columns struct {
	list []column
	id   int
}

// parseHeader reads the header row of a CSV file:
//
//   - id, name, image, role, language, teams (separated by ";") and invisible are the built-in fields, whatever their case;
//   - every other column is a custom field of that name. A suffix gives its type: age:int, score:float, vip:bool,
//     address:json; without one, or with :string, it is a string. A prefix custom. is dropped, and dots lead into objects:
//     address.city is the field city of the object address.
func parseHeader(record []byte) (*columns, error) {
	headers, err := readCSV(record)
	if err != nil {
		return nil, err
	}
	c := &columns{id: -1}
	for i, header := range headers {
		col, err := parseColumn(strings.TrimSpace(header))
		if err != nil {
			return nil, fmt.Errorf("column %d: %w", i+1, err)
		}
		for _, other := range c.list {
			n := min(len(other.path), len(col.path))
			if slices.Equal(other.path[:n], col.path[:n]) {
				return nil, fmt.Errorf("columns %q and %q are the same field, or one is inside the other", other.header, col.header)
			}
		}
		if len(col.path) == 1 && col.path[0] == "id" {
			c.id = i
		}
		c.list = append(c.list, col)
	}
	if c.id < 0 {
		return nil, errors.New("there is no column id")
	}
	return c, nil
}

func parseColumn(header string) (column, error) {
	if read, ok := builtIn[strings.ToLower(header)]; ok {
		return column{header: header, path: []string{strings.ToLower(header)}, read: read}, nil
	}
	name, kind, typed := strings.Cut(header, ":")
	if !typed {
		kind = "string"
	}
	read, ok := cells[kind]
	if !ok {
		return column{}, fmt.Errorf("%q: unknown type %q; it must be string, int, float, bool or json", header, kind)
	}
	path := strings.Split(strings.TrimPrefix(name, customPrefix), ".")
	if slices.Contains(path, "") {
		return column{}, fmt.Errorf("%q has no name", header)
	}
	if _, ok := builtIn[strings.ToLower(path[0])]; ok && len(path) == 1 {
		return column{}, fmt.Errorf("%q is a built-in field; it has neither type nor prefix", header)
	}
	return column{header: header, path: path, read: read}, nil
}

// parse makes a user of a row. Empty cells are left out.
func (c *columns) parse(record []byte) (id string, user json.RawMessage, reason string) {
	values, err := readCSV(record)
	if err != nil {
		return "", nil, err.Error()
	}
	if c.id < len(values) {
		id = values[c.id]
	}
	if len(values) != len(c.list) {
		return id, nil, fmt.Sprintf("has %d columns, the header has %d", len(values), len(c.list))
	}
	fields := map[string]any{}
	for i, col := range c.list {
		if values[i] == "" {
			continue
		}
		value, reason := col.read(values[i])
		if reason != "" {
			return id, nil, col.header + " " + reason
		}
		put(fields, col.path, value)
	}
	user, err = json.Marshal(fields)
	if err != nil {
		return id, nil, err.Error()
	}
	return id, user, ""
}

func put(object map[string]any, path []string, value any) {
	for _, step := range path[:len(path)-1] {
		inner, ok := object[step].(map[string]any)
		if !ok {
			inner = map[string]any{}
			object[step] = inner
		}
		object = inner
	}
	object[path[len(path)-1]] = value
}

// readCSV reads one record.
func readCSV(record []byte) ([]string, error) {
	r := csv.NewReader(bytes.NewReader(record))
	values, err := r.Read()
	var wrong *csv.ParseError
	if errors.As(err, &wrong) {
		return nil, fmt.Errorf("byte %d of the row: %w", wrong.Column, wrong.Err)
	}
	if err != nil {
		return nil, fmt.Errorf("read as CSV: %w", err)
	}
	return values, nil
}
