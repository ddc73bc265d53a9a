package http2

import (
	"runtime"
	"sync"
	"time"
)

const (
	// dataBound is how much may be pending for streams to append more, so that another frame fits
	// into a large buffer.
	dataBound = largeSize - maxFrameLen - 1024
	// maxPending is how much may be pending for the peer to be served further.
	maxPending = 256 << 10
	// writerRounds is how often a stream writes what others have appended before another goroutine
	// has to.
	writerRounds = 4
)

// output is the writing side: frames that are pending, and who writes them.
type output struct {
	pending []byte
	writing bool
	quiet   sync.Cond // writing has become false
	writers sync.WaitGroup
	// heads wait for place in what is pending; bodies wait for that or for the connection's window.
	// Of the latter each takes one frame's worth and queues again, so that they take turns.
	heads, bodies queue
	// greeted says that the encoder has told the peer that it uses no table.
	greeted bool
	// writeTimeout bounds each write; 0 does not.
	writeTimeout time.Duration
	writeBy      int64
}

// room gives what is pending with place for n more bytes, as long as buffers of the pool can hold
// them; append does the rest. With the lock.
func (l *link) room(n int) []byte {
	have := len(l.pending)
	if cap(l.pending)-have >= n {
		return l.pending
	}
	if have == 0 && l.pending == nil {
		l.pending = getBuffer(max(n, smallSize))[:0]
		return l.pending
	}
	if have+n <= largeSize {
		bigger := getBuffer(max(have+n, smallSize))[:0]
		bigger = append(bigger, l.pending...)
		putBuffer(l.pending)
		l.pending = bigger
	}
	return l.pending
}

// mayWrite says whether somebody has to become the writer.
func (l *link) mayWrite() bool {
	if l.cut {
		l.spill()
	}
	return !l.writing && len(l.pending) > 0
}

// flush writes what is pending, unless somebody else is doing so. With the lock, which it releases
// meanwhile.
func (l *link) flush() {
	if !l.mayWrite() {
		return
	}
	l.writing = true
	if len(l.streams) > 1 {
		// Others that are about to append do so first, and one write serves them all.
		l.mu.Unlock()
		runtime.Gosched()
		l.mu.Lock()
	}
	for round := 0; len(l.pending) > 0; round++ {
		if round == writerRounds {
			l.writers.Go(l.keepWriting)
			return
		}
		l.write()
	}
	l.rest()
}

// push writes what is pending without waiting for it. With the lock.
func (l *link) push() {
	if !l.mayWrite() {
		return
	}
	l.writing = true
	l.writers.Go(l.keepWriting)
}

// keepWriting writes until nothing is pending.
func (l *link) keepWriting() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.pending) > 0 {
		l.write()
	}
	l.rest()
}

// rest ends the turn of a writer.
func (l *link) rest() {
	l.writing = false
	l.quiet.Broadcast()
}

// write writes what is pending now. With the lock, which it releases meanwhile.
func (l *link) write() {
	frames := l.pending
	l.pending = nil
	if l.cut {
		putBuffer(frames)
		return
	}
	l.heads.wakeAll()
	l.bodies.wake()
	if l.writeTimeout > 0 {
		l.writeBy = timeoutOf(l.writeTimeout)
		l.arm(l.writeBy)
	}
	l.mu.Unlock()
	_, err := l.conn.Write(frames)
	putBuffer(frames)
	l.mu.Lock()
	l.writeBy = 0
	if err != nil && !l.cut {
		l.sever(err)
	}
}

// spill forgets what is pending.
func (l *link) spill() {
	if l.pending != nil {
		putBuffer(l.pending)
		l.pending = nil
	}
}
