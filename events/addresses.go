package events

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"time"
)

// lookupTimeout bounds the look-up of one host. The SDKs give up on a call after 3 s.
const lookupTimeout = time.Second

// Addresses says where webhooks may go: to public addresses, and to the networks that the operator allows.
type Addresses struct {
	Allowed []netip.Prefix
	// Lookup gives the addresses of a host name; by default the system's resolver.
	Lookup func(ctx context.Context, host string) ([]netip.Addr, error)
}

// ErrAddress is wrapped by the error for an address that webhooks may not go to; it completes a sentence about the URL.
var ErrAddress = errors.New("leads to an address that is not public")

// CheckURL refuses a URL whose host is, or resolves to, an address that Check refuses. A host that cannot be looked up
// passes: the look-up that counts is that of the call, and a name server that is down is no fault of the URL's.
func (a Addresses) CheckURL(ctx context.Context, u *url.URL) error {
	host := u.Hostname()
	if ip, err := netip.ParseAddr(host); err == nil {
		return a.Check(ip)
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	ips, err := a.lookup(ctx, host)
	if err != nil {
		return nil
	}
	for _, ip := range ips {
		if err := a.Check(ip); err != nil {
			return err
		}
	}
	return nil
}

// lookup gives the addresses of a host name, or the address itself.
func (a Addresses) lookup(ctx context.Context, host string) ([]netip.Addr, error) {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}, nil
	}
	if a.Lookup != nil {
		return a.Lookup(ctx, host)
	}
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// Check refuses an address that is not public, unless the operator allows its network. The error wraps ErrAddress.
func (a Addresses) Check(ip netip.Addr) error {
	ip = embedded(ip.WithZone("").Unmap())
	kind := notPublic(ip)
	if kind == "" || slices.ContainsFunc(a.Allowed, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return nil
	}
	return fmt.Errorf("%w (%s)", ErrAddress, kind)
}

// Networks that netip has no method for.
var (
	nat64  = netip.MustParsePrefix("64:ff9b::/96") // holds an IPv4 address, which a gateway calls
	others = []struct {
		kind    string
		network netip.Prefix
	}{
		{"reserved", netip.MustParsePrefix("0.0.0.0/8")},    // this network, RFC 791
		{"private", netip.MustParsePrefix("100.64.0.0/10")}, // of providers, RFC 6598
		{"reserved", netip.MustParsePrefix("240.0.0.0/4")},
	}
)

// embedded is the IPv4 address that an IPv6 address leads to, or the address itself.
func embedded(ip netip.Addr) netip.Addr {
	if nat64.Contains(ip) {
		b := ip.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return ip
}

// notPublic says what an address is that is not public; "" is public.
func notPublic(ip netip.Addr) string {
	switch {
	case ip.IsUnspecified():
		return "unspecified"
	case ip.IsLoopback():
		return "loopback"
	case ip.IsPrivate():
		return "private"
	case ip.IsLinkLocalUnicast():
		return "link-local"
	case ip.IsMulticast():
		return "multicast"
	}
	for _, o := range others {
		if o.network.Contains(ip) {
			return o.kind
		}
	}
	return ""
}
