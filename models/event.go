package models

import "slices"

// EventType is the name of something that hooks are told of.
type EventType string

// The events (contract 14.2).
const (
	EventCampaignCreated   EventType = "campaign.created"
	EventCampaignScheduled EventType = "campaign.scheduled"
	EventCampaignStarted   EventType = "campaign.started"
	EventCampaignUpdated   EventType = "campaign.updated"
	EventCampaignPaused    EventType = "campaign.paused"
	EventCampaignResumed   EventType = "campaign.resumed"
	EventCampaignStopped   EventType = "campaign.stopped"
	EventCampaignCompleted EventType = "campaign.completed"
	EventCampaignDeleted   EventType = "campaign.deleted"
	EventMessageNew        EventType = "message.new"
	EventMessageRead       EventType = "message.read"
	EventChannelCreated    EventType = "channel.created"
	EventMemberAdded       EventType = "member.added"
	EventChannelVisible    EventType = "channel.visible"
	EventChannelHidden     EventType = "channel.hidden"
)

// EventInfo describes an event. A standard one goes to every hook, the others to hooks that name them or EveryEvent.
type EventInfo struct {
	Type        EventType
	Description string
	Standard    bool
}

// Events lists every event.
var Events = []EventInfo{
	{EventCampaignCreated, "A campaign was created", false},
	{EventCampaignScheduled, "A campaign was scheduled or rescheduled", false},
	{EventCampaignStarted, "Sending began", true},
	{EventCampaignUpdated, "The definition, state or progress of a campaign changed", false},
	{EventCampaignPaused, "A campaign was paused, by a call, a signal or Herald itself", false},
	{EventCampaignResumed, "A campaign was resumed", false},
	{EventCampaignStopped, "A campaign was stopped, by a call, a signal or at stop_at", false},
	{EventCampaignCompleted, "The last recipient of a campaign is done", true},
	{EventCampaignDeleted, "A campaign was deleted", false},
	{EventMessageNew, "A message was sent", true},
	{EventMessageRead, "A user read a channel", true},
	{EventChannelCreated, "A channel was created", true},
	{EventMemberAdded, "A user became a member of a channel", true},
	{EventChannelVisible, "A hidden channel became visible to a member", true},
	{EventChannelHidden, "A member hid a channel", true},
}

// Standard says whether an event goes to hooks that name no event types.
func (t EventType) Standard() bool {
	return slices.ContainsFunc(Events, func(e EventInfo) bool { return e.Type == t && e.Standard })
}

// MoveEvents are the events of an action that changed a campaign, in the order in which they are told: the particular one,
// if there is one, and EventCampaignUpdated for every change but a deletion. A begin that is repeated changes nothing.
func MoveEvents(action Action, before, after Campaign) []EventType {
	var events []EventType
	switch action {
	case ActionStart, ActionSchedule:
		if after.Status == StatusScheduled {
			events = append(events, EventCampaignScheduled)
		}
	case ActionBegin:
		if before.StartedAt == nil {
			events = append(events, EventCampaignStarted)
		}
		if after.Paused() {
			events = append(events, EventCampaignPaused)
		}
		if len(events) == 0 {
			return nil
		}
	case ActionPause:
		events = append(events, EventCampaignPaused)
	case ActionResume:
		events = append(events, EventCampaignResumed)
	case ActionStop, ActionExpire:
		events = append(events, EventCampaignStopped)
	case ActionComplete:
		events = append(events, EventCampaignCompleted)
	case ActionDelete:
		return []EventType{EventCampaignDeleted}
	case ActionUpdate: // tells of nothing else
	}
	return append(events, EventCampaignUpdated)
}
