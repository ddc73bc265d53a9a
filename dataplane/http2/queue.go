package http2

// queue is streams that wait for something that they share, in the order of their coming. A stream is
// in one queue at most.
type queue struct {
	first, last *stream
}

func (q *queue) add(s *stream) {
	if s.queue != nil {
		return
	}
	s.queue = q
	s.before = q.last
	if q.last != nil {
		q.last.behind = s
	} else {
		q.first = s
	}
	q.last = s
}

// leave takes the stream out of its queue, if it is in one, and lets the next one look.
func (s *stream) leave() {
	q := s.queue
	if q == nil {
		return
	}
	s.queue = nil
	if s.before != nil {
		s.before.behind = s.behind
	} else {
		q.first = s.behind
	}
	if s.behind != nil {
		s.behind.before = s.before
	} else {
		q.last = s.before
	}
	s.before, s.behind = nil, nil
	q.wake()
}

// wake lets the first one look again.
func (q *queue) wake() {
	if q.first != nil {
		q.first.writable.Broadcast()
	}
}

// wakeAll lets all look again.
func (q *queue) wakeAll() {
	for s := q.first; s != nil; s = s.behind {
		s.writable.Broadcast()
	}
}
