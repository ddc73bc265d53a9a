package translate

import (
	"strings"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// speech is what goes to a backend.
type speech int

const (
	// speakHTTP is requests, in the version of HTTP that the Service's port asks for.
	speakHTTP speech = iota
	// speakGRPC is gRPC, whatever the port says.
	speakGRPC
	// speakEnded is what was within TLS of a TLSRoute.
	speakEnded
	// speakTCP is whatever clients send.
	speakTCP
	// speakPassed is TLS of the client itself.
	speakPassed
	// speakUDP is datagrams.
	speakUDP
)

// speechOf is what routes of a kind send to backends. passed says that TLS is passed on as it is.
func speechOf(kind string, passed bool) speech {
	switch {
	case passed:
		return speakPassed
	case kind == ir.GRPCRoute:
		return speakGRPC
	case kind == ir.TLSRoute:
		return speakEnded
	case kind == ir.TCPRoute:
		return speakTCP
	case kind == ir.UDPRoute:
		return speakUDP
	}
	return speakHTTP
}

func (s speech) transport() config.Transport {
	if s == speakUDP {
		return config.TransportUDP
	}
	return config.TransportTCP
}

// heeds says that a policy of a kind is for what is said: one for TLS, where proxies take part in it, and one for
// traffic, where there are requests.
func (s speech) heeds(kind string) bool {
	if kind == ir.BackendTrafficPolicy {
		return s == speakHTTP || s == speakGRPC
	}
	return s != speakPassed && s != speakUDP
}

// wantsTLS says that a port which asks for TLS gets nothing else.
func (s speech) wantsTLS() bool { return s == speakHTTP || s == speakGRPC || s == speakEnded }

// What proxies can be told that a port speaks.
const (
	protocolH2C       = "kubernetes.io/h2c"
	protocolWebSocket = "kubernetes.io/ws"
)

// appProtocol is what proxies speak to a port of this appProtocol (KEP-3726), and whether it does so within TLS.
func appProtocol(name string) (protocol string, tls bool) {
	switch strings.ToLower(name) {
	case "kubernetes.io/h2c", "grpc":
		return protocolH2C, false
	case "kubernetes.io/ws":
		return protocolWebSocket, false
	case "https", "tls":
		return "", true
	case "kubernetes.io/wss":
		return protocolWebSocket, true
	default:
		return "", false
	}
}
