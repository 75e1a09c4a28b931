package api

import (
	"slices"
	"strings"

	"herald/wire"
)

// dialect is one of the two forms of the API (contract 2): where its routes are, where its requests have custom data,
// and how its answers are written.
type dialect struct {
	path   func(path string) string // of a route in this dialect
	nested bool                     // requests have custom data in the key "custom", not beside the built-in keys
	wire   *wire.Dialect
}

var (
	v1 = &dialect{path: func(path string) string { return path }, wire: wire.V1}
	v2 = &dialect{path: pathV2, nested: true, wire: wire.V2}

	dialects = []*dialect{v1, v2}
)

// chatPaths are the first steps of the paths that the v2 dialect has below /api/v2/chat. All others are below /api/v2.
var chatPaths = []string{"campaigns", "segments", "channels", "messages", "members", "unread", "unread_batch"}

func pathV2(path string) string {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if slices.Contains(chatPaths, first) {
		return "/api/v2/chat" + path
	}
	return "/api/v2" + path
}
