package filter

import (
	"encoding/json"
	"slices"
)

// The members of the channel of the outer row.
const itsMembers = "channel_members AS member WHERE member.app_pk = ch.app_pk AND member.cid = ch.cid"

// channelMembers is the set of ids of a channel's members.
type channelMembers struct{}

func (channelMembers) operators() []operator { return equalOrIn }

func (channelMembers) compile(p *parser, at string, op operator, operand json.RawMessage) fragment {
	least := 1
	if op == opEqual {
		least = 0
	}
	values, ok := p.values(at, operand, text, least)
	if !ok {
		return nil
	}
	ids := arguments[string](values)
	if op == opIn {
		return hasMemberAmong(ids)
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	exactly := func(b *Binder) string {
		return "ARRAY(SELECT member.user_id FROM " + itsMembers + " ORDER BY member.user_id) = " + b.Bind(ids) + "::text[]"
	}
	if len(ids) == 0 {
		return exactly
	}
	// The set alone would be collected for every channel of the app; one member of it leads there by index.
	return all([]fragment{hasMemberAmong(ids[:1]), exactly})
}

func hasMemberAmong(ids []string) fragment {
	return func(b *Binder) string {
		return "EXISTS (SELECT FROM " + itsMembers + " AND member.user_id = ANY(" + b.Bind(ids) + "::text[]))"
	}
}

// channelMemberName is the name of any member of a channel.
type channelMemberName struct{}

func (channelMemberName) operators() []operator { return []operator{opEqual, opAutocomplete} }

func (channelMemberName) compile(p *parser, at string, op operator, operand json.RawMessage) fragment {
	name := column{verbatim("known.name"), text, nil}.compile(p, at, op, operand)
	return func(b *Binder) string {
		return "EXISTS (SELECT FROM users AS known JOIN " +
			"channel_members AS member ON member.app_pk = known.app_pk AND member.user_id = known.id" +
			" WHERE member.app_pk = ch.app_pk AND member.cid = ch.cid AND " + name(b) + ")"
	}
}

// membershipFlags say how a channel looks to one user. Where the user is no member, all are false.
var membershipFlags = map[string]func(userID string) fragment{
	"joined":   membership(""),
	"hidden":   membership(" AND member.hidden"),
	"archived": membership(" AND member.archived_at IS NOT NULL"),
	// A member that never read has read what was there when it joined; what was cleared for it is no longer there.
	"has_unread": membership(" AND EXISTS (SELECT FROM messages AS unread WHERE unread.app_pk = ch.app_pk AND unread.cid = ch.cid" +
		" AND unread.user_id <> member.user_id AND unread.deleted_at IS NULL AND unread.created_at > greatest(member.cleared_at, coalesce(" +
		"(SELECT marker.last_read FROM channel_reads AS marker WHERE marker.app_pk = member.app_pk AND marker.cid = member.cid AND marker.user_id = member.user_id)" +
		", member.created_at)))"),
}

func membership(condition string) func(userID string) fragment {
	return func(userID string) fragment {
		return func(b *Binder) string {
			return "EXISTS (SELECT FROM " + itsMembers + " AND member.user_id = " + b.Bind(userID) + "::text" + condition + ")"
		}
	}
}

// userTeam is true of a value that the custom field team has or that is one of the user's teams.
type userTeam struct{}

func (userTeam) operators() []operator { return equalOrIn }

func (userTeam) compile(p *parser, at string, op operator, operand json.RawMessage) fragment {
	var values []scalar
	if op == opIn {
		list, ok := p.values(at, operand, anyScalar, 1)
		if !ok {
			return nil
		}
		values = list
	} else {
		v, ok := p.scalar(at, operand, anyScalar)
		if !ok {
			return nil
		}
		values = []scalar{v}
	}
	data := custom{document: "u.custom", path: []string{"team"}}
	teams := textArray{"u.teams"}
	names := slices.DeleteFunc(slices.Clone(values), func(v scalar) bool { return v.kind != text })
	return some([]fragment{data.has(values), teams.shares(names)})
}
