package api_test

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"herald/models"
)

// setup is one way to set up a campaign to users: what contract 10.2 and 10.3 make depend on each other.
type setup struct {
	mode, visibility string // "": unset
	create, show     bool
	template         string // "none", "type" or "id"
	members          string // "none", "members", "members_template", or "sender": the template makes the sender a member
}

func (s setup) String() string {
	return fmt.Sprintf("sender_mode %q, sender_visibility %q, create_channels %t, show_channels %t, channel_template %s, members %s",
		s.mode, s.visibility, s.create, s.show, s.template, s.members)
}

func allSetups() []setup {
	var all []setup
	for _, mode := range []string{"", "include", "exclude"} {
		for _, visibility := range []string{"", "hidden", "archived"} {
			for _, create := range []bool{false, true} {
				for _, show := range []bool{false, true} {
					all = append(all, setup{mode, visibility, create, show, "none", "none"})
					for _, members := range []string{"none", "members", "members_template", "sender"} {
						all = append(all, setup{mode, visibility, create, show, "type", members}, setup{mode, visibility, create, show, "id", members})
					}
				}
			}
		}
	}
	return all
}

// Where a receiver's channel stands before the campaign. Each state is that of one receiver of every campaign.
const (
	isMissing = "missing" // never was
	isDeleted = "deleted" // with a message and a member whom nobody must see again
	isShown   = "shown"
	isHidden  = "hidden" // by the receiver, and by the sender where that one is a member
)

var channelStates = []string{isDeleted, isHidden, isMissing, isShown} // sorted, as recipients come

// seat is how somebody stands in a channel.
type seat struct {
	Member, Hidden, Archived bool
	Role, Custom             string // of a member; custom as its desk
}

// seen is a channel as the API shows it, or as the contract says it has to be.
type seen struct {
	Outcome          string // "sent" or an error code
	Exists           bool
	Team, Name       string
	Creator          string
	Members          map[string]seat // by user id
	Texts            []string        // of its messages as the receiver sees them, oldest first
	MemberCount      int
	LastMessageMoved bool // last_message_at is the time of the campaign's message
}

// expected says what the contract wants of a receiver's channel after the campaign. It is written from the tables 10.2 and 10.3 alone.
func (s setup) expected(receiver, state string) seen {
	// 10.2: who is in the distinct channel, the sender also where sender_mode keeps it out.
	byTemplate := map[string]seat{}
	switch s.members {
	case "members":
		byTemplate["agent"], byTemplate["helper"] = seat{Member: true}, seat{Member: true}
	case "members_template":
		byTemplate["agent"], byTemplate["helper"] = seat{Member: true, Role: "channel_moderator", Custom: "4"}, seat{Member: true}
	case "sender":
		byTemplate["agent"], byTemplate["shop"] = seat{Member: true}, seat{Member: true, Role: "host"}
	}
	existed := state == isShown || state == isHidden
	var want seen
	switch {
	case existed: // 10.2: used as it is
		want = seen{Outcome: "sent", Exists: true, Team: "old", Name: "Old", Creator: "founder", Texts: []string{"before"}, Members: map[string]seat{}}
		for _, id := range s.oldMembers(receiver) {
			want.Members[id] = seat{Member: true, Hidden: state == isHidden && (id == receiver || id == "shop")}
		}
		want.Texts = append(want.Texts, s.text(receiver, len(want.Members)))
		if s.mode == "include" && !want.Members["shop"].Member {
			want.Members["shop"] = seat{Member: true} // 10.3: no visibility in existing channels
		}
		if s.show {
			r := want.Members[receiver]
			r.Hidden = false
			want.Members[receiver] = r
		}
	case !s.create:
		return seen{Outcome: string(models.NoChannel)}
	default:
		want = seen{Outcome: "sent", Exists: true, Creator: "shop", Members: maps.Clone(byTemplate)}
		if s.template != "none" {
			want.Team, want.Name = "eu", "For "+receiver
		}
		want.Members[receiver] = seat{Member: true}
		if s.mode != "exclude" && !want.Members["shop"].Member {
			want.Members["shop"] = seat{Member: true}
		}
		if shop := want.Members["shop"]; shop.Member {
			shop.Hidden, shop.Archived = s.visibility == "hidden", s.visibility == "archived"
			want.Members["shop"] = shop
		}
		want.Texts = []string{s.text(receiver, len(want.Members))}
	}
	want.MemberCount, want.LastMessageMoved = len(want.Members), true
	return want
}

// text is the message's text: the channel as its template sees it.
func (s setup) text(receiver string, members int) string {
	return fmt.Sprintf("%s: %s has %d", receiver, s.cid(receiver), members)
}

