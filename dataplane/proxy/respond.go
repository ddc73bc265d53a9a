package proxy

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/fleetgate/fleetgate/dataplane/filter"
)

// relayBuffers hold what passes between connections.
var relayBuffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// respond passes a backend's response on.
func (x *exchange) respond(t *attempt) {
	response := t.response
	x.copyHeader(response)
	x.record.Status = response.StatusCode
	announced := slices.Sorted(maps.Keys(response.Trailer))
	if len(announced) > 0 {
		x.w.Header()["Trailer"] = []string{strings.Join(announced, ", ")}
	}
	x.w.WriteHeader(response.StatusCode)
	if err := x.relay(response); err != nil {
		x.abort(t.ctx, err)
	}
	for name, values := range response.Trailer {
		if !slices.Contains(announced, name) {
			name = http.TrailerPrefix + name
		}
		x.w.Header()[name] = values
	}
}

func (x *exchange) copyHeader(response *http.Response) {
	removeHopByHop(response.Header)
	header := x.w.Header()
	for name, values := range response.Header {
		header[name] = values
	}
	filter.EditHeader(header, x.action.rule.Filters.Response)
	filter.EditHeader(header, x.backend.Filters.Response)
	if _, ok := header["Content-Type"]; !ok {
		header["Content-Type"] = nil // or the server would guess one
	}
}

var errClient = errors.New("write to the client")

// relay copies the body. What a backend sends piece by piece is passed on piece by piece.
func (x *exchange) relay(response *http.Response) error {
	buffer := relayBuffers.Get().(*[64 << 10]byte)
	defer relayBuffers.Put(buffer)
	streaming := response.ContentLength < 0
	flush := http.NewResponseController(x.w).Flush
	if streaming {
		if err := flush(); err != nil {
			return errors.Join(errClient, err)
		}
	}
	for {
		n, err := response.Body.Read(buffer[:])
		if n > 0 {
			if _, err := x.w.Write(buffer[:n]); err != nil {
				return errors.Join(errClient, err)
			}
			if streaming && err == nil {
				if err := flush(); err != nil {
					return errors.Join(errClient, err)
				}
			}
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// abort ends an exchange whose response cannot be completed. The client's connection is cut, so
// that half a response is not taken for a whole one.
func (x *exchange) abort(ctx context.Context, err error) {
	cause := context.Cause(ctx)
	switch {
	case errors.Is(err, errClient):
		x.record.Reason = ReasonClientGone
	case errors.Is(cause, errRequestTimeout):
		x.record.Reason = ReasonRequestTimeout
	case errors.Is(cause, errBackendTimeout):
		x.record.Reason = ReasonBackendTimeout
	case cause != nil:
		x.record.Reason = ReasonClientGone
	default:
		x.record.Reason = ReasonUpstreamAborted
	}
	panic(http.ErrAbortHandler)
}
