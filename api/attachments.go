package api

import (
	"bytes"
	"encoding/json"

	"herald/api/request"
	"herald/models"
	"herald/wire"
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
		for _, key := range wire.AttachmentStrings {
			a.String(key)
		}
		for _, key := range wire.AttachmentIntegers {
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
		a.Object(wire.AttachmentObject)
		list.Write(a.Merged("custom", wire.AttachmentKeys...))
	}
	list.WriteByte(']')
	return list.Bytes()
}
