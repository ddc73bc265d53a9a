package http3

import (
	"unsafe"

	"golang.org/x/net/http2/hpack"

	"github.com/fleetgate/fleetgate/dataplane/head"
)

// First bits of what represents a field (RFC 9204 sections 4.5.2, 4.5.4 and 4.5.6).
const (
	indexedField = 0x80
	namedField   = 0x40
	literalField = 0x20
)

var errSection = connError(DecompressionFailed, "bad field section")

// decodeSection decodes a field section (RFC 9204 section 4.5) into a list, which has begun. Strings may
// be views of b. A section that refers to the dynamic table is an error, since there is none. When the
// list takes no more, the rest is not looked at: no later section depends on it.
func decodeSection(b []byte, list *head.List) error {
	b, ok := skipPrefix(b)
	for ok && len(b) > 0 {
		var name, value string
		if name, value, b, ok = decodeField(b); ok && !list.Add(name, value) {
			return nil
		}
	}
	if !ok {
		return errSection
	}
	return nil
}

// skipPrefix skips what a section begins with (section 4.5.1). Nothing needs to have been inserted into
// the table, so that the Base is of no use, but must not be negative.
func skipPrefix(b []byte) ([]byte, bool) {
	count, b, ok := decodeNumber(b, 8)
	if !ok || count != 0 || len(b) == 0 || b[0]&0x80 != 0 {
		return nil, false
	}
	_, b, ok = decodeNumber(b, 7)
	return b, ok
}

// decodeField decodes the field that b begins with; b is not empty.
func decodeField(b []byte) (name, value string, rest []byte, ok bool) {
	const static, staticNamed = 0x40, 0x10
	first := b[0]
	var index uint64
	switch {
	case first&indexedField != 0:
		index, b, ok = decodeNumber(b, 6)
		if !ok || first&static == 0 || index >= uint64(len(staticTable)) {
			return "", "", nil, false
		}
		return staticTable[index].name, staticTable[index].value, b, true
	case first&namedField != 0:
		index, b, ok = decodeNumber(b, 4)
		if !ok || first&staticNamed == 0 || index >= uint64(len(staticTable)) {
			return "", "", nil, false
		}
		name = staticTable[index].name
	case first&literalField != 0:
		if name, b, ok = decodeString(b, 3); !ok {
			return "", "", nil, false
		}
	default:
		return "", "", nil, false
	}
	value, b, ok = decodeString(b, 7)
	return name, value, b, ok
}

// decodeString decodes a string whose length has a prefix of some bits, behind the one that says whether
// it is Huffman-coded.
func decodeString(b []byte, prefix uint) (string, []byte, bool) {
	if len(b) == 0 {
		return "", nil, false
	}
	coded := b[0]&(1<<prefix) != 0
	length, b, ok := decodeNumber(b, prefix)
	if !ok || length > uint64(len(b)) {
		return "", nil, false
	}
	text, rest := b[:length], b[length:]
	if !coded {
		return unsafe.String(unsafe.SliceData(text), len(text)), rest, true
	}
	s, err := hpack.HuffmanDecodeToString(text)
	return s, rest, err == nil
}

// decodeNumber decodes a number whose first byte has a prefix of some bits for it (RFC 7541 section
// 5.1). Numbers of more than 62 bits are refused (RFC 9204 section 4.1.1).
func decodeNumber(b []byte, prefix uint) (uint64, []byte, bool) {
	if len(b) == 0 {
		return 0, nil, false
	}
	limit := uint64(1)<<prefix - 1
	n := uint64(b[0]) & limit
	if n < limit {
		return n, b[1:], true
	}
	for i, c := range b[1:] {
		shift := 7 * uint(i)
		if shift > 56 {
			return 0, nil, false
		}
		n += uint64(c&0x7f) << shift
		if c&0x80 == 0 {
			return n, b[i+2:], n < 1<<62
		}
	}
	return 0, nil, false
}
