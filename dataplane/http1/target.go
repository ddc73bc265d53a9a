package http1

import (
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// parseTarget sets what a target of sound bytes says (RFC 9112 section 3.2). Its path is not yet
// normalised: escapes and bytes from 0x80 on are as sent.
func parseTarget(target string, r *message.Request) flaw {
	switch {
	case target == "":
		return badRequestLine
	case target[0] == '/':
		r.Target = target
		return sound
	case target == "*":
		if r.Method != methodOptions {
			return badTarget
		}
		r.Target = target
		return sound
	}
	return parseAbsolute(target, r)
}

// parseAbsolute reads a target in absolute form (RFC 9112 section 3.2.2).
func parseAbsolute(target string, r *message.Request) flaw {
	var rest string
	switch {
	case hasPrefixFold(target, "http://"):
		r.Scheme, rest = "http", target[len("http://"):]
	case hasPrefixFold(target, "https://"):
		r.Scheme, rest = "https", target[len("https://"):]
	default:
		return badTarget
	}
	end := strings.IndexAny(rest, "/?")
	if end < 0 {
		end = len(rest)
	}
	r.Authority, r.Target = rest[:end], rest[end:]
	if !soundAuthority(r.Authority) {
		return badTarget
	}
	switch {
	case r.Target == "" && r.Method == methodOptions:
		r.Target = "*" // RFC 9112 section 3.2.4
	case r.Target == "":
		r.Target = "/"
	case r.Target[0] == '?':
		r.Target = "/" + r.Target // the one string that is no view; rare enough
	}
	return sound
}

// hasPrefixFold says whether s begins with a prefix, without regard to case.
func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
