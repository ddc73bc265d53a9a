package http1

import "github.com/fleetgate/fleetgate/dataplane/message"

// ParseResponse reads a whole head, the bytes that HeadEnd has found, into r, whatever r was before.
// method is that of the request which it answers, never CONNECT. chunked says that the body is
// chunked; a body whose length is Unknown and which is not chunked ends with the connection. Strings
// in r are views of head. After an error, a *Fault of status 502, r means nothing.
//
// Names with an underscore are let through: only on their way into a CGI do they pass for others.
func ParseResponse(head []byte, method string, r *message.Response, limits Limits) (chunked bool, err error) {
	r.Reset()
	if limits.tooLong(head) {
		return false, headTooLarge.ofResponse()
	}
	s := view(head)
	m := meaning{}
	version, length, f := parseStatusLine(s, r)
	if f == sound {
		r.Fields, f = m.parseFields(s[length:], r.Fields, limits.fields())
	}
	if f == sound {
		chunked, f = m.finishResponse(version, method, r)
	}
	return chunked, f.ofResponse()
}

// parseStatusLine reads the first line (RFC 9112 section 4), and gives its length with its CRLF. The
// space before an empty reason phrase may be missing.
func parseStatusLine(s string, r *message.Response) (version message.Version, length int, f flaw) {
	const start, end = len("HTTP/1.1 "), len("HTTP/1.1 200")
	if len(s) < end+2 {
		return 0, 0, badHead
	}
	if s[start-1] != ' ' {
		return 0, 0, badStatusLine
	}
	if version, f = parseVersion(s[:start-1]); f != sound {
		return 0, 0, f
	}
	for _, c := range []byte(s[start:end]) {
		if !isDigit(c) {
			return 0, 0, badStatusLine
		}
		r.Status = r.Status*10 + int(c-'0')
	}
	if r.Status < 100 || r.Status > 599 {
		return 0, 0, badStatus
	}
	reason := end
	if s[end] == ' ' {
		reason++
	} else if s[end] != '\r' {
		return 0, 0, badStatusLine
	}
	stop := reason + firstControl(s[reason:])
	if stop+1 >= len(s) || s[stop] != '\r' || s[stop+1] != '\n' {
		return 0, 0, badEnd(s, stop)
	}
	if s[reason:stop] != message.Reason(r.Status) {
		r.Reason = s[reason:stop]
	}
	return version, stop + 2, sound
}

// finishResponse sets what the fields mean together (RFC 9112 section 6.3).
func (m *meaning) finishResponse(version message.Version, method string, r *message.Response) (chunked bool, f flaw) {
	if m.codings > 0 {
		if version < message.HTTP11 {
			return false, oldCoding
		}
		if m.lengths > 0 {
			return false, codingAndLength
		}
		chunked = true
	}
	never := r.Status < 200 || r.Status == 204
	r.Bodiless = never || r.Status == 304 || method == methodHead
	r.Close = !m.persists(version)
	r.ContentLength = message.Unknown
	switch {
	case never && chunked:
		return false, codingWithoutBody
	case never:
		// Backends do say "Content-Length: 0" here, against RFC 9110 section 8.6, and it changes
		// nothing: by its status there is no body. Any other length puts in doubt what comes next.
		r.Close = r.Close || m.length > 0
	case m.lengths > 0:
		r.ContentLength = m.length
	case !chunked && !r.Bodiless:
		r.Close = true
	}
	if r.Status == 101 {
		if r.Upgrade = m.protocol(version); r.Upgrade == "" {
			return false, badUpgrade
		}
	}
	return chunked, sound
}
