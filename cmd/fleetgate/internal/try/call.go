package try

import (
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
)

// A call of gRPC as curl makes it, with messages of JSON, which the demo backend answers: {} goes before the request's
// line, behind a frame of five bytes, and the frame of the answer is dropped.
const (
	emptyMessage = `printf '\0\0\0\0\2{}'`
	withoutFrame = "tail -c +6"
)

// anyService and anyMethod are called where a match leaves them open.
const (
	anyService = "demo.Service"
	anyMethod  = "Try"
)

// asCall makes a match of a GRPCRoute one that a single call satisfies.
func asCall(m config.Match) config.Match {
	headers := []config.ValueMatch{{Name: "content-type", Value: "application/grpc+json"}, {Name: "te", Value: "trailers"}}
	for _, h := range m.Headers {
		if !ofCalls(h.Name) {
			headers = append(headers, h)
		}
	}
	m.Headers = headers
	switch m.PathKind {
	case config.PathMethod:
		m.Path = "/" + anyService + "/" + m.Path
	case config.PathPrefix:
		m.Path = strings.TrimSuffix(m.Path, "/")
		if m.Path == "" {
			m.Path = "/" + anyService
		}
		m.Path += "/" + anyMethod
	}
	return m
}

// ofCalls says whether all calls have a header.
func ofCalls(name string) bool { return name == "content-type" || name == "te" }

// version2 has curl speak HTTP/2.
func version2(tls bool) string {
	if tls {
		return "--http2"
	}
	return "--http2-prior-knowledge"
}
