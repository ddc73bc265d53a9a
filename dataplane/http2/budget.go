package http2

import "time"

const (
	// idleFrames is how many frames that do nothing a peer may send within idlePeriod, beyond those
	// that it earns by frames that do something.
	idleFrames = 1000
	idlePeriod = int64(10 * time.Second)
	// waste is how many more streams a peer may open in vain within wastePeriod than it lets end.
	waste       = 200
	wastePeriod = int64(30 * time.Second)
)

// budget bounds what makes work and serves nothing: floods of control frames, and streams that are
// reset as soon as they are opened (CVE-2023-44487), or that the peer makes this side reset
// (CVE-2025-8671).
type budget struct {
	idle       int
	idleSince  int64
	wasted     int
	wasteSince int64
}

func (b *budget) init() {
	b.idleSince = now()
	b.wasteSince = b.idleSince
}

// spend counts a frame that does nothing. With the lock.
func (b *budget) spend() error {
	b.idle++
	if b.idle <= idleFrames {
		return nil
	}
	// The time is looked at only when it matters.
	if t := now(); t-b.idleSince >= idlePeriod {
		b.idle, b.idleSince = 1, t
		return nil
	}
	return connError(EnhanceYourCalm, "too many frames that do nothing")
}

// earn counts a frame that does something; it pays for a few that do nothing.
func (b *budget) earn() {
	b.idle = max(0, b.idle-4)
}

// squander counts a stream that was opened in vain.
func (b *budget) squander() {
	b.wasted++
}

// overdrawn says whether there were too many streams in vain. A client opens its streams itself.
func (l *link) overdrawn() error {
	if l.wasted <= waste || l.client {
		return nil
	}
	if t := now(); t-l.wasteSince >= wastePeriod {
		l.wasted, l.wasteSince = 1, t
		return nil
	}
	return connError(EnhanceYourCalm, "too many streams in vain")
}

// profit counts a stream that has ended well.
func (b *budget) profit() {
	b.wasted = max(0, b.wasted-1)
}
