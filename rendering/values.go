package rendering

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"herald/models"
	"herald/template"
)

func templateSender(u models.User) (*template.User, error) {
	sender := templateUser(u)
	sender.CustomJSON = nil
	return sender, decode(u.Custom, &sender.Custom)
}

func templateUser(u models.User) *template.User {
	return &template.User{
		ID: u.ID, Name: value(u.Name), Image: value(u.Image), Role: u.Role, Language: u.Language, Teams: u.Teams,
		CreatedAt: u.CreatedAt, UpdatedAt: u.UpdatedAt, LastActive: value(u.LastActive), CustomJSON: u.Custom,
	}
}

func templateChannel(ch models.Channel) *template.Channel {
	channelType, id, _ := strings.Cut(ch.CID, ":")
	return &template.Channel{
		ID: id, Type: channelType, CID: ch.CID, Team: value(ch.Team), MemberCount: ch.MemberCount,
		CreatedAt: ch.CreatedAt, LastMessageAt: value(ch.LastMessageAt), CustomJSON: ch.Custom,
	}
}

func value[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// encodeAttachments gives nil for none.
func encodeAttachments(list []any) []byte {
	if len(list) == 0 {
		return nil
	}
	return encode(list)
}

// encodeCustom gives nil for none. The two keys that Herald itself sets on a campaign's messages are not the template's
// to set (contract 7.1.1).
func encodeCustom(custom map[string]any) []byte {
	own := make(map[string]any, len(custom))
	for k, v := range custom {
		if k != "campaign_id" && k != "campaign_test" {
			own[k] = v
		}
	}
	if len(own) == 0 {
		return nil
	}
	return encode(own)
}

// encode writes a value decoded from JSON back as JSON, characters as they are.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		// Values come from a JSON decoder and from rendered strings; nothing else can be in them.
		panic(fmt.Sprintf("encode %T: %v", v, err))
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}

// holdsNUL says whether a string in the JSON holds U+0000, which Postgres cannot store: one recipient's string would
// fail the whole batch.
func holdsNUL(encoded []byte) bool {
	const nul = `\u0000`
	for rest := encoded; ; {
		i := bytes.Index(rest, []byte(nul))
		if i < 0 {
			return false
		}
		backslashes := 0
		for j := i - 1; j >= 0 && rest[j] == '\\'; j-- {
			backslashes++
		}
		if backslashes%2 == 0 { // else the backslash itself is escaped
			return true
		}
		rest = rest[i+len(nul):]
	}
}

func shorten(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
