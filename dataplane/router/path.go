package router

import (
	"bytes"
	"errors"
	"strings"
)

// Faults of a request's path, for which the answer is 400.
var (
	errNotAbsolute   = errors.New("the path does not begin with a slash")
	errBadEscape     = errors.New("the path has a percent sign that is not followed by two hexadecimal digits")
	errControl       = errors.New("the path has a control character")
	errBackslash     = errors.New("the path has a backslash")
	errEncodedSlash  = errors.New("the path has an encoded slash")
	errFragment      = errors.New("the path has a fragment")
	errAboveRoot     = errors.New("the path leads above the root")
	errOverlong      = errors.New("the path has an overlong encoding of ASCII")
	errParameterDots = errors.New("the path has a parameter on an empty or dot segment")
)

// What NormalPath does with a byte.
const (
	plain  = iota // stays as it is
	escape        // is percent-encoded: not allowed in a path, but of one meaning only
	refuse        // control characters, backslash, fragment
)

var kinds = pathKinds()

func pathKinds() (table [256]byte) {
	for i := range table {
		table[i] = escape
	}
	for i := range 0x20 {
		table[i] = refuse
	}
	table[0x7f], table['\\'], table['#'] = refuse, refuse, refuse
	const allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/%"
	for i := range len(allowed) {
		table[allowed[i]] = plain
	}
	return table
}

// NormalPath gives the one form of a path on which rules are matched and which backends see:
// unreserved characters decoded, other escapes in upper case, dot segments resolved, slashes
// merged. It refuses what two parsers may read differently: encoded slashes and control
// characters, backslashes, fragments, dot segments with parameters, ways above the root. A path
// that is in normal form is returned as it is, without allocation.
func NormalPath(raw string) (string, error) {
	if raw == "" || raw[0] != '/' {
		return "", errNotAbsolute
	}
	if isNormal(raw) {
		return raw, nil
	}
	decoded, err := decodePath(raw)
	if err != nil {
		return "", err
	}
	if overlong(decoded) {
		return "", errOverlong
	}
	return resolveDots(decoded)
}

// overlong says whether a path, whose escapes are in one form, has an ASCII character in more bytes of
// UTF-8 than it needs (RFC 3629 section 3): old decoders take C0 AE for a dot and C0 AF for a slash.
// A byte C0 by itself may be of another encoding.
func overlong(path string) bool {
	for {
		at := strings.IndexByte(path, '%')
		if at < 0 {
			return false
		}
		path = path[at:]
		for _, begin := range [...]string{"%C0%", "%C1%", "%E0%8", "%F0%80%8"} {
			if rest, found := strings.CutPrefix(path, begin); found && rest != "" && (begin[len(begin)-1] != '%' || '8' <= rest[0] && rest[0] <= 'B') {
				return true
			}
		}
		path = path[1:]
	}
}

// isNormal is a cheap test that may say no to a path that is normal.
func isNormal(path string) bool {
	for i := range len(path) {
		switch c := path[i]; {
		case kinds[c] != plain, c == '%', c == ';':
			return false
		case c == '/' && i+1 < len(path) && (path[i+1] == '/' || path[i+1] == '.'):
			return false
		}
	}
	return true
}

// decodePath brings escapes into one form, without regard to segments.
func decodePath(raw string) (string, error) {
	out := make([]byte, 0, len(raw)+8)
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case c == '%':
			b, ok := unhex(raw, i)
			if !ok {
				return "", errBadEscape
			}
			var err error
			if out, err = appendEscaped(out, b); err != nil {
				return "", err
			}
			i += 2
		case kinds[c] == plain:
			out = append(out, c)
		case kinds[c] == escape:
			out = appendHex(out, c)
		default:
			return "", refusal(c)
		}
	}
	return string(out), nil
}

// appendEscaped adds a byte that came percent-encoded.
func appendEscaped(out []byte, b byte) ([]byte, error) {
	switch {
	case b == '/':
		return nil, errEncodedSlash
	case b == '\\':
		return nil, errBackslash
	case b < 0x20 || b == 0x7f:
		return nil, errControl
	case unreserved(b):
		return append(out, b), nil
	}
	return appendHex(out, b), nil
}

func refusal(c byte) error {
	switch c {
	case '\\':
		return errBackslash
	case '#':
		return errFragment
	}
	return errControl
}

// resolveDots merges slashes and removes dot segments.
func resolveDots(path string) (string, error) {
	out := make([]byte, 0, len(path))
	for rest := path[1:]; ; {
		segment, tail, more := strings.Cut(rest, "/")
		if parametered(segment) {
			return "", errParameterDots
		}
		switch segment {
		case "", ".":
		case "..":
			if len(out) == 0 {
				return "", errAboveRoot
			}
			out = out[:bytes.LastIndexByte(out, '/')]
		default:
			out = append(append(out, '/'), segment...)
		}
		if !more {
			if segment == "" || segment == "." || segment == ".." {
				out = append(out, '/')
			}
			return string(out), nil
		}
		rest = tail
	}
}

// parametered says that a segment is nothing or dots before its parameters: some servers take it
// for a dot segment and some do not.
func parametered(segment string) bool {
	name, _, raw := strings.Cut(segment, ";")
	name, _, encoded := strings.Cut(name, "%3B")
	return (raw || encoded) && (name == "" || name == "." || name == "..")
}

func unreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '.' || c == '_' || c == '~'
}

func appendHex(out []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(out, '%', digits[c>>4], digits[c&15])
}

// unhex reads the two hexadecimal digits after the percent sign at i.
func unhex(s string, i int) (byte, bool) {
	if i+2 >= len(s) {
		return 0, false
	}
	high, ok1 := hexDigit(s[i+1])
	low, ok2 := hexDigit(s[i+2])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
