package apifuzz

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// kind of an id.
type kind string

const (
	campaign kind = "campaign"
	segment  kind = "segment"
	user     kind = "user"
	chType   kind = "type"
	channel  kind = "channel"
	cid      kind = "cid"
	message  kind = "message"
	poll     kind = "poll"
	option   kind = "option"
	vote     kind = "vote"
	device   kind = "device"
	task     kind = "task"
	cursor   kind = "cursor"
	hook     kind = "hook"
	other    kind = ""
)

// kindOfKey is the kind of the ids under a key of a body, a query or a path.
func kindOfKey(key string) kind {
	switch key {
	case "sender_id", "user_id", "user_ids", "created_by_id", "target_id", "target_ids", "members", "add_members", "remove_members", "new_channel_owner_id":
		return user
	case "segment_ids":
		return segment
	case "type":
		return chType
	case "cids", "channel_cids":
		return cid
	case "message_id", "ids":
		return message
	case "poll_id":
		return poll
	case "option_id":
		return option
	case "vote_id":
		return vote
	case "next", "prev":
		return cursor
	case "hook_id":
		return hook
	default:
		return other
	}
}

// kindOfPath is the kind of {id} in a path of the v1 dialect.
func kindOfPath(path string) kind {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return kind(strings.TrimSuffix(first, "s"))
}

// pools are ids by kind: those of the furniture, and the newest that answers have shown.
type pools struct {
	fixed, learned map[kind][]string
	ballot         ballot
}

// ballot is a message with its poll: picked apart from each other they seldom match.
type ballot struct{ message, poll string }

const mostLearned = 20 // of a kind

func newPools() *pools {
	return &pools{learned: map[kind][]string{}, fixed: map[kind][]string{
		campaign: {"spring-sale"}, segment: {"seg-1"}, user: {"shop", "ann", "bob", "zoe"}, chType: {"messaging", "messaging", "messaging", "team"},
		channel: {"general"}, cid: {"messaging:general"}, message: {"message"}, poll: {"poll"}, option: {exampleOption}, device: {"a-token-of-the-phone"},
		hook: {"legacy"}, other: {"ann"}, vote: {"none"}, task: {"none"}, cursor: {"none"},
	}}
}

func (p *pools) add(k kind, id string) {
	if id != "" && !slices.Contains(p.learned[k], id) && !slices.Contains(p.fixed[k], id) {
		p.learned[k] = append(p.learned[k], id)
		p.learned[k] = p.learned[k][max(0, len(p.learned[k])-mostLearned):]
	}
}

// id picks an id of a kind: mostly of an object of the app, else of the bystander's, or nonsense.
func (g *generator) id(k kind) string {
	fixed, learned := g.pools.fixed[k], g.pools.learned[k]
	switch n := g.IntN(100); {
	case n < 20 && len(learned) > 0:
		return learned[len(learned)-1]
	case n < 45 && len(learned) > 0:
		return pick(g, learned...)
	case n < 90:
		return pick(g, fixed...)
	case n < 95 && k != chType:
		id := pick(g, fixed...)
		if k == cid {
			return strings.Replace(id, ":", ":"+bystanderPrefix, 1)
		}
		return bystanderPrefix + id
	default:
		return g.oddString()
	}
}

// learn keeps the ids in an answer.
func (g *generator) learn(a answer) {
	var body object
	if json.Unmarshal(a.body, &body) != nil {
		return
	}
	for key, value := range body {
		if text, ok := value.(string); ok && (key == "next" || key == "prev") {
			g.pools.add(cursor, text)
		} else if ok && key == "task_id" {
			g.pools.add(task, text)
		}
		one, _ := value.(object)
		id, _ := one["id"].(string)
		switch key {
		case "campaign", "segment", "message", "poll", "channel", "vote":
			k := kind(key)
			g.pools.add(k, id)
			if name, ok := one["cid"].(string); ok && k == channel {
				g.pools.add(cid, name)
			}
			options, _ := one["options"].(array)
			for _, o := range options {
				if o, ok := o.(object); ok {
					text, _ := o["id"].(string)
					g.pools.add(option, text)
				}
			}
		}
	}
}

// stock are requests that bring deleted objects back, and make new ones in the place of those that can be used once.
func (g *generator) stock() []request {
	g.stocked++
	requests := furniture(g.app, "", "plain")
	for _, id := range []string{"shop", "ann", "bob", "zoe"} {
		requests = append(requests, plain(g.app, "POST", "/users/"+id+"/reactivate", nil))
	}
	b := ballot{message: fmt.Sprintf("b-%d-%d", g.number, g.stocked), poll: fmt.Sprintf("p-%d-%d", g.number, g.stocked)}
	g.pools.ballot = b
	requests = append(requests,
		plain(g.app, "POST", "/polls", object{"id": b.poll, "name": "plain", "user_id": "shop", "options": array{object{"id": exampleOption, "text": "plain"}}}),
		plain(g.app, "POST", "/channels/messaging/general/message", object{"message": object{"id": b.message, "text": "plain", "user_id": "shop", "poll_id": b.poll}}),
		plain(g.app, "POST", "/messages/"+b.message+"/polls/"+b.poll+"/vote", object{"user_id": "ann", "vote": object{"option_id": exampleOption}}),
	)
	for i := range 4 {
		id := fmt.Sprintf("c-%d-%d-%d", g.number, g.stocked, i)
		requests = append(requests, plain(g.app, "POST", "/campaigns", object{
			"id": id, "sender_id": "shop", "user_ids": array{"ann", "bob"}, "message_template": object{"text": "Hi {{ receiver.name }}"},
		}))
		g.pools.add(campaign, id)
		if i%2 == 1 { // most others are over soon after they start
			requests = append(requests, plain(g.app, "POST", "/campaigns/"+id+"/start", object{"scheduled_for": "2150-01-01T00:00:00Z"}))
		}
		id = fmt.Sprintf("s-%d-%d-%d", g.number, g.stocked, i)
		fields := object{"id": id, "type": "user"}
		if i%2 == 0 {
			fields["filter"] = object{"country": "plain"}
		}
		requests = append(requests, plain(g.app, "POST", "/segments", fields))
		g.pools.add(segment, id)
		id = fmt.Sprintf("m-%d-%d-%d", g.number, g.stocked, i)
		requests = append(requests, plain(g.app, "POST", "/channels/messaging/general/message", object{"message": object{"id": id, "text": "plain", "user_id": "shop", "poll_id": "poll"}}))
		g.pools.add(message, id)
	}
	return requests
}
