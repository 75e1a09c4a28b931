// Package api serves Herald's REST API over HTTP: routes, authentication, the wire form of requests and answers, errors.
//
// Rules for a reader:
//
//   - A route is one entry of a table: its operation, method, path, who may call it, and a handler. Its path in the v2
//     dialect follows from it. A handler reads the call, asks the store, and gives back an object without knowing how it
//     is written.
//   - How times and custom data look on the wire is the matter of one dialect value, used by the decoder of bodies and by
//     package wire alone: handlers read custom data by request.Object.Custom and give it back by wire.Object.Custom.
//   - The object named in the path is looked up before fields are judged, and every invalid field is reported at once.
//   - A handler starts no work that outlives its answer: segments are counted by the server's own background. It waits for
//     nothing but the database, and at most two seconds for a campaign's workflow to be told what was decided.
package api
