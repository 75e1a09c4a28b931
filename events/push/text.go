package push

import (
	"errors"
	"fmt"
	"strings"

	"herald/template"
)

// The templates of a notification where nothing else is configured.
const (
	DefaultTitle = "{{ sender.name|default(sender.id) }}"
	DefaultBody  = "{{ message.text }}"
)

// Texts are the compiled templates of notifications.
type Texts struct{ title, body *template.Template }

// NewTexts compiles the templates of title and body; "" is the default. The error names every problem by its variable.
func NewTexts(title, body string) (Texts, error) {
	if title == "" {
		title = DefaultTitle
	}
	if body == "" {
		body = DefaultBody
	}
	t, titleErr := template.Compile(title, template.Scope{})
	if titleErr != nil {
		titleErr = fmt.Errorf("HERALD_PUSH_TITLE: %w", titleErr)
	}
	b, bodyErr := template.Compile(body, template.Scope{})
	if bodyErr != nil {
		bodyErr = fmt.Errorf("HERALD_PUSH_BODY: %w", bodyErr)
	}
	return Texts{title: t, body: b}, errors.Join(titleErr, bodyErr)
}

// render gives title and body for one receiver.
func (t Texts) render(ctx template.Context) (title, body string, err error) {
	if title, err = t.title.Render(ctx); err != nil {
		return "", "", fmt.Errorf("HERALD_PUSH_TITLE: %w", err)
	}
	if body, err = t.body.Render(ctx); err != nil {
		return "", "", fmt.Errorf("HERALD_PUSH_BODY: %w", err)
	}
	return strings.TrimSpace(title), strings.TrimSpace(body), nil
}
