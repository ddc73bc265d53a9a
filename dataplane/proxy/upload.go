package proxy

import (
	"errors"
	"io"
	"sync"

	"github.com/fleetgate/fleetgate/dataplane/http1"
	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

// replayLimit bounds the body that is kept to be sent again.
const replayLimit = 64 << 10

// upload is the body of a request on its way to backends. What is here when the request is sent goes
// with its head; the rest is passed on by a goroutine of its own, so that the response need not wait for
// it. What may be needed for another attempt is kept, up to replayLimit.
//
// A nil upload is that of a request without a body.
type upload struct {
	x *exchange
	// first is the beginning of the body, which stays valid when it is all of it.
	first []byte
	// whole says that first is the whole body; begun that first was looked for.
	whole, begun bool

	mutex sync.Mutex
	moved sync.Cond
	keep  bool
	kept  []byte
	// received is how much came, of the goroutine that reads.
	received int64
	overflow bool
	// ended says that the body is whole.
	ended    bool
	trailers []message.Field
	// call is where the body goes, and sent how much of kept it got.
	call    upstream.Call
	sent    int
	stopped bool
	// failed says that the goroutine gave up, and reads no more.
	failed  bool
	running chan struct{} // closed when the goroutine is over; nil when there is none
}

func newUpload(x *exchange) *upload {
	u := &x.upload
	u.x, u.keep = x, x.keepsBody()
	u.moved.L = &u.mutex
	return u
}

// keepsBody says whether the body may be needed again.
func (x *exchange) keepsBody() bool {
	return 0 < x.req.ContentLength && x.req.ContentLength <= replayLimit || x.action.rule.Retry != nil || len(x.action.samples) > 0
}

var (
	errBadBody   = errors.New("the request's body is broken")
	errLargeBody = errors.New("the request's body is too large")
)

// send sends the request, and sees to it that its body follows.
func (x *exchange) send(call upstream.Call) error {
	u := x.body
	if u == nil {
		return call.Send(&x.out, nil, x.out.Upgrade == "")
	}
	if err := u.begin(); err != nil {
		return err
	}
	if u.whole {
		return call.Send(&x.out, u.first, true)
	}
	if err := call.Send(&x.out, nil, false); err != nil {
		return err
	}
	u.attach(call)
	return nil
}

// begin takes what is here of the body already.
func (u *upload) begin() error {
	if u.begun {
		return nil
	}
	u.begun = true
	in := u.x.in
	if !in.Here() {
		return u.x.tellToContinue()
	}
	piece, err := u.read()
	switch {
	case errors.Is(err, io.EOF):
		u.whole = len(in.Trailers()) == 0
		if u.whole {
			return nil
		}
		u.trailers, u.ended = in.Trailers(), true
	case err != nil:
		return bodyError(err)
	case in.Ended():
		u.first, u.whole = piece, true
		return nil
	}
	if u.keep = u.keep && len(piece) <= replayLimit; u.keep {
		u.kept = append(u.kept, piece...)
		u.first = nil
	} else {
		u.first = piece
	}
	return nil
}

// read reads the next piece, and holds a body that did not say its length to its bound.
func (u *upload) read() ([]byte, error) {
	piece, err := u.x.in.Next()
	u.received += int64(len(piece))
	if limit := u.x.proxy.options.MaxBodyBytes; err == nil && limit > 0 && u.received > limit && u.x.req.Upgrade == "" {
		return nil, errLargeBody
	}
	return piece, err
}

func (x *exchange) tellToContinue() error {
	if err := x.in.Continue(); err != nil {
		return errClientGone
	}
	return nil
}

// attach makes a call the one that gets the body, from its beginning.
func (u *upload) attach(call upstream.Call) {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	u.call, u.sent = call, 0
	if u.running == nil {
		u.running = make(chan struct{})
		go u.run()
	}
	u.moved.Broadcast()
}

// detach takes the body away from a call that failed, for the next one.
func (u *upload) detach() {
	if u == nil {
		return
	}
	u.mutex.Lock()
	defer u.mutex.Unlock()
	if u.call != nil {
		u.call.Cancel(errEnded)
		u.call = nil
	}
	u.sent = 0
}

// run passes the body on until it is over or nobody wants it.
func (u *upload) run() {
	defer close(u.running)
	piece := u.first
	for {
		if !u.pass(piece) {
			return
		}
		if u.over() {
			if !u.await() {
				return
			}
			piece = nil
			continue
		}
		next, err := u.read()
		if err != nil && !errors.Is(err, io.EOF) {
			u.broken(err)
			return
		}
		piece = u.took(next, err)
	}
}

// took notes a piece that came, and gives it back if it is not kept.
func (u *upload) took(piece []byte, err error) []byte {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	if err != nil {
		u.ended = errors.Is(err, io.EOF)
		u.trailers = u.x.in.Trailers()
		return nil
	}
	u.ended = u.x.in.Ended()
	if u.keep && !u.overflow && len(u.kept)+len(piece) <= replayLimit {
		u.kept = append(u.kept, piece...)
		return nil
	}
	if !u.overflow && u.sent < len(u.kept) {
		// What was kept goes out before what is not.
		piece = append(append([]byte(nil), u.kept[u.sent:]...), piece...)
	}
	u.overflow = true
	return piece
}

// pass writes what was kept and not sent, or a piece that was not kept. It is false when the body is
// wanted no more.
func (u *upload) pass(piece []byte) bool {
	for {
		call, data, last, ok := u.next(piece)
		if !ok {
			return false
		}
		if call == nil || len(data) == 0 && !last {
			return true
		}
		err := u.write(call, data, last)
		if u.wrote(call, len(data), last, err) {
			return true
		}
		if u.overflow || !u.keep {
			return false
		}
	}
}

// next gives what is to be written now, and where to.
func (u *upload) next(piece []byte) (call upstream.Call, data []byte, last, ok bool) {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	for u.call == nil && !u.stopped {
		u.moved.Wait()
	}
	if u.stopped {
		return nil, nil, false, false
	}
	data = piece
	if u.keep && !u.overflow {
		data = u.kept[u.sent:]
	}
	return u.call, data, u.ended, true
}

func (u *upload) write(call upstream.Call, data []byte, last bool) error {
	if !last || len(u.trailers) == 0 {
		return call.Body(data, last)
	}
	if len(data) > 0 {
		if err := call.Body(data, false); err != nil {
			return err
		}
	}
	return call.Trail(u.trailers)
}

// wrote notes what a call got, and says whether it was the one that still counts and took it.
func (u *upload) wrote(call upstream.Call, n int, last bool, err error) bool {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	if u.call != call {
		return false // another attempt has begun; it gets the body from its beginning
	}
	if err != nil {
		// The receiving side learns of it by itself; there may be a response all the same.
		u.call, u.sent = nil, 0
		return true
	}
	if u.sent += n; last {
		u.call = nil
	}
	return true
}

// over says that all of the body has come.
func (u *upload) over() bool {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	return u.ended
}

// await waits, with the whole body in hand, for another attempt; false when there will be none.
func (u *upload) await() bool {
	u.mutex.Lock()
	defer u.mutex.Unlock()
	for u.call == nil && !u.stopped {
		u.moved.Wait()
	}
	return !u.stopped
}

// broken ends the exchange because the client does not send what it said.
func (u *upload) broken(err error) {
	u.mutex.Lock()
	stopped := u.stopped
	u.failed = true
	u.mutex.Unlock()
	if !stopped {
		u.x.cancel(bodyError(err))
	}
}

// bodyError tells a client that sends nonsense, or nothing, from one that is gone.
func bodyError(err error) error {
	var fault *http1.Fault
	switch {
	case errors.Is(err, errLargeBody):
		return errLargeBody
	case errors.As(err, &fault), errors.Is(err, http1.ErrSlowBody), isTimeout(err):
		return errBadBody
	}
	return errClientGone
}

// end stops the goroutine and waits for it.
func (u *upload) end() {
	if u == nil || u.running == nil {
		return
	}
	u.mutex.Lock()
	u.stopped = true
	reading := !u.ended && !u.failed
	if u.call != nil {
		u.call.Cancel(errEnded) // a write may be waiting
	}
	u.moved.Broadcast()
	u.mutex.Unlock()
	if reading {
		u.x.in.stop()
	}
	<-u.running
}

// done says that nothing of the body is still to come.
func (u *upload) done() bool {
	return u == nil || u.whole || u.over()
}

// sentAtOnce says that the body, if there is one, went with the head of the request: the client kept
// nobody waiting.
func (u *upload) sentAtOnce() bool { return u == nil || u.whole }

// replayable says whether another attempt can get the body from its beginning.
func (u *upload) replayable() bool {
	if u == nil || u.whole {
		return true
	}
	u.mutex.Lock()
	defer u.mutex.Unlock()
	return u.running == nil || u.keep && !u.overflow
}

// all gives the body if all of it is here.
func (u *upload) all() ([]byte, bool) {
	switch {
	case u == nil:
		return nil, true
	case u.whole:
		return u.first, true
	}
	u.mutex.Lock()
	defer u.mutex.Unlock()
	return u.kept, u.keep && !u.overflow && u.ended
}
