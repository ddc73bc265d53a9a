package router

import (
	"strings"
)

// NormalHost gives the hostname of a Host or :authority field: lower case, without port and
// without the trailing dot. It is false for what no hostname or address looks like.
func NormalHost(authority string) (string, bool) {
	host, ok := cutPort(authority)
	if !ok {
		return "", false
	}
	host = strings.TrimSuffix(host, ".")
	upper := false
	for i := range len(host) {
		switch c := host[i]; {
		case 'A' <= c && c <= 'Z':
			upper = true
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9', c == '-', c == '.', c == '_', c == ':', c == '[', c == ']':
		default:
			return "", false
		}
	}
	if upper {
		host = strings.ToLower(host)
	}
	return host, len(host) <= 255 && !strings.HasPrefix(host, ".") && !strings.Contains(host, "..")
}

// cutPort takes ":port" off; an IPv6 address stays in its brackets.
func cutPort(authority string) (string, bool) {
	host, port := authority, ""
	if strings.HasPrefix(authority, "[") {
		end := strings.IndexByte(authority, ']')
		if end < 0 {
			return "", false
		}
		host, port = authority[:end+1], authority[end+1:]
	} else if i := strings.IndexByte(authority, ':'); i >= 0 {
		host, port = authority[:i], authority[i:]
	}
	if port == "" {
		return host, true
	}
	if port[0] != ':' || len(port) > 6 {
		return "", false
	}
	for _, c := range port[1:] {
		if c < '0' || c > '9' {
			return "", false
		}
	}
	return host, true
}
