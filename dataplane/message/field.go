package message

import "strings"

// Field is one header or trailer field.
type Field struct {
	// Name is a token, in the spelling in which it came.
	Name string
	// Value is without white space around it, and without control characters but tabs.
	Value string
	// ID tells names apart that mean something to a proxy.
	ID ID
	// Hop says that the field is of one connection and is not passed on: one of the names below, or
	// one that the Connection field names.
	Hop bool
}

// NewField makes a field; the name must be a token and the value be clean.
func NewField(name, value string) Field {
	id := Identify(name)
	return Field{Name: name, Value: value, ID: id, Hop: id.Hop()}
}

// ID is the identity of a field name.
type ID uint8

// Names that mean something to a proxy.
const (
	Other ID = iota

	// Connection and those that follow are of one connection.
	Connection
	KeepAlive
	ProxyAuthenticate
	ProxyAuthorization
	ProxyConnection
	TE
	TrailerNames // the field Trailer
	TransferEncoding
	UpgradeTo // the field Upgrade
	HTTP2Settings

	// Host and those that follow cannot be made one connection's by a sender, see Nominable.
	Host
	ContentLength
	Expect
	XForwardedFor
	XForwardedProto
	XForwardedPort
	XForwarded // any other X-Forwarded-*
	Forwarded
	XRealIP
	XRequestID
	EndToEnd // any other
)

// Hop says whether a field is of one connection by its name (RFC 9110 section 7.6.1).
func (id ID) Hop() bool { return Connection <= id && id <= HTTP2Settings }

// Nominable says whether a Connection field may make the field one connection's. Without some, a
// message would mean something else or be framed in another way, so they cannot be taken away.
func (id ID) Nominable() bool { return id < Host }

var names = map[string]ID{
	"connection": Connection, "keep-alive": KeepAlive, "proxy-authenticate": ProxyAuthenticate,
	"proxy-authorization": ProxyAuthorization, "proxy-connection": ProxyConnection, "te": TE, "trailer": TrailerNames,
	"transfer-encoding": TransferEncoding, "upgrade": UpgradeTo, "http2-settings": HTTP2Settings,
	"host": Host, "content-length": ContentLength, "expect": Expect, "x-forwarded-for": XForwardedFor,
	"x-forwarded-proto": XForwardedProto, "x-forwarded-port": XForwardedPort, "forwarded": Forwarded,
	"x-real-ip": XRealIP, "x-request-id": XRequestID,
	"content-type": EndToEnd, "content-encoding": EndToEnd, "authorization": EndToEnd, "cookie": EndToEnd,
	"set-cookie": EndToEnd, "cache-control": EndToEnd, "date": EndToEnd,
}

// slots are the names by length and first letter, so that most names are told apart by one load.
var slots = newSlots()

const longestName = 19

type slot struct {
	name string
	id   ID
}

func newSlots() (table [longestName + 1][32][]slot) {
	for name, id := range names {
		at := &table[len(name)][name[0]&31]
		*at = append(*at, slot{name, id})
	}
	return table
}

// Identify gives the identity of a name, without regard to case.
func Identify(name string) ID {
	if len(name) == 0 {
		return Other
	}
	if len(name) <= longestName {
		for _, s := range slots[len(name)][name[0]&31] {
			if strings.EqualFold(s.name, name) {
				return s.id
			}
		}
	}
	if name[0]|0x20 == 'x' && len(name) > len("x-forwarded-") && strings.EqualFold(name[:len("x-forwarded-")], "x-forwarded-") {
		return XForwarded
	}
	return Other
}

// twinLength is how much of a name IsTwin looks at; no name that is known is as long.
const twinLength = 32

// IsTwin says whether a name would be one that means something to a proxy if every byte but letters and
// digits were a hyphen. Programs that hand fields on as variables (RFC 3875 section 4.1.18) take such
// names for one: mostly the underscore, but some of them any such byte.
func IsTwin(name string) bool {
	var plain [twinLength]byte
	n := copy(plain[:], name)
	for i, c := range plain[:n] {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			if c < '0' || c > '9' {
				plain[i] = '-'
			}
		}
	}
	return string(plain[:n]) != name[:n] && Identify(string(plain[:n])) != Other
}

// HasToken says whether a comma-separated value has a token, without regard to case.
func HasToken(value, token string) bool {
	for part := range strings.SplitSeq(value, ",") {
		if strings.EqualFold(strings.Trim(part, " \t"), token) {
			return true
		}
	}
	return false
}

// Nominate marks the fields that a Connection field's value names as one connection's.
func Nominate(fields []Field, value string) {
	for part := range strings.SplitSeq(value, ",") {
		name := strings.Trim(part, " \t")
		if name == "" || strings.EqualFold(name, "close") || strings.EqualFold(name, "keep-alive") {
			continue
		}
		for i := range fields {
			if fields[i].ID.Nominable() && strings.EqualFold(fields[i].Name, name) {
				fields[i].Hop = true
			}
		}
	}
}
