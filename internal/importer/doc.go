// Package importer reads users from a file and writes them through Herald's API.
//
// Rules:
//
//   - A file is read once, a record at a time, and never held: memory does not depend on its size.
//   - Rows of one id are written in the order of the file, so the last one wins. Rows go to lanes by their id, a lane sends one
//     batch after the other, and no batch holds an id twice.
//   - The checkpoint is only written when every row before it is settled: acknowledged by the API or reported as bad. What comes
//     after it may be sent again, which changes nothing, for a write replaces the whole user.
package importer
