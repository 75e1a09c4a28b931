package importer_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/internal/importer"
)

// imported is what became of a file.
type imported struct {
	Users map[string]string
	Bad   []importer.BadRow
}

func importText(t *testing.T, format importer.Format, text string) (imported, error) {
	t.Helper()
	u := startUsers(t)
	got := imported{Users: u.stored}
	result, err := importer.Stream(t.Context(), strings.NewReader(text), importer.Options{
		API: u.client(), Format: format, Bad: func(b importer.BadRow) { got.Bad = append(got.Bad, b) }, Concurrency: 1,
	})
	if result.Bad != int64(len(got.Bad)) {
		t.Errorf("%d bad rows counted, %d reported", result.Bad, len(got.Bad))
	}
	return got, err
}

func TestNDJSON(t *testing.T) {
	long := strings.Repeat("x", importer.MaxRecordLength)
	for name, tc := range map[string]struct {
		text string
		want imported
	}{
		"plain":                         {`{"id":"a","age":1.50}` + "\n" + `{"id":"b"}` + "\n", imported{Users: map[string]string{"a": `{"id":"a","age":1.50}`, "b": `{"id":"b"}`}}},
		"no line break at the end":      {`{"id":"a"}`, imported{Users: map[string]string{"a": `{"id":"a"}`}}},
		"blank lines, CRLF, a mark":     {"\xef\xbb\xbf\r\n \r\n{\"id\":\"a\"}\r\n\r\n", imported{Users: map[string]string{"a": `{"id":"a"}`}}},
		"a mark before the first":       {"\xef\xbb\xbf{\"id\":\"a\"}\n", imported{Users: map[string]string{"a": `{"id":"a"}`}}},
		"empty":                         {"", imported{}},
		"the later of two wins":         {`{"id":"a","n":1}` + "\n" + `{"id":"a","n":2}` + "\n", imported{Users: map[string]string{"a": `{"id":"a","n":2}`}}},
		"a bad later one leaves it":     {`{"id":"a","n":1}` + "\n" + `{"id":"a","name":2}` + "\n", imported{Users: map[string]string{"a": `{"id":"a","n":1}`}, Bad: []importer.BadRow{{2, "a", "name must be a string"}}}},
		"no JSON":                       {"{\n" + `{"id":"b"}`, imported{Users: map[string]string{"b": `{"id":"b"}`}, Bad: []importer.BadRow{{1, "", "malformed JSON: unexpected end of JSON input"}}}},
		"no object":                     {"[1]\n 7\n\"x\"\n null", imported{Bad: []importer.BadRow{{1, "", "must be a JSON object, not array"}, {2, "", "must be a JSON object, not number"}, {3, "", "must be a JSON object, not string"}, {4, "", "must be a JSON object, not null"}}}},
		"no id":                         {`{"name":"a"}` + "\n" + `{"id":null}` + "\n" + `{"id":""}`, imported{Bad: []importer.BadRow{{1, "", "id is missing"}, {2, "", "id is missing"}, {3, "", "id is missing"}}}},
		"an id that is no string":       {`{"id":7}`, imported{Bad: []importer.BadRow{{1, "", "id must be a string"}}}},
		"an id that is not allowed":     {`{"id":"a b"}`, imported{Bad: []importer.BadRow{{1, "a b", "id must be 1 to 255 characters of A-Z a-z 0-9 @ _ -"}}}},
		"the key is found in any case":  {`{"ID":"a"}`, imported{Users: map[string]string{"a": `{"ID":"a"}`}}},
		"refused by the API":            {`{"id":"a"}` + "\n\n" + `{"id":"b","name":7,"role":1}` + "\n" + `{"id":"c"}`, imported{Users: map[string]string{"a": `{"id":"a"}`, "c": `{"id":"c"}`}, Bad: []importer.BadRow{{3, "b", "name must be a string; role must be a string"}}}},
		"too long":                      {`{"id":"a","x":"` + long + `"}` + "\n" + `{"id":"b"}`, imported{Users: map[string]string{"b": `{"id":"b"}`}, Bad: []importer.BadRow{{1, "", "is longer than 1048576 bytes"}}}},
		"too long and without an end":   {`{"id":"b"}` + "\n" + long + "x", imported{Users: map[string]string{"b": `{"id":"b"}`}, Bad: []importer.BadRow{{2, "", "is longer than 1048576 bytes"}}}},
		"quotes mean nothing to a line": {`{"id":"b"}"` + "\n" + `{"id":"c"}`, imported{Users: map[string]string{"c": `{"id":"c"}`}, Bad: []importer.BadRow{{1, "", `malformed JSON: invalid character '"' after top-level value`}}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := importText(t, importer.NDJSON, tc.text)
			if err != nil {
				t.Fatal(err)
			}
			if tc.want.Users == nil {
				tc.want.Users = map[string]string{}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCSV(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		want imported
	}{
		"built-in and custom": {
			"id,name,image,role,language,teams,invisible,country\nann,Ann,http://x/a.png,admin,en,red; blue;,TRUE,US\n",
			imported{Users: map[string]string{"ann": `{"country":"US","id":"ann","image":"http://x/a.png","invisible":true,"language":"en","name":"Ann","role":"admin","teams":["red","blue"]}`}},
		},
		"types": {
			"id,s:string,i:int,f:float,b:bool,j:json,plain\na,1,-20,1.50,False,\"{\"\"x\"\": [1]}\",007\n",
			imported{Users: map[string]string{"a": `{"b":false,"f":1.50,"i":-20,"id":"a","j":{"x":[1]},"plain":"007","s":"1"}`}},
		},
		"values that are not of the type": {
			"id,i:int,f:float,b:bool,j:json\na,1.0,,,\nb,+1,,,\nc,,NaN,,\nd,,0x1,,\ne,,,1,\nf,,,,{\ng,01,,,\nh, 1,,,\ni,,1e6,,\n",
			imported{Users: map[string]string{"i": `{"f":1e6,"id":"i"}`}, Bad: []importer.BadRow{
				{2, "a", "i:int must be a whole number"}, {3, "b", "i:int must be a whole number"}, {4, "c", "f:float must be a number such as -12.50 or 1e6"},
				{5, "d", "f:float must be a number such as -12.50 or 1e6"}, {6, "e", "b:bool must be true or false"}, {7, "f", "j:json must be JSON"},
				{8, "g", "i:int must be a whole number"}, {9, "h", "i:int must be a whole number"}}},
		},
		"empty cells are left out":  {"id,name,age:int,teams\na,,,\n", imported{Users: map[string]string{"a": `{"id":"a"}`}}},
		"custom. and dots":          {"id,custom.plan,address.city,address.geo.lat:float\na,pro,Boston,42.3\n", imported{Users: map[string]string{"a": `{"address":{"city":"Boston","geo":{"lat":42.3}},"id":"a","plan":"pro"}`}}},
		"columns in any order":      {"country,ID\nUS,a\n", imported{Users: map[string]string{"a": `{"country":"US","id":"a"}`}}},
		"quotes, commas and breaks": {"id,bio\na,\"one, \"\"two\"\"\nthree\"\r\nb,x\r\nc d,y\r\n", imported{Users: map[string]string{"a": `{"bio":"one, \"two\"\nthree","id":"a"}`, "b": `{"bio":"x","id":"b"}`}, Bad: []importer.BadRow{{5, "c d", "id must be 1 to 255 characters of A-Z a-z 0-9 @ _ -"}}}},
		"a mark before the header":  {"\xef\xbb\xbfid,x\na,1", imported{Users: map[string]string{"a": `{"id":"a","x":"1"}`}}},
		"wrong number of cells":     {"id,x\na\nb,1,2\nc,3\n", imported{Users: map[string]string{"c": `{"id":"c","x":"3"}`}, Bad: []importer.BadRow{{2, "a", "has 1 columns, the header has 2"}, {3, "b", "has 3 columns, the header has 2"}}}},
		"a quote inside a cell spoils its row only": {"id,x\na,5\" disk\nb,\"5\" disk\nc,3\n", imported{Users: map[string]string{"c": `{"id":"c","x":"3"}`}, Bad: []importer.BadRow{
			{2, "", `byte 4 of the row: bare " in non-quoted-field`}, {3, "", `byte 5 of the row: extraneous or missing " in quoted-field`}}}},
		"a quote that is never closed": {"id,x\na,1\nb,\"2\nc,3\n", imported{Users: map[string]string{"a": `{"id":"a","x":"1"}`}, Bad: []importer.BadRow{{3, "", `byte 4 of the row: extraneous or missing " in quoted-field`}}}},
		"no rows":                      {"id\n", imported{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := importText(t, importer.CSV, tc.text)
			if err != nil {
				t.Fatal(err)
			}
			if tc.want.Users == nil {
				tc.want.Users = map[string]string{}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnclosedQuoteIsGivenUp(t *testing.T) {
	const line = "x,12345\n"
	swallowed := importer.MaxRecordLength/len(line) + 1 // lines that fill the longest record and go beyond it
	got, err := importText(t, importer.CSV, "id,x\na,\"1234\n"+strings.Repeat(line, swallowed)+"b,2\n")
	if err != nil {
		t.Fatal(err)
	}
	want := imported{Users: map[string]string{"b": `{"id":"b","x":"2"}`}, Bad: []importer.BadRow{{2, "", "a quote is not closed; skipped through line 131074"}}}
	delete(got.Users, "x") // the line after the one where it was given up
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestHeaders(t *testing.T) {
	for header, want := range map[string]string{
		"":                      "the file is empty; it needs a header row",
		"\n\n":                  "the file is empty; it needs a header row",
		"name,country\n":        "header row: there is no column id",
		"id,id\n":               `header row: columns "id" and "id" are the same field, or one is inside the other`,
		"id,a:int,custom.a\n":   `header row: columns "a:int" and "custom.a" are the same field, or one is inside the other`,
		"id,a:json,a.b\n":       `header row: columns "a:json" and "a.b" are the same field, or one is inside the other`,
		"id,age:number\n":       `header row: column 2: "age:number": unknown type "number"; it must be string, int, float, bool or json`,
		"id,\n":                 `header row: column 2: "" has no name`,
		"id,a..b\n":             `header row: column 2: "a..b" has no name`,
		"id,:int\n":             `header row: column 2: ":int" has no name`,
		"id:string,name\n":      `header row: column 1: "id:string" is a built-in field; it has neither type nor prefix`,
		"id,custom.teams:json,": `header row: column 2: "custom.teams:json" is a built-in field; it has neither type nor prefix`,
		"id,\"x\n":              `header row: byte 6 of the row: extraneous or missing " in quoted-field`,
	} {
		_, err := importText(t, importer.CSV, header)
		if err == nil || err.Error() != want {
			t.Errorf("header %q: error is %v, want %s", header, err, want)
		}
	}
}

func TestFormatOf(t *testing.T) {
	for path, want := range map[string]importer.Format{"a.ndjson": importer.NDJSON, "a.jsonl": importer.NDJSON, "x/A.CSV": importer.CSV, "a.json": importer.NDJSON} {
		if got, err := importer.FormatOf(path); got != want || err != nil {
			t.Errorf("%s is %q, %v", path, got, err)
		}
	}
	for _, path := range []string{"-", "users", "users.xml"} {
		if _, err := importer.FormatOf(path); err == nil {
			t.Errorf("%s has a format", path)
		}
	}
}
