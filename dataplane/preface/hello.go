package preface

import (
	"errors"
	"fmt"
	"slices"
)

// MaxHello bounds the bytes of the records that hold a ClientHello.
const MaxHello = 16 << 10

const (
	maxRecords    = 64 // a hello in more pieces than these is an attempt to make it dear
	maxExtensions = 64
	maxName       = 255

	typeHandshake   = 22
	typeClientHello = 1
	recordHead      = 5
	messageHead     = 4

	extensionServerName   = 0
	extensionALPN         = 16
	extensionPreSharedKey = 41
)

// Faults of a ClientHello, told apart with errors.Is.
var (
	// ErrNotTLS says that the bytes are no TLS handshake.
	ErrNotTLS = errors.New("not a TLS handshake")
	// ErrHello says that the ClientHello breaks the rules of RFC 8446 section 4.1.2 or RFC 6066 section 3.
	ErrHello = errors.New("invalid ClientHello")
	// ErrHelloTooLong says that a ClientHello exceeds MaxHello or has too many parts.
	ErrHelloTooLong = errors.New("ClientHello too long")
)

// Hello is what a TLS client asks for before anything is encrypted.
type Hello struct {
	// ServerName is the name of the server (SNI), lower case, "" when the client sent none. It has
	// no byte that a hostname cannot have, and no dot at its end.
	ServerName string
	// Length is the number of bytes of the records that hold the ClientHello.
	Length int

	protocols cursor
}

// ClientHello reads the ClientHello in the TLS records that b begins with, without taking them
// away. need says that b may become one but is not whole: call again with more bytes, at most
// MaxHello. Only what tells the name and the protocols is understood, and everything around it
// walked with its lengths checked; a server may still refuse what is accepted here. Values that
// stand for nothing (GREASE, RFC 8701) are passed over. It allocates the name and errors alone.
func ClientHello(b []byte) (hello Hello, need bool, err error) {
	length, message, err := frame(b)
	if length == 0 || err != nil {
		return Hello{}, err == nil, err
	}
	hello.Length = length
	if err := hello.read(&cursor{b: b, left: message}); err != nil {
		return Hello{}, false, err
	}
	return hello, false, nil
}

// Offers says whether the client offers an application protocol (ALPN, RFC 7301), such as "h2". It
// looks into the bytes that were given to ClientHello.
func (h *Hello) Offers(protocol string) bool {
	for list := h.protocols; list.left > 0; {
		one, ok := list.vector(1)
		if !ok {
			return false
		}
		if one.is(protocol) {
			return true
		}
	}
	return false
}

// Protocols gives the application protocols that the client offers in its order of preference.
func (h *Hello) Protocols() (names []string) {
	for list := h.protocols; list.left > 0; {
		one, ok := list.vector(1)
		if !ok {
			return names
		}
		names = append(names, one.text())
	}
	return names
}

// read walks the message.
func (h *Hello) read(c *cursor) error {
	const versionAndRandom = 2 + 32
	if !c.skip(messageHead + versionAndRandom) {
		return fmt.Errorf("%w: it is cut short", ErrHello)
	}
	session, ok1 := c.vector(1)
	ciphers, ok2 := c.vector(2)
	compressions, ok3 := c.vector(1)
	if !ok1 || !ok2 || !ok3 || session.left > 32 || ciphers.left == 0 || ciphers.left%2 != 0 || compressions.left == 0 {
		return fmt.Errorf("%w: session, cipher suites or compression methods", ErrHello)
	}
	if c.left == 0 {
		return nil // a client of TLS 1.2 or before may have no extensions
	}
	extensions, ok := c.vector(2)
	if !ok || c.left != 0 {
		return fmt.Errorf("%w: extensions of a wrong length", ErrHello)
	}
	return h.extensions(&extensions)
}

func (h *Hello) extensions(c *cursor) error {
	var seen [maxExtensions]uint16
	for n := 0; c.left > 0; n++ {
		kind, ok1 := c.uint16()
		value, ok2 := c.vector(2)
		switch {
		case !ok1 || !ok2:
			return fmt.Errorf("%w: an extension is cut short", ErrHello)
		case n == maxExtensions:
			return fmt.Errorf("%w: more than %d extensions", ErrHelloTooLong, maxExtensions)
		}
		if slices.Contains(seen[:n], kind) {
			return fmt.Errorf("%w: extension %d twice", ErrHello, kind)
		}
		seen[n] = kind
		if err := h.extension(kind, value, c.left == 0); err != nil {
			return err
		}
	}
	return nil
}

func (h *Hello) extension(kind uint16, value cursor, last bool) (err error) {
	switch kind {
	case extensionServerName:
		h.ServerName, err = serverName(value)
	case extensionALPN:
		h.protocols, err = protocolList(value)
	case extensionPreSharedKey:
		if !last {
			err = fmt.Errorf("%w: something comes after the pre-shared keys", ErrHello)
		}
	}
	return err
}

// protocolList checks a ProtocolNameList (RFC 7301 section 3.1) and gives its inside.
func protocolList(value cursor) (cursor, error) {
	list, ok := value.vector(2)
	if !ok || value.left != 0 || list.left == 0 {
		return cursor{}, fmt.Errorf("%w: list of protocols", ErrHello)
	}
	for walk := list; walk.left > 0; {
		one, ok := walk.vector(1)
		if !ok || one.left == 0 {
			return cursor{}, fmt.Errorf("%w: name of a protocol", ErrHello)
		}
	}
	return list, nil
}
