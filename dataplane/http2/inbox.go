package http2

// inbox is what has come of a body and not been taken yet, in buffers from the pool.
type inbox struct {
	pieces []piece
	given  int // bytes of the first piece that Next has given out
	size   int // bytes that are not given out
}

// piece is a buffer of an inbox, of which data[r:w] is filled and not taken.
type piece struct {
	data []byte
	r, w int
}

// put appends a copy of b.
func (in *inbox) put(b []byte) {
	in.size += len(b)
	for len(b) > 0 {
		if n := len(in.pieces); n > 0 && in.pieces[n-1].w < len(in.pieces[n-1].data) {
			p := &in.pieces[n-1]
			k := copy(p.data[p.w:], b)
			p.w += k
			b = b[k:]
			continue
		}
		in.pieces = append(in.pieces, piece{data: getBuffer(in.class(len(b)))})
	}
}

// class is how large the next buffer has to be: the more waits, the larger.
func (in *inbox) class(n int) int {
	switch {
	case in.size > smallSize:
		return largeSize
	case in.size > tinySize:
		return smallSize
	}
	return n
}

// take gives out the first piece, which stays valid until release; nil when there is none.
func (in *inbox) take() []byte {
	if len(in.pieces) == 0 {
		return nil
	}
	p := &in.pieces[0]
	in.given = p.w - p.r
	in.size -= in.given
	return p.data[p.r:p.w:p.w]
}

// release takes back what was given out, and tells how many bytes that was.
func (in *inbox) release() int {
	n := in.given
	if n == 0 {
		return 0
	}
	in.given = 0
	p := &in.pieces[0]
	if p.r += n; p.r == p.w {
		putBuffer(p.data)
		last := copy(in.pieces, in.pieces[1:])
		in.pieces[last] = piece{}
		in.pieces = in.pieces[:last]
	}
	return n
}

// clear forgets everything, and tells how many bytes have not been given back yet.
func (in *inbox) clear() int {
	n := in.size + in.given
	for i := range in.pieces {
		putBuffer(in.pieces[i].data)
		in.pieces[i] = piece{}
	}
	in.pieces, in.given, in.size = in.pieces[:0], 0, 0
	return n
}
