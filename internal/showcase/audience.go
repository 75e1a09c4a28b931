package showcase

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// person is what the demo knows of one of its users, to say beforehand who must get what.
type person struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Language string `json:"language"`
	Plan     string `json:"plan"`
	Address  struct {
		City string `json:"city"` // in the user's own script
	} `json:"address"`
}

// mark is a custom field that the demo's users get, so that its segment leaves out whoever else is in the app.
const mark = "demo"

// payingPlans and listedPlans make two segments that overlap in one plan and leave nobody out.
var (
	payingPlans = []string{"pro", "business"}
	listedPlans = []string{"free", "pro"}
)

// readPeople reads the demo's users, and gives them back as NDJSON with the mark on each.
func readPeople(ndjson []byte) (people []person, marked []byte, err error) {
	var out bytes.Buffer
	for line := range bytes.Lines(ndjson) {
		var p person
		if err := json.Unmarshal(line, &p); err != nil {
			return nil, nil, fmt.Errorf("user %d of the demo: %w", len(people)+1, err)
		}
		people = append(people, p)
		fmt.Fprintf(&out, `{"%s":true,%s`, mark, bytes.TrimPrefix(line, []byte("{")))
	}
	return people, out.Bytes(), nil
}
