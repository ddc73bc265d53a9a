package router

import (
	"net/url"
	"strings"
)

// queryValue gives the first value of a parameter, still encoded.
func queryValue(raw, name string) (string, bool) {
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		key, value, _ := strings.Cut(pair, "=")
		if equalDecoded(key, name) {
			return value, true
		}
	}
	return "", false
}

// equalDecoded compares an encoded part of a query with a plain string, without allocation. What
// is not a valid escape stands for itself.
func equalDecoded(encoded, plain string) bool {
	if encoded == plain && !strings.ContainsAny(encoded, "%+") {
		return true
	}
	at := 0
	for i := 0; i < len(encoded); i++ {
		c := encoded[i]
		switch c {
		case '+':
			c = ' '
		case '%':
			if b, ok := unhex(encoded, i); ok {
				c = b
				i += 2
			}
		}
		if at >= len(plain) || plain[at] != c {
			return false
		}
		at++
	}
	return at == len(plain)
}

// decoded gives the plain form of an encoded value; it allocates only when there is something to decode.
func decoded(encoded string) string {
	if !strings.ContainsAny(encoded, "%+") {
		return encoded
	}
	if plain, err := url.QueryUnescape(encoded); err == nil {
		return plain
	}
	return encoded
}

// NormalQuery gives a query in which every byte may stand in a request line: what may not is
// percent-encoded. It refuses control characters and fragments. Pairs, also empty ones and ones
// divided by ";", stay as they are.
func NormalQuery(raw string) (string, error) {
	clean := true
	for i := range len(raw) {
		c := raw[i]
		if c < 0x20 || c == 0x7f || c == '#' {
			return "", refusal(c)
		}
		clean = clean && queryByte(c)
	}
	if clean {
		return raw, nil
	}
	out := make([]byte, 0, len(raw)+16)
	for i := range len(raw) {
		if c := raw[i]; queryByte(c) {
			out = append(out, c)
		} else {
			out = appendHex(out, c)
		}
	}
	return string(out), nil
}

func queryByte(c byte) bool {
	return c < 0x80 && c != ' ' && c != '"' && c != '<' && c != '>'
}
