package proxy

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// mirrorTimeout bounds a mirrored request.
const mirrorTimeout = 15 * time.Second

// mirrors sends copies of requests on connections of its own, so that whatever happens to them
// leaves the requests themselves alone.
type mirrors struct {
	transports transports
	slots      chan struct{}
	running    *sync.WaitGroup
	ctx        context.Context //nolint:containedctx // it is the life of the goroutines, which outlive the requests
	cancel     context.CancelFunc
}

func newMirrors(options Options) mirrors {
	ctx, cancel := context.WithCancel(context.Background())
	return mirrors{
		transports: newTransports(options.ConnectTimeout), slots: make(chan struct{}, options.MaxMirrors),
		running: new(sync.WaitGroup), ctx: ctx, cancel: cancel,
	}
}

// close waits for the mirrored requests under way, cut short.
func (m *mirrors) close() {
	m.cancel()
	m.running.Wait()
	m.transports.close()
}

// mirrorsDue gives the mirrors whose sample this request is in.
func (x *exchange) mirrorsDue() (due []*config.Mirror) {
	if len(x.action.samples) == 0 {
		return nil
	}
	for _, list := range [][]config.Mirror{x.action.rule.Filters.Mirrors, x.backend.Filters.Mirrors} {
		for i := range list {
			if sample := x.action.samples[&list[i]]; sample != nil && sample.Take() {
				due = append(due, &list[i])
			}
		}
	}
	return due
}

// mirror sends the copies that are due. By now the backend has the request, so nothing waits for
// this; a body that is not all here by now, or was too large to keep, is not mirrored.
func (x *exchange) mirror(due []*config.Mirror) {
	for _, m := range due {
		body, ok := x.body.whole()
		if !ok || x.wantsUpgrade() || !x.startMirror(m, body) {
			x.proxy.options.Observer.Mirrored(x.record.Route, MirrorDropped)
		}
	}
}

func (x *exchange) startMirror(m *config.Mirror, body []byte) bool {
	pool := x.state.pools[m.Pool]
	if pool == nil {
		return false
	}
	all := &x.proxy.mirrors
	select {
	case all.slots <- struct{}{}:
	default:
		return false
	}
	endpoint := pool.Pick(time.Now(), nil)
	if endpoint == nil {
		<-all.slots
		return false
	}
	out := x.out.Clone(all.ctx)
	out.URL.Host = endpoint.Address
	out.Trailer = nil
	if x.body != nil {
		out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	}
	observer, route := x.proxy.options.Observer, x.record.Route
	all.running.Go(func() {
		defer func() { endpoint.Done(); <-all.slots }()
		outcome := MirrorSent
		if err := all.send(out, pool.Config.Protocol); err != nil {
			outcome = MirrorFailed
		}
		observer.Mirrored(route, outcome)
	})
	return true
}

// send makes the mirrored request and forgets the answer.
func (m *mirrors) send(out *http.Request, protocol string) error {
	ctx, cancel := context.WithTimeout(out.Context(), mirrorTimeout)
	defer cancel()
	response, err := m.transports.of(protocol).RoundTrip(out.WithContext(ctx))
	if err != nil {
		return err
	}
	_, _ = io.CopyN(io.Discard, response.Body, drainLimit) // to use the connection again
	return response.Body.Close()
}
