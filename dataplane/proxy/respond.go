package proxy

import (
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
		x.abort(t.cause(), err)
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
	maps.Copy(header, response.Header)
	filter.EditHeader(header, x.action.rule.Filters.Response)
	filter.EditHeader(header, x.backend.Filters.Response)
	if _, ok := header["Content-Type"]; !ok {
		header["Content-Type"] = nil // or the server would guess one
	}
}

var errClient = errors.New("write to the client")

// relay copies the body. What a backend sends piece by piece is passed on piece by piece.
func (x *exchange) relay(response *http.Response) error {
	buffer := borrow()
	defer relayBuffers.Put(buffer)
	out := clientBody{x.w, http.NewResponseController(x.w), response.ContentLength < 0}
	if err := out.flush(); err != nil {
		return err
	}
	for {
		n, err := response.Body.Read(buffer[:])
		if n > 0 {
			if _, err := out.w.Write(buffer[:n]); err != nil {
				return errors.Join(errClient, err)
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		if err := out.flush(); err != nil {
			return err
		}
	}
}

// clientBody is the body of a response to a client.
type clientBody struct {
	w          http.ResponseWriter
	controller *http.ResponseController
	streaming  bool
}

// flush sends what is there, if the body is a stream.
func (b *clientBody) flush() error {
	if !b.streaming {
		return nil
	}
	if err := b.controller.Flush(); err != nil {
		return errors.Join(errClient, err)
	}
	return nil
}

func borrow() *[64 << 10]byte {
	return relayBuffers.Get().(*[64 << 10]byte) //nolint:errcheck // New makes nothing else
}

// abort ends an exchange whose response cannot be completed. The client's connection is cut, so
// that half a response is not taken for a whole one.
func (x *exchange) abort(cause, err error) {
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
