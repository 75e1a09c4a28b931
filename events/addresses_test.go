package events_test

import (
	"context"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"herald/events"
)

func TestAddresses(t *testing.T) {
	for _, tc := range []struct {
		address, kind string // "" is public
	}{
		{"93.184.216.34", ""}, {"2606:2800:220:1:248:1893:25c8:1946", ""}, {"172.32.0.1", ""}, {"100.128.0.1", ""}, {"64:ff9b::5db8:d822", ""},
		{"127.0.0.1", "loopback"}, {"127.255.0.9", "loopback"}, {"::1", "loopback"}, {"::ffff:127.0.0.1", "loopback"}, {"64:ff9b::7f00:1", "loopback"},
		{"10.1.2.3", "private"}, {"172.16.0.1", "private"}, {"192.168.1.1", "private"}, {"fd00::1", "private"}, {"::ffff:10.0.0.1", "private"}, {"100.64.0.1", "private"},
		{"169.254.169.254", "link-local"}, {"fe80::1", "link-local"}, {"fe80::1%eth0", "link-local"},
		{"224.0.0.1", "multicast"}, {"ff02::1", "multicast"}, {"ff05::2", "multicast"},
		{"0.0.0.0", "unspecified"}, {"::", "unspecified"}, {"0.1.2.3", "reserved"}, {"255.255.255.255", "reserved"},
	} {
		err := events.Addresses{}.Check(netip.MustParseAddr(tc.address))
		switch {
		case tc.kind == "" && err != nil:
			t.Errorf("%s: %v", tc.address, err)
		case tc.kind != "" && (!errors.Is(err, events.ErrAddress) || !strings.HasSuffix(err.Error(), "("+tc.kind+")")):
			t.Errorf("%s: %v, want %s", tc.address, err, tc.kind)
		}
	}
}

func TestAllowedAddresses(t *testing.T) {
	a := events.Addresses{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("::1/128")}}
	for address, allowed := range map[string]bool{
		"127.0.0.1": true, "::ffff:127.0.0.1": true, "::1": true, "10.1.2.3": true, "10.2.0.1": false, "169.254.1.1": false, "8.8.8.8": true,
	} {
		if err := a.Check(netip.MustParseAddr(address)); (err == nil) != allowed {
			t.Errorf("%s: %v", address, err)
		}
	}
}

func TestCheckURL(t *testing.T) {
	down := errors.New("no name server answers")
	hosts := map[string][]string{"public.test": {"93.184.216.34"}, "inside.test": {"10.0.0.7"}, "both.test": {"93.184.216.34", "127.0.0.1"}}
	var asked []string
	a := events.Addresses{Lookup: func(ctx context.Context, host string) ([]netip.Addr, error) {
		asked = append(asked, host)
		if _, bounded := ctx.Deadline(); !bounded {
			t.Errorf("the look-up of %s may take for ever", host)
		}
		var ips []netip.Addr
		for _, address := range hosts[host] {
			ips = append(ips, netip.MustParseAddr(address))
		}
		if ips == nil {
			return nil, down
		}
		return ips, nil
	}}
	for raw, allowed := range map[string]bool{
		"https://public.test/hook": true, "https://public.test:8443": true, "http://inside.test": false, "http://both.test": false,
		"http://unknown.test": true, "http://127.0.0.1:9": false, "http://[::1]:9/x": false, "http://[fe80::1%25eth0]/": false, "http://93.184.216.34": true,
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.CheckURL(t.Context(), u); (err == nil) != allowed {
			t.Errorf("%s: %v", raw, err)
		}
	}
	if len(asked) != 5 {
		t.Errorf("asked for %v, want names alone", asked)
	}
}

// The system's own resolver knows the machine's names.
func TestCheckURLBySystem(t *testing.T) {
	err := events.Addresses{}.CheckURL(t.Context(), &url.URL{Scheme: "http", Host: "localhost:8080"})
	if !errors.Is(err, events.ErrAddress) {
		t.Errorf("localhost: %v", err)
	}
}
