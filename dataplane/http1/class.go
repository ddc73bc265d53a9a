package http1

// class tells for each byte where it may stand.
var class = newClasses()

const (
	// tokenByte is a tchar of RFC 9110 section 5.6.2.
	tokenByte uint8 = 1 << iota
	// nameByte is what most names are made of: letters, digits and hyphens.
	nameByte
	// targetByte may be in a request target: everything visible, bytes from 0x80 included, but '#'.
	targetByte
	// hostByte is unreserved or a sub-delim (RFC 3986 section 2) but ',', which separates values.
	hostByte
	// quotedByte is qdtext of RFC 9110 section 5.6.4.
	quotedByte
	// controlByte may not be in a value: controls but HTAB, and DEL.
	controlByte
)

func newClasses() (classes [256]uint8) {
	const alphanumeric = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	mark := func(bytes string, bit uint8) {
		for i := range len(bytes) {
			classes[bytes[i]] |= bit
		}
	}
	for c := range 256 {
		if c < ' ' && c != '\t' || c == 0x7f {
			classes[c] |= controlByte
			continue
		}
		if c > ' ' && c != '#' {
			classes[c] |= targetByte
		}
		if c != '"' && c != '\\' {
			classes[c] |= quotedByte
		}
	}
	mark(alphanumeric, tokenByte|nameByte|hostByte)
	mark("-", nameByte)
	mark("!#$%&'*+-.^_`|~", tokenByte)
	mark("-._~!$&'()*+;=", hostByte)
	return classes
}

// span gives the end of the run of bytes of a class that begins at i.
func span(s string, i int, of uint8) int {
	for i < len(s) && class[s[i]]&of != 0 {
		i++
	}
	return i
}

// isToken says whether s is a token.
func isToken(s string) bool { return s != "" && span(s, 0, tokenByte) == len(s) }
