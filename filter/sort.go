package filter

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// MaxSortKeys is how many fields a sort order may name, from the API contract (6.3).
const MaxSortKeys = 5

// Sort is a total order of an entity's rows: what the request asked for, or the entity's default, then the unique id
// ascending. Missing values come last in both directions. It may be used by several goroutines at once.
type Sort struct {
	keys []sortKey
}

type sortKey struct {
	sortField
	descending bool
}

// sortField is an expression to order by. Only expressions marked nullable are compared with NULL in mind, and only the
// others can follow an index.
type sortField struct {
	value    fragment
	kind     kind
	nullable bool
}

// Fields to sort by are section 6.3 of the API contract; custom fields come on top where the entity has them.
var (
	sortableCampaigns = map[string]sortField{
		"id":            {verbatim("c.id"), text, false},
		"name":          {verbatim("c.name"), text, false},
		"status":        {verbatim("c.status"), text, false},
		"created_at":    {verbatim("c.created_at"), timestamp, false},
		"updated_at":    {verbatim("c.updated_at"), timestamp, false},
		"scheduled_for": {verbatim("c.scheduled_for"), timestamp, true},
	}
	sortableSegments = map[string]sortField{
		"id":         {verbatim("s.id"), text, false},
		"name":       {verbatim("s.name"), text, false},
		"type":       {verbatim("s.type"), text, false},
		"size":       {verbatim("s.size"), number, false},
		"created_at": {verbatim("s.created_at"), timestamp, false},
		"updated_at": {verbatim("s.updated_at"), timestamp, false},
	}
	sortableTargets = map[string]sortField{
		"target_id":  {verbatim("t.target_id"), text, false},
		"created_at": {verbatim("t.created_at"), timestamp, false},
	}
	sortableMembers = map[string]sortField{
		"user_id":    {verbatim("m.user_id"), text, false},
		"created_at": {verbatim("m.created_at"), timestamp, false},
	}
	sortablePolls = map[string]sortField{
		"id":         {verbatim("p.id"), text, false},
		"name":       {verbatim("p.name"), text, false},
		"created_at": {verbatim("p.created_at"), timestamp, false},
		"updated_at": {verbatim("p.updated_at"), timestamp, false},
	}
	sortableUsers = map[string]sortField{
		"id":          {verbatim("u.id"), text, false},
		"name":        {verbatim("u.name"), text, true},
		"role":        {verbatim("u.role"), text, false},
		"created_at":  {verbatim("u.created_at"), timestamp, false},
		"updated_at":  {verbatim("u.updated_at"), timestamp, false},
		"last_active": {verbatim("u.last_active"), timestamp, true},
	}
	sortableChannels = map[string]sortField{
		"cid":             {verbatim("ch.cid"), text, false},
		"type":            {verbatim(channelType), text, false},
		"created_at":      {verbatim("ch.created_at"), timestamp, false},
		"updated_at":      {verbatim("ch.updated_at"), timestamp, false},
		"last_message_at": {verbatim("ch.last_message_at"), timestamp, true},
		"last_updated":    {verbatim(lastUpdated), timestamp, false},
		"member_count":    {verbatim("ch.member_count"), number, false},
	}

	newestFirst      = []string{"created_at"}
	lastUpdatedFirst = []string{"last_updated"}
)

// Types of a custom field in a sort order: what the order is by. Values of other types count as missing.
const (
	sortTextually = "" // any scalar, as text
	sortNumbers   = "number"
	sortBooleans  = "boolean"
)

