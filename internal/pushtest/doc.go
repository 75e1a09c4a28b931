// Package pushtest has servers for tests that speak the protocols of the push services, over real sockets: what they check
// of a request is what the services check.
package pushtest
