package proxy

import (
	"net"
	"net/http"
	"time"
)

// transports are the connections to endpoints, by what is spoken on them. They belong to
// endpoints, so all rules that use a Service share them.
type transports struct {
	http1, h2c *http.Transport
}

func newTransports(connect time.Duration) transports {
	return transports{http1: newTransport(connect, false), h2c: newTransport(connect, true)}
}

func newTransport(connect time.Duration, h2c bool) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(!h2c)
	protocols.SetUnencryptedHTTP2(h2c)
	dialer := &net.Dialer{Timeout: connect, KeepAlive: 30 * time.Second}
	return &http.Transport{
		DialContext:            dialer.DialContext,
		Protocols:              protocols,
		DisableCompression:     true,
		MaxIdleConnsPerHost:    128,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: 256 << 10,
		WriteBufferSize:        8 << 10,
		ReadBufferSize:         8 << 10,
	}
}

// of gives the transport for a pool's appProtocol.
func (t *transports) of(protocol string) *http.Transport {
	if protocol == "kubernetes.io/h2c" {
		return t.h2c
	}
	return t.http1
}

func (t *transports) close() {
	t.http1.CloseIdleConnections()
	t.h2c.CloseIdleConnections()
}