// ParseSort reads a sort order as a request has it. Absent, null and [] are the default of the entity. path is what
// errors call it, usually "sort". What is wrong with it comes back as Errors.
func ParseSort(entity Entity, path string, raw json.RawMessage) (Sort, error) {
	var entries []json.RawMessage
	if !absent(raw) {
		var ok bool
		if entries, ok = array(raw); !ok || len(entries) > MaxSortKeys {
			return Sort{}, Errors{{Path: path, Reason: fmt.Sprintf("expected an array of at most %d fields", MaxSortKeys)}}
		}
	}
	known := catalogue[entity]
	order := orderBuilder{known: known, named: map[string]bool{}}
	for i, entry := range entries {
		order.read(fmt.Sprintf("%s[%d]", path, i), entry)
	}
	if len(order.errs) > 0 {
		return Sort{}, order.errs
	}
	if len(entries) == 0 {
		for _, name := range known.order {
			order.add(name, sortKey{known.sortable[name], true})
		}
	}
	order.add(known.id, sortKey{known.sortable[known.id], false})
	return Sort{order.keys}, nil
}

type orderBuilder struct {
	known names
	named map[string]bool
	keys  []sortKey
	errs  Errors
}

// add leaves out what decides nothing: a field named before, and whatever follows the unique id.
func (o *orderBuilder) add(name string, key sortKey) {
	if o.named[name] || o.named[o.known.id] {
		return
	}
	o.named[name] = true
	o.keys = append(o.keys, key)
}

func (o *orderBuilder) read(at string, raw json.RawMessage) {
	var entry struct {
		Field     json.RawMessage `json:"field"`
		Direction json.RawMessage `json:"direction"`
		Type      json.RawMessage `json:"type"`
	}
	if _, ok := object(raw); !ok || json.Unmarshal(raw, &entry) != nil {
		o.fail(at, "expected an object")
		return
	}
	descending, ok := descending(entry.Direction)
	if !ok {
		o.fail(at+".direction", "expected 1 or -1")
	}
	as, ok := sortType(entry.Type)
	if !ok {
		o.fail(at+".type", `expected "", "number" or "boolean"`)
	}
	name, reason := readText(entry.Field)
	if absent(entry.Field) || reason != "" || name == "" {
		o.fail(at+".field", "expected the name of a field")
		return
	}
	if o.known.document != "" {
		name = strings.TrimPrefix(name, "custom.")
	}
	if field, ok := o.known.sortable[name]; ok {
		if as != "" {
			o.fail(at+".type", "only for custom fields")
		}
		o.add(name, sortKey{field, descending})
		return
	}
	data, reason := o.known.custom(name)
	if reason == "" && o.known.builtIn(name) {
		reason = "cannot be sorted by"
	}
	if reason != "" {
		o.fail(at+".field", reason)
		return
	}
	o.add(as+" "+name, sortKey{data.sortField(as), descending})
}

func (o *orderBuilder) fail(at, reason string) {
	o.errs = append(o.errs, &Error{Path: at, Reason: reason})
}

func descending(raw json.RawMessage) (down, ok bool) {
	switch string(bytes.TrimSpace(raw)) {
	case "", "null", "0", "1":
		return false, true
	case "-1":
		return true, true
	default:
		return false, false
	}
}

func sortType(raw json.RawMessage) (string, bool) {
	if absent(raw) {
		return sortTextually, true
	}
	as, reason := readText(raw)
	return as, reason == "" && slices.Contains([]string{sortTextually, sortNumbers, sortBooleans}, as)
}

func (c custom) sortField(as string) sortField {
	switch as {
	case sortNumbers:
		return c.sortedAs(number, "= 'number'", "::numeric")
	case sortBooleans:
		return c.sortedAs(boolean, "= 'boolean'", "::boolean")
	default:
		return c.sortedAs(text, "IN ('string', 'number', 'boolean')", ` #>> '{}'`)
	}
}

// sortedAs takes the value through CASE, which alone keeps a cast from being tried on the wrong type.
func (c custom) sortedAs(as kind, test, conversion string) sortField {
	return sortField{
		value: func(b *Binder) string {
			value := c.value(b)
			expression := "(CASE WHEN jsonb_typeof(" + value + ") " + test + " THEN " + value + conversion + " END)"
			if as == text {
				expression = "(" + expression + ` COLLATE "C")`
			}
			return expression
		},
		kind:     as,
		nullable: true,
	}
}