// cid is that of the channel a receiver gets the message in (10.2).
func (s setup) cid(receiver string) string {
	switch s.template {
	case "none":
		return models.CID("messaging", models.DistinctID(receiver, "shop"))
	case "type":
		return models.CID("team", models.DistinctID(append(s.templateMembers(), receiver, "shop")...))
	default:
		return "team:" + receiver + "-room"
	}
}

func (s setup) templateMembers() []string {
	switch s.members {
	case "members", "members_template":
		return []string{"agent", "helper"}
	case "sender":
		return []string{"agent", "shop"}
	default:
		return nil
	}
}

// oldMembers are the members of a channel that is there before the campaign. A named one does not have the sender.
func (s setup) oldMembers(receiver string) []string {
	if s.template == "id" {
		return []string{"founder", receiver}
	}
	ids := append(s.templateMembers(), receiver, "shop")
	slices.Sort(ids)
	return slices.Compact(ids)
}

// campaign is the request to create it.
func (s setup) campaign(id string, receivers []string) m {
	c := m{
		"id": id, "sender_id": "shop", "user_ids": receivers, "create_channels": s.create, "show_channels": s.show,
		"sender_mode": s.mode, "sender_visibility": s.visibility, "message_template": m{"text": "{{ receiver.id }}: {{ channel.cid }} has {{ channel.member_count }}"},
	}
	if s.template == "none" {
		return c
	}
	template := m{"type": "team", "team": "eu", "custom": m{"name": "For {{ receiver.id }}"}}
	if s.template == "id" {
		template["id"] = "{{ receiver.id }}-room"
	}
	switch s.members {
	case "members":
		template["members"] = []string{"agent", "helper"}
	case "members_template":
		template["members_template"] = []m{{"user_id": "agent", "channel_role": "channel_moderator", "custom": m{"desk": 4}}, {"user_id": "helper"}}
	case "sender":
		template["members_template"] = []m{{"user_id": "agent"}, {"user_id": "shop", "channel_role": "host"}}
	}
	c["channel_template"] = template
	return c
}

// prepare brings a receiver's channel into a state, by the API.
func (s setup) prepare(t *testing.T, h *harness, receiver, state string) {
	t.Helper()
	if state == isMissing {
		return
	}
	channelType, id, _ := strings.Cut(s.cid(receiver), ":")
	data := m{"created_by_id": "founder", "members": s.oldMembers(receiver), "team": "old", "name": "Old"}
	path := "/channels/" + channelType
	if s.template == "id" {
		h.mustCall(t, 201, "POST", path+"/"+id+"/query", m{"data": data})
	} else {
		h.mustCall(t, 201, "POST", path+"/query", m{"data": data}) // not by its id: that they are the same is to be shown
	}
	path += "/" + id
	h.mustCall(t, 201, "POST", path+"/message", m{"message": m{"text": "before", "user_id": "founder"}})
	switch state {
	case isDeleted:
		h.mustCall(t, 200, "DELETE", path, nil)
	case isHidden:
		h.mustCall(t, 201, "POST", path+"/hide", m{"user_id": receiver})
		if s.template != "id" {
			h.mustCall(t, 201, "POST", path+"/hide", m{"user_id": "shop"})
		}
	}
}

// TestCampaignMatrix sends a campaign for every way to set up sender and channels, each to receivers whose channel is missing, deleted,
// hidden and shown, and looks at the channels as the receiver and as the sender. There are 1,296 of them.
func TestCampaignMatrix(t *testing.T) {
	h := newHarness(t)
	h.users(t, "shop", "agent", "helper", "founder")
	setups := allSetups()
	if len(setups) != 324 {
		t.Fatalf("%d setups", len(setups))
	}
	// They mostly wait for the database, so they go on side by side, whatever the processors.
	const lanes = 9
	var group sync.WaitGroup
	for lane := range lanes {
		group.Go(func() {
			t.Run(fmt.Sprint(lane), func(t *testing.T) {
				w := h.worker()
				for n := lane; n < len(setups) && !t.Failed(); n += lanes { // one that fails is enough to see why
					setups[n].check(t, w, fmt.Sprintf("c%03d", n))
				}
			})
		})
	}
	group.Wait()
}

// check sends one campaign of the matrix, and compares what is to be seen with what the contract wants.
func (s setup) check(t *testing.T, w *worker, id string) {
	t.Helper()
	receivers := make([]string, len(channelStates))
	for i, state := range channelStates {
		receivers[i] = id + "-" + state
	}
	w.h.users(t, receivers...)
	for i, state := range channelStates {
		s.prepare(t, w.h, receivers[i], state)
	}
	w.h.mustCall(t, 201, "POST", "/campaigns", s.campaign(id, receivers))
	w.deliver(t, id)
	got := w.h.look(t, s, id, receivers)
	for i, state := range channelStates {
		if diff := cmp.Diff(s.expected(receivers[i], state), got[receivers[i]]); diff != "" {
			t.Errorf("%s; the channel was %s (-want +got):\n%s", s, state, diff)
		}
	}
}

