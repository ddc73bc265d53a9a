package http2

// staticNames are the names of HPACK's static table (RFC 7541 appendix A); the first has index 1.
// Values are left out but where the encoder uses them, by index.
var staticNames = [...]string{
	":authority", ":method", ":method", ":path", ":path", ":scheme", ":scheme",
	":status", ":status", ":status", ":status", ":status", ":status", ":status",
	"accept-charset", "accept-encoding", "accept-language", "accept-ranges", "accept", "access-control-allow-origin",
	"age", "allow", "authorization", "cache-control", "content-disposition", "content-encoding", "content-language",
	"content-length", "content-location", "content-range", "content-type", "cookie", "date", "etag", "expect", "expires",
	"from", "host", "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "last-modified",
	"link", "location", "max-forwards", "proxy-authenticate", "proxy-authorization", "range", "referer", "refresh",
	"retry-after", "server", "set-cookie", "strict-transport-security", "transfer-encoding", "user-agent", "vary", "via",
	"www-authenticate",
}

// Indices of entries that the encoder knows by heart.
const (
	indexAuthority     = 1
	indexMethodGet     = 2
	indexMethodPost    = 3
	indexPath          = 4
	indexSchemeHTTP    = 6
	indexSchemeHTTPS   = 7
	indexStatus200     = 8
	indexContentLength = 28
)

// staticStatus is the index of a status that the static table has whole.
func staticStatus(status int) byte {
	switch status {
	case 200:
		return indexStatus200
	case 204:
		return 9
	case 206:
		return 10
	case 304:
		return 11
	case 400:
		return 12
	case 404:
		return 13
	case 500:
		return 14
	}
	return 0
}

const longestStaticName = 27

// staticSlot is a name of the static table, and whether its values are secrets, which no hop may put
// into a table (RFC 7541 section 7.1.3).
type staticSlot struct {
	name   string
	index  byte
	secret bool
}

// staticSlots are the names by length and last letter, which tells most of them apart by one load.
var staticSlots = func() (slots [longestStaticName + 1][32][]staticSlot) {
	for i, name := range staticNames {
		if name[0] == ':' {
			continue
		}
		secret := name == "authorization" || name == "proxy-authorization" || name == "cookie" || name == "set-cookie"
		at := &slots[len(name)][name[len(name)-1]&31]
		*at = append(*at, staticSlot{name, byte(i + 1), secret})
	}
	return slots
}()

// staticName looks a name up, without regard to case.
func staticName(name string) (index byte, secret bool) {
	if len(name) == 0 || len(name) > longestStaticName {
		return 0, false
	}
	slots := staticSlots[len(name)][name[len(name)-1]&31]
	for i := range slots {
		if equalLower(slots[i].name, name) {
			return slots[i].index, slots[i].secret
		}
	}
	return 0, false
}

// equalLower says whether a token is a name in lower case, in whatever case it is; both have the
// same length.
func equalLower(lower, token string) bool {
	for i := range len(lower) {
		if lower[i] != lowered[token[i]] {
			return false
		}
	}
	return true
}
