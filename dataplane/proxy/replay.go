package proxy

import (
	"errors"
	"io"
	"sync"
)

var errNotReplayable = errors.New("the body was too large to be kept for another attempt")

// replay lets several attempts read one request body: what an attempt reads is kept, up to
// replayLimit, for the next. An attempt that was given up may still be reading; whatever it gets
// from the client, the next attempt gets too.
type replay struct {
	mutex  sync.Mutex
	source io.Reader
	keep   bool
	kept   []byte
	// consumed is how much of the source was read; it is len(kept) unless that overflowed.
	consumed int64
	overflow bool
	end      error
}

func newReplay(source io.Reader, keep bool) *replay {
	return &replay{source: source, keep: keep}
}

// possible says whether another attempt can read the body from its beginning.
func (b *replay) possible() bool {
	if b == nil {
		return true
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return !b.overflow
}

// whole gives the body if all of it was read and kept.
func (b *replay) whole() ([]byte, bool) {
	if b == nil {
		return nil, true
	}
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return b.kept, errors.Is(b.end, io.EOF) && !b.overflow
}

// reader gives the body of one attempt.
func (b *replay) reader() io.ReadCloser {
	return &attemptBody{replay: b}
}

type attemptBody struct {
	replay *replay
	offset int64
}

// Read implements io.Reader.
func (a *attemptBody) Read(p []byte) (int, error) {
	b := a.replay
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if a.offset < b.consumed {
		if b.overflow {
			return 0, errNotReplayable
		}
		n := copy(p, b.kept[a.offset:])
		a.offset += int64(n)
		return n, nil
	}
	if b.end != nil {
		return 0, b.end
	}
	n, err := b.source.Read(p)
	b.consumed += int64(n)
	a.offset += int64(n)
	b.end = err
	switch {
	case n == 0 || b.overflow:
	case !b.keep || b.consumed > replayLimit:
		b.overflow, b.kept = true, nil
	default:
		b.kept = append(b.kept, p[:n]...)
	}
	return n, err
}

// Close implements io.Closer. The body belongs to the server, which closes it.
func (a *attemptBody) Close() error { return nil }
