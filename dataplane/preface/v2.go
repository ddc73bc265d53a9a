package preface

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

// The fixed part of a version 2 header (section 2.2): signature, version and command, family and
// transport, and the length of what follows.
const (
	commandAt = len(signature2)
	familyAt  = commandAt + 1
	lengthAt  = familyAt + 1
	fixedPart = lengthAt + 2
)

// Values of the byte of version and command, and of the byte of family and transport.
const (
	local  = 0x20
	proxy  = 0x21
	unspec = 0x00
	tcp4   = 0x11
	tcp6   = 0x21
	unix   = 0x31
)

// unixAddresses is the length of two names of UNIX sockets.
const unixAddresses = 2 * 108

func parseV2(b []byte) (Header, int, error) {
	if len(b) > commandAt && b[commandAt] != local && b[commandAt] != proxy {
		return Header{}, 0, fmt.Errorf("%w: version and command %#x", ErrInvalid, b[commandAt])
	}
	if len(b) < fixedPart {
		return Header{}, 0, nil
	}
	n := fixedPart + int(binary.BigEndian.Uint16(b[lengthAt:]))
	if n > MaxV2 {
		return Header{}, 0, fmt.Errorf("%w: %d bytes", ErrTooLong, n)
	}
	if len(b) < n {
		return Header{}, 0, nil
	}
	header := Header{Version: 2, Local: b[commandAt] == local}
	if header.Local {
		return header, n, nil // the rest, family included, is to be ignored
	}
	length, err := header.addresses(b[familyAt], b[fixedPart:n])
	if err != nil {
		return Header{}, 0, err
	}
	if b[familyAt] == unspec {
		return header, n, nil // nothing tells where TLVs would begin
	}
	if err := checkTLVs(b[:n], fixedPart+length); err != nil {
		return Header{}, 0, err
	}
	return header, n, nil
}

// addresses reads the addresses of a family and gives the length of their block.
func (h *Header) addresses(family byte, block []byte) (length int, err error) {
	switch family {
	case unspec:
		return 0, nil
	case tcp4:
		length = 2*4 + 2*2
	case tcp6:
		length = 2*16 + 2*2
	case unix:
		length = unixAddresses
	default:
		return 0, fmt.Errorf("%w: family and transport %#x", ErrInvalid, family)
	}
	if len(block) < length {
		return 0, fmt.Errorf("%w: %d bytes of addresses, want %d", ErrInvalid, len(block), length)
	}
	if family == unix {
		return length, nil
	}
	size := (length - 4) / 2
	h.Source = addressV2(block[:size], block[2*size:])
	h.Destination = addressV2(block[size:2*size], block[2*size+2:])
	return length, nil
}

// addressV2 gives the address that is all of ip and the port that port begins with.
func addressV2(ip, port []byte) netip.AddrPort {
	address, _ := netip.AddrFromSlice(ip) // 4 or 16 bytes
	return netip.AddrPortFrom(address.Unmap(), binary.BigEndian.Uint16(port))
}
