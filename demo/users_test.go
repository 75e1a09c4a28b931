package demo_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"

	"herald/demo"
	"herald/demo/people"
)

// scriptsOf are the scripts of languages that are not written in Latin letters.
var scriptsOf = map[string][]string{
	"ru": {"Cyrillic"}, "uk": {"Cyrillic"}, "bg": {"Cyrillic"}, "sr": {"Cyrillic"},
	"ar": {"Arabic"}, "fa": {"Arabic"}, "ur": {"Arabic"},
	"el": {"Greek"}, "he": {"Hebrew"}, "ka": {"Georgian"}, "hy": {"Armenian"}, "am": {"Ethiopic"},
	"hi": {"Devanagari"}, "bn": {"Bengali"}, "ta": {"Tamil"}, "te": {"Telugu"}, "th": {"Thai"},
	"zh": {"Han"}, "ja": {"Han", "Hiragana", "Katakana"}, "ko": {"Hangul"},
}

// users decodes the file line by line. An unknown key fails: it would become a custom field nobody documented.
func users(t *testing.T) []people.User {
	t.Helper()
	var all []people.User
	number := 0
	for line := range bytes.Lines(demo.UsersNDJSON) {
		number++
		var user people.User
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&user); err != nil {
			t.Fatalf("line %d: %v", number, err)
		}
		if decoder.More() || !bytes.HasSuffix(line, []byte("}\n")) {
			t.Fatalf("line %d is not one object and a newline", number)
		}
		all = append(all, user)
	}
	return all
}

// scripts are the scripts of the letters in s, without those that letters of all scripts share.
func scripts(s string) map[string]bool {
	found := map[string]bool{}
	for _, r := range s {
		for name, table := range unicode.Scripts {
			if name != "Common" && name != "Inherited" && unicode.Is(table, r) {
				found[name] = true
			}
		}
	}
	return found
}

func TestFileIsTheGeneratorsOutput(t *testing.T) {
	var made bytes.Buffer
	if err := people.Write(&made); err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(made.Bytes(), demo.UsersNDJSON) {
		return
	}
	want, got := strings.Split(made.String(), "\n"), strings.Split(string(demo.UsersNDJSON), "\n")
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			t.Fatalf("line %d is not the generator's; run go run ./demo/gen > demo/users.ndjson\n%s", i+1, cmp.Diff(want[i], got[i]))
		}
	}
	t.Fatalf("the file has %d lines, the generator writes %d", len(got), len(want))
}

func TestUsersAreValid(t *testing.T) {
	const limit = 4 << 20
	if size := len(demo.UsersNDJSON); size >= limit {
		t.Errorf("the file has %d bytes, want less than %d", size, limit)
	}

	all := users(t)
	const count = 10_000
	if len(all) != count {
		t.Fatalf("%d users, want %d", len(all), count)
	}
	var (
		id       = regexp.MustCompile(`^[A-Za-z0-9@_-]{1,255}$`)
		image    = regexp.MustCompile(`^https://example\.com/[a-z0-9/.]+$`)
		language = regexp.MustCompile(`^[a-z]{2}$`)
		country  = regexp.MustCompile(`^[A-Z]{2}$`)
		points   = regexp.MustCompile(`^[0-9]+\.[0-9]{2}$`)
		plans    = []string{"free", "pro", "business"}
	)
	seen := map[string]bool{}
	for i, u := range all {
		problem := func(format string, args ...any) { t.Errorf("line %d, %s: %s", i+1, u.ID, fmt.Sprintf(format, args...)) }
		if !id.MatchString(u.ID) || seen[u.ID] {
			problem("id is not allowed or not unique")
		}
		seen[u.ID] = true
		if u.Name != strings.TrimSpace(u.Name) || len(u.Name) < 2 || !norm.NFC.IsNormalString(u.Name) {
			problem("name %q is too short, padded or not in NFC", u.Name)
		}
		if !image.MatchString(u.Image) || u.Role != "user" || !language.MatchString(u.Language) || !country.MatchString(u.Country) {
			problem("image %q, role %q, language %q, country %q", u.Image, u.Role, u.Language, u.Country)
		}
		if u.City == "" || u.Address.City == "" || u.Address.Postal == "" || strings.ContainsAny(u.Address.Postal, "#@") {
			problem("city %q, address %+v", u.City, u.Address)
		}
		if !slices.Contains(plans, u.Plan) || u.Team == "" || u.SignupYear < 2010 || u.SignupYear > 2026 || u.Orders < 0 {
			problem("plan %q, team %q, signup_year %d, orders %d", u.Plan, u.Team, u.SignupYear, u.Orders)
		}
		if !points.MatchString(string(u.Points)) {
			problem("points %q", u.Points)
		}
	}
	// The campaign's sender is made by the demo; a user of that id would be overwritten.
	if seen["herald"] {
		t.Error("the sender is among the users")
	}
}

