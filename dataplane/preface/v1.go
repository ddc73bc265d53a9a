package preface

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"unsafe"
)

// parseV1 reads a line such as "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n" (section 2.1).
func parseV1(b []byte) (Header, int, error) {
	window := b[:min(len(b), MaxV1)]
	end := bytes.IndexByte(window, '\r')
	switch {
	case end < 0 && len(b) >= MaxV1, end == MaxV1-1:
		return Header{}, 0, fmt.Errorf("%w: no end of line in %d bytes", ErrTooLong, MaxV1)
	case bytes.IndexByte(window[:max(end, 0)], '\n') >= 0, end < 0 && bytes.IndexByte(window, '\n') >= 0:
		return Header{}, 0, fmt.Errorf("%w: a line feed without a carriage return", ErrInvalid)
	case end < 0, end == len(b)-1:
		return Header{}, 0, nil
	case b[end+1] != '\n':
		return Header{}, 0, fmt.Errorf("%w: a carriage return without a line feed", ErrInvalid)
	}
	header := Header{Version: 1}
	text := unsafe.String(&b[0], end) //nolint:gosec // a view, which does not outlive this call
	rest, ok := strings.CutPrefix(text, "PROXY UNKNOWN")
	if ok && (rest == "" || rest[0] == ' ') {
		return header, end + 2, nil
	}
	if header.Source, header.Destination, ok = addressesV1(text); !ok {
		return Header{}, 0, fmt.Errorf("%w: %q", ErrInvalid, b[:end])
	}
	return header, end + 2, nil
}

// addressesV1 reads the addresses and ports of a line without its end.
func addressesV1(line string) (source, destination netip.AddrPort, ok bool) {
	rest, is4 := strings.CutPrefix(line, "PROXY TCP4 ")
	if !is4 {
		if rest, ok = strings.CutPrefix(line, "PROXY TCP6 "); !ok {
			return source, destination, false
		}
	}
	from, rest, _ := strings.Cut(rest, " ")
	to, rest, _ := strings.Cut(rest, " ")
	fromPort, toPort, _ := strings.Cut(rest, " ")
	source, ok1 := addressV1(from, fromPort, is4)
	destination, ok2 := addressV1(to, toPort, is4)
	if !ok1 || !ok2 {
		return netip.AddrPort{}, netip.AddrPort{}, false
	}
	return source, destination, true
}

func addressV1(address, port string, is4 bool) (netip.AddrPort, bool) {
	if strings.Contains(address, "%") {
		return netip.AddrPort{}, false // a zone means nothing to another machine
	}
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Is4() != is4 {
		return netip.AddrPort{}, false
	}
	if port == "" || len(port) > 1 && port[0] == '0' || port[0] == '+' {
		return netip.AddrPort{}, false
	}
	number, err := strconv.ParseUint(port, 10, 16)
	return netip.AddrPortFrom(ip.Unmap(), uint16(number)), err == nil
}
