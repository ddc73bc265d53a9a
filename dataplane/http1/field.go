package http1

import (
	"slices"
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// parseField reads the field line (RFC 9112 section 5) at the front of s into field, and gives its
// length with its CRLF. names is the class of the bytes that a name may have.
func parseField(s string, names uint8, field *message.Field) (length int, f flaw) {
	colon := span(s, 0, names)
	if names == nameByte && colon < len(s) && s[colon] != ':' && class[s[colon]]&tokenByte != 0 {
		var f flaw
		if colon, f = rareName(s, colon); f != sound {
			return 0, f
		}
	}
	if colon == 0 || colon == len(s) || s[colon] != ':' {
		return 0, badName(s, colon)
	}
	field.Name = s[:colon]
	start := colon + 1
	for start < len(s) && (s[start] == ' ' || s[start] == '\t') {
		start++
	}
	end := start + firstControl(s[start:])
	if end+1 >= len(s) || s[end] != '\r' || s[end+1] != '\n' {
		return 0, badEnd(s, end)
	}
	field.Value = trimEnd(s[start:end])
	return end + 2, sound
}

// rareName gives the end of a name with other bytes than nameByte has, the first of them at i. An underscore
// is a hyphen's twin to CGI and its heirs, and to some of them all of those bytes are.
func rareName(s string, i int) (int, flaw) {
	end := span(s, i, tokenByte)
	switch {
	case strings.IndexByte(s[i:end], '_') >= 0:
		return 0, underscore
	case message.IsTwin(s[:end]):
		return 0, twin
	}
	return end, sound
}

// badName says what is wrong with the byte at i, where a name should go on or its colon should be.
func badName(s string, i int) flaw {
	switch {
	case i == len(s):
		return badHead
	case s[i] == ' ' || s[i] == '\t':
		if i == 0 {
			return obsoleteFold
		}
		return spaceBeforeColon
	case s[i] == ':':
		return emptyFieldName
	case class[s[i]]&controlByte != 0 && badEnd(s, i) != badHead:
		return badEnd(s, i)
	}
	return badFieldName
}

// badEnd says what is wrong with the control character at i, where CRLF should be; badHead when the
// text ends or the line does.
func badEnd(s string, i int) flaw {
	switch {
	case i >= len(s):
		return badHead
	case s[i] == '\n':
		return bareLF
	case s[i] != '\r':
		return control
	case i+1 < len(s) && s[i+1] != '\n':
		return bareCR
	}
	return badHead
}

// parseFields reads the fields and the empty line behind them, which must be the end of s. It notes
// what they mean in m, and appends them to fields, without Host if m is of a request.
func (m *meaning) parseFields(s string, fields []message.Field, limit int) ([]message.Field, flaw) {
	names := tokenByte
	if m.request {
		names = nameByte
	}
	for count := 0; !strings.HasPrefix(s, "\r\n"); count++ {
		// The field is read into its place: moving one costs as much as reading it.
		fields = withRoom(fields)
		field := &fields[:len(fields)+1][len(fields)]
		length, f := parseField(s, names, field)
		if f == sound && count == limit {
			f = tooManyFields
		}
		if f == sound {
			f = m.identify(field)
		}
		if f != sound {
			return fields, f
		}
		s = s[length:]
		if field.ID != message.Host || !m.request {
			fields = fields[:len(fields)+1]
		}
	}
	if len(s) > len("\r\n") {
		return fields, badHead
	}
	if m.nominates {
		nominate(fields)
	}
	return fields, sound
}

// withRoom gives fields with room for one more.
func withRoom(fields []message.Field) []message.Field {
	if len(fields) < cap(fields) {
		return fields
	}
	return slices.Grow(fields, 1)
}

// identify sets what the field is, and notes what it means.
func (m *meaning) identify(field *message.Field) flaw {
	field.ID = message.Identify(field.Name)
	field.Hop = field.ID.Hop()
	if field.ID == message.Other || field.ID > message.Expect {
		return sound
	}
	return m.note(field.ID, field.Value)
}

// nominate marks what the Connection fields name, now that all fields are there: they may name one
// that came before them.
func nominate(fields []message.Field) {
	for i := range fields {
		if fields[i].ID == message.Connection {
			message.Nominate(fields, fields[i].Value)
		}
	}
}
