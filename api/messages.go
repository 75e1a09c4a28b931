package api

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"herald/api/request"
	"herald/models"
	"herald/models/store"
	"herald/wire"
)

// maxMessagesByID is how many messages GetManyMessages gives (contract 16.5).
const maxMessagesByID = 100

func (s *Server) messageRoutes() []route {
	return []route{
		{
			operation: "SendMessage", method: http.MethodPost, path: "/channels/:type/:id/message",
			usersToo: true, handle: s.sendMessage,
		},
		{
			operation: "GetManyMessages", method: http.MethodGet, path: "/channels/:type/:id/messages",
			usersToo: true, handle: s.getManyMessages,
		},
		{operation: "GetMessage", method: http.MethodGet, path: "/messages/:id", usersToo: true, handle: s.getMessage},
		{operation: "DeleteMessage", method: http.MethodDelete, path: "/messages/:id", usersToo: true, handle: s.deleteMessage},
	}
}

func (s *Server) sendMessage(ctx context.Context, c *call) (*wire.Object, error) {
	channel, err := s.pathChannel(ctx, c)
	if err != nil {
		return nil, err
	}
	if _, err := s.membership(ctx, c, channel.CID); err != nil {
		return nil, err
	}
	f := c.fields()
	f.Require("message")
	how := store.Sending{KeepHidden: f.Bool("keep_channel_hidden", false), SkipPush: f.Bool("skip_push", false)}
	body := f.Object("message")
	m := readMessage(body, c.app.PK)
	m.CID = channel.CID
	sender, err := s.actingUser(ctx, c, body)
	if err != nil {
		return nil, err
	}
	m.UserID = sender.ID
	if err := s.checkPoll(ctx, m, body); err != nil {
		return nil, err
	}
	if err := f.Err(); err != nil {
		return nil, err
	}
	if err := checkLength(m); err != nil {
		return nil, err
	}
	sent, err := s.store.SendMessage(ctx, m, how)
	if err != nil {
		return nil, err
	}
	return s.showMessage(ctx, c, sent, sender.ID)
}

// checkLength refuses a message with too long a text, which has a code of its own.
func checkLength(m models.Message) error {
	if reason := request.MaxChars(models.MaxMessageTextLength)(m.Text); reason != "" {
		return &models.Error{Code: models.CodeTextTooLong, Fields: []models.FieldError{{Path: "message.text", Reason: reason}}}
	}
	return nil
}

