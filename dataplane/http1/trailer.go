package http1

import (
	"bytes"
	"slices"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// line reads a line of the trailer section (RFC 9112 section 7.1.2): a field, or the empty line.
func (c *Chunks) line(b []byte) int {
	room := MaxTrailerBytes - c.trailer
	end := bytes.IndexByte(b[:min(len(b), room)], '\n') + 1
	if end == 0 {
		if len(b) >= room {
			c.fault = trailersTooLarge
		}
		return 0
	}
	c.trailer += end
	if end == 2 && b[0] == '\r' {
		c.part = nothingPart
		return end
	}
	var field message.Field
	_, f := parseField(view(b[:end]), tokenByte, &field)
	if c.fields++; f == sound && c.fields > MaxTrailers {
		f = tooManyTrailers
	}
	if c.fault = f; f != sound {
		return 0
	}
	field = message.NewField(field.Name, field.Value)
	if mayTrail(&field) {
		field.Name, field.Value = strings.Clone(field.Name), strings.Clone(field.Value)
		c.trailers = append(c.trailers, field)
	}
	return end
}

// mayTrail says whether a field may be in a trailer section (RFC 9110 section 6.5.1). Fields that
// frame, route, authenticate or control a message have been acted on before its trailers come; a
// recipient that adds trailers to the head would take them for what was acted on. Such fields are
// dropped and not refused, since a trailer may be dropped at any time, and so is done no harm. The
// underscore is for the CGI heirs, as in heads.
func mayTrail(f *message.Field) bool {
	if f.Hop || f.ID != message.Other || strings.IndexByte(f.Name, '_') >= 0 || message.IsTwin(f.Name) {
		return false
	}
	for _, prefix := range notTrailerPrefixes {
		if hasPrefixFold(f.Name, prefix) {
			return false
		}
	}
	return !slices.ContainsFunc(notTrailers, func(name string) bool { return strings.EqualFold(name, f.Name) })
}

// Besides the names that have a message.ID, which are no trailers either.
var (
	notTrailerPrefixes = []string{"content-", "if-", "access-control-", "x-forwarded", "x-original-", "x-http-method", "sec-"}

	notTrailers = []string{
		"accept-ranges", "age", "allow", "alt-svc", "clear-site-data", "cookie2", "expires", "location", "max-forwards", "origin",
		"pragma", "range", "realm", "referer", "refresh", "retry-after", "set-cookie2", "strict-transport-security", "vary", "via",
		"www-authenticate", "authentication-info", "proxy-authentication-info", "x-accel-redirect", "x-method-override",
		"x-rewrite-url", "x-client-ip", "true-client-ip", "client-ip", "x-host", "early-data", "cdn-loop", "user-agent",
	}
)
