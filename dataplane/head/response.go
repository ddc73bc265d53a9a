package head

import "github.com/fleetgate/fleetgate/dataplane/message"

// Response gives the status of the list and the length of the body: that of Content-Length if there
// is one, else Unknown. A list that is malformed is refused.
func (h *List) Response() (status int, length int64, v Verdict) {
	if h.Verdict != Sound {
		return 0, 0, h.Verdict
	}
	status = parseStatus(h.status)
	if h.pseudo != pseudoStatus || status == 0 || status == 101 {
		h.refuse(Malformed, "bad :status")
		return 0, 0, h.Verdict
	}
	length = message.Unknown
	if h.hasLength {
		length = h.length
	}
	return status, length, Sound
}

// parseStatus reads a status of 100 to 999; 0 is none.
func parseStatus(s string) int {
	if len(s) != 3 || s[0] < '1' || s[0] > '9' {
		return 0
	}
	n, ok := parseLength(s)
	if !ok {
		return 0
	}
	return int(n)
}
