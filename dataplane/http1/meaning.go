package http1

import (
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// meaning is what the fields of a head mean together: how its body is framed and what becomes of
// the connection. What they mean is only clear when all of them have been seen.
type meaning struct {
	request bool

	hosts int
	host  string

	lengths int
	length  int64

	codings int

	options   int  // how many options Connection fields have
	close     bool // the options close, keep-alive and upgrade
	keepAlive bool
	switches  bool
	nominates bool // there are other options, which are names of fields

	upgrades int
	upgrade  string
	settings bool // there is HTTP2-Settings

	trailers bool
	expects  bool
	unmet    bool // there is an expectation other than 100-continue
}

// note takes a field in. Flaws that hold for each field by itself are told at once.
func (m *meaning) note(id message.ID, value string) flaw {
	switch id { //nolint:exhaustive // other fields mean nothing here
	case message.Connection:
		return m.noteConnection(value)
	case message.ContentLength:
		return m.noteLength(value)
	case message.TransferEncoding:
		return m.noteCoding(value)
	case message.UpgradeTo:
		m.upgrades++
		m.upgrade = value
	case message.HTTP2Settings:
		m.settings = true
	case message.Host:
		m.hosts++
		m.host = value
	case message.TE:
		m.trailers = m.trailers || strings.EqualFold(value, "trailers") || message.HasToken(value, "trailers")
	case message.Expect:
		m.noteExpect(value)
	}
	return sound
}

// noteExpect takes an Expect field in (RFC 9110 section 10.1.1).
func (m *meaning) noteExpect(value string) {
	if strings.EqualFold(value, "100-continue") {
		m.expects = true
		return
	}
	m.unmet = true
}

// persists says whether the connection goes on after the message (RFC 9112 section 9.3).
func (m *meaning) persists(version message.Version) bool {
	return !m.close && (version >= message.HTTP11 || m.keepAlive)
}
