package http1

import (
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/message"
)

// maxOptions bounds the options of Connection fields, each of which is compared with each field.
const maxOptions = 32

// noteConnection takes a Connection field in (RFC 9110 section 7.6.1).
func (m *meaning) noteConnection(value string) flaw {
	for more := true; more; {
		var option string
		option, value, more = strings.Cut(value, ",")
		option = trim(option)
		switch {
		case option == "":
			continue
		case strings.EqualFold(option, "keep-alive"):
			m.keepAlive = true
		case strings.EqualFold(option, "close"):
			m.close = true
		case strings.EqualFold(option, "upgrade"):
			m.switches = true
		case isToken(option):
			m.nominates = true
		default:
			return badConnection
		}
		m.options++
		if m.options > maxOptions {
			return badConnection
		}
	}
	return sound
}

// protocol is the one protocol that the message asks or agrees to change to (RFC 9110 section 7.8),
// "" for none. HTTP/2 is not one: what would be said in it would pass by the routes, and RFC 9113
// has given up the upgrade.
func (m *meaning) protocol(version message.Version) string {
	if version < message.HTTP11 || !m.switches || m.upgrades != 1 || m.settings {
		return ""
	}
	name, number, versioned := strings.Cut(m.upgrade, "/")
	if !isToken(name) || versioned && !isToken(number) {
		return ""
	}
	if strings.EqualFold(name, "h2c") || strings.EqualFold(name, "h2") || strings.EqualFold(name, "HTTP") {
		return ""
	}
	return m.upgrade
}
