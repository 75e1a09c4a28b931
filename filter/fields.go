package filter

import (
	"slices"
	"strings"
)

// Field names with their operators are section 6.2 of the API contract.
var (
	campaignFields = map[string]field{
		"id":            column{verbatim("c.id"), text, ranged},
		"name":          column{verbatim("c.name"), text, ranged},
		"sender_id":     column{verbatim("c.sender_id"), text, ranged},
		"status":        column{verbatim("c.status"), text, ranged},
		"created_at":    column{verbatim("c.created_at"), timestamp, ranged},
		"updated_at":    column{verbatim("c.updated_at"), timestamp, ranged},
		"scheduled_for": column{verbatim("c.scheduled_for"), timestamp, ranged},
		"segments":      textArray{"c.segment_ids"},
		"paused":        column{verbatim("(c.hold = 'paused')"), boolean, equal},
	}

	segmentFields = map[string]field{
		"id":         column{verbatim("s.id"), text, ranged},
		"name":       column{verbatim("s.name"), text, ranged},
		"created_at": column{verbatim("s.created_at"), timestamp, ranged},
		"updated_at": column{verbatim("s.updated_at"), timestamp, ranged},
		"all_users":  column{verbatim("s.all_users"), boolean, enumerated},
		"type":       column{verbatim("s.type"), text, enumerated},
	}

	targetFields = map[string]field{
		"target_id":  column{verbatim("t.target_id"), text, ranged},
		"created_at": column{verbatim("t.created_at"), timestamp, ranged},
	}

	// Of the members of one channel, as the operation QueryMembers has them (16.2).
	memberFields = map[string]field{
		"user_id": column{verbatim("m.user_id"), text, equalOrIn},
		"id":      column{verbatim("m.user_id"), text, equalOrIn},
	}

	pollFields = map[string]field{
		"id":                column{verbatim("p.id"), text, ranged},
		"name":              column{verbatim("p.name"), text, ranged},
		"created_by_id":     column{verbatim("p.created_by"), text, ranged},
		"is_closed":         column{verbatim("p.is_closed"), boolean, enumerated},
		"allow_answers":     column{verbatim("p.allow_answers"), boolean, enumerated},
		"voting_visibility": column{verbatim("p.voting_visibility"), text, enumerated},
		"max_votes_allowed": column{verbatim("p.max_votes_allowed"), number, with(ranged, opNotEqual)},
		"created_at":        column{verbatim("p.created_at"), timestamp, ranged},
		"updated_at":        column{verbatim("p.updated_at"), timestamp, ranged},
	}

	userFields = map[string]field{
		"id":                column{verbatim("u.id"), text, ofUserID},
		"name":              column{verbatim("u.name"), text, ofUserName},
		"role":              column{verbatim("u.role"), text, ranged},
		"created_at":        column{verbatim("u.created_at"), timestamp, ranged},
		"updated_at":        column{verbatim("u.updated_at"), timestamp, ranged},
		"last_active":       column{verbatim("u.last_active"), timestamp, ranged},
		"banned":            column{verbatim("false"), boolean, equalOrNot},
		"shadow_banned":     column{verbatim("false"), boolean, equalOrNot},
		"bypass_moderation": column{verbatim("false"), boolean, equalOrNot},
		"invisible":         column{verbatim("u.invisible"), boolean, equalOrNot},
		"language":          column{verbatim("u.language"), text, equalOrIn},
		"teams":             textArray{"u.teams"},
		"team":              userTeam{},
	}

	channelFields = map[string]field{
		"cid":              column{verbatim("ch.cid"), text, ranged},
		"id":               column{verbatim(channelID), text, ranged},
		"type":             column{verbatim(channelType), text, ranged},
		"team":             column{verbatim("ch.team"), text, ranged},
		"created_by_id":    column{verbatim("ch.created_by"), text, ranged},
		"created_at":       column{verbatim("ch.created_at"), timestamp, ranged},
		"updated_at":       column{verbatim("ch.updated_at"), timestamp, ranged},
		"last_message_at":  column{verbatim("ch.last_message_at"), timestamp, ranged},
		"last_updated":     column{verbatim(lastUpdated), timestamp, ranged},
		"member_count":     column{verbatim("ch.member_count"), number, ranged},
		"message_count":    column{verbatim(messageCount), number, ranged},
		"frozen":           column{verbatim("ch.frozen"), boolean, ranged},
		"disabled":         column{verbatim("ch.disabled"), boolean, equal},
		"distinct":         column{verbatim("starts_with(" + channelID + ", '!members-')"), boolean, equal},
		"name":             custom{document: "ch.custom", sparse: true, textOnly: true, path: []string{"name"}, ops: ofName},
		"members":          channelMembers{},
		"member.user.name": channelMemberName{},
	}
)