func TestLanguagesAndScripts(t *testing.T) {
	speakers, written := map[string]int{}, map[string]int{}
	for i, u := range users(t) {
		speakers[u.Language]++
		want := scriptsOf[u.Language]
		if want == nil {
			want = []string{"Latin"}
		}
		for script := range scripts(u.Name) {
			written[script]++
			if !slices.Contains(want, script) {
				t.Errorf("line %d: %q (%s) has letters of %s, want %v", i+1, u.Name, u.Language, script, want)
			}
		}
	}
	if len(speakers) < 25 {
		t.Errorf("%d languages, want at least 25", len(speakers))
	}
	if len(written) < 12 {
		t.Errorf("%d scripts, want at least 12: %v", len(written), slices.Sorted(maps.Keys(written)))
	}
	for language, count := range speakers {
		if count < 40 {
			t.Errorf("only %d users speak %s", count, language)
		}
	}
	for language := range scriptsOf {
		if speakers[language] == 0 {
			t.Errorf("nobody speaks %s", language)
		}
	}
}

// A segment by team, plan or membership has somebody in it and somebody not.
func TestGroupsAreUseful(t *testing.T) {
	counts := map[string]int{}
	for _, u := range users(t) {
		counts["team "+u.Team]++
		counts["plan "+u.Plan]++
		counts[fmt.Sprintf("newsletter %t", u.Newsletter)]++
		counts[fmt.Sprintf("has teams %t", len(u.Teams) > 0)]++
		if slices.Contains(u.Teams, u.Team) || slices.Contains(u.Teams, "commonteam") {
			t.Errorf("%s: built-in teams %v and custom team %q share a value, so a filter by team means both", u.ID, u.Teams, u.Team)
		}
	}
	for group, want := range map[string][2]int{
		"team commonteam":  {2_700, 3_300},
		"plan free":        {6_500, 7_500},
		"plan pro":         {1_900, 2_500},
		"plan business":    {600, 1_000},
		"newsletter true":  {3_500, 4_500},
		"has teams true":   {3_500, 4_500},
		"newsletter false": {5_500, 6_500},
	} {
		if got := counts[group]; got < want[0] || got > want[1] {
			t.Errorf("%s: %d users, want %d to %d", group, got, want[0], want[1])
		}
	}
}

// How a written name shows in the id, in which form a woman bears it, and which part of it comes first.
func TestNames(t *testing.T) {
	all := users(t)
	for _, want := range []struct{ name, id string }{
		{`^Łukasz `, `^lukasz-`},
		{` Wiśniewska$`, `-wisniewska-[0-9]{4}$`},
		{` Svobodová$`, `-svobodova-[0-9]{4}$`},
		{` Černá$`, `-cerna-[0-9]{4}$`},
		{` O'Brien$`, `-obrien-[0-9]{4}$`},
		{`^Søren `, `^soren-`},
		{` Weiß$`, `-weiss-[0-9]{4}$`},
		{`^Işık `, `^isik-`},
		{`^Ọlámìdé `, `^olamide-`},
		{`^(Анна|Ольга|Вера) Иванова$`, `^(anna|olga|vera)-ivanova-`},
		{`^Сергей Вишневский$`, `^sergey-vishnevskiy-`},
		{` Παπαδοπούλου$`, `-papadopoulou-[0-9]{4}$`},
		{`^Nagy `, `-nagy-[0-9]{4}$`},
		{`^Nguyễn Thị Hương$`, `^thi-huong-nguyen-`},
		{`^欧阳`, `-ouyang-[0-9]{4}$`},
		{`^佐藤 `, `-sato-[0-9]{4}$`},
		{`^عبد الله `, `^abdullah-`},
		{`^\S+ García \S+$`, `^[a-z]+-garcia-[0-9]{4}$`},
	} {
		t.Run(want.name, func(t *testing.T) {
			name, id := regexp.MustCompile(want.name), regexp.MustCompile(want.id)
			found := 0
			for _, u := range all {
				if !name.MatchString(u.Name) {
					continue
				}
				found++
				if !id.MatchString(u.ID) {
					t.Errorf("%s has the id %s, want %s", u.Name, u.ID, want.id)
				}
			}
			if found == 0 {
				t.Error("nobody has such a name")
			}
		})
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestWriteReportsItsWriter(t *testing.T) {
	want := errors.New("disk full")
	if err := people.Write(brokenWriter{want}); !errors.Is(err, want) {
		t.Errorf("got %v, want it to wrap %v", err, want)
	}
}
