// Package showcase is the script of `herald demo`: it brings up Herald where none runs, sends a campaign to 10,000 users
// through the REST API like any other client, shows it, and checks what came of it.
//
// Rules:
//
//   - Everything is done through the API; the database is only read, at the end, to count what the API cannot.
//   - The demo is a test too: whatever is missing or doubled is a line of its own and an error.
//   - It stops what it started, and nothing else.
package showcase
