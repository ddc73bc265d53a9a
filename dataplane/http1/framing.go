package http1

import (
	"strings"
)

// maxLength bounds the length of a body, so that sums with it cannot overflow.
const maxLength = 1 << 62

// noteLength takes a Content-Length field in (RFC 9110 section 8.6). A list of equal lengths and
// repeated fields may be taken for one by the RFC, but are signs of two parsers at odds.
func (m *meaning) noteLength(value string) flaw {
	m.lengths++
	if m.lengths > 1 {
		return manyLengths
	}
	n, ok := parseLength(value)
	if !ok {
		return badLength
	}
	m.length = n
	return sound
}

// parseLength reads digits, 19 of them at most, which cannot overflow 64 bits.
func parseLength(s string) (int64, bool) {
	if s == "" || len(s) > 19 {
		return 0, false
	}
	n := uint64(0)
	for i := range len(s) {
		digit := s[i] - '0'
		if digit > 9 {
			return 0, false
		}
		n = n*10 + uint64(digit)
	}
	return int64(n), n <= maxLength
}

// noteCoding takes a Transfer-Encoding field in (RFC 9112 section 6.1). Only "chunked" once and alone
// is understood.
func (m *meaning) noteCoding(value string) flaw {
	m.codings++
	if m.codings > 1 {
		return badCoding
	}
	if strings.EqualFold(value, "chunked") {
		return sound
	}
	return codingFlaw(value)
}

// codingFlaw says what is wrong with a list of codings that is not "chunked" alone: chunked twice or
// before another is broken, a coding before it is unknown here.
func codingFlaw(value string) flaw {
	chunked := false
	for member := range strings.SplitSeq(value, ",") {
		member = trim(member)
		if chunked || !isToken(member) {
			return badCoding
		}
		chunked = strings.EqualFold(member, "chunked")
	}
	return otherCoding
}
