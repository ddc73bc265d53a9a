package http1

import (
	"net/netip"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// soundAuthority says whether s is a host with or without a port (RFC 9110 section 7.2, RFC 3986
// section 3.2): a name, an IPv4 address or an IPv6 address in brackets. User information is none of
// HTTP's, and escapes are refused, since some decode them and some do not.
func soundAuthority(s string) bool {
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		return end > 0 && soundIPv6(s[1:end]) && message.SoundPort(s[end+1:])
	}
	end := span(s, 0, hostByte)
	return end > 0 && message.SoundPort(s[end:])
}

// soundIPv6 says whether s is an IPv6 address without a zone, which means something to one host only.
func soundIPv6(s string) bool {
	address, err := netip.ParseAddr(s)
	return err == nil && address.Is6() && address.Zone() == ""
}
