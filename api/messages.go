package api

import (
	"context"
	"net/http"
	"strings"

	"herald/api/request"
	"herald/models"
)

func (s *Server) messageRoutes() []route {
	return []route{
		{
			operation: "SendMessage", method: http.MethodPost, path: "/channels/:type/:id/message",
			usersToo: true, handle: s.sendMessage,
		},
		{operation: "GetMessage", method: http.MethodGet, path: "/messages/:id", usersToo: true, handle: s.getMessage},
	}
}

func (s *Server) sendMessage(ctx context.Context, c *call) (*object, error) {
	channel, err := s.store.Channel(ctx, c.app.PK, models.CID(c.param("type"), c.param("id")))
	if err != nil {
		return nil, err
	}
	if _, err := s.membership(ctx, c, channel.CID); err != nil {
		return nil, err
	}
	f := c.fields()
	f.Require("message")
	keepHidden := f.Bool("keep_channel_hidden", false)
	f.OptionalBool("skip_push")
	m, err := readMessage(f.Object("message"), c)
	if err != nil {
		return nil, err
	}
	m.CID = channel.CID
	users, err := s.store.Users(ctx, c.app.PK, append([]string{m.UserID}, m.MentionedUsers...))
	if err != nil {
		return nil, err
	}
	if sender, ok := users[m.UserID]; !ok || !sender.Active() {
		f.Object("message").Invalid("user_id", "must name a user who exists and is not deactivated")
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := checkLength(m); err != nil {
		return nil, err
	}
	sent, err := s.store.SendMessage(ctx, m, keepHidden)
	if err != nil {
		return nil, err
	}
	return newObject().set("message", encodeMessage(sent, users)), nil
}

// checkLength refuses a message with too long a text, which has a code of its own.
func checkLength(m models.Message) error {
	if reason := request.MaxChars(models.MaxMessageTextLength)(m.Text); reason != "" {
		return &models.Error{Code: models.CodeTextTooLong, Fields: []models.FieldError{{Path: "message.text", Reason: reason}}}
	}
	return nil
}

// readMessage reads an ordinary message; its error is a user token acting for somebody else.
func readMessage(f *request.Object, c *call) (models.Message, error) {
	m := models.Message{
		AppPK:          c.app.PK,
		ID:             f.String("id"),
		Text:           f.String("text"),
		Type:           f.String("type", request.OneOf("", models.MessageRegular, models.MessageSystem)),
		Attachments:    readAttachments(f, "attachments"),
		MentionedUsers: f.Strings("mentioned_users", models.MaxMentions),
		Silent:         f.Bool("silent", false),
		Custom:         f.Custom(messageKeys...),
	}
	switch {
	case m.ID == "":
		m.ID = models.NewMessageID()
	case !models.ValidTarget(m.ID):
		f.Invalid("id", "must be 1 to 255 characters, none of them a control character")
	}
	if m.Type == "" {
		m.Type = models.MessageRegular
	}
	poll := f.String("poll_id")
	if poll != "" {
		f.Invalid("poll_id", "names the poll %q, which doesn't exist", poll) // no route makes one
	}
	if strings.TrimSpace(m.Text) == "" && poll == "" && (len(m.Attachments) == 0 || string(m.Attachments) == "[]") {
		f.Invalid("text", "must not be blank in a message without attachments and poll")
	}
	var err error
	m.UserID, err = c.actor(f)
	return m, err
}

func (s *Server) getMessage(ctx context.Context, c *call) (*object, error) {
	m, channel, err := s.store.Message(ctx, c.app.PK, c.param("id"))
	if err != nil {
		return nil, err
	}
	v := viewer{ownToken: c.user != nil}
	if v.membership, err = s.membership(ctx, c, channel.CID); err != nil {
		return nil, err
	}
	if v.membership != nil {
		v.id = v.membership.UserID
		if cleared := v.membership.ClearedAt; cleared != nil && m.CreatedAt.Before(*cleared) {
			return nil, models.NotFound("message", m.ID)
		}
	}
	users, err := s.store.Users(ctx, c.app.PK, append([]string{m.UserID, channel.CreatedBy}, m.MentionedUsers...))
	if err != nil {
		return nil, err
	}
	return newObject().set("message", encodeMessage(m, users).set("channel", encodeChannel(channel, users, v))), nil
}