// Expressions over a channel. GREATEST passes over NULL: a channel without messages was last updated at updated_at.
const (
	channelType  = "split_part(ch.cid, ':', 1)"
	channelID    = "substr(ch.cid, strpos(ch.cid, ':') + 1)"
	lastUpdated  = "greatest(ch.updated_at, ch.last_message_at)"
	messageCount = "(SELECT count(*) FROM messages AS counted WHERE counted.app_pk = ch.app_pk AND counted.cid = ch.cid AND counted.deleted_at IS NULL)"
)

// Names that users and channels have of their own, or have elsewhere, and that no filter can name. Without these lists
// they would count as custom fields that no row has, and a $ne on them would match everything.
var (
	unfilteredUserFields    = []string{"image", "online", "deactivated_at", "deleted_at", "blocked_user_ids"}
	unfilteredChannelFields = []string{
		"muted", "pinned", "invite", "blocked", "app_banned", "channel_role", "filter_tags",
		"created_by", "deleted_at", "config", "own_capabilities",
	}
)

// names is what an entity's filters and sort orders can name.
type names struct {
	fields     map[string]field
	unfiltered []string
	sortable   map[string]sortField
	id         string // the unique last key of every order
	order      []string
	document   string // of custom fields; empty: none
	sparse     bool
	dataOps    []operator
}

var catalogue = map[Entity]names{
	Campaigns: {fields: campaignFields, sortable: sortableCampaigns, id: "id", order: newestFirst},
	Segments:  {fields: segmentFields, sortable: sortableSegments, id: "id", order: newestFirst},
	Targets:   {fields: targetFields, sortable: sortableTargets, id: "target_id"},
	Members:   {fields: memberFields, sortable: sortableMembers, id: "user_id"},
	Polls:     {fields: pollFields, sortable: sortablePolls, id: "id", order: newestFirst},
	Users: {
		fields: userFields, unfiltered: unfilteredUserFields, sortable: sortableUsers, id: "id", order: newestFirst,
		document: "u.custom", dataOps: ofUserData,
	},
	Channels: {
		fields: channelFields, unfiltered: unfilteredChannelFields, sortable: sortableChannels, id: "cid", order: lastUpdatedFirst,
		document: "ch.custom", sparse: true, dataOps: ofOtherData,
	},
}

// field finds what a name means, or says why it means nothing here.
func (p *parser) field(name string) (field, string) {
	known := catalogue[p.entity]
	if known.document != "" {
		name = strings.TrimPrefix(name, "custom.")
	}
	if found, ok := known.fields[name]; ok {
		p.mentioned[name] = true
		return found, ""
	}
	if flag, ok := membershipFlags[name]; ok && p.entity == Channels {
		if p.member == nil {
			return nil, "not supported without a user"
		}
		p.mentioned[name] = true
		return column{flag(*p.member), boolean, equal}, ""
	}
	data, reason := known.custom(name)
	if reason != "" {
		return nil, reason
	}
	p.mentioned[name] = true
	return data, ""
}

// custom is the custom field of a name that is no built-in field.
func (n names) custom(name string) (custom, string) {
	if n.document == "" {
		return custom{}, "unknown field"
	}
	path, reason := customPath(name)
	if reason != "" {
		return custom{}, reason
	}
	if n.builtIn(path[0]) {
		return custom{}, "not supported"
	}
	return custom{document: n.document, sparse: n.sparse, path: path, ops: n.dataOps}, ""
}

// builtIn says that a name is taken by something other than custom data.
func (n names) builtIn(name string) bool {
	if slices.Contains(n.unfiltered, name) {
		return true
	}
	switch n.fields[name].(type) {
	case nil, custom, userTeam:
		return false
	default:
		return true
	}
}
