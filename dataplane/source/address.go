package source

import "net/netip"

// nobodys are addresses that no pod has: of the machine itself, of its link, of its cloud's metadata.
var nobodys = prefixes(
	"0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "255.255.255.255/32",
	"::/128", "::1/128", "fe80::/10", "ff00::/8",
	// Metadata that is not link-local: of Alibaba, Azure, Oracle, AWS and Google.
	"100.100.100.200/32", "168.63.129.16/32", "192.0.0.192/32", "fd00:ec2::254/128", "fd20:ce::254/128",
)

// translated are IPv4 addresses behind a translator (RFC 6052 section 2.1).
var translated = netip.MustParsePrefix("64:ff9b::/96")

func prefixes(texts ...string) []netip.Prefix {
	list := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		list[i] = netip.MustParsePrefix(text)
	}
	return list
}

// podAddress reads an address that a pod may have: a slice made by hand must not lead to the machine
// itself, where the admin port is, or to its cloud's metadata. A zone means something to one machine only.
func podAddress(text string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(text)
	if err != nil || address.Zone() != "" {
		return netip.Addr{}, false
	}
	address = address.Unmap()
	means := address
	if translated.Contains(address) {
		bytes := address.As16()
		means = netip.AddrFrom4([4]byte(bytes[12:]))
	}
	for _, nobody := range nobodys {
		if nobody.Contains(means) {
			return netip.Addr{}, false
		}
	}
	return address, true
}
