package http1

import (
	"math/bits"
	"unsafe"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// firstControl gives the index of the first control character but HTAB in s, len(s) when there is
// none. Values are long: sixteen bytes are looked at at once, and the rest at the end one by one.
func firstControl(s string) int {
	rest := s
	for len(rest) > 16 {
		low, high := controls(load(rest)), controls(load(rest[8:]))
		if low|high == 0 {
			rest = rest[16:]
			continue
		}
		i := bits.TrailingZeros64(low) / 8
		if low == 0 {
			i = 8 + bits.TrailingZeros64(high)/8
		}
		if class[rest[i]]&controlByte != 0 {
			return len(s) - len(rest) + i
		}
		rest = rest[i+1:]
	}
	i := 0
	for i < len(rest) && class[rest[i]]&controlByte == 0 {
		i++
	}
	return len(s) - len(rest) + i
}

// controls marks bytes below 0x20, and those that one more makes 0x80, by their high bits. A mark may
// be false, for an HTAB and above a byte 0xff; none is missing.
func controls(x uint64) uint64 { return ((x - ones*0x20) | (x + ones)) &^ x & highs }

// load reads eight bytes, the first as the lowest.
func load(s string) uint64 {
	_ = s[7]
	return uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
}

// view gives b as a string without a copy: it is valid as long as b is not written to.
func view(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}

// trim cuts spaces and tabs off both ends.
func trim(s string) string {
	for s != "" && (s[0] == ' ' || s[0] == '\t') {
		s = s[1:]
	}
	return trimEnd(s)
}

// trimEnd cuts spaces and tabs off the end.
func trimEnd(s string) string {
	for s != "" && (s[len(s)-1] == ' ' || s[len(s)-1] == '\t') {
		s = s[:len(s)-1]
	}
	return s
}
