package filter_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"herald/filter"
)

const (
	r          = "$eq $exists $gt $gte $in $lt $lte"
	userData   = r + " $ne $nin $contains $autocomplete"
	moment     = `"2026-01-01T00:00:00Z"`
	everything = "$eq $ne $gt $gte $lt $lte $in $nin $exists $contains $autocomplete $q"
)

// grammar is the table of fields and operators of the API contract; operand is a value of the field's type.
var grammar = []struct {
	entity    filter.Entity
	fields    string
	operators string
	operand   string
}{
	{filter.Campaigns, "id name sender_id status", r, `"x"`},
	{filter.Campaigns, "created_at updated_at scheduled_for", r, moment},
	{filter.Campaigns, "segments", "$eq $in $contains", `"x"`},
	{filter.Campaigns, "paused", "$eq", `true`},
	{filter.Segments, "id name", r, `"x"`},
	{filter.Segments, "created_at updated_at", r, moment},
	{filter.Segments, "all_users", "$eq $exists $in", `true`},
	{filter.Segments, "type", "$eq $exists $in", `"user"`},
	{filter.Targets, "target_id", r, `"x"`},
	{filter.Targets, "created_at", r, moment},
	{filter.Members, "user_id id", "$eq $in", `"x"`},
	{filter.Polls, "id name created_by_id", r, `"x"`},
	{filter.Polls, "is_closed allow_answers", "$eq $exists $in", `true`},
	{filter.Polls, "voting_visibility", "$eq $exists $in", `"x"`},
	{filter.Polls, "max_votes_allowed", r + " $ne", `1`},
	{filter.Polls, "created_at updated_at", r, moment},
	{filter.Users, "id", r + " $autocomplete $ne $nin", `"x"`},
	{filter.Users, "name", r + " $autocomplete", `"x"`},
	{filter.Users, "role", r, `"x"`},
	{filter.Users, "created_at updated_at last_active", r, moment},
	{filter.Users, "banned shadow_banned bypass_moderation invisible", "$eq $ne", `true`},
	{filter.Users, "language", "$eq $in", `"x"`},
	{filter.Users, "teams", "$eq $in $contains", `"x"`},
	{filter.Users, "team", "$eq $in", `"x"`},
	{filter.Users, "username email country custom.country address.city", userData, `"x"`},
	{filter.Users, "age", strings.Replace(userData, " $autocomplete", "", 1), `1.50`},
	{filter.Channels, "cid id type team created_by_id", r, `"x"`},
	{filter.Channels, "created_at updated_at last_message_at last_updated", r, moment},
	{filter.Channels, "member_count message_count", r, `1`},
	{filter.Channels, "frozen", r, `true`},
	{filter.Channels, "name", r + " $autocomplete $q", `"x"`},
	{filter.Channels, "member.user.name", "$eq $autocomplete", `"x"`},
	{filter.Channels, "disabled distinct", "$eq", `true`},
	{filter.Channels, "hidden joined archived has_unread", "$eq", `true`},
	{filter.Channels, "color custom.color style.color", userData + " $q", `"x"`},
}

// Every operator a field has compiles to a statement that runs; every other one is refused where it stands.
func TestOperatorsOfFields(t *testing.T) {
	db := open(t)
	for _, row := range grammar {
		for _, field := range strings.Fields(row.fields) {
			for _, op := range strings.Fields(everything) {
				if field == "age" && op == "$autocomplete" {
					continue // the field has it, the operand is not for it
				}
				operand := row.operand
				switch op {
				case "$in", "$nin":
					operand = "[" + operand + "]"
				case "$exists":
					operand = "true"
				}
				raw := fmt.Sprintf(`{%q: {%q: %s}}`, field, op, operand)
				if slices.Contains(strings.Fields(row.operators), op) {
					selected(t, db, row.entity, raw, filter.WithMember("ann"))
					continue
				}
				_, err := filter.Parse(row.entity, "filter", json.RawMessage(raw), filter.WithMember("ann"))
				var refused *filter.Error
				if want := "filter." + field + "." + op; !errors.As(err, &refused) || refused.Path != want {
					t.Errorf("Parse(%s) = %v, want an error at %s", raw, err, want)
				}
			}
		}
	}
}

// A value of any other type is refused by built-in fields. Custom fields take all scalars.
func TestOperandsOfBuiltInFields(t *testing.T) {
	operands := []string{`"x"`, `1`, `true`, moment, `null`, `{}`, `[]`, `[null]`, `[{}]`}
	fits := map[string][]string{`"x"`: {`"x"`, moment}, `1`: {`1`}, `true`: {`true`}, moment: {moment, `1`}, `"user"`: {`"x"`, moment}}
	custom := []string{"username", "country", "custom.country", "address.city", "age", "color", "custom.color", "style.color", "team"}
	for _, row := range grammar {
		for _, field := range strings.Fields(row.fields) {
			if slices.Contains(custom, field) && field != "team" || row.entity == filter.Users && (field == "team" || field == "email") {
				continue
			}
			for _, op := range strings.Fields(row.operators) {
				for _, operand := range operands {
					want := slices.Contains(fits[row.operand], operand)
					switch op {
					case "$exists":
						want = operand == `true`
					case "$autocomplete", "$q":
						want = operand == `"x"` || operand == moment
					case "$in", "$nin":
						operand = "[" + operand + "]"
					case "$eq":
						want = want || field == "segments" && operand == `[]` || field == "teams" && operand == `[]`
					}
					raw := fmt.Sprintf(`{%q: {%q: %s}}`, field, op, operand)
					_, err := filter.Parse(row.entity, "filter", json.RawMessage(raw), filter.WithMember("ann"))
					if (err == nil) != want {
						t.Errorf("Parse(%s) = %v, want it to be accepted: %v", raw, err, want)
					}
				}
			}
		}
	}
}