// look gives what is to be seen of each receiver's channel, and checks that everybody is shown the same.
func (h *harness) look(t *testing.T, s setup, id string, receivers []string) map[string]seen {
	t.Helper()
	cids := make([]string, len(receivers))
	for i, r := range receivers {
		cids[i] = s.cid(r)
	}
	sort.Strings(cids)
	bySender := h.channelsOf(t, "shop", cids)
	found := map[string]seen{}
	rows := at(t, h.mustCall(t, 200, "GET", "/campaigns/"+id+"/recipients", nil), "recipients").([]any)
	if len(rows) != len(receivers) {
		t.Fatalf("%s: %d recipients", s, len(rows))
	}
	for i, r := range receivers {
		row := rows[i].(m)
		if row["target_id"] != r {
			t.Fatalf("%s: recipient %d is %v, want %s", s, i, row["target_id"], r)
		}
		if row["status"] != "sent" {
			found[r] = seen{Outcome: row["error_code"].(string)}
		}
		state, there := h.channelsOf(t, r, []string{s.cid(r)})[s.cid(r)]
		other, toSender := bySender[s.cid(r)]
		if row["status"] != "sent" {
			if there || toSender {
				t.Errorf("%s: %s sees a channel: %t, the sender: %t", s, r, there, toSender)
			}
			continue
		}
		if !there || row["cid"] != s.cid(r) {
			t.Fatalf("%s: %s does not see %s; the message is in %v", s, r, s.cid(r), row["cid"])
		}
		one := seenAs(t, state)
		last := at(t, state, "messages").([]any)
		message := last[len(last)-1].(m)
		one.LastMessageMoved = at(t, state, "channel", "last_message_at") == message["created_at"] && message["id"] == row["message_id"] && at(t, message, "user", "id") == "shop"
		if one.Members["shop"].Member != toSender {
			t.Errorf("%s: the sender is a member: %t, and sees the channel: %t", s, one.Members["shop"].Member, toSender)
		}
		seat := one.Members[r]
		seat.Hidden, seat.Archived = own(t, state)
		one.Members[r] = seat
		if toSender {
			as := seenAs(t, other)
			if diff := cmp.Diff(one.Texts, as.Texts); diff != "" || len(as.Members) != len(one.Members) {
				t.Errorf("%s: the sender sees other messages or members than %s: %s%v", s, r, diff, as.Members)
			}
			seat := one.Members["shop"]
			seat.Hidden, seat.Archived = own(t, other)
			one.Members["shop"] = seat
		}
		found[r] = one
	}
	return found
}

// channelsOf gives those of the channels that a user sees with a token of its own, hidden ones too, by cid.
func (h *harness) channelsOf(t *testing.T, user string, cids []string) map[string]m {
	t.Helper()
	found := map[string]m{}
	for _, hidden := range []bool{false, true} {
		filter := m{"cid": m{"$in": cids}}
		if hidden {
			filter["hidden"] = true
		}
		a := h.callAs(t, h.as(t, user), "POST", "/channels", m{"filter_conditions": filter})
		if a.status != 201 {
			t.Fatalf("%s queries channels: %s", user, a.raw)
		}
		for _, state := range at(t, a.body, "channels").([]any) {
			cid := at(t, state, "channel", "cid").(string)
			if _, twice := found[cid]; twice || at(t, state, "hidden") != hidden {
				t.Errorf("%s sees %s as hidden %v, asked for %t", user, cid, at(t, state, "hidden"), hidden)
			}
			found[cid] = state.(m)
		}
	}
	return found
}

// seenAs reads a channel state.
func seenAs(t *testing.T, state m) seen {
	t.Helper()
	channel := state["channel"].(m)
	text := func(key string) string {
		s, _ := channel[key].(string)
		return s
	}
	count, err := channel["member_count"].(interface{ Int64() (int64, error) }).Int64()
	if err != nil {
		t.Fatal(err)
	}
	one := seen{Outcome: "sent", Exists: true, Team: text("team"), Name: text("name"), Creator: at(t, channel, "created_by", "id").(string),
		MemberCount: int(count), Members: map[string]seat{}}
	for _, member := range state["members"].([]any) {
		member := member.(m)
		seat := seat{Member: true}
		if role := member["channel_role"].(string); role != models.DefaultChannelRole {
			seat.Role = role
		}
		if desk, ok := member["desk"]; ok {
			seat.Custom = fmt.Sprint(desk)
		}
		_, seat.Archived = member["archived_at"]
		one.Members[member["user_id"].(string)] = seat
	}
	for _, message := range state["messages"].([]any) {
		one.Texts = append(one.Texts, message.(m)["text"].(string))
	}
	return one
}

