// Package wire writes domain values as JSON in the two dialects of Stream's SDKs (contract 2): the answers of the API and
// the payloads of webhooks.
//
// Whoever makes an [Object] puts domain values into it (a time.Time, custom data) and knows no dialect; a [Dialect] says
// how they look. What the API reads is not here: that is api/request.
package wire
