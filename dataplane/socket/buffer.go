package socket

import "sync"

// Sizes of buffers in bytes. A head that does not fit into a small one is moved to a large one.
const (
	Small = 8 << 10
	Large = 64 << 10
)

// Buffer is memory from a pool.
type Buffer struct {
	// Bytes has the length of its class. Its owner may slice it but not grow it.
	Bytes []byte
	class *Class
}

// Class is a pool of buffers of one size.
type Class struct {
	pool sync.Pool
}

// SmallBuffers and LargeBuffers are shared by all connections of the process.
var (
	SmallBuffers = newClass(Small)
	LargeBuffers = newClass(Large)
)

func newClass(size int) *Class {
	c := &Class{}
	c.pool.New = func() any { return &Buffer{Bytes: make([]byte, size), class: c} }
	return c
}

// Get takes a buffer, whose content is undefined.
func (c *Class) Get() *Buffer {
	return c.pool.Get().(*Buffer) //nolint:errcheck // New makes nothing else
}

// Free gives the buffer back. Nothing may look at it afterwards. Freeing nil does nothing.
func (b *Buffer) Free() {
	if b != nil {
		b.class.pool.Put(b)
	}
}
