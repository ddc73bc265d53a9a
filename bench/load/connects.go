package load

import (
	"errors"
	"io"
	"net/netip"
	"time"

	"github.com/fleetgate/fleetgate/bench/loop"
)

// visitor makes a connection for a request, and another one when that was closed.
type visitor struct {
	run     *run
	source  netip.Addr
	request []byte
	answer  answer
	due     time.Time
	over    bool
}

func (r *run) startConnects() {
	request := r.get("Connection: close\r\n")
	for i := range r.Connections {
		v := &visitor{run: r, request: request, source: source(r.Address, i)}
		v.visit()
	}
}

// source is one of a few loopback addresses, each with ports of its own, so that ports do not run
// out while closed connections linger.
func source(target netip.AddrPort, i int) netip.Addr {
	if !target.Addr().IsLoopback() {
		return netip.Addr{}
	}
	const addresses = 16
	return netip.AddrFrom4([4]byte{127, 0, 0, byte(2 + i%addresses)})
}

func (v *visitor) visit() {
	v.due, v.over, v.answer = time.Now(), false, answer{}
	v.run.sent()
	v.run.loop.Dial(v.run.Address, v.source, v)
}

// Opened implements loop.Handler.
func (v *visitor) Opened(c *loop.Conn) { c.Write(v.request) }

// Data implements loop.Handler.
func (v *visitor) Data(c *loop.Conn, data []byte) int {
	taken, over, err := v.answer.read(data, "200")
	if err != nil {
		c.Abort()
		return len(data)
	}
	v.over = v.over || over
	return taken
}

// Closed implements loop.Handler. The proxy has to close, and not before the answer is whole.
func (v *visitor) Closed(_ *loop.Conn, err error) {
	var goOn bool
	if v.over && errors.Is(err, io.EOF) {
		goOn = v.run.answered(v.due)
	} else {
		goOn = v.run.failed("answer not whole: %v", err)
	}
	if goOn {
		v.run.loop.At(time.Now(), v.visit) // not from here, or a proxy that refuses makes an endless recursion
	}
}
