// Package datagram keeps the sessions of UDP: who speaks with whom, until nobody does. It knows no sockets.
package datagram

import (
	"net/netip"
	"time"
)

// Key is what datagrams of a session have in common, beside the port that they were sent to: the client, and
// the address of the machine that it speaks to, invalid if that is not known.
type Key struct {
	Client netip.AddrPort
	Local  netip.Addr
}

// Session is a session in a Table, which its owner may keep a value in.
type Session[V any] struct {
	Key   Key
	Value V

	answered      bool
	used          time.Time
	before, after *Session[V] // in its list
}

// Answered says whether the client ever got an answer.
func (s *Session[V]) Answered() bool { return s.answered }

// Patience is for how long a session without an answer is taken for one that waits for it, and not for one of
// a flood whose sender gets no answers.
const Patience = time.Second

// Table is a bounded number of sessions. When there is one too many another one goes, so that a flood from
// forged addresses neither grows the table nor keeps new clients out: first of those that never had an answer
// the one that was silent longest, if that is longer than Patience, or if they are more than half of all; then
// of those that had one the one that was silent longest. So clients that are answered lose their sessions
// to a flood only when they have more than half of the table, and clients that are about to be answered
// only when there come more than fit into the other half before the answer.
//
// It is not safe for concurrent use.
type Table[V any] struct {
	limit    int
	sessions map[Key]*Session[V]
	// silent are those without an answer, answered the others: what was used last is last.
	silent, answered list[V]
}

// NewTable makes a Table of at most limit sessions, at least 1.
func NewTable[V any](limit int) *Table[V] {
	return &Table[V]{limit: max(limit, 1), sessions: map[Key]*Session[V]{}}
}

// Len is how many sessions there are.
func (t *Table[V]) Len() int { return len(t.sessions) }

// SetLimit changes how many sessions there may be: those that are too many are still there, see Surplus.
func (t *Table[V]) SetLimit(limit int) { t.limit = max(limit, 1) }

// Find gives a session, nil if there is none.
func (t *Table[V]) Find(key Key) *Session[V] { return t.sessions[key] }

// Add makes a session that there is not yet. It may be one too many, see Surplus.
func (t *Table[V]) Add(key Key, now time.Time) *Session[V] {
	s := &Session[V]{Key: key, used: now}
	t.sessions[key] = s
	t.silent.push(s)
	return s
}

// Surplus gives a session that has to go, nil if there are not too many. Whoever asks removes it.
func (t *Table[V]) Surplus(now time.Time) *Session[V] {
	if len(t.sessions) <= t.limit {
		return nil
	}
	return t.Victim(now)
}

// Victim gives the session that is to go first, nil if there is none.
func (t *Table[V]) Victim(now time.Time) *Session[V] {
	silent := t.silent.first
	switch {
	case silent == nil:
		return t.answered.first
	case t.answered.first == nil, now.Sub(silent.used) > Patience, t.silent.size > max(t.limit/2, 1):
		return silent
	}
	return t.answered.first
}

// Heard notes that the client said something.
func (t *Table[V]) Heard(s *Session[V], now time.Time) { t.use(s, s.answered, now) }

// Answer notes that the client got an answer.
func (t *Table[V]) Answer(s *Session[V], now time.Time) { t.use(s, true, now) }

func (t *Table[V]) use(s *Session[V], answered bool, now time.Time) {
	t.listOf(s).remove(s)
	s.answered, s.used = answered, now
	t.listOf(s).push(s)
}

// Idle gives a session that was not used after a time, nil if there is none. Whoever asks removes it.
func (t *Table[V]) Idle(since time.Time) *Session[V] {
	for _, s := range []*Session[V]{t.silent.first, t.answered.first} {
		if s != nil && !s.used.After(since) {
			return s
		}
	}
	return nil
}

// Remove takes a session out.
func (t *Table[V]) Remove(s *Session[V]) {
	t.listOf(s).remove(s)
	if delete(t.sessions, s.Key); len(t.sessions) == 0 {
		t.sessions = map[Key]*Session[V]{} // a map never gives memory back
	}
}

func (t *Table[V]) listOf(s *Session[V]) *list[V] {
	if s.answered {
		return &t.answered
	}
	return &t.silent
}

// list is sessions in the order of their last use.
type list[V any] struct {
	first, last *Session[V]
	size        int
}

func (l *list[V]) push(s *Session[V]) {
	s.before, s.after = l.last, nil
	if l.last == nil {
		l.first = s
	} else {
		l.last.after = s
	}
	l.last = s
	l.size++
}

func (l *list[V]) remove(s *Session[V]) {
	if s.before == nil {
		l.first = s.after
	} else {
		s.before.after = s.after
	}
	if s.after == nil {
		l.last = s.before
	} else {
		s.after.before = s.before
	}
	s.before, s.after = nil, nil
	l.size--
}
