package people

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// locale is one language: who speaks it here, what they are called, where they live.
//
// Name lists are separated by commas. An entry not written in Latin letters carries its usual romanisation for the user id
// after "=", a surname with a feminine form of its own has that after "/": "Παπάς=papas/Παπά=papa".
type locale struct {
	language string // ISO 639-1
	share    int    // of all users, relative to the other shares
	order    order
	women    string
	men      string
	families string
	// feminine turns surnames into the form women bear; the first ending that fits is used, none leaves it as it is.
	feminine []ending
	// second is how many of a hundred people bear a second surname.
	second int
	places []place
}

// order is how a full name is put together.
type order int

const (
	givenFirst   order = iota // Ana Souza
	familyFirst               // Nagy Anna
	familyJoined              // 王芳
)

// ending is a surname's masculine and feminine ending, in the language's script and, where that is not Latin, romanised.
type ending struct{ male, female, maleLatin, femaleLatin string }

// place is a town: its country (ISO 3166-1 alpha-2), its name in English and as its people write it, and the shape of a
// postal code there: '#' is a digit, '@' a capital letter, anything else itself.
type place struct{ country, city, local, postal string }

// name is a part of a name as it is written and as it appears in a user id: lower case a-z and '-' only.
type name struct{ written, slug string }

// surname is a family's name as its men and its women bear it.
type surname struct{ male, female name }

// names are a locale's lists, read.
type names struct {
	women, men []name
	families   []surname
}

func (l locale) names() (names, error) {
	var (
		read names
		err  error
	)
	if read.women, err = parseNames(l.women); err != nil {
		return names{}, fmt.Errorf("%s: women's names: %w", l.language, err)
	}
	if read.men, err = parseNames(l.men); err != nil {
		return names{}, fmt.Errorf("%s: men's names: %w", l.language, err)
	}
	for entry := range strings.SplitSeq(l.families, ",") {
		male, female, explicit := strings.Cut(entry, "/")
		var family surname
		if family.male, err = parseName(male); err != nil {
			return names{}, fmt.Errorf("%s: surnames: %w", l.language, err)
		}
		if !explicit {
			female = l.feminineOf(male)
		}
		if family.female, err = parseName(female); err != nil {
			return names{}, fmt.Errorf("%s: surnames: %w", l.language, err)
		}
		read.families = append(read.families, family)
	}
	return read, nil
}

// feminineOf applies the first fitting ending to a list entry, "written" or "written=romanised".
func (l locale) feminineOf(entry string) string {
	written, latin, romanised := strings.Cut(strings.TrimSpace(entry), "=")
	for _, e := range l.feminine {
		stem, fits := strings.CutSuffix(written, e.male)
		if !fits {
			continue
		}
		if !romanised {
			return stem + e.female
		}
		return stem + e.female + "=" + strings.TrimSuffix(latin, e.maleLatin) + e.femaleLatin
	}
	return entry
}

func parseNames(list string) ([]name, error) {
	var read []name
	for entry := range strings.SplitSeq(list, ",") {
		one, err := parseName(entry)
		if err != nil {
			return nil, err
		}
		read = append(read, one)
	}
	return read, nil
}

func parseName(entry string) (name, error) {
	written, latin, romanised := strings.Cut(strings.TrimSpace(entry), "=")
	if !romanised {
		latin = written
	}
	one := name{written: norm.NFC.String(written), slug: slug(latin)}
	if one.written == "" || one.slug == "" {
		return name{}, fmt.Errorf("entry %q gives no name or no letters for an id", entry)
	}
	return one, nil
}

// unfoldable are Latin letters that do not decompose into a base letter and a mark.
var unfoldable = strings.NewReplacer(
	"ł", "l", "ø", "o", "đ", "d", "ß", "ss", "ı", "i", "æ", "ae", "œ", "oe", "þ", "th", "ð", "d", "ə", "e",
)

// slug folds Latin letters to a-z, spaces and hyphens to '-', and drops the rest, such as apostrophes. A name in another
// script has no slug.
func slug(latin string) string {
	var b strings.Builder
	for _, r := range norm.NFD.String(unfoldable.Replace(strings.ToLower(latin))) {
		switch {
		case r >= 'a' && r <= 'z':
			b.WriteRune(r)
		case r == ' ' || r == '-':
			b.WriteByte('-')
		case unicode.IsLetter(r):
			return ""
		}
	}
	return strings.Trim(b.String(), "-")
}

// locales are all languages, in a fixed order: the draws depend on it.
func locales() []locale {
	return slices.Concat(westEuropean, eastEuropean, cyrillic, overseas, ownScripts, southAsian, eastAsian)
}
