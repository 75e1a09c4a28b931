// Package people makes up the users of the demo: names that belong together, in the scripts people write them in, from
// places that exist.
//
// Rules:
//
//   - The same Seed and lists give the same bytes. users.ndjson is committed, and a test compares it with this package, so
//     after a change of a list the file is written again with `go run ./demo/gen > demo/users.ndjson`.
//   - Nobody here is real. First and last names are common ones, listed by hand and combined at random.
//   - The server does not import this package: it embeds only the file.
package people
