package socket

import (
	"sync"
	"sync/atomic"
)

// Sizes of buffers in bytes. A head that does not fit into a small one is moved to a large one.
const (
	Small = 8 << 10
	Large = 64 << 10
	Huge  = 256 << 10 // for bodies that come faster than they are passed on
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
	// counted says that inUse is kept, which the other classes are spared.
	counted bool
	inUse   atomic.Int64
}

// SmallBuffers, LargeBuffers and HugeBuffers are shared by all connections of the process.
var (
	SmallBuffers = newClass(Small)
	LargeBuffers = newClass(Large)
	HugeBuffers  = newCountedClass(Huge)
)

func newClass(size int) *Class {
	c := &Class{}
	c.pool.New = func() any { return &Buffer{Bytes: make([]byte, size), class: c} }
	return c
}

func newCountedClass(size int) *Class {
	c := newClass(size)
	c.counted = true
	return c
}

// InUse is how many buffers of a counted class are out, those in hand of a read that finds nothing included.
func (c *Class) InUse() int64 { return c.inUse.Load() }

// Get takes a buffer, whose content is undefined.
func (c *Class) Get() *Buffer {
	if c.counted {
		c.inUse.Add(1)
	}
	return c.pool.Get().(*Buffer) //nolint:errcheck // New makes nothing else
}

// Free gives the buffer back. Nothing may look at it afterwards. Freeing nil does nothing.
func (b *Buffer) Free() {
	if b == nil {
		return
	}
	if b.class.counted {
		b.class.inUse.Add(-1)
	}
	b.class.pool.Put(b)
}
