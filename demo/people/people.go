package people

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
)

const (
	// Count is how many users there are.
	Count = 10_000
	// Seed fixes every draw. Another seed gives another population of the same kind.
	Seed = 20_261_123
)

// User is one line of users.ndjson: a user as UpdateUsers takes it in the v1 dialect, custom fields beside the built-in
// ones.
type User struct {
	ID       string   `json:"id"` // <given>-<family>-<number>, 0-9 a-z and '-'
	Name     string   `json:"name"`
	Image    string   `json:"image"`
	Role     string   `json:"role"`
	Language string   `json:"language"` // ISO 639-1
	Teams    []string `json:"teams,omitempty"`

	Country    string      `json:"country"` // ISO 3166-1 alpha-2
	City       string      `json:"city"`    // in English
	Plan       string      `json:"plan"`    // free, pro or business
	Team       string      `json:"team"`
	SignupYear int         `json:"signup_year"`
	Orders     int         `json:"orders"`
	Newsletter bool        `json:"newsletter"`
	Points     json.Number `json:"points"` // two decimals, trailing zeros kept
	Address    Address     `json:"address"`
}

// Address is a nested custom field.
type Address struct {
	City   string `json:"city"` // as its people write it
	Postal string `json:"postal"`
}

// option is one value of a draw and its weight.
type option[T any] struct {
	weight int
	value  T
}

var (
	plans = []option[string]{{70, "free"}, {22, "pro"}, {8, "business"}}
	teams = []option[string]{{30, "commonteam"}, {25, "growth"}, {20, "partners"}, {15, "press"}, {10, "staff"}}
	// Growing, as a young service does.
	years = []option[int]{
		{1, 2017}, {2, 2018}, {3, 2019}, {5, 2020}, {7, 2021}, {9, 2022}, {12, 2023}, {15, 2024}, {20, 2025}, {26, 2026},
	}
	// Most users are in no team of the built-in kind.
	memberships = []option[[]string]{
		{60, nil}, {14, []string{"beta"}}, {12, []string{"readers"}}, {8, []string{"buyers"}}, {6, []string{"beta", "buyers"}},
	}
	// Mean number of orders, by plan.
	meanOrders = map[string]float64{"free": 2, "pro": 9, "business": 40}
)

// Write writes Count users to w, one JSON object a line. It fails when w does or when a list has an entry that gives no
// name or no id.
func Write(w io.Writer) error {
	all := locales()
	read := make([]names, len(all))
	spoken := make([]option[int], len(all))
	for i, l := range all {
		var err error
		if read[i], err = l.names(); err != nil {
			return fmt.Errorf("reading the lists: %w", err)
		}
		spoken[i] = option[int]{l.share, i}
	}

	draws := rand.New(rand.NewPCG(Seed, Count))
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	for number := range Count {
		line.Reset()
		i := pick(draws, spoken)
		if err := encoder.Encode(makeUp(draws, all[i], read[i], number)); err != nil {
			return fmt.Errorf("encoding user %d: %w", number, err)
		}
		if _, err := w.Write(line.Bytes()); err != nil {
			return fmt.Errorf("writing user %d: %w", number, err)
		}
	}
	return nil
}

func makeUp(draws *rand.Rand, l locale, n names, number int) User {
	given := one(draws, n.men)
	form := func(s surname) name { return s.male }
	if draws.IntN(2) == 0 {
		given = one(draws, n.women)
		form = func(s surname) name { return s.female }
	}
	family := form(one(draws, n.families))
	id := fmt.Sprintf("%s-%s-%04d", given.slug, family.slug, number)
	if draws.IntN(100) < l.second {
		if second := form(one(draws, n.families)); second != family {
			family.written += " " + second.written
		}
	}

	home := one(draws, l.places)
	plan := pick(draws, plans)
	orders := int(draws.ExpFloat64() * meanOrders[plan])
	return User{
		ID:       id,
		Name:     l.order.full(given.written, family.written),
		Image:    fmt.Sprintf("https://example.com/avatars/%04d.png", number),
		Role:     "user",
		Language: l.language,
		Teams:    pick(draws, memberships),

		Country:    home.country,
		City:       home.city,
		Plan:       plan,
		Team:       pick(draws, teams),
		SignupYear: pick(draws, years),
		Orders:     orders,
		Newsletter: draws.IntN(5) < 2,
		Points:     json.Number(fmt.Sprintf("%d.%02d", orders*10+draws.IntN(50), draws.IntN(100))),
		Address:    Address{City: home.local, Postal: postalCode(draws, home.postal)},
	}
}

func (o order) full(given, family string) string {
	switch o {
	case familyFirst:
		return family + " " + given
	case familyJoined:
		return family + given
	default:
		return given + " " + family
	}
}

func postalCode(draws *rand.Rand, shape string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case '#':
			return '0' + rune(draws.IntN(10))
		case '@':
			return 'A' + rune(draws.IntN(26))
		default:
			return r
		}
	}, shape)
}

// pick draws one option, each with its weight's share of the chances.
func pick[T any](draws *rand.Rand, options []option[T]) T {
	total := 0
	for _, o := range options {
		total += o.weight
	}
	at, i := draws.IntN(total), 0
	for at >= options[i].weight {
		at -= options[i].weight
		i++
	}
	return options[i].value
}

func one[T any](draws *rand.Rand, list []T) T { return list[draws.IntN(len(list))] }