// readMessage reads an ordinary message, all but who sends it.
func readMessage(f *request.Object, appPK int64) models.Message {
	m := models.Message{
		AppPK:          appPK,
		ID:             f.String("id"),
		Text:           f.String("text"),
		Type:           f.String("type", request.OneOf("", models.MessageRegular, models.MessageSystem)),
		Attachments:    readAttachments(f, "attachments"),
		MentionedUsers: f.Strings("mentioned_users", models.MaxMentions),
		Silent:         f.Bool("silent", false),
		Custom:         f.Custom(wire.MessageKeys...),
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
	if poll := f.String("poll_id"); poll != "" {
		m.PollID = &poll
	}
	if strings.TrimSpace(m.Text) == "" && m.PollID == nil && (len(m.Attachments) == 0 || string(m.Attachments) == "[]") {
		f.Invalid("text", "must not be blank in a message without attachments and poll")
	}
	return m
}

// checkPoll notes in f a poll that the message's sender may not send: one that is not there or somebody else's.
func (s *Server) checkPoll(ctx context.Context, m models.Message, f *request.Object) error {
	if m.PollID == nil {
		return nil
	}
	poll, err := s.store.Poll(ctx, m.AppPK, *m.PollID, "")
	switch {
	case models.ErrorCode(err) == models.CodeNotFound:
		f.Invalid("poll_id", "names the poll %q, which doesn't exist", *m.PollID)
	case err != nil:
		return err
	case poll.CreatedBy != m.UserID:
		f.Invalid("poll_id", "names the poll %q, which only its creator may send", *m.PollID)
	}
	return nil
}

// visible gives a message that the caller may see, with its channel and, with a user token, the caller's membership there.
func (s *Server) visible(ctx context.Context, c *call, id string) (models.Message, models.Channel, *models.Member, error) {
	m, channel, err := s.store.Message(ctx, c.app.PK, id)
	if err != nil {
		return m, channel, nil, err
	}
	member, err := s.membership(ctx, c, channel.CID)
	if err == nil && cleared(m, member) {
		err = models.NotFound("message", id)
	}
	return m, channel, member, err
}

// cleared says whether a message is in a history that the member cleared; nobody's with nil.
func cleared(m models.Message, member *models.Member) bool {
	return member != nil && member.ClearedAt != nil && m.CreatedAt.Before(*member.ClearedAt)
}

func (s *Server) getMessage(ctx context.Context, c *call) (*wire.Object, error) {
	m, channel, member, err := s.visible(ctx, c, c.param("id"))
	if err != nil {
		return nil, err
	}
	v := wire.Viewer{ID: c.userID(), OwnToken: c.user != nil, Membership: member}
	messages := []models.Message{m}
	users, err := s.related(ctx, c, messages, v.ID, channel.CreatedBy)
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("message", wire.Message(messages[0], users).Set("channel", wire.Channel(channel, users, v))), nil
}

func (s *Server) getManyMessages(ctx context.Context, c *call) (*wire.Object, error) {
	channel, err := s.pathChannel(ctx, c)
	if err != nil {
		return nil, err
	}
	member, err := s.membership(ctx, c, channel.CID)
	if err != nil {
		return nil, err
	}
	q := c.query()
	ids := strings.FieldsFunc(q.String("ids"), func(r rune) bool { return r == ',' })
	if len(ids) > maxMessagesByID {
		q.Invalid("ids", "names %d messages; at most %d are allowed", len(ids), maxMessagesByID)
	}
	if err := q.Err(); err != nil {
		return nil, err
	}
	messages, err := s.store.Messages(ctx, channel, unrepeated(ids))
	if err != nil {
		return nil, err
	}
	messages = slices.DeleteFunc(messages, func(m models.Message) bool { return cleared(m, member) })
	users, err := s.related(ctx, c, messages, c.userID())
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("messages", wire.Each(messages, func(m models.Message) *wire.Object { return wire.Message(m, users) })), nil
}

func (s *Server) deleteMessage(ctx context.Context, c *call) (*wire.Object, error) {
	m, _, _, err := s.visible(ctx, c, c.param("id"))
	if err != nil {
		return nil, err
	}
	if c.user != nil && m.UserID != c.user.ID {
		return nil, denied("the message %q is not of user %q", m.ID, c.user.ID)
	}
	q := c.query()
	hard := q.Bool("hard")
	if err := q.Err(); err != nil {
		return nil, err
	}
	deleted, err := s.store.DeleteMessage(ctx, c.app.PK, m.ID, hard)
	if err != nil {
		return nil, err
	}
	return s.showMessage(ctx, c, deleted, c.userID())
}

// showMessage is the answer of what concerns one message, as the viewer sees it; "" is nobody.
func (s *Server) showMessage(ctx context.Context, c *call, m models.Message, viewerID string) (*wire.Object, error) {
	messages := []models.Message{m}
	users, err := s.related(ctx, c, messages, viewerID)
	if err != nil {
		return nil, err
	}
	return wire.NewObject().Set("message", wire.Message(messages[0], users)), nil
}

// related gives the messages their polls, as the viewer sees them, and loads by id the users that show with them, and
// others.
func (s *Server) related(ctx context.Context, c *call, messages []models.Message, viewerID string, others ...string) (map[string]models.User, error) {
	if err := s.store.AttachPolls(ctx, c.app.PK, viewerID, messages); err != nil {
		return nil, err
	}
	return s.store.Users(ctx, c.app.PK, append(others, models.UsersOf(messages)...))
}
