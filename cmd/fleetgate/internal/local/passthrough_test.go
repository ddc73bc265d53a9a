package local_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/local"
	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/selfsigned"
	"github.com/fleetgate/fleetgate/e2e/backend/responder"
)

// passed is a Gateway whose TLS is a backend's, of which the folder has an EndpointSlice, and whose load balancer is
// asked for an address that this machine does not have.
const passed = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: edge}
spec: {controllerName: gateway.company.com/service}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: a}
spec:
  gatewayClassName: edge
  addresses: [{type: IPAddress, value: 192.0.2.10}]
  listeners: [{name: tls, port: 8443, protocol: TLS, hostname: "*.example.com", tls: {mode: Passthrough}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: TLSRoute
metadata: {name: own, namespace: a}
spec:
  parentRefs: [{name: edge}]
  hostnames: [own.example.com]
  rules: [{backendRefs: [{name: own, port: 443}]}]
---
apiVersion: v1
kind: Service
metadata: {name: own, namespace: a}
spec: {ports: [{name: tls, port: 443}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: own, namespace: a, labels: {kubernetes.io/service-name: own}}
addressType: IPv4
ports: [{name: tls, port: %d}]
endpoints: [{addresses: [127.0.0.1], conditions: {ready: true}}]
`

func TestTLSIsPassedOnAndAnAddressIsGranted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "in.yaml", fmt.Sprintf(passed, serveTLS(t)))
	r := start(t, local.Options{Path: dir, Mode: local.Emulator, Members: []string{"local"}})
	if len(r.report.Rows)+len(r.report.Faults) > 0 {
		t.Errorf("to mend: %v %v", r.report.Rows, r.report.Faults)
	}
	if g := r.report.Gateways[0]; fmt.Sprint(g.Names) != "[192.0.2.10]" || g.Address == "192.0.2.10" {
		t.Errorf("the Gateway is %+v, want the address that was asked for, reached at one of this machine", g)
	}
	q := r.find(t, "TLSRoute/a/own, TLS for own.example.com, passed on → own")
	c := tls.Client(dial(t, "tcp", q), &tls.Config{ServerName: q.Host, InsecureSkipVerify: true})
	if got := greet(t, c); got.Service != "own" {
		t.Errorf("%+v answers", got)
	}
	if names := c.ConnectionState().PeerCertificates[0].DNSNames; fmt.Sprint(names) != "[own.example.com]" {
		t.Errorf("the certificate is for %v, not the backend's", names)
	}
}

// serveTLS is the port of a backend that ends TLS.
func serveTLS(t *testing.T) int {
	t.Helper()
	authority, err := selfsigned.NewAuthority(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := authority.Issue([]string{"own.example.com"}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := tls.X509KeyPair(pair.Cert, pair.Key)
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() {
		ended <- responder.Serve(t.Context(), l, &responder.Responder{Identity: responder.Identity{Service: "own"}}, time.Second)
	}()
	t.Cleanup(func() { <-ended })
	at, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatal("no TCP address")
	}
	return at.Port
}
