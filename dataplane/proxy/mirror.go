package proxy

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/message"
)

// mirrorTimeout bounds a mirrored request.
const mirrorTimeout = 15 * time.Second

// mirrors sends copies of requests from goroutines of its own, so that whatever happens to them
// leaves the requests themselves alone.
type mirrors struct {
	slots   chan struct{}
	running *sync.WaitGroup
	ctx     context.Context //nolint:containedctx // it is the life of the goroutines, which outlive the requests
	cancel  context.CancelFunc
}

func newMirrors(options Options) mirrors {
	ctx, cancel := context.WithCancel(context.Background())
	return mirrors{slots: make(chan struct{}, options.MaxMirrors), running: new(sync.WaitGroup), ctx: ctx, cancel: cancel}
}

// close waits for the mirrored requests under way, cut short.
func (m *mirrors) close() {
	m.cancel()
	m.running.Wait()
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
		body, ok := x.body.all()
		if !ok || x.out.Upgrade != "" || !x.startMirror(m, body) {
			x.proxy.options.Observer.Mirrored(x.record.Route, MirrorDropped)
		}
	}
}

func (x *exchange) startMirror(m *config.Mirror, body []byte) bool {
	pool := x.proxy.poolOf(x.state, m.Pool)
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
	out := cloned(&x.out, len(body))
	out.Scheme = pool.scheme
	body = slices.Clone(body)
	observer, route, protocol := x.proxy.options.Observer, x.record.Route, pool.Config.Protocol
	all.running.Go(func() {
		defer func() { endpoint.Done(); <-all.slots }()
		outcome := MirrorSent
		if err := all.send(endpoint, protocol, out, body); err != nil {
			outcome = MirrorFailed
		}
		observer.Mirrored(route, outcome)
	})
	return true
}

// cloned is a request that outlives the exchange it is of.
func cloned(r *message.Request, length int) *message.Request {
	out := *r
	out.Method, out.Authority, out.Target = strings.Clone(r.Method), strings.Clone(r.Authority), strings.Clone(r.Target)
	out.ContentLength = int64(length)
	out.Fields = clonedFields(r.Fields)
	return &out
}

// send makes the mirrored request and forgets the answer.
func (m *mirrors) send(endpoint *balance.Endpoint, protocol string, out *message.Request, body []byte) error {
	ctx, cancel := context.WithTimeout(m.ctx, mirrorTimeout)
	defer cancel()
	conns := connsOf(endpoint)
	call := conns.Idle(isHTTP2(protocol))
	if call == nil {
		var err error
		if call, err = conns.Connect(ctx, isHTTP2(protocol)); err != nil {
			return err
		}
	}
	defer call.Release()
	stop := context.AfterFunc(ctx, func() { call.Cancel(context.Cause(ctx)) })
	defer stop()
	call.SetDeadline(time.Now().Add(mirrorTimeout), 0)
	if err := call.Send(out, body, true); err != nil {
		return err
	}
	var response message.Response
	for response.Status < 200 {
		if err := call.Receive(&response); err != nil {
			return err
		}
	}
	for total := 0; total < drainLimit && !response.Bodiless; {
		piece, err := call.Next()
		if err != nil {
			break
		}
		total += len(piece)
	}
	return nil
}
