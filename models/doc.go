// Package models is Herald's domain: apps, users, channels, messages, segments and campaigns, the statuses a campaign
// can have and the moves between them, and the one table of error codes.
//
// It knows nothing of HTTP, JSON dialects, Temporal or SQL. Every rule that more than one layer needs (what an id may
// look like, which moves are allowed, how a distinct channel is named) is written here once; models/store keeps the
// values, api encodes them, workflows and activities act on them.
package models
