// Package demo holds the audience of `herald demo`: 10,000 made-up users in many languages and scripts.
//
// Rules:
//
//   - users.ndjson is the generator's output and never edited by hand; a test compares the two. README.md says how.
//   - The sender of the demo's campaign is not among them: the demo makes it.
package demo

import _ "embed"

// UsersNDJSON is users.ndjson: one user a line, as the v1 dialect's UpdateUsers takes it, custom fields beside the built-in
// ones. It ends in a newline.
//
//go:embed users.ndjson
var UsersNDJSON []byte
