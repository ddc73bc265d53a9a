package local

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/fleetgate/fleetgate/cmd/internal/classes"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

// drainTimeout is how long requests in flight may take when the run ends.
const drainTimeout = 2 * time.Second

// gate is the proxy of one Gateway in one member.
type gate struct {
	address    netip.Addr
	controller string
	proxy      *proxy.Proxy
	revision   string
	problem    string
	// last are the certificates that the proxy has, by Secret.
	last map[string]*tls.Certificate

	stop context.CancelFunc
	done sync.WaitGroup
}

// openGate starts a proxy that binds address, and tells there whether it is ready.
func openGate(ctx context.Context, o Options, address netip.Addr, gateway *ir.Gateway) (*gate, error) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx)) // it ends by close, after the fronts
	g := &gate{address: address, controller: gateway.Controller, stop: stop}
	g.proxy = proxy.New(proxy.Options{
		DrainTimeout: drainTimeout, AccessLog: o.AccessLog, Log: o.Log,
		Listen: func(ctx context.Context, port int32) (net.Listener, error) {
			return proxy.Listen(ctx, "tcp", at(address, port))
		},
		ListenPacket: func(ctx context.Context, port int32) (net.PacketConn, error) {
			return (&net.ListenConfig{}).ListenPacket(ctx, "udp", at(address, port))
		},
	})
	g.done.Go(func() {
		if err := g.proxy.Run(ctx); err != nil {
			o.Log.Warn("requests were cut off", "proxy", address.String(), "error", err)
		}
	})
	if o.Mode == Emulator && gateway.Controller == classes.AWS {
		if err := g.serveHealth(ctx, gateway.Front); err != nil {
			g.close()
			return nil, err
		}
	}
	return g, nil
}

// serveHealth answers the load balancer's health checks.
func (g *gate) serveHealth(ctx context.Context, front ir.Front) error {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", at(g.address, front.HealthPort))
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc(front.HealthPath, func(w http.ResponseWriter, _ *http.Request) {
		if !g.proxy.Ready() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	g.done.Go(func() { _ = server.Serve(l) }) // ends with ctx
	return nil
}

// apply gives the proxy a configuration and what its pools and listeners need, and says whether revision or problem
// are others now.
func (g *gate) apply(root config.Root, chunks []config.Chunk, member string, in input) (changed bool) {
	next := proxy.Snapshot{
		Root: root, Chunks: config.Pointers(chunks), Endpoints: map[string][]config.Endpoint{}, Certificates: map[string]*tls.Certificate{},
	}
	for _, part := range append([]config.Chunk{{Pools: root.Pools}}, chunks...) {
		for _, pool := range part.Pools {
			next.Endpoints[pool.Key] = in.endpoints(member, pool)
		}
	}
	for _, name := range secretsOf(root) {
		if c := g.certificate(in.secrets, name); c != nil {
			next.Certificates[name] = c
		}
	}
	g.last = next.Certificates
	problem := ""
	if err := g.proxy.Apply(next); err != nil {
		problem = bindProblem(err)
	}
	changed = g.revision != root.Revision || g.problem != problem
	g.revision, g.problem = root.Revision, problem
	return changed
}

// secretsOf are those that the proxy shows to clients and to backends.
func secretsOf(root config.Root) []string {
	var out []string
	for _, l := range root.Listeners {
		if l.TLS != nil {
			out = append(out, l.TLS.Secrets...)
		}
	}
	if root.BackendSecret != "" {
		out = append(out, root.BackendSecret)
	}
	return out
}

func at(address netip.Addr, port int32) string {
	return net.JoinHostPort(address.String(), strconv.Itoa(int(port)))
}

// certificate is that of a Secret, or the last good one of it while its content cannot be read; nil if there is none. The
// listener's condition tells.
func (g *gate) certificate(secrets map[world.Name]*corev1.Secret, key string) *tls.Certificate {
	namespace, name := splitName(key)
	s := secrets[world.Name{Namespace: namespace, Name: name}]
	if s == nil {
		return nil
	}
	pair, err := tls.X509KeyPair(s.Data[corev1.TLSCertKey], s.Data[corev1.TLSPrivateKeyKey])
	if err != nil {
		return g.last[key]
	}
	return &pair
}

// bindProblem says what to do about an address that could not be bound.
func bindProblem(err error) string {
	switch {
	case errors.Is(err, syscall.EACCES):
		return fmt.Sprintf("%v: run as root, or add --port-offset 8000", err)
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Sprintf("%v: another program has that port; add --port-offset, or stop it", err)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return fmt.Sprintf("%v: this machine lacks that loopback address; all of 127.0.0.0/8 works on Linux only", err)
	}
	return err.Error()
}

func (g *gate) close() {
	g.stop()
	g.done.Wait()
}
