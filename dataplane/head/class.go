package head

import (
	"net/netip"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// class tells for each byte where it may stand.
var class = newClasses()

const (
	// nameByte is what most names are made of: letters, of lower case as all of HTTP/2's, digits and
	// hyphens.
	nameByte uint8 = 1 << iota
	// tokenByte is a tchar of RFC 9110 section 5.6.2.
	tokenByte
	// targetByte may be in :path: everything visible, bytes from 0x80 included, but '#'.
	targetByte
	// hostByte is unreserved or a sub-delim (RFC 3986 section 2) but ',', which separates values.
	hostByte
	// valueByte may be in a value: everything but controls, of which HTAB may.
	valueByte
)

func newClasses() (classes [256]uint8) {
	const lower, upper, digits = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
	mark := func(bytes string, bit uint8) {
		for i := range len(bytes) {
			classes[bytes[i]] |= bit
		}
	}
	for c := range classes {
		if c >= ' ' && c != 0x7f || c == '\t' {
			classes[c] |= valueByte
		}
		if c > ' ' && c != 0x7f && c != '#' {
			classes[c] |= targetByte
		}
	}
	mark(lower+digits+"-", nameByte|tokenByte)
	mark(upper+"!#$%&'*+.^_`|~", tokenByte)
	mark(lower+upper+digits+"-._~!$&'()*+;=", hostByte)
	return classes
}

// all says whether all bytes of s are of a class.
func all(s string, of uint8) bool {
	for i := range len(s) {
		if class[s[i]]&of == 0 {
			return false
		}
	}
	return true
}

func isToken(s string) bool { return s != "" && all(s, tokenByte) }

// cleanValue says whether s may be a field's value: no controls but HTAB, no white space around it
// (RFC 9113 section 8.2.1). Eight bytes are looked at together; where a control may be among them,
// and a HTAB may be it, each by itself.
func cleanValue(s string) bool {
	if s == "" {
		return true
	}
	if blank(s[0]) || blank(s[len(s)-1]) {
		return false
	}
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	for len(s) >= 8 {
		x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		deleted := x ^ ones*0x7f
		if ((x-ones*0x20)&^x|(deleted-ones)&^deleted)&highs != 0 && !all(s[:8], valueByte) {
			return false
		}
		s = s[8:]
	}
	return all(s, valueByte)
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// soundTarget says whether s may be :path of a method (RFC 9113 section 8.3.1).
func soundTarget(s, method string) bool {
	if s == "" || s[0] != '/' && (s != "*" || method != "OPTIONS") {
		return false
	}
	return all(s, targetByte)
}

// soundAuthority says whether s is a host with or without a port (RFC 9110 section 7.2): a name, an
// IPv4 address, or an IPv6 address in brackets. User information is none of HTTP's, and escapes are
// refused, since some decode them and some do not.
func soundAuthority(s string) bool {
	host, port := s, ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return false
		}
		address, err := netip.ParseAddr(s[1:end])
		return err == nil && address.Is6() && address.Zone() == "" && message.SoundPort(s[end+1:])
	}
	if colon := strings.IndexByte(s, ':'); colon >= 0 {
		host, port = s[:colon], s[colon:]
	}
	return host != "" && all(host, hostByte) && message.SoundPort(port)
}

// parseLength reads a content-length: digits only, and at most 18 of them.
func parseLength(s string) (int64, bool) {
	if s == "" || len(s) > 18 {
		return 0, false
	}
	var n int64
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}
