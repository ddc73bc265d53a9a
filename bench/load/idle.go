package load

import (
	"time"

	"github.com/fleetgate/fleetgate/bench/loop"
)

// sleeper is a connection that stays after one request.
type sleeper struct {
	run     *run
	request []byte
	answer  answer
	awake   bool
}

// As many connections are made at a time, and then so long none: memory is asked for here, not haste.
const (
	opening = 64
	breath  = 20 * time.Millisecond
)

func (r *run) startIdle() {
	request := r.get("")
	for i := range r.Connections {
		at := time.Duration(i/opening) * breath
		r.loop.At(r.started.Add(at), func() {
			r.sent()
			r.loop.Dial(r.Address, source(r.Address, i), &sleeper{run: r, request: request, awake: true})
		})
	}
}

// Opened implements loop.Handler.
func (s *sleeper) Opened(c *loop.Conn) { c.Write(s.request) }

// Data implements loop.Handler.
func (s *sleeper) Data(c *loop.Conn, data []byte) int {
	taken, over, err := s.answer.read(data, "200")
	if err != nil {
		c.Close()
		return len(data)
	}
	if over && s.awake {
		s.awake = false
		s.run.answered(s.run.started)
		if s.run.Ready != nil && s.run.result.Done == int64(s.run.Connections) {
			s.run.Ready()
		}
	}
	return taken
}

// Closed implements loop.Handler. A connection has to stay.
func (s *sleeper) Closed(_ *loop.Conn, err error) {
	if !s.awake {
		s.run.sent()
	}
	s.awake = false
	s.run.failed("connection %d closed: %v", s.run.result.Done, err)
	s.run.loop.Stop() // there is nothing left to be learnt
}
