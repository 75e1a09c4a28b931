// Package openapi is Herald's API as an OpenAPI 3.1 document, with a page to browse it.
//
// The document is the one description of what goes over the wire: the server publishes it, and package conform holds every
// request and answer of the tests against it. Its source is contract/*.yaml, where each object and operation stands once;
// building the document writes it in both dialects. What looks the same in both is written once there too, and what does
// not has a name that ends in V2 in the second one.
//
// # Sources
//
// A file has a tag, what precedes its paths in the v2 dialect, objects of answers, objects of requests, schemas as they are,
// and operations. Objects, bodies, answers and query parameters are lists of keys:
//
//	name: string(..100)  What it is for.
//
// The first word is the kind, the rest a description. A key may end in ? (it may be missing), then in @v1 or @v2 (the other
// dialect has none). A key ...Name takes over the keys of another object. Kinds are
//
//	string bool int number   as in JSON; an int is written in digits only, and has 64 bits
//	time                     in answers: text in v1, nanoseconds in v2
//	choice(a,b)              in answers: one of these, or unset, which is null in v1 and "" in v2
//	data, json               any object, any value
//	custom                   in v1 any keys beside the others, in v2 an object in the key custom
//	Name                     an object or schema by its name
//	id_or(Name)              an id, or an object
//
// followed by a range or the allowed values in parentheses, by [] for an array of it, by {} for an object with such values,
// both maybe with a range of lengths, by |null, and by = and the default. Objects of answers have no keys that are not listed; those
// of requests may have any, because Herald ignores what it does not know.
package openapi
