package importer_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"testing"

	"herald/internal/importer"
	"herald/models"
)

// Whatever a file holds: no panic, every row is a valid user or a bad row with its line, and everything is read.
func FuzzRows(f *testing.F) {
	for _, text := range []string{
		lines(3), "{\"id\":\"a\"}\r\n\n[]\nnull", "\xef\xbb\xbf{\"id\":\"a\",\"ID\":null}", "id,name,teams,x:int,y:json,a.b\na,\"b\nc\",t;u,1,{},z\n",
		"id\n\"a", "id,x\na,5\" d\n", "id,\"\n\"\n\"\"\"\",\r\n\r", "id:int,id", "\x00\xff", "id,x\r\n\"a\"\r,\"\"\"\n",
	} {
		f.Add([]byte(text), true)
		f.Add([]byte(text), false)
	}
	f.Fuzz(func(t *testing.T, content []byte, isCSV bool) {
		format := importer.NDJSON
		if isCSV {
			format = importer.CSV
		}
		users, bad, read, offset, err := importer.ReadAll(format, content)
		if err != nil {
			if !isCSV {
				t.Fatal(err)
			}
			return
		}
		if offset != int64(len(content)) {
			t.Errorf("read %d of %d bytes", offset, len(content))
		}
		breaks := int64(bytes.Count(content, []byte("\n")))
		if read < breaks || read > breaks+1 {
			t.Errorf("counted %d lines, there are %d line breaks", read, breaks)
		}
		for id, user := range users {
			var head struct {
				ID string `json:"id"`
			}
			if err := json.Unmarshal(user, &head); err != nil || head.ID != id || !models.ValidID(id) {
				t.Errorf("user %q is %s: %v", id, user, err)
			}
		}
		for _, b := range bad {
			if b.Line < 1 || b.Line > read || b.Reason == "" {
				t.Errorf("bad row %+v of %d lines", b, read)
			}
		}
	})
}

// A file that encoding/csv takes whole gives the same rows here.
func FuzzCSVRecords(f *testing.F) {
	f.Add("a,1\nb,2\n")
	f.Add("a,\"x\ny\"\r\n\r\n\"b\",\"\"\"\"\n")
	f.Fuzz(func(t *testing.T, body string) {
		content := "id,x:string\n" + body
		all, err := csv.NewReader(bytes.NewReader([]byte(content))).ReadAll()
		if err != nil {
			return
		}
		var want []string
		for _, record := range all[1:] {
			if models.ValidID(record[0]) && !slices.Contains(want, record[0]) {
				want = append(want, record[0])
			}
		}
		users, _, _, _, err := importer.ReadAll(importer.CSV, []byte(content))
		if err != nil && !errors.Is(err, io.EOF) {
			t.Fatal(err)
		}
		if len(users) != len(want) {
			t.Errorf("%d users, want %q", len(users), want)
		}
		for _, id := range want {
			if users[id] == nil {
				t.Errorf("no user %q", id)
			}
		}
	})
}

func FuzzSplitPath(f *testing.F) {
	for _, path := range []string{"users", "users.ann", "users.ann.name", `users["a b"].teams[0]`, `users["`, "users.", "users[0]", "userscope"} {
		f.Add(path)
	}
	f.Fuzz(func(_ *testing.T, path string) { importer.SplitPath(path) })
}

func TestSplitPath(t *testing.T) {
	for path, want := range map[string][2]string{
		"users.ann.name":            {"ann", "name"},
		"users.a-b@c_d":             {"a-b@c_d", ""},
		"users.ann.teams[3]":        {"ann", "teams[3]"},
		"users.ann[\"odd key\"].x":  {"ann", "[\"odd key\"].x"},
		`users["ann"].address.city`: {"ann", "address.city"},
		`users["a\"]b"]`:            {`a"]b`, ""},
	} {
		id, field, ok := importer.SplitPath(path)
		if !ok || id != want[0] || field != want[1] {
			t.Errorf("%s is %q, %q, %v", path, id, field, ok)
		}
	}
	for _, path := range []string{"users", "", "users.", "users[", `users["x`, `users["x"`, "filter.users.ann", "users[0]"} {
		if id, field, ok := importer.SplitPath(path); ok {
			t.Errorf("%q is %q, %q", path, id, field)
		}
	}
}
