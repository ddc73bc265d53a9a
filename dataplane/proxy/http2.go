package proxy

import "github.com/fleetgate/fleetgate/dataplane/http2"

// http2Stream is a request of an HTTP/2 connection.
type http2Stream struct {
	*http2.Stream
	x *exchange
}

// closing tells the client by GOAWAY that the connection ends.
func (s *http2Stream) closing() {
	if server := s.x.client.http2.Load(); server != nil {
		server.Drain()
	}
}

func (s *http2Stream) stop() { s.Stop() }

func (s *http2Stream) abort() { s.Abort(http2.InternalError) }

// watch does nothing: the connection is always read, and OnCancel tells.
func (s *http2Stream) watch() (stop func()) { return func() {} }
