// Package proxy is a request's way through: listener, path in normal form, route, filters, pool,
// endpoint, response. It owns the listeners and swaps configurations under load.
//
//	p := proxy.New(proxy.Options{})
//	err := p.Apply(proxy.Snapshot{...}) // binds listeners; call again for every change
//	err = p.Run(ctx)                    // serves until ctx ends, then drains
package proxy

import (
	"context"
	"io"
	"log/slog"
	"net"
	"strconv"
	"time"

	"github.com/fleetgate/fleetgate/dataplane/health"
)

// Options are what a Proxy is told once. The zero value is usable.
type Options struct {
	// Listen binds a listener port. By default it binds all addresses of the machine.
	Listen func(ctx context.Context, port int32) (net.Listener, error)
	// ListenPacket binds the UDP port of a listener of UDP, for which it has to give a *net.UDPConn, or with
	// HTTP/3. By default it binds all addresses of the machine.
	ListenPacket func(ctx context.Context, port int32) (net.PacketConn, error)
	// IdleTimeout is how long a client connection may be idle. It must outlive the idle timeout of
	// the front (an ALB's is 60 s), or the front reuses a connection that is just being closed. Default 90 s.
	IdleTimeout time.Duration
	// HeaderTimeout bounds the time that a client takes for the header of a request. Default 10 s.
	HeaderTimeout time.Duration
	// MaxHeaderBytes bounds the header of a request. Default 32 KiB.
	MaxHeaderBytes int
	// MaxFields bounds the number of header fields of a request. Default 100.
	MaxFields int
	// MaxBodyBytes bounds the body of a request; 0 for no bound. One that says so is answered with 413 at
	// once, one whose length shows on the way when it is there, unless a response has begun.
	MaxBodyBytes int64
	// BodyTimeout and WriteTimeout bound the time in which a client sends nothing of a body that it
	// began, or takes nothing of a response. Default 60 s.
	BodyTimeout, WriteTimeout time.Duration
	// MaxConnections bounds the connections of clients, and MaxRequests the requests under way; what
	// is above them is answered with 503 at once. Default 65,536 and 32,768.
	MaxConnections, MaxRequests int
	// MaxStreams bounds the concurrent streams of a connection of HTTP/2 or HTTP/3. Default 100.
	MaxStreams int
	// ConnectTimeout bounds a connect to an endpoint. Default 3 s.
	ConnectTimeout time.Duration
	// GapTimeout is for how long from the beginning of a gap, in which nobody in a pool takes connections, requests wait for
	// its end. A busy cluster tells of a pod's heir seconds after the pod is gone. Default 5 s.
	GapTimeout time.Duration
	// MaxEndpointConns bounds the connections to each endpoint; a request that would need one more is
	// answered with 503. Default none.
	MaxEndpointConns int
	// DrainWait is how long Run goes on serving after its context ended, not ready: the time that
	// the front takes to stop sending. Default none.
	DrainWait time.Duration
	// DrainTimeout bounds the wait for requests in flight after that. Default 30 s.
	DrainTimeout time.Duration
	// TunnelTimeout is how long nothing may come from either side of a connection of TCP or TLS that is
	// passed on. Default 1 h.
	TunnelTimeout time.Duration
	// SessionTimeout is how long nothing may come from either side of a session of UDP. Default 2 min, which is
	// the least that clients may count on (RFC 4787 section 4.3) and what an NLB waits.
	SessionTimeout time.Duration
	// MaxSessions bounds the sessions of UDP. Ports of UDP share it in equal parts, so that a flood on one costs
	// the others nothing. When one is too many, another one goes: see datagram.Table. Each has a local port
	// and a descriptor. Default 16,384, of about 28,000 local ports that Linux gives out.
	MaxSessions int
	// MaxMirrors bounds the mirrored requests under way; more are dropped. Default 256.
	MaxMirrors int
	// Health is the ejection policy of pools. Default health.Default.
	Health health.Policy
	// AccessLog gets a line of JSON for each request; nil for none.
	AccessLog io.Writer
	// Observer is told of requests and configurations; nil for none.
	Observer Observer
	// Log gets the proxy's own messages; nil for none.
	Log *slog.Logger
}

func (o Options) withDefaults() Options {
	if o.Listen == nil {
		o.Listen = listenEverywhere
	}
	if o.ListenPacket == nil {
		o.ListenPacket = listenPacketEverywhere
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Observer == nil {
		o.Observer = nobody{}
	}
	if o.Health == (health.Policy{}) {
		o.Health = health.Default
	}
	o.IdleTimeout = positive(o.IdleTimeout, 90*time.Second)
	o.HeaderTimeout = positive(o.HeaderTimeout, 10*time.Second)
	o.ConnectTimeout = positive(o.ConnectTimeout, 3*time.Second)
	o.GapTimeout = positive(o.GapTimeout, 5*time.Second)
	o.DrainTimeout = positive(o.DrainTimeout, 30*time.Second)
	o.TunnelTimeout = positive(o.TunnelTimeout, time.Hour)
	o.SessionTimeout = positive(o.SessionTimeout, 2*time.Minute)
	o.MaxSessions = positive(o.MaxSessions, 16384)
	o.MaxHeaderBytes = positive(o.MaxHeaderBytes, 32<<10)
	o.MaxMirrors = positive(o.MaxMirrors, 256)
	o.MaxFields = positive(o.MaxFields, 100)
	o.BodyTimeout = positive(o.BodyTimeout, 60*time.Second)
	o.WriteTimeout = positive(o.WriteTimeout, 60*time.Second)
	o.MaxConnections = positive(o.MaxConnections, 65536)
	o.MaxRequests = positive(o.MaxRequests, 32768)
	o.MaxStreams = positive(o.MaxStreams, 100)
	return o
}

func positive[N int | time.Duration](value, otherwise N) N {
	if value > 0 {
		return value
	}
	return otherwise
}

func listenEverywhere(ctx context.Context, port int32) (net.Listener, error) {
	return Listen(ctx, "tcp", net.JoinHostPort("", strconv.Itoa(int(port))))
}

// Listen binds an address as Options.Listen does by default. Dead peers are found by the idle timeout: probes
// for them would be system calls for each connection. Multipath TCP, which package net asks for where the
// kernel has it, is left out: no front speaks it.
func Listen(ctx context.Context, network, address string) (net.Listener, error) {
	config := net.ListenConfig{KeepAlive: -1}
	config.SetMultipathTCP(false)
	return config.Listen(ctx, network, address)
}

func listenPacketEverywhere(ctx context.Context, port int32) (net.PacketConn, error) {
	var config net.ListenConfig
	return config.ListenPacket(ctx, "udp", net.JoinHostPort("", strconv.Itoa(int(port))))
}
