package suite

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/fleetgate/fleetgate/bench/api"
	"github.com/fleetgate/fleetgate/bench/measure"
	"github.com/fleetgate/fleetgate/bench/peer"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

// memory measures the proxy as it runs in a pod, fed by an API server, with route tables of some sizes.
func memory(ctx context.Context, b *Bench) ([]Row, error) {
	var rows []Row
	for _, c := range []struct {
		routes int
		goal   float64
	}{{0, 30}, {5_000, 45}, {40_000, 140}} {
		resident, peak, err := b.podMemory(ctx, c.routes)
		if err != nil {
			return rows, err
		}
		row := Row{
			Title: fmt.Sprintf("memory (RSS) of a pod with %d routes", c.routes), Unit: "MB",
			Values: map[peer.Kind]float64{peer.Ours: resident}, Goal: fmt.Sprintf("≤ %.0f MB", c.goal), Met: resident <= c.goal,
			Notes: []string{fmt.Sprintf("%d routes: %.0f MB at most while it started", c.routes, peak)},
		}
		b.sayf("  %d routes: %.1f MB, at most %.1f MB", c.routes, resident, peak)
		rows = append(rows, row)
	}
	return rows, nil
}

const (
	// quietFor is how long memory must not fall any more to count as settled.
	quietFor = 10 * time.Second
	// settleMost is how long that may take.
	settleMost = 5 * time.Minute
)

// podMemory runs the proxy's program against an API server with so many routes, and gives its RSS in
// MB once it is ready and settled, and the most that it was.
func (b *Bench) podMemory(ctx context.Context, routes int) (resident, peak float64, err error) {
	objects, name, err := memberObjects(routes)
	if err != nil {
		return 0, 0, err
	}
	handler, err := api.New(objects)
	if err != nil {
		return 0, 0, err
	}
	server := httptest.NewServer(handler)
	defer server.Close()
	defer server.CloseClientConnections()
	admin, err := freeAddress()
	if err != nil {
		return 0, 0, err
	}
	arguments := peer.Pinned(b.peers.CPUs, []string{
		filepath.Join(b.Programs, "proxy"), "-name", name, "-namespace", "infra", "-pod-name", "pod-1", "-access-log", "off",
		"-admin-addr", admin, "-api-server", server.URL, "-drain-wait", "0s",
	})
	command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return 0, 0, err
	}
	defer func() {
		_ = command.Process.Kill()
		_ = command.Wait()
	}()
	return settled(ctx, command.Process.Pid, "http://"+admin+"/ready")
}

// freeAddress is one of loopback at which nobody listens.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0") //nolint:noctx // ends at once
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// memberObjects are what a member's API has of a Gateway with so many routes, each with a Service of
// its own, and the name of the Gateway's proxies.
func memberObjects(routes int) (objects []runtime.Object, name string, err error) {
	const member = "east"
	w := worldtest.Many(routes, false)
	gateway := world.Name{Namespace: "infra", Name: "web"}
	const port = 18_080 // nobody needs to be root
	w.Gateways[gateway].Spec.Listeners[0].Port = port
	configs, err := compile.ProxyConfigs(translate.All(w), gateway, member)
	if err != nil {
		return nil, "", err
	}
	for i := range configs {
		objects = append(objects, &configs[i])
	}
	n := 0
	for service := range w.Members[member].Services.All() {
		n++
		objects = append(objects, endpointSlice(service, n))
	}
	return objects, compile.ProxyName(gateway), nil
}

// endpointSlice is that of a Service with two pods.
func endpointSlice(service world.Name, n int) *discoveryv1.EndpointSlice {
	slice := &discoveryv1.EndpointSlice{AddressType: discoveryv1.AddressTypeIPv4}
	slice.Namespace, slice.Name = service.Namespace, service.Name+"-x7k2p"
	slice.Labels = map[string]string{
		discoveryv1.LabelServiceName: service.Name, discoveryv1.LabelManagedBy: "endpointslice-controller.k8s.io",
	}
	slice.Ports = []discoveryv1.EndpointPort{{Name: new("http"), Port: new(int32(8080))}}
	for pod := range 2 {
		address := 2*n + pod
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses:  []string{fmt.Sprintf("10.%d.%d.%d", address>>16, address>>8&255, address&255)},
			Conditions: discoveryv1.EndpointConditions{Ready: new(true), Serving: new(true), Terminating: new(false)},
			NodeName:   new("node-17"), Zone: new("eu-central-1a"),
		})
	}
	return slice
}

var errNotReady = errors.New("the proxy is not ready")

// settled waits until a process is ready and its memory falls no more.
func settled(ctx context.Context, pid int, url string) (resident, peak float64, err error) {
	least, since, ready := math.Inf(1), time.Now(), false
	for begin := time.Now(); ctx.Err() == nil && time.Since(begin) < settleMost; pause(ctx, 200*time.Millisecond) {
		now, err := measure.MemoryOf(pid)
		if err != nil {
			return 0, 0, err
		}
		resident = megabytes(now.RSS, nil)
		peak = max(peak, resident)
		if !ready {
			ready = isReady(ctx, url)
			since = time.Now()
			continue
		}
		const noise = 0.2
		if resident < least-noise {
			least, since = resident, time.Now()
		}
		if time.Since(since) > quietFor {
			return resident, peak, nil
		}
	}
	if !ready {
		return resident, peak, errNotReady
	}
	return resident, peak, ctx.Err()
}

func isReady(ctx context.Context, url string) bool {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}
