package proxy

import (
	"net/http"
	"net/textproto"
	"strings"
)

// hopByHop are the fields that belong to one connection.
var hopByHop = []string{
	"Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
	"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Http2-Settings",
}

// removeHopByHop takes away the fields of one connection, and those that Connection names.
func removeHopByHop(header http.Header) {
	for _, line := range header["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			name = textproto.CanonicalMIMEHeaderKey(textproto.TrimString(name))
			if name != "" && !endToEnd[name] {
				delete(header, name)
			}
		}
	}
	for _, name := range hopByHop {
		delete(header, name)
	}
}

// endToEnd are fields that a sender cannot make hop-by-hop: taking them away would change what a
// message means or how it is framed.
var endToEnd = map[string]bool{
	"Host": true, "Content-Length": true, "Content-Type": true, "Content-Encoding": true,
	"Authorization": true, "Cookie": true, "Set-Cookie": true, "Cache-Control": true, "Date": true,
	"X-Forwarded-For": true, "X-Forwarded-Proto": true, "X-Forwarded-Port": true, "X-Forwarded-Host": true,
	"Forwarded": true, "X-Request-Id": true,
}

// hasToken says whether a comma-separated field has a token, without regard to case.
func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(textproto.TrimString(part), token) {
				return true
			}
		}
	}
	return false
}
