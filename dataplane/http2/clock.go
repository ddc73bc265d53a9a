package http2

import "time"

var epoch = time.Now()

// now is the time in nanoseconds since the program began; never 0.
func now() int64 { return int64(time.Since(epoch)) + 1 }

// timeoutOf is when a wait ends that begins now.
func timeoutOf(d time.Duration) int64 { return now() + int64(d) }

// clock is the one timer of a connection. It is set to the earliest moment that anything waits for,
// and not set anew when that moment comes to be later: it finds out when it rings. So a deadline of
// each request costs no timer of its own.
type clock struct {
	timer *time.Timer
	rings int64 // when the timer rings; 0 when it is not set
	dead  bool
}

// arm has tick called at a moment, or earlier. With the lock.
func (l *link) arm(at int64) {
	if l.dead || l.rings != 0 && l.rings <= at {
		return
	}
	l.rings = at
	wait := time.Duration(at - now())
	if l.timer == nil {
		l.timer = time.AfterFunc(wait, l.tick)
		return
	}
	l.timer.Reset(wait)
}

// alarm is one ringing of the clock.
type alarm struct {
	now  int64
	next int64
}

// due says whether a moment has come. If it has not, the clock rings again for it.
func (a *alarm) due(at int64) bool {
	if at == 0 {
		return false
	}
	if at <= a.now {
		return true
	}
	if a.next == 0 || at < a.next {
		a.next = at
	}
	return false
}

// tick looks what is due.
func (l *link) tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rings = 0
	if l.dead {
		return
	}
	a := &alarm{now: now()}
	if a.due(l.writeBy) {
		l.sever(ErrTimeout)
		return
	}
	if a.due(l.block.by) {
		l.interrupt(connError(EnhanceYourCalm, "a header block takes too long"))
	}
	l.role.tick(a)
	for _, s := range l.streams {
		if a.due(s.readBy) {
			s.readable.Broadcast()
		}
		if a.due(s.writeBy) {
			s.writable.Broadcast()
		}
	}
	for s := l.heads.first; s != nil; s = s.behind { // calls that have not been sent are nowhere else
		if a.due(s.writeBy) {
			s.writable.Broadcast()
		}
	}
	if a.next != 0 {
		l.arm(a.next)
	}
}
