// Package client calls Herald's REST API, v1 dialect, for the commands that are its clients: import, demo and the like.
//
// Rules:
//
//   - A refusal by the server is an *Error with its code, message and invalid fields; compare with errors.As. Anything else is
//     a failure to get an answer.
//   - A call waits out an API that is restarting, over its limits or without its database, up to Config.Patience. What may have
//     been carried out without an answer is sent again only where a repetition does no harm.
package client
