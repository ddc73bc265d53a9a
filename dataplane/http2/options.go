package http2

import (
	"cmp"
	"time"
)

// ServerOptions bound what a client may do. The zero value is usable.
type ServerOptions struct {
	// MaxStreams is how many streams a client may have at once (RFC 9113 section 5.1.2); default 100.
	// A stream that was reset counts until its handler has returned.
	MaxStreams int
	// MaxHeaderBytes bounds a decoded header list: the bytes of names and values, and 32 for each
	// field; default 32 KiB. What is larger is answered with 431. Encoded blocks may have twice that.
	MaxHeaderBytes int
	// MaxFields bounds the number of fields of a header list; default 100.
	MaxFields int
	// StreamWindow and ConnWindow are how many bytes of bodies a client may send that were not
	// taken; defaults 64 KiB and 1 MiB. ConnWindow is at least 64 KiB.
	StreamWindow, ConnWindow int32
	// IdleTimeout is how long no stream may be open; default 90 s.
	IdleTimeout time.Duration
	// HeaderTimeout bounds the preface, and each header block from its first frame to its last one;
	// default 10 s.
	HeaderTimeout time.Duration
	// WriteTimeout bounds each write, and each wait of a stream for windows; default 60 s.
	WriteTimeout time.Duration
}

func (o ServerOptions) withDefaults() ServerOptions {
	return ServerOptions{
		MaxStreams:     cmp.Or(o.MaxStreams, 100),
		MaxHeaderBytes: cmp.Or(o.MaxHeaderBytes, 32<<10),
		MaxFields:      cmp.Or(o.MaxFields, 100),
		StreamWindow:   cmp.Or(o.StreamWindow, 64<<10),
		ConnWindow:     max(cmp.Or(o.ConnWindow, 1<<20), defaultWindow),
		IdleTimeout:    cmp.Or(o.IdleTimeout, 90*time.Second),
		HeaderTimeout:  cmp.Or(o.HeaderTimeout, 10*time.Second),
		WriteTimeout:   cmp.Or(o.WriteTimeout, time.Minute),
	}
}

// ClientOptions bound what a backend may do. The zero value is usable.
type ClientOptions struct {
	// MaxStreams is how many streams are used at once, whatever the backend allows; default 1000.
	MaxStreams int
	// MaxHeaderBytes and MaxFields are as for a server; defaults 64 KiB and 200.
	MaxHeaderBytes, MaxFields int
	// StreamWindow and ConnWindow are as for a server; defaults 256 KiB and 4 MiB.
	StreamWindow, ConnWindow int32
	// HeaderTimeout bounds the backend's SETTINGS, and each header block from its first frame to its
	// last one; default 10 s.
	HeaderTimeout time.Duration
	// WriteTimeout bounds each write; default 60 s.
	WriteTimeout time.Duration
	// PingAfter is how long nothing may come while calls wait before the backend is asked for a sign
	// of life (PING), and how long it then has to give one; default 15 s, negative for never.
	PingAfter time.Duration
}

func (o ClientOptions) withDefaults() ClientOptions {
	return ClientOptions{
		MaxStreams:     cmp.Or(o.MaxStreams, 1000),
		MaxHeaderBytes: cmp.Or(o.MaxHeaderBytes, 64<<10),
		MaxFields:      cmp.Or(o.MaxFields, 200),
		StreamWindow:   cmp.Or(o.StreamWindow, 256<<10),
		ConnWindow:     max(cmp.Or(o.ConnWindow, 4<<20), defaultWindow),
		HeaderTimeout:  cmp.Or(o.HeaderTimeout, 10*time.Second),
		WriteTimeout:   cmp.Or(o.WriteTimeout, time.Minute),
		PingAfter:      cmp.Or(o.PingAfter, 15*time.Second),
	}
}
