package wire

import (
	"encoding/json"
	"fmt"
	"slices"
)

// Built-in keys of an attachment by type (contract 5). All other keys are custom data.
var (
	AttachmentStrings = []string{
		"type", "fallback", "color", "pretext", "author_name", "author_link", "author_icon", "title", "title_link", "text",
		"image_url", "thumb_url", "asset_url", "footer", "footer_icon", "og_scrape_url",
	}
	AttachmentIntegers = []string{"original_width", "original_height"}
	AttachmentObject   = "giphy"

	AttachmentKeys = slices.Concat(AttachmentStrings, AttachmentIntegers, []string{"actions", "fields", AttachmentObject})
)

// Attachments is a JSON array of attachments with their custom keys beside the built-in ones.
type Attachments json.RawMessage

func attachmentsFlat(e *encoder, a Attachments) error {
	if len(a) == 0 {
		a = Attachments("[]")
	}
	e.b = append(e.b, a...)
	return nil
}

func attachmentsNested(e *encoder, a Attachments) error {
	var each []json.RawMessage
	if len(a) > 0 {
		if err := json.Unmarshal(a, &each); err != nil {
			return fmt.Errorf("read attachments: %w", err)
		}
	}
	e.b = append(e.b, '[')
	for i, one := range each {
		if i > 0 {
			e.b = append(e.b, ',')
		}
		e.b = append(e.b, '{')
		custom := &encoder{d: e.d, b: []byte{'{'}}
		err := eachMember(one, func(key string, value json.RawMessage) {
			if slices.Contains(AttachmentKeys, key) {
				e.raw(key, value)
			} else {
				custom.raw(key, value)
			}
		})
		if err != nil {
			return fmt.Errorf("attachment %d: %w", i, err)
		}
		e.raw("custom", append(custom.b, '}'))
		e.b = append(e.b, '}')
	}
	e.b = append(e.b, ']')
	return nil
}
