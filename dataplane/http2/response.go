package http2

import "github.com/fleetgate/fleetgate/dataplane/message"

// response gives the status of the list and the length of the body: that of Content-Length if there
// is one, else Unknown. A list that is malformed is refused.
func (h *head) response() (status int, length int64, v verdict) {
	if h.verdict != verdictSound {
		return 0, 0, h.verdict
	}
	status = parseStatus(h.status)
	if h.pseudo != pseudoStatus || status == 0 || status == 101 {
		h.refuse(verdictMalformed, "bad :status")
		return 0, 0, h.verdict
	}
	length = message.Unknown
	if h.hasLength {
		length = h.length
	}
	return status, length, verdictSound
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
