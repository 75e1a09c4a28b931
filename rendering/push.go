package rendering

import (
	"herald/models"
	"herald/template"
)

// PushContext is what the templates of a push can see: the message, its sender and channel, and who is told of it.
func PushContext(m models.Message, sender, receiver models.User, channel models.Channel) template.Context {
	ctx := template.Context{
		Sender: templateUser(sender), Receiver: templateUser(receiver), Channel: templateChannel(channel),
		Message: &template.Told{ID: m.ID, Text: m.Text},
	}
	if m.CampaignID != nil {
		ctx.Campaign.ID = *m.CampaignID
	}
	return ctx
}
