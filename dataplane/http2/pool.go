package http2

import "sync"

// Classes of buffers. A small one holds the longest frame; tiny ones are for bodies that are short
// and for streams that send little at a time.
const (
	tinySize  = 2 << 10
	smallSize = 18 << 10
	largeSize = 64 << 10
)

var (
	tinyPool  = sync.Pool{New: func() any { return new([tinySize]byte) }}
	smallPool = sync.Pool{New: func() any { return new([smallSize]byte) }}
	largePool = sync.Pool{New: func() any { return new([largeSize]byte) }}
)

// getBuffer takes a buffer of at least n bytes, if there is a class for it. Its length is that of
// its class, its content undefined.
func getBuffer(n int) []byte {
	switch {
	case n <= tinySize:
		return tinyPool.Get().(*[tinySize]byte)[:] //nolint:errcheck // New makes nothing else
	case n <= smallSize:
		return smallPool.Get().(*[smallSize]byte)[:] //nolint:errcheck // New makes nothing else
	case n <= largeSize:
		return largePool.Get().(*[largeSize]byte)[:] //nolint:errcheck // New makes nothing else
	}
	return make([]byte, n)
}

// putBuffer gives a buffer back, whatever its length is now. It must begin where it began when it was
// taken. What is of no class, because it has grown, is left to the collector.
func putBuffer(b []byte) {
	switch cap(b) {
	case tinySize:
		tinyPool.Put((*[tinySize]byte)(b[:tinySize]))
	case smallSize:
		smallPool.Put((*[smallSize]byte)(b[:smallSize]))
	case largeSize:
		largePool.Put((*[largeSize]byte)(b[:largeSize]))
	}
}
