// Package campaigns is what `herald campaign` shows a person at a terminal: tables, one campaign, and one that is watched.
//
// Rules:
//
//   - Times are in UTC and say so. Numbers are the API's own; nothing is computed that the API does not say.
//   - Names and reasons come from anybody. They are shown on one line without control characters, which a terminal would obey.
//   - JSON is the API's object as it came, only indented or, one to a line, compacted.
package campaigns
