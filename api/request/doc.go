// Package request reads what a client sent: JSON bodies and query strings, strictly in their values and leniently in
// everything else.
//
// Keys match whatever their case, the last of duplicates wins, unknown keys are ignored, and null is the same as absent,
// except inside values that are taken as they are (custom data, filters). Values are never converted: "10" is no integer.
//
// The dialects of the API differ in where custom data is, and in nothing else: [Body.NestedCustom] says it once for a whole
// body, and [Object.Custom] then reads it from there.
//
// A reader never stops at the first mistake. It notes every invalid field under its path and goes on with a zero value;
// [Object.Err] and [Query.Err] give all of them as one error, and a handler must ask before it acts on anything it read.
package request
