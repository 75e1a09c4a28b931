package filter

import (
	"bytes"
	"encoding/json"
)

// Entity is what a filter selects. The SQL refers to the entity's table by the alias given here.
type Entity int

// The entities.
const (
	Users     Entity = iota // users AS u
	Channels                // channels AS ch
	Campaigns               // campaigns AS c
	Segments                // segments AS s
	Targets                 // segment_targets AS t
	Members                 // channel_members AS m
	Polls                   // polls AS p
)

// Limits of one filter, from the API contract (6.1). Beyond a limit Parse gives an error.
const (
	MaxDepth        = 8      // objects in one another; the outer one is the first, each $and, $or, $nor adds one
	MaxConditions   = 100    // an operator of a field is one, so is an empty object inside $and, $or, $nor
	MaxListValues   = 10_000 // of $in, $nin and an array given to $eq
	MaxPhraseLength = 255    // code points of the value of $autocomplete and $q
)

// Filter is a filter that was read and found valid. It may be used by several goroutines at once.
type Filter struct {
	condition fragment
	empty     bool
	mentioned map[string]bool
}

// Option extends what a filter may name.
type Option func(*parser)

// WithMember allows the fields hidden, joined, archived and has_unread on Channels: they say how the channel looks to
// this user. Without it they are errors.
func WithMember(userID string) Option {
	return func(p *parser) { p.member = &userID }
}

// Parse reads a filter as a request or a stored segment has it. Absent and null are the filter {}, which matches
// everything. path is what errors call the filter, such as "filter" or "filter_conditions". What is wrong with the
// filter comes back as Errors.
func Parse(entity Entity, path string, raw json.RawMessage, opts ...Option) (*Filter, error) {
	p := &parser{entity: entity, mentioned: map[string]bool{}}
	for _, opt := range opts {
		opt(p)
	}
	if absent(raw) {
		raw = json.RawMessage(`{}`)
	}
	if !json.Valid(raw) {
		return nil, Errors{{Path: path, Reason: "malformed JSON"}}
	}
	fields, _ := object(raw)
	condition := p.filter(path, raw, 1)
	if len(p.errs) > 0 {
		return nil, p.errs
	}
	return &Filter{condition: condition, empty: len(fields) == 0, mentioned: p.mentioned}, nil
}

// Empty says that the filter names nothing and so matches everything.
func (f *Filter) Empty() bool { return f.empty }

// Mentions says whether the filter names the field anywhere. Custom fields go by their name without "custom.".
func (f *Filter) Mentions(field string) bool { return f.mentioned[field] }

// Where gives the condition, in parentheses where it needs them: it can be joined to others with AND.
func (f *Filter) Where(b *Binder) string { return f.condition(b) }

func absent(raw json.RawMessage) bool {
	raw = bytes.TrimSpace(raw)
	return len(raw) == 0 || string(raw) == "null"
}
