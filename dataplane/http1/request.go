package http1

import "github.com/fleetgate/fleetgate/dataplane/message"

// ParseRequest reads a whole head, the bytes that HeadEnd has found, into r, whatever r was before.
// Strings in r are views of head. After an error, which is a *Fault, r means nothing.
//
// One empty line before the request line is passed over (RFC 9112 section 2.2), for old clients that
// send one behind a body. CONNECT is refused with 405: a gateway is no tunnel. r.Expect and
// r.Trailers are not set for HTTP/1.0, nor is r.Expect for a request without a body.
func ParseRequest(head []byte, r *message.Request, limits Limits) error {
	r.Reset()
	if limits.tooLong(head) {
		return oversize(head).ofRequest()
	}
	s := view(head)
	if len(s) >= 2 && s[0] == '\r' && s[1] == '\n' {
		s = s[2:]
	}
	m := meaning{request: true}
	length, f := parseRequestLine(s, r)
	if f == sound {
		r.Fields, f = m.parseFields(s[length:], r.Fields, limits.fields())
	}
	if f == sound {
		f = m.finishRequest(r)
	}
	return f.ofRequest()
}

// parseRequestLine reads the first line (RFC 9112 section 3), and gives its length with its CRLF.
func parseRequestLine(s string, r *message.Request) (int, flaw) {
	space := span(s, 0, tokenByte)
	if space == 0 || space == len(s) || s[space] != ' ' {
		return 0, badLine(s, space)
	}
	r.Method = s[:space]
	if r.Method == methodConnect {
		return 0, badMethod
	}
	start := space + 1
	end := span(s, start, targetByte)
	if end == len(s) || s[end] != ' ' {
		return 0, badLine(s, end)
	}
	if f := parseTarget(s[start:end], r); f != sound {
		return 0, f
	}
	const size = len("HTTP/1.1\r\n")
	rest := s[end+1:]
	if len(rest) < size || rest[size-2] != '\r' || rest[size-1] != '\n' {
		return 0, badVersionLine(rest)
	}
	var f flaw
	r.Version, f = parseVersion(rest[:size-2])
	return end + 1 + size, f
}

// badLine says what is wrong with the byte at i of a request line.
func badLine(s string, i int) flaw {
	switch {
	case i == len(s):
		return badHead
	case s[i] == '#':
		return badTarget
	case class[s[i]]&controlByte != 0 && badEnd(s, i) != badHead:
		return badEnd(s, i)
	}
	return badRequestLine
}

// badVersionLine says what is wrong with a request line that does not end in eight bytes of version.
func badVersionLine(rest string) flaw {
	if f := badLine(rest, span(rest, 0, targetByte)); f != badTarget {
		return f
	}
	return badRequestLine
}

// parseVersion reads "HTTP/1.0" or "HTTP/1.1" (RFC 9112 section 2.3), in upper case.
func parseVersion(s string) (message.Version, flaw) {
	switch {
	case s == "HTTP/1.1":
		return message.HTTP11, sound
	case s == "HTTP/1.0":
		return message.HTTP10, sound
	case s[:5] == "HTTP/" && isDigit(s[5]) && s[6] == '.' && isDigit(s[7]):
		return 0, otherVersion
	}
	return 0, badVersion
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// finishRequest sets what the fields mean together.
func (m *meaning) finishRequest(r *message.Request) flaw {
	if f := m.finishHost(r); f != sound {
		return f
	}
	r.ContentLength = m.length
	if m.codings > 0 {
		if r.Version < message.HTTP11 {
			return oldCoding
		}
		if m.lengths > 0 {
			return codingAndLength
		}
		r.ContentLength = message.Unknown
	}
	if m.unmet {
		return otherExpectation
	}
	modern := r.Version >= message.HTTP11
	r.Close = !m.persists(r.Version)
	r.Expect = m.expects && modern && r.HasBody()
	r.Trailers = m.trailers && modern
	r.Upgrade = m.protocol(r.Version)
	return sound
}

// finishHost sets the authority (RFC 9112 section 3.2). An absolute target's is the one that counts,
// but Host must be there and sound all the same.
func (m *meaning) finishHost(r *message.Request) flaw {
	switch {
	case m.hosts > 1:
		return manyHosts
	case m.hosts == 0 && r.Version >= message.HTTP11:
		return noHost
	case m.host != "" && !soundAuthority(m.host):
		return badHost
	}
	if r.Authority == "" {
		r.Authority = m.host
	}
	return sound
}
