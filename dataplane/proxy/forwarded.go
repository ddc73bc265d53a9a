package proxy

import (
	"strconv"
	"unsafe"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/message"
)

// setForwarded writes what backends learn of the client from the connection. What the request says
// itself counts only when it comes from a trusted front.
func (x *exchange) setForwarded() {
	chain, scheme, port := x.from.addressText, x.clientScheme(), x.client.server.portText
	if x.trusted {
		chain = x.chain()
		if said, one := find(x.req.Fields, message.XForwardedPort); one && isPort(said) {
			port = said
		}
	}
	x.out.Fields = append(
		x.out.Fields,
		message.Field{Name: "X-Forwarded-For", Value: chain, ID: message.XForwardedFor},
		message.Field{Name: "X-Forwarded-Proto", Value: scheme, ID: message.XForwardedProto},
		message.Field{Name: "X-Forwarded-Port", Value: port, ID: message.XForwardedPort},
		message.Field{Name: "X-Request-Id", Value: x.record.RequestID, ID: message.XRequestID},
	)
	if x.state.snapshot.Root.Forwarded {
		x.out.Fields = append(x.out.Fields, message.Field{Name: "Forwarded", Value: x.forwardedField(scheme), ID: message.Forwarded})
	}
}

// clientScheme is the scheme that the client speaks, by the word of a trusted front if there is one.
func (x *exchange) clientScheme() string {
	if x.trusted {
		if said, one := find(x.req.Fields, message.XForwardedProto); one && isScheme(said) {
			return said
		}
	}
	return schemeOf(x.result.Listener.Protocol)
}

func schemeOf(p config.Protocol) string {
	if p == config.HTTPS {
		return "https"
	}
	return "http"
}

func isScheme(s string) bool { return s == "http" || s == "https" }

func isPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && n > 0
}

// chain is what a trusted front says of the way of the request, and the front itself.
func (x *exchange) chain() string {
	b := x.memory[:0]
	for i := range x.req.Fields {
		if f := &x.req.Fields[i]; f.ID == message.XForwardedFor && f.Value != "" {
			b = append(append(b, f.Value...), ", "...)
		}
	}
	b = append(b, x.from.addressText...)
	x.memory = b
	return unsafe.String(unsafe.SliceData(b), len(b))
}
