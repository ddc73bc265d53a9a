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

// index finds values by hostname: exact, then the wildcards from the longest suffix to the
// shortest, then the value for any hostname.
type index[V any] struct {
	exact map[string]V
	// wild is by suffix, from the dot on: "*.example.com" is ".example.com".
	wild map[string]V
	// fallback is for any hostname; it counts only if there is one.
	fallback    V
	hasFallback bool
	// longest is the length of the longest suffix in wild: it bounds the walk.
	longest int
}

// cursor remembers where a walk through an index is; its zero value is the beginning.
type cursor struct {
	stage int
	rest  string
}

func (x *index[V]) set(hostname string, value V) {
	switch {
	case hostname == "":
		x.fallback, x.hasFallback = value, true
	case strings.HasPrefix(hostname, "*."):
		if x.wild == nil {
			x.wild = map[string]V{}
		}
		x.wild[hostname[1:]] = value
		x.longest = max(x.longest, len(hostname)-1)
	default:
		if x.exact == nil {
			x.exact = map[string]V{}
		}
		x.exact[hostname] = value
	}
}

func (x *index[V]) remove(hostname string) {
	switch {
	case hostname == "":
		var none V
		x.fallback, x.hasFallback = none, false
	case strings.HasPrefix(hostname, "*."):
		delete(x.wild, hostname[1:])
	default:
		delete(x.exact, hostname)
	}
}

// next gives the next less specific value for host.
func (x *index[V]) next(host string, at *cursor) (V, bool) {
	if at.stage == 0 {
		at.stage, at.rest = 1, host
		if v, ok := x.exact[host]; ok {
			return v, true
		}
	}
	for at.stage == 1 {
		dot := -1
		if len(x.wild) > 0 && at.rest != "" {
			dot = strings.IndexByte(at.rest[1:], '.')
		}
		if dot < 0 {
			at.stage = 2
			break
		}
		at.rest = at.rest[1+dot:]
		if len(at.rest) > x.longest {
			continue
		}
		if v, ok := x.wild[at.rest]; ok {
			return v, true
		}
	}
	if at.stage == 2 {
		at.stage = 3
		return x.fallback, x.hasFallback
	}
	var none V
	return none, false
}
