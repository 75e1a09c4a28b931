package importer_test

import (
	"bytes"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/internal/importer"
)

func TestDisplay(t *testing.T) {
	var out bytes.Buffer
	d := importer.NewDisplay(&out, "users.csv", false)
	d.Progress(importer.Progress{Written: 1_000, Bytes: 5, Total: 10})
	d.Bad(importer.BadRow{Line: 17, ID: "ann", Reason: "age:int must be a whole number"})
	d.Bad(importer.BadRow{Line: 18, Reason: "id is missing"})
	d.Finish(importer.Result{Written: 2_500, Bad: 2, ResumedLine: 1_501})
	got := regexp.MustCompile(`in .*`).ReplaceAllString(out.String(), "in …")
	want := `users.csv:17: user ann: age:int must be a whole number
users.csv:18: id is missing
users imported: 2,500, 1,000 of them now, from line 1,501 on; bad rows left out: 2, in …
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
