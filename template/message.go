package template

import (
	"errors"
	"fmt"
	"maps"
	"strconv"
)

// MessageSource is the part of a message template that is rendered: text and, at any depth, the string values of attachments and
// custom. Values are those of encoding/json. It must not be changed after compiling.
type MessageSource struct {
	Text        string
	Attachments []any
	Custom      map[string]any
}

// Message is a compiled message template, safe for concurrent use.
type Message struct {
	text                *Template
	attachments, custom node
	names               map[string]bool
}

// RenderedMessage is what one recipient gets. Text, the list of attachments and the top level of Custom are the caller's; deeper values without templates
// are shared with the source and other recipients and must not be changed. Attachments and Custom are never nil.
type RenderedMessage struct {
	Text        string
	Attachments []any
	Custom      map[string]any
}

// CompileMessage compiles a message template. The error is of type Errors, with the paths text, attachments[0].title, custom.a.b[1].
func CompileMessage(source MessageSource, scope Scope) (*Message, error) {
	c := compiler{scope: scope, names: map[string]bool{}}
	m := &Message{names: c.names}
	m.text = c.template("text", source.Text, scope)
	m.attachments = c.node("attachments", source.Attachments)
	m.custom = c.node("custom", source.Custom)
	if len(c.errors) > 0 {
		return nil, c.errors
	}
	return m, nil
}

// NeedsChannel tells whether any string mentions channel. If not, Context.Channel may stay nil and need not be loaded.
func (m *Message) NeedsChannel() bool { return m.names["channel"] }

// Constant tells which parts are the same for every recipient, so that they need encoding only once.
func (m *Message) Constant() (text, attachments, custom bool) {
	return m.text.plain, m.attachments.constant(), m.custom.constant()
}

// Render renders the message for one recipient. The bounds hold for all its strings together. Every error is a *RenderError with the path of the string.
func (m *Message) Render(ctx Context) (RenderedMessage, error) {
	r := newRun(ctx)
	defer r.release()
	var out RenderedMessage
	var err error
	if out.Text, err = m.text.render(r); err != nil {
		return RenderedMessage{}, under("text", err)
	}
	if out.Attachments, err = renderAttachments(r, m.attachments); err != nil {
		return RenderedMessage{}, err
	}
	if out.Custom, err = renderCustom(r, m.custom); err != nil {
		return RenderedMessage{}, err
	}
	return out, nil
}

// ChannelSource is the part of a channel template that is rendered. An empty ID stays empty.
type ChannelSource struct {
	ID     string
	Custom map[string]any
}

// ChannelTemplate is a compiled channel template, safe for concurrent use.
type ChannelTemplate struct {
	id     *Template
	custom node
}

// RenderedChannel is the channel of one recipient. Custom is as in RenderedMessage.
type RenderedChannel struct {
	ID     string
	Custom map[string]any
}

// CompileChannel compiles a channel template. Whatever the scope says, channel is refused, receiver is allowed, and the source
// of the id may have MaxIDSource characters. The error is of type Errors, with the paths id and custom.a.b[1].
func CompileChannel(source ChannelSource, scope Scope) (*ChannelTemplate, error) {
	scope.NoChannel, scope.NoReceiver = true, false
	c := compiler{scope: scope, names: map[string]bool{}}
	ofID := scope
	ofID.MaxSource = MaxIDSource
	t := &ChannelTemplate{id: c.template("id", source.ID, ofID), custom: c.node("custom", source.Custom)}
	if len(c.errors) > 0 {
		return nil, c.errors
	}
	return t, nil
}

// RenderID renders the id alone; whether custom data are needed shows only when the channel turns out to be missing.
func (t *ChannelTemplate) RenderID(ctx Context) (string, error) {
	id, err := t.id.Render(ctx)
	return id, under("id", err)
}

// Render renders id and custom data for one recipient. Errors are as of Message.Render.
func (t *ChannelTemplate) Render(ctx Context) (RenderedChannel, error) {
	r := newRun(ctx)
	defer r.release()
	var out RenderedChannel
	var err error
	if out.ID, err = t.id.render(r); err != nil {
		return RenderedChannel{}, under("id", err)
	}
	if out.Custom, err = renderCustom(r, t.custom); err != nil {
		return RenderedChannel{}, err
	}
	return out, nil
}

// node is a compiled JSON value.
type node interface {
	constant() bool
	render(r *run) (any, error)
}

type (
	constantNode struct{ value any }
	templateNode struct{ template *Template }
	listNode     []node
	mapNode      struct {
		whole   map[string]any // the source
		varying []field        // the fields that hold templates
	}
	field struct {
		name string
		node node
	}
)

func (constantNode) constant() bool { return true }
func (templateNode) constant() bool { return false }
func (listNode) constant() bool     { return false }
func (mapNode) constant() bool      { return false }

func (n constantNode) render(*run) (any, error) { return n.value, nil }

func (n templateNode) render(r *run) (any, error) { return n.template.render(r) }

func (n listNode) render(r *run) (any, error) {
	list := make([]any, len(n))
	for i, item := range n {
		var err error
		if list[i], err = item.render(r); err != nil {
			return nil, under("["+strconv.Itoa(i)+"]", err)
		}
	}
	return list, nil
}

func (n mapNode) render(r *run) (any, error) {
	m := maps.Clone(n.whole)
	for _, f := range n.varying {
		value, err := f.node.render(r)
		if err != nil {
			return nil, under("."+f.name, err)
		}
		m[f.name] = value
	}
	return m, nil
}

func renderAttachments(r *run, n node) ([]any, error) {
	value, err := n.render(r)
	if err != nil {
		return nil, under("attachments", err)
	}
	list := value.([]any)
	if n.constant() {
		list = append(make([]any, 0, len(list)), list...)
	}
	return list, nil
}

func renderCustom(r *run, n node) (map[string]any, error) {
	value, err := n.render(r)
	if err != nil {
		return nil, under("custom", err)
	}
	m := value.(map[string]any)
	if n.constant() {
		copied := make(map[string]any, len(m)+1) // the caller adds a key
		maps.Copy(copied, m)
		m = copied
	}
	return m, nil
}

// under puts a step before the path of a failure.
func under(step string, err error) error {
	if failure, ok := errors.AsType[*RenderError](err); ok {
		failure.Path = step + failure.Path
	}
	return err
}

// compiler compiles a document and gathers the errors of all its strings.
type compiler struct {
	scope  Scope
	names  map[string]bool
	errors Errors
}

func (c *compiler) template(path, source string, scope Scope) *Template {
	t, err := Compile(source, scope)
	if failure, ok := errors.AsType[*SyntaxError](err); ok {
		c.errors = append(c.errors, FieldError{path, failure})
		return nil
	}
	maps.Copy(c.names, t.names)
	return t
}

func (c *compiler) node(path string, value any) node {
	switch value := value.(type) {
	case string:
		if t := c.template(path, value, c.scope); t != nil && !t.plain {
			return templateNode{t}
		}
	case []any:
		list := make(listNode, len(value))
		varying := false
		for i, item := range value {
			list[i] = c.node(fmt.Sprintf("%s[%d]", path, i), item)
			varying = varying || !list[i].constant()
		}
		if varying {
			return list
		}
	case map[string]any:
		object := mapNode{whole: value}
		for _, name := range sortedKeys(value) {
			if n := c.node(path+"."+name, value[name]); !n.constant() {
				object.varying = append(object.varying, field{name, n})
			}
		}
		if len(object.varying) > 0 {
			return object
		}
	}
	return constantNode{value}
}
