// Package filter computes what a rule's filters do to a request or a response: header edits,
// paths, redirects, and which requests are mirrored. It sends nothing and knows no protocol engine.
package filter

import (
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// Header is a set of header fields that can be edited; names compare without case.
type Header interface {
	Set(name, value string)
	Add(name, value string)
	Del(name string)
}

// EditHeader applies an edit: first removals, then values that replace, then values that are added.
// Fields that frame the message or belong to the connection are left alone, and so are values that
// no field may have.
func EditHeader(header Header, edit *config.HeaderEdit) {
	if edit == nil {
		return
	}
	for _, name := range edit.Remove {
		if editable(name, "") {
			header.Del(name)
		}
	}
	for _, h := range edit.Set {
		if editable(h.Name, h.Value) {
			header.Set(h.Name, strings.Trim(h.Value, " \t"))
		}
	}
	for _, h := range edit.Add {
		if editable(h.Name, h.Value) {
			header.Add(h.Name, strings.Trim(h.Value, " \t"))
		}
	}
}

var framing = map[string]bool{
	"connection": true, "content-length": true, "keep-alive": true, "proxy-connection": true,
	"te": true, "trailer": true, "transfer-encoding": true, "upgrade": true,
}

func editable(name, value string) bool {
	if name == "" || framing[strings.ToLower(name)] {
		return false
	}
	for i := range len(value) {
		if c := value[i]; c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return IsToken(name)
}

// IsToken says whether a text can be the name of a header or of a cookie (RFC 9110 section 5.6.2).
func IsToken(text string) bool {
	for i := range len(text) {
		if !tokenByte(text[i]) {
			return false
		}
	}
	return text != ""
}

func tokenByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}
