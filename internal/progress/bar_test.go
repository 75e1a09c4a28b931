package progress_test

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"herald/internal/progress"
)

func TestSwitchedOffPrintsOnlyLines(t *testing.T) {
	var out bytes.Buffer
	bar := progress.New(&out, false, 10)
	bar.Set(5, "half")
	bar.Printf("line %d\n", 7)
	bar.Finish()
	if got := out.String(); got != "line 7\n" {
		t.Errorf("printed %q", got)
	}
}

func TestShown(t *testing.T) {
	for name, total := range map[string]int64{"known": 10, "unknown": 0} {
		t.Run(name, func(t *testing.T) {
			var got string
			synctest.Test(t, func(*testing.T) { // the bar is not drawn more often than people can see
				var out bytes.Buffer
				bar := progress.New(&out, true, total)
				time.Sleep(time.Second)
				bar.Set(5, "1,234 users")
				bar.Printf("a bad row\n")
				bar.Finish()
				bar.Finish()
				bar.Set(10, "too late")
				got = out.String()
			})
			if !strings.Contains(got, "1,234 users") || !strings.Contains(got, "a bad row\n") {
				t.Errorf("printed %q", got)
			}
			if strings.Contains(got, "too late") {
				t.Errorf("printed after its end: %q", got)
			}
		})
	}
}

func TestIsTerminal(t *testing.T) {
	if progress.IsTerminal(&bytes.Buffer{}) {
		t.Error("a buffer is a terminal")
	}
	file, err := os.Create(t.TempDir() + "/f")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if progress.IsTerminal(file) {
		t.Error("a file is a terminal")
	}
}

func TestRate(t *testing.T) {
	for _, tc := range []struct {
		n    int64
		took time.Duration
		want string
	}{{10_000, 2 * time.Second, "5,000/s"}, {1, time.Minute, "0/s"}, {0, 0, "0/s"}, {1, 0, "1,000/s"}} {
		if got := progress.Rate(tc.n, tc.took); got != tc.want {
			t.Errorf("Rate(%d, %v) is %q, want %q", tc.n, tc.took, got, tc.want)
		}
	}
}
