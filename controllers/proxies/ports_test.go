package proxies

import (
	"fmt"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/fleetgate/fleetgate/internal/ir"
)

func TestPortsOfTheService(t *testing.T) {
	gateway := &ir.Gateway{Namespace: "shop", Name: "gw", Listeners: []ir.Listener{
		{Name: "udp", Port: 53, Protocol: "UDP", Serves: true},
		{Name: "https", Port: 443, Protocol: "HTTPS", Serves: true},
		{Name: "shop/more/tls", Set: "shop/more", Port: 443, Protocol: "TLS", Serves: true},
		{Name: "tcp", Port: 53, Protocol: "TCP", Serves: true},
		{Name: "broken", Port: 80, Protocol: "HTTP"},
	}}
	service, ok := deploymentOf(gateway, nil, DefaultSettings()).service().(*corev1.Service)
	if !ok {
		t.Fatal("no Service")
	}
	got := make([]string, 0, len(service.Spec.Ports))
	for _, port := range service.Spec.Ports {
		got = append(got, fmt.Sprintf("%s %d/%s to %s", port.Name, port.Port, port.Protocol, port.TargetPort.String()))
	}
	want := []string{"p53 53/TCP to 53", "p443 443/TCP to 443", "p53-udp 53/UDP to 53"}
	if !slices.Equal(got, want) {
		t.Errorf("TCP and UDP are told apart: got %q, want %q", got, want)
	}
}