// own is how a channel stands with whom the state was shown to.
func own(t *testing.T, state m) (hidden, archived bool) {
	t.Helper()
	_, archived = at(t, state, "membership").(m)["archived_at"]
	return at(t, state, "hidden").(bool), archived
}

// TestChannelCampaignMatrix does the same for a campaign to channels: one that the sender is no member of, one that the sender has hidden, as
// ann has both, one that nobody has hidden, and one that does not exist.
func TestChannelCampaignMatrix(t *testing.T) {
	h := newHarness(t)
	h.users(t, "shop", "ann", "bob", "agent")
	w := h.worker()
	n := 0
	for _, mode := range []string{"", "include", "exclude"} {
		for _, visibility := range []string{"", "hidden", "archived"} {
			for _, create := range []bool{false, true} {
				for _, show := range []bool{false, true} {
					n++
					id := fmt.Sprintf("c%02d", n)
					cids := []string{"team:" + id + "-foreign", "team:" + id + "-hidden", "team:" + id + "-none", "team:" + id + "-shown"}
					want := map[string]seen{}
					for _, kind := range []string{"foreign", "hidden", "shown"} {
						members := map[string]seat{"ann": {Member: true, Hidden: kind != "shown" && !show}, "bob": {Member: true}}
						if kind != "foreign" {
							members["shop"] = seat{Member: true, Hidden: kind == "hidden"} // 10.3: for the sender a campaign message never un-hides anything
						}
						path := "/channels/team/" + id + "-" + kind
						h.mustCall(t, 201, "POST", path+"/query", m{"data": m{"created_by_id": "bob", "members": slices.Sorted(maps.Keys(members)), "team": "old", "name": "Old"}})
						if kind != "shown" {
							h.mustCall(t, 201, "POST", path+"/hide", m{"user_id": "ann"})
						}
						if kind == "hidden" {
							h.mustCall(t, 201, "POST", path+"/hide", m{"user_id": "shop"})
						}
						one := seen{Outcome: "sent", Exists: true, Team: "old", Name: "Old", Creator: "bob", Members: members,
							Texts: []string{fmt.Sprintf("Old of %d", len(members))}, LastMessageMoved: true}
						if mode == "include" && !members["shop"].Member {
							members["shop"] = seat{Member: true}
						}
						one.MemberCount = len(members)
						want["team:"+id+"-"+kind] = one
					}
					h.mustCall(t, 201, "POST", "/segments", m{"id": id, "type": "channel"})
					h.mustCall(t, 201, "POST", "/segments/"+id+"/addtargets", m{"target_ids": cids})
					h.draft(t, id, m{
						"segment_ids": []string{id}, "sender_mode": mode, "sender_visibility": visibility, "create_channels": create, "show_channels": show,
						"message_template": m{"text": "{{ channel.name }} of {{ channel.member_count }}"},
						"channel_template": m{"type": "x", "id": "unused", "members": []string{"agent"}},
					})
					w.deliver(t, id)

					rows := at(t, h.mustCall(t, 200, "GET", "/campaigns/"+id+"/recipients", nil), "recipients").([]any)
					views := map[string]map[string]m{}
					for _, user := range []string{"ann", "bob", "shop"} {
						views[user] = h.channelsOf(t, user, cids)
					}
					got := map[string]seen{}
					for i, cid := range cids {
						row := rows[i].(m)
						state, there := views["bob"][cid]
						if strings.HasSuffix(cid, "-none") {
							if there || row["error_code"] != "unknown_channel" {
								t.Errorf("%s: %v, and it is there: %t", cid, row, there)
							}
							continue
						}
						one := seenAs(t, state)
						message := at(t, state, "messages", 0).(m)
						one.LastMessageMoved = at(t, state, "channel", "last_message_at") == message["created_at"] && message["id"] == row["message_id"]
						for user, view := range views {
							state, sees := view[cid]
							if sees != one.Members[user].Member {
								t.Errorf("%s: %s sees it: %t, and is a member: %t", cid, user, sees, !sees)
							}
							if sees {
								seat := one.Members[user]
								seat.Hidden, seat.Archived = own(t, state)
								one.Members[user] = seat
							}
						}
						got[cid] = one
					}
					if diff := cmp.Diff(want, got); diff != "" {
						t.Fatalf("sender_mode %q, sender_visibility %q, create_channels %t, show_channels %t (-want +got):\n%s", mode, visibility, create, show, diff)
					}
				}
			}
		}
	}
	if n != 36 {
		t.Errorf("%d setups", n)
	}
}
