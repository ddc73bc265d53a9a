package proxy

import (
	"errors"

	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

var (
	errClientGone     = errors.New("the client is gone")
	errRequestTimeout = errors.New("the rule's request timeout is over")
	errBackendTimeout = errors.New("the rule's backend request timeout is over")
	errEnded          = errors.New("the exchange is over")
)

// cancel ends the exchange early, from any goroutine.
func (x *exchange) cancel(reason error) {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	if x.cancelled == nil {
		x.cancelled = reason
	}
	if x.call != nil {
		x.call.Cancel(reason)
	}
	if x.connect != nil {
		x.connect()
	}
}

// use makes a call the one that cancel ends; nil when it is over. It gives the reason if the
// exchange was cancelled already.
func (x *exchange) use(call upstream.Call) error {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	x.call = call
	return x.cancelled
}

func (x *exchange) cause() error {
	x.mutex.Lock()
	defer x.mutex.Unlock()
	return x.cancelled
}
