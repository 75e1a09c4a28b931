// Package apifuzz throws requests at every route of a running API, most of them broken in some way, and holds every answer
// against the contract: JSON with the envelope of an answer or an error, as the OpenAPI document describes it, never a 5xx, with
// the headers that SDKs read, in bounded time.
//
// The routes, schemas and examples are those of the OpenAPI document, which a test of package api holds equal to the server's
// table, so none is left out. Half of the requests begin as valid ones.
//
// Requests are those of two apps. A third one, the bystander, has objects under the same ids and under ids of its own, which the
// others use too. Whatever they send, no answer shows anything of the bystander's, and its rows stay as they are.
//
// A run is repeated by its seed, except for the ids that the server makes and for the order in which workers meet. A problem is
// therefore reported with its request.
package apifuzz
