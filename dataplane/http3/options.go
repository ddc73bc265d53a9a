package http3

import (
	"cmp"
	"time"

	"github.com/quic-go/quic-go"
)

// ServerOptions bound what a client may do. The zero value is usable.
type ServerOptions struct {
	// MaxStreams is how many requests a client may have at once; default 100. A stream counts until its
	// handler has returned.
	MaxStreams int
	// MaxHeaderBytes bounds a field section: the bytes of names and values, and 32 for each field (RFC
	// 9114 section 4.2.2); default 32 KiB. What is larger is answered with 431. Encoded sections may
	// have twice that.
	MaxHeaderBytes int
	// MaxFields bounds the number of fields of a section; default 100.
	MaxFields int
	// IdleTimeout is how long no stream may be open, and how long nothing may be heard of a client that
	// has one; default 90 s.
	IdleTimeout time.Duration
	// HeaderTimeout bounds a handshake, and each request's head; default 10 s.
	HeaderTimeout time.Duration
	// WriteTimeout bounds each write; default 60 s.
	WriteTimeout time.Duration
}

func (o ServerOptions) withDefaults() ServerOptions {
	return ServerOptions{
		MaxStreams:     cmp.Or(o.MaxStreams, 100),
		MaxHeaderBytes: cmp.Or(o.MaxHeaderBytes, 32<<10),
		MaxFields:      cmp.Or(o.MaxFields, 100),
		IdleTimeout:    cmp.Or(o.IdleTimeout, 90*time.Second),
		HeaderTimeout:  cmp.Or(o.HeaderTimeout, 10*time.Second),
		WriteTimeout:   cmp.Or(o.WriteTimeout, time.Minute),
	}
}

const (
	// maxSideStreams is how many unidirectional streams a client may have at once. It needs three.
	maxSideStreams = 8
	// Windows begin small, grow when what comes is taken at once, and bound what is kept for a client.
	streamWindow, maxStreamWindow = 64 << 10, 512 << 10
	connWindow, maxConnWindow     = 256 << 10, 1 << 20
)

// transport is what the options mean to QUIC. 0-RTT is off, since what comes by it can be replayed.
func (o ServerOptions) transport() *quic.Config {
	return &quic.Config{
		HandshakeIdleTimeout: o.HeaderTimeout / 2, // a handshake may take twice that
		MaxIdleTimeout:       o.IdleTimeout,
		// A client that waits for a slow answer is silent too; that it is there is asked for.
		KeepAlivePeriod:                o.IdleTimeout / 2,
		InitialStreamReceiveWindow:     streamWindow,
		MaxStreamReceiveWindow:         maxStreamWindow,
		InitialConnectionReceiveWindow: connWindow,
		MaxConnectionReceiveWindow:     maxConnWindow,
		MaxIncomingStreams:             int64(o.MaxStreams),
		MaxIncomingUniStreams:          maxSideStreams,
		RequireStreamCreditRelease:     true,
	}
}
