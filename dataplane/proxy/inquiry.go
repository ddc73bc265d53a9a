package proxy

import (
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/balance"
	"github.com/fleetgate/fleetgate/dataplane/message"
	"github.com/fleetgate/fleetgate/dataplane/upstream"
)

const (
	// inquiryTimeout bounds a request of the proxy's own on behalf of a client's, other tries included.
	inquiryTimeout = 10 * time.Second
	// mostInquiries is how many endpoints are tried before it waits, and how many may give no good answer.
	mostInquiries = 3
	// mostInquired bounds the body of an answer.
	mostInquired = 64 << 10
)

// inquired is the whole answer to a request of the proxy's own.
type inquired struct {
	status           int
	fields, trailers []message.Field
	body             []byte
}

var (
	errNobodyToAsk = errors.New("the pool has no endpoint")
	errLongAnswer  = errors.New("the answer is too long")
	errSwitched    = errors.New("the endpoint changes the protocol, and nobody asked for it")
)

// inquire sends a request of the proxy's own and waits for the whole answer. It must be one that can be sent twice.
func (x *exchange) inquire(to *pool, out *message.Request, body []byte, overHTTP2 bool) (*inquired, error) {
	limit := time.Now().Add(inquiryTimeout)
	if !x.deadline.IsZero() && x.deadline.Before(limit) {
		limit = x.deadline
	}
	ctx, cancel := context.WithDeadline(context.Background(), limit)
	defer cancel()
	x.setConnect(cancel)
	defer x.setConnect(nil)
	x.waited = true
	i := inquiry{x: x, ctx: ctx, to: to}
	err := errNobodyToAsk
	for x.cause() == nil && ctx.Err() == nil {
		endpoint := to.Pick(time.Now(), i.tried)
		if endpoint == nil {
			if to.Size() == 0 && i.await() {
				continue
			}
			break
		}
		var got *inquired
		if got, err = x.inquireOf(ctx, endpoint, out, body, overHTTP2); err == nil {
			i.answered(endpoint)
			return got, nil
		}
		if !i.failed(endpoint, err) {
			break
		}
	}
	return nil, err
}

// inquiry is who was asked so far, among those of a pool.
type inquiry struct {
	x     *exchange
	ctx   context.Context //nolint:containedctx // it is the time that the inquiry has
	to    *pool
	tried []*balance.Endpoint
	asked int
	since time.Time
}

func (i *inquiry) answered(endpoint *balance.Endpoint) {
	endpoint.Succeeded()
	endpoint.Done()
	i.to.gap.end()
}

// failed notes that an endpoint gave no answer, and says whether to ask again. It waits where nobody else is left to be asked.
func (i *inquiry) failed(endpoint *balance.Endpoint, err error) bool {
	if i.x.cause() == nil && i.ctx.Err() == nil { // a client may have brought about that it ended, or a rule that gives little time
		i.to.Failed(endpoint, time.Now())
	}
	endpoint.Done()
	i.tried = append(i.tried, endpoint)
	switch unreached := isUnreached(err); {
	case unreached && (len(i.tried) >= mostInquiries || !i.to.HasOther(i.tried)):
		return i.await()
	case !unreached:
		i.asked++
	}
	return i.asked < mostInquiries
}

// await waits in a gap, and lets everybody be asked again. It notices a client that goes where nothing of a body is to come.
func (i *inquiry) await() bool {
	if !i.x.req.HasBody() {
		i.x.startWatch()
		defer i.x.stopWatch()
	}
	i.tried = i.tried[:0]
	return i.to.await(i.ctx, &i.since)
}

// isUnreached says that there was nobody at an address.
func isUnreached(err error) bool {
	var dial *net.OpError
	return errors.As(err, &dial) && dial.Op == "dial"
}

// inquireOf asks one endpoint.
func (x *exchange) inquireOf(ctx context.Context, endpoint *balance.Endpoint, out *message.Request, body []byte, overHTTP2 bool) (*inquired, error) {
	call := connsOf(endpoint).Idle(overHTTP2)
	if call == nil {
		var err error
		if call, err = connsOf(endpoint).Connect(ctx, overHTTP2); err != nil {
			return nil, err
		}
	}
	defer call.Release()
	defer func() { _ = x.use(nil) }() // before Release: from there on nobody cancels it
	if err := x.use(call); err != nil {
		return nil, err
	}
	if limit, ok := ctx.Deadline(); ok {
		call.SetDeadline(limit, 0)
	}
	if err := call.Send(out, body, true); err != nil {
		return nil, err
	}
	return readInquired(call)
}

// readInquired reads the whole answer.
func readInquired(call upstream.Call) (*inquired, error) {
	var response message.Response
	for response.Status < 200 {
		if err := call.Receive(&response); err != nil {
			return nil, err
		}
		if response.Status == 101 {
			return nil, errSwitched
		}
	}
	got := &inquired{status: response.Status, fields: clonedFields(response.Fields)}
	for !response.Bodiless {
		piece, err := call.Next()
		if errors.Is(err, io.EOF) {
			got.trailers = clonedFields(call.Trailers())
			break
		}
		if err != nil {
			return nil, err
		}
		if got.body = append(got.body, piece...); len(got.body) > mostInquired {
			return nil, errLongAnswer
		}
	}
	return got, nil
}

// clonedFields are fields that outlive the exchange they are of.
func clonedFields(fields []message.Field) []message.Field {
	list := slices.Clone(fields)
	for i := range list {
		list[i].Name, list[i].Value = strings.Clone(list[i].Name), strings.Clone(list[i].Value)
	}
	return list
}

// heldBody is a stream whose body was read already, whole.
type heldBody struct {
	stream

	body []byte
	read bool
}

// Next implements message.Body.
func (h *heldBody) Next() ([]byte, error) {
	if h.read || len(h.body) == 0 {
		return nil, io.EOF
	}
	h.read = true
	return h.body, nil
}

// Ended implements message.Body.
func (h *heldBody) Ended() bool { return h.read && len(h.Trailers()) == 0 }

// Here implements stream.
func (h *heldBody) Here() bool { return true }

// hold reads the request's body, of at most so many bytes, and keeps it for the backend.
func (x *exchange) hold(most int) ([]byte, error) {
	if x.req.ContentLength > int64(most) {
		return nil, errLargeBody
	}
	if err := x.in.Continue(); err != nil {
		return nil, errClientGone
	}
	held := &heldBody{stream: x.in}
	for {
		piece, err := x.in.Next()
		if errors.Is(err, io.EOF) {
			x.in = held
			return held.body, nil
		}
		if err != nil {
			return nil, bodyError(err)
		}
		if len(held.body)+len(piece) > most {
			return nil, errLargeBody
		}
		held.body = append(held.body, piece...)
	}
}
