// Package events tells an app's hooks what has happened.
//
// A hook's URL comes from whoever has an app's secret, and Herald calls it from inside the operator's network. So an
// address that is not a public one is refused, when the URL is set and again when it is called, unless the operator
// allows its network: see [Addresses].
package events
