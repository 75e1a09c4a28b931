package api

import (
	"bytes"
	"encoding/json"
	"slices"

	"herald/api/request"
	"herald/models"
)

// Built-in keys of an attachment by type (contract 5). All other keys are custom data.
var (
	attachmentStrings = []string{
		"type", "fallback", "color", "pretext", "author_name", "author_link", "author_icon", "title", "title_link", "text",
		"image_url", "thumb_url", "asset_url", "footer", "footer_icon", "og_scrape_url",
	}
	attachmentIntegers = []string{"original_width", "original_height"}
	attachmentObject   = "giphy"

	attachmentKeys = slices.Concat(attachmentStrings, attachmentIntegers, []string{"actions", "fields", attachmentObject})
)

const maxImageSide = 1 << 30 // pixels; only keeps the number an integer

// readAttachments reads a list of attachments into the form that models keep: a JSON array of objects with the custom
// keys beside the built-in ones. Clients of either dialect may nest custom keys in "custom", which then win. nil when
// the key is absent.
func readAttachments(f *request.Object, name string) json.RawMessage {
	if !f.Has(name) {
		return nil
	}
	var list bytes.Buffer
	list.WriteByte('[')
	for i, a := range f.Objects(name, models.MaxAttachments) {
		if i > 0 {
			list.WriteByte(',')
		}
		for _, key := range attachmentStrings {
			a.String(key)
		}
		for _, key := range attachmentIntegers {
			a.Int(key, 0, maxImageSide)
		}
		for _, action := range a.Objects("actions", models.MaxAttachments) {
			for _, key := range []string{"name", "text", "type", "value", "style"} {
				action.String(key)
			}
		}
		for _, entry := range a.Objects("fields", models.MaxAttachments) {
			entry.String("title")
			entry.String("value")
			entry.OptionalBool("short")
		}
		a.Object(attachmentObject)
		list.Write(a.Merged("custom", attachmentKeys...))
	}
	list.WriteByte(']')
	return list.Bytes()
}
