package http1

// soundExtensions says whether s is a list of chunk extensions (RFC 9112 section 7.1.1), each
// ";name" or ";name=value". White space in between, which the RFC calls bad, is not taken.
func soundExtensions(s string) bool {
	for s != "" {
		if s[0] != ';' {
			return false
		}
		end := span(s, 1, tokenByte)
		if end == 1 {
			return false
		}
		if end < len(s) && s[end] == '=' {
			value := end + 1
			if end = extensionValue(s, value); end == value {
				return false
			}
		}
		s = s[end:]
	}
	return true
}

// extensionValue gives the end of the token or quoted string (RFC 9110 section 5.6.4) at i, i when
// there is none.
func extensionValue(s string, i int) int {
	if i == len(s) || s[i] != '"' {
		return span(s, i, tokenByte)
	}
	for at := span(s, i+1, quotedByte); at < len(s); at = span(s, at, quotedByte) {
		switch {
		case s[at] == '"':
			return at + 1
		case s[at] != '\\' || at+1 == len(s) || class[s[at+1]]&controlByte != 0:
			return i
		}
		at += 2
	}
	return i
}
