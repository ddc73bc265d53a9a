// Package preface reads what comes before HTTP on a connection: the header of the PROXY protocol,
// and the names that a TLS client asks for. Its functions are pure: they look at the bytes that
// are there and say whether more are needed.
package preface

import (
	"bytes"
	"errors"
	"net/netip"
)

// Bounds on a PROXY header, first to last byte. That of version 1 is the protocol's; version 2
// allows for 64 KiB, of which senders are asked to use 536 bytes, and certificates' details more.
const (
	MaxV1 = 107
	MaxV2 = 4096
)

// Faults of a PROXY header, told apart with errors.Is.
var (
	// ErrAbsent says that the bytes begin with something else.
	ErrAbsent = errors.New("no PROXY header")
	// ErrInvalid says that the header breaks the protocol's rules.
	ErrInvalid = errors.New("invalid PROXY header")
	// ErrTooLong says that the header is longer than MaxV1 or MaxV2.
	ErrTooLong = errors.New("PROXY header too long")
	// ErrChecksum says that the header is not what its sender made.
	ErrChecksum = errors.New("the checksum of the PROXY header does not match")
)

// Header is what a PROXY header tells of the connection that it stands for.
type Header struct {
	// Version is 1 or 2.
	Version int
	// Local says that the sender speaks for itself, as for a health check (LOCAL, version 2).
	Local bool
	// Source and Destination are the ends of the connection that the sender took. An IPv4 address
	// in IPv6 form is an IPv4 address. Both are the zero value when the header does not tell:
	// Local, UNKNOWN, UNSPEC and UNIX. Then the connection's own ends stand.
	Source, Destination netip.AddrPort
}

const (
	signature1 = "PROXY "
	signature2 = "\r\n\r\n\x00\r\nQUIT\n"
)

// Parse reads a PROXY header, version 1 or 2, that b begins with, and gives its length n. When b
// may become a header but is not whole, n is 0 and err is nil: call again with more bytes, at most
// MaxV2. Every other n comes without an error. It allocates nothing but errors.
//
// It follows "The PROXY protocol, versions 1 & 2" by W. Tarreau, and is strict where that leaves
// room: datagrams are no connection, a TLV may not be cut short, a checksum counts if there is one.
func Parse(b []byte) (header Header, n int, err error) {
	switch {
	case begins(b, signature1):
		return parseV1(b)
	case begins(b, signature2):
		return parseV2(b)
	}
	return Header{}, 0, ErrAbsent
}

// begins says whether b begins with the signature or may do so with more bytes.
func begins(b []byte, signature string) bool {
	n := min(len(b), len(signature))
	return bytes.Equal(b[:n], []byte(signature[:n]))
}
