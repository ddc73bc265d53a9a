package source

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"maps"
	"math/big"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/dataplane/proxy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// follower runs a Source against an api and keeps what it applies.
type follower struct {
	t         *testing.T
	mutex     sync.Mutex
	snapshots []proxy.Snapshot
}

func follow(t *testing.T, a *api) *follower {
	t.Helper()
	f := &follower{t: t}
	s, err := New(Options{Config: a.config(), Name: "gw", Namespace: "n", Pod: "gw-pod-1", Apply: func(s proxy.Snapshot) error {
		f.mutex.Lock()
		defer f.mutex.Unlock()
		f.snapshots = append(f.snapshots, s)
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	return f
}

func (f *follower) last() (proxy.Snapshot, int) {
	f.mutex.Lock()
	defer f.mutex.Unlock()
	if len(f.snapshots) == 0 {
		return proxy.Snapshot{}, 0
	}
	return f.snapshots[len(f.snapshots)-1], len(f.snapshots)
}

// until waits for a snapshot that fits.
func (f *follower) until(reason string, fits func(proxy.Snapshot) bool) proxy.Snapshot {
	f.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if s, n := f.last(); n > 0 && fits(s) {
			return s
		}
	}
	s, n := f.last()
	f.t.Fatalf("%s: after %d snapshots the last is %+v", reason, n, s)
	return s
}

// never checks that nothing new is applied for a while.
func (f *follower) never(reason string, n int) {
	f.t.Helper()
	time.Sleep(200 * time.Millisecond)
	if _, got := f.last(); got != n {
		f.t.Fatalf("%s: %d snapshots, want %d", reason, got, n)
	}
}

func encoded(t testing.TB, name string, part dataplanev1alpha1.Part, index int, value any) *dataplanev1alpha1.ProxyConfig {
	t.Helper()
	data, sum, err := config.Encode(value)
	if err != nil {
		t.Fatal(err)
	}
	return &dataplanev1alpha1.ProxyConfig{
		Kind: "ProxyConfig", APIVersion: dataplanev1alpha1.GroupVersion.String(),
		Namespace: "n", Name: name, UID: "uid-1", Labels: map[string]string{dataplanev1alpha1.LabelProxy: "gw"},
		Spec: dataplanev1alpha1.ProxyConfigSpec{Gateway: "gw", Part: part, Index: int32(index), Version: 1, Checksum: sum, Data: data},
	}
}

func rootPart(t *testing.T, generation int64, chunks int, secrets ...string) *dataplanev1alpha1.ProxyConfig {
	root := config.Root{
		Version: 1, Gateway: "n/gw", Generation: generation, Chunks: chunks,
		Listeners: []config.Listener{{Name: "web", Port: 80, Protocol: config.HTTP}},
	}
	if len(secrets) > 0 {
		root.Listeners = append(root.Listeners, config.Listener{Name: "tls", Port: 443, Protocol: config.HTTPS, TLS: &config.TLS{Secrets: secrets}})
	}
	part := encoded(t, "gw", dataplanev1alpha1.PartRoot, 0, root)
	part.Spec.GatewayGeneration = generation
	return part
}

// chunkPart is a chunk with pools for Services, each "namespace/name".
func chunkPart(t *testing.T, index int, services ...string) *dataplanev1alpha1.ProxyConfig {
	chunk := config.Chunk{Version: 1, Index: index}
	for _, s := range services {
		namespace, name, _ := strings.Cut(s, "/")
		chunk.Pools = append(chunk.Pools, config.Pool{Key: s + ":80", Namespace: namespace, Service: name, Port: 80, PortName: "http"})
	}
	return encoded(t, fmt.Sprintf("gw-%d", index), dataplanev1alpha1.PartChunk, index, chunk)
}

func endpointSlice(service, name string, labels map[string]string, endpoints ...discoveryv1.Endpoint) *discoveryv1.EndpointSlice {
	namespace, service, _ := strings.Cut(service, "/")
	all := map[string]string{discoveryv1.LabelServiceName: service}
	maps.Copy(all, labels)
	return &discoveryv1.EndpointSlice{
		Kind: "EndpointSlice", APIVersion: "discovery.k8s.io/v1",
		Namespace: namespace, Name: name, Labels: all,
		AddressType: discoveryv1.AddressTypeIPv4, Endpoints: endpoints,
		Ports: []discoveryv1.EndpointPort{{Name: new("http"), Port: new(int32(8080))}, {Name: new("other"), Port: new(int32(9090))}},
	}
}

func ready(address string) discoveryv1.Endpoint {
	return discoveryv1.Endpoint{Addresses: []string{address}}
}

func conditions(address string, ready, serving, terminating bool) discoveryv1.Endpoint {
	return discoveryv1.Endpoint{Addresses: []string{address}, Conditions: discoveryv1.EndpointConditions{
		Ready: &ready, Serving: &serving, Terminating: &terminating,
	}}
}

func addresses(s proxy.Snapshot, key string) (list []string) {
	for _, e := range s.Endpoints[key] {
		list = append(list, e.Address)
	}
	return list
}

func TestFirstConfigurationIsWhole(t *testing.T) {
	a := newAPI(t)
	a.put("endpointslices", endpointSlice("shop/cart", "cart-1", nil, ready("10.0.0.1")))
	a.put("endpointslices", endpointSlice("shop/unwanted", "unwanted-1", nil, ready("10.0.0.9")))
	f := follow(t, a)
	a.put("proxyconfigs", rootPart(t, 5, 2))
	a.put("proxyconfigs", chunkPart(t, 0, "shop/cart"))
	f.never("a chunk is missing", 0)
	a.put("proxyconfigs", chunkPart(t, 1))
	s := f.until("all is in", func(proxy.Snapshot) bool { return true })
	want := []config.Endpoint{{Address: "10.0.0.1", Port: 8080}}
	if got := s.Endpoints["shop/cart:80"]; !reflect.DeepEqual(got, want) || len(s.Chunks) != 2 || s.Root.Generation != 5 {
		t.Fatalf("the first snapshot must have the endpoints: got %+v", s)
	}
	eventually(t, "the root is reported", func() bool {
		a.mutex.Lock()
		defer a.mutex.Unlock()
		return len(a.patches) == 1 && strings.HasPrefix(a.patches[0], "n/proxyconfigs/gw/status?fieldManager=gw-pod-1&force=true ") &&
			strings.Contains(a.patches[0], `"status":{"proxies":[{"name":"gw-pod-1","gatewayGeneration":5}]}`)
	})
}

func eventually(t *testing.T, reason string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(reason)
		}
	}
}

func TestEndpointsFollow(t *testing.T) {
	a := newAPI(t)
	a.put("proxyconfigs", rootPart(t, 1, 1))
	a.put("proxyconfigs", chunkPart(t, 0, "shop/cart"))
	f := follow(t, a)
	f.until("a Service without slices has no endpoints, and holds nobody up", func(s proxy.Snapshot) bool { return len(s.Endpoints["shop/cart:80"]) == 0 })
	remote := map[string]string{"multicluster.kubernetes.io/source-cluster": "west"}
	steps := []struct {
		reason string
		slice  *discoveryv1.EndpointSlice
		want   []string
	}{
		{"another cluster's are better than none", endpointSlice("shop/cart", "west", remote, ready("10.9.0.1")), []string{"10.9.0.1"}},
		{"the cluster's own come first", endpointSlice("shop/cart", "local", nil, ready("10.0.0.1"), ready("10.0.0.2")), []string{"10.0.0.1", "10.0.0.2"}},
		{"those not ready are left out", endpointSlice("shop/cart", "local", nil, ready("10.0.0.1"), conditions("10.0.0.2", false, false, false)), []string{"10.0.0.1"}},
		{
			"those that leave are kept for the worst case", endpointSlice("shop/cart", "local", nil, ready("10.0.0.1"), conditions("10.0.0.2", false, true, true)),
			[]string{"10.0.0.1", "10.0.0.2"},
		},
		{"none of our own is ready", endpointSlice("shop/cart", "local", nil, conditions("10.0.0.2", false, true, true)), []string{"10.0.0.2", "10.9.0.1"}},
		{
			"no pod is at an address of the machine or its metadata",
			endpointSlice("shop/cart", "local", nil, ready("169.254.169.254"), ready("127.0.0.1"), ready("10.0.0.3")),
			[]string{"10.0.0.3"},
		},
	}
	for _, step := range steps {
		a.put("endpointslices", step.slice)
		f.until(step.reason, func(s proxy.Snapshot) bool { return reflect.DeepEqual(addresses(s, "shop/cart:80"), step.want) })
	}
	a.remove("shop/endpointslices/local")
	f.until("deleted", func(s proxy.Snapshot) bool {
		return reflect.DeepEqual(addresses(s, "shop/cart:80"), []string{"10.9.0.1"})
	})
}

func TestNewBackendsComeWithTheirEndpoints(t *testing.T) {
	a := newAPI(t)
	a.put("endpointslices", endpointSlice("shop/cart", "cart-1", nil, ready("10.0.0.1")))
	a.put("endpointslices", endpointSlice("shop/pay", "pay-1", nil, ready("10.0.0.2")))
	a.put("endpointslices", endpointSlice("far/away", "away-1", nil, ready("10.0.0.3")))
	a.put("proxyconfigs", rootPart(t, 1, 1))
	a.put("proxyconfigs", chunkPart(t, 0, "shop/cart"))
	f := follow(t, a)
	f.until("first", func(s proxy.Snapshot) bool { return len(s.Endpoints) == 1 })
	a.put("proxyconfigs", chunkPart(t, 0, "shop/cart", "shop/pay", "far/away"))
	f.until("second", func(s proxy.Snapshot) bool { return len(s.Endpoints) == 3 })
	f.mutex.Lock()
	defer f.mutex.Unlock()
	for _, s := range f.snapshots {
		for key, endpoints := range s.Endpoints {
			if len(endpoints) != 1 {
				t.Fatalf("a pool was in force before its endpoints: %s in %+v", key, s.Endpoints)
			}
		}
	}
}

func TestANamespaceIsWatchedForAWhileAfterItsLastRoute(t *testing.T) {
	a := newAPI(t)
	a.put("endpointslices", endpointSlice("shop/cart", "cart-1", nil, ready("10.0.0.1")))
	a.put("proxyconfigs", rootPart(t, 1, 1))
	a.put("proxyconfigs", chunkPart(t, 0, "shop/cart"))
	f := follow(t, a)
	has := func(n int) func(s proxy.Snapshot) bool {
		return func(s proxy.Snapshot) bool { return len(s.Endpoints["shop/cart:80"]) == n }
	}
	f.until("a route", has(1))
	a.put("proxyconfigs", chunkPart(t, 0))
	f.until("none", has(0))
	a.put("endpointslices", endpointSlice("shop/cart", "cart-1", nil, ready("10.0.0.1"), ready("10.0.0.2")))
	a.put("proxyconfigs", chunkPart(t, 0, "shop/cart"))
	f.until("the next route, with the endpoints of now", has(2))
	a.mutex.Lock()
	defer a.mutex.Unlock()
	if n := a.asked["shop/endpointslices?"]; n != 1 {
		t.Errorf("the namespace was listed %d times: %v", n, a.asked)
	}
}

func TestANamespaceIsLeftWhenNoRouteLeadsToItForLong(t *testing.T) {
	begin := time.Unix(1_000_000, 0)
	stopped := 0
	s := &Source{force: &configuration{}, backends: newBackends(), namespaces: map[string]*namespace{}}
	s.namespaces["shop"] = &namespace{name: "shop", current: &watched{newServices(nil), &feed[*discoveryv1.EndpointSlice]{cancel: func() { stopped++ }}}}
	for _, step := range []struct {
		reason string
		routes int
		after  time.Duration
		want   int
	}{
		{"a route leads to it", 1, 0, 0},
		{"the last one is gone", 0, time.Second, 0},
		{"not for long", 0, lingering, 0},
		{"a route came back", 1, lingering + 500*time.Millisecond, 0},
		{"and is gone again", 0, 2 * lingering, 0},
		{"for long", 0, 3 * lingering, 1},
	} {
		s.backends.namespaces["shop"] = step.routes
		s.prune(begin.Add(step.after))
		if stopped != step.want || len(s.namespaces) != 1-step.want {
			t.Errorf("%s: stopped %d times, want %d", step.reason, stopped, step.want)
		}
	}
}

func TestUnreadablePartsLeaveTheLastGoodOnes(t *testing.T) {
	a := newAPI(t)
	a.put("proxyconfigs", rootPart(t, 1, 2))
	a.put("proxyconfigs", chunkPart(t, 0, "shop/cart"))
	a.put("proxyconfigs", chunkPart(t, 1, "shop/pay"))
	f := follow(t, a)
	f.until("first", func(s proxy.Snapshot) bool { return len(s.Chunks) == 2 })
	_, n := f.last()
	torn := chunkPart(t, 0, "shop/new")
	torn.Spec.Data = torn.Spec.Data[:20]
	a.put("proxyconfigs", torn)
	other := chunkPart(t, 1, "shop/evil")
	other.Name = "gw-7"
	a.put("proxyconfigs", other)
	a.remove("n/proxyconfigs/gw-1")
	f.never("torn, misplaced, deleted", n)
	a.put("proxyconfigs", chunkPart(t, 1, "shop/next"))
	s := f.until("the other chunks go on", func(s proxy.Snapshot) bool { return s.Chunks[1].Pools[0].Service == "next" })
	if s.Chunks[0].Pools[0].Service != "cart" {
		t.Fatalf("got %+v", s.Chunks)
	}
	a.put("proxyconfigs", rootPart(t, 2, 3))
	a.put("proxyconfigs", rootPart(t, 3, 1))
	f.until("a smaller configuration", func(s proxy.Snapshot) bool { return s.Root.Generation == 3 && len(s.Chunks) == 1 })
}

func secret(t *testing.T, name, version string, broken bool) *corev1.Secret {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), DNSNames: []string{version}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	data := map[string][]byte{
		corev1.TLSCertKey:       pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		corev1.TLSPrivateKeyKey: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}),
	}
	if broken {
		data[corev1.TLSPrivateKeyKey] = []byte("garbage")
	}
	return &corev1.Secret{
		Kind: "Secret", APIVersion: "v1", Namespace: "n", Name: name, Type: corev1.SecretTypeTLS, Data: data,
	}
}

func TestCertificatesFollowTheirSecrets(t *testing.T) {
	a := newAPI(t)
	a.put("secrets", secret(t, "web", "one", false))
	a.put("secrets", secret(t, "foreign", "x", false))
	a.put("proxyconfigs", rootPart(t, 1, 0, "n/web", "n/missing"))
	f := follow(t, a)
	named := func(name string) func(proxy.Snapshot) bool {
		return func(s proxy.Snapshot) bool {
			c := s.Certificates["n/web"]
			return len(s.Certificates) == 1 && c != nil && c.Leaf.DNSNames[0] == name
		}
	}
	f.until("a Secret that is missing holds nobody up", named("one"))
	a.put("secrets", secret(t, "web", "two", false))
	f.until("rotated", named("two"))
	_, n := f.last()
	a.put("secrets", secret(t, "web", "three", true))
	f.never("a key that cannot be read leaves the last good one", n)
	a.remove("n/secrets/web")
	f.until("deleted", func(s proxy.Snapshot) bool { return len(s.Certificates) == 0 })
	a.mutex.Lock()
	defer a.mutex.Unlock()
	for asked := range a.asked {
		if strings.HasPrefix(asked, "n/secrets?") && !strings.Contains(asked, "metadata.name=") {
			t.Fatalf("Secrets are read by name only, asked for %q", asked)
		}
	}
}

// TestABurstIsNotAnApplyForEachChange has the API server tell of many changes one after the other.
func TestABurstIsNotAnApplyForEachChange(t *testing.T) {
	a := newAPI(t)
	a.put("proxyconfigs", rootPart(t, 1, 1))
	a.put("proxyconfigs", chunkPart(t, 0, "shop/cart", "shop/pay"))
	a.put("endpointslices", endpointSlice("shop/pay", "pay-1", nil, ready("10.0.1.1")))
	f := follow(t, a)
	first := f.until("first", func(s proxy.Snapshot) bool { return len(addresses(s, "shop/pay:80")) == 1 })
	_, before := f.last()
	const changes = 400
	for i := range changes {
		a.put("endpointslices", endpointSlice("shop/cart", "cart-1", nil, ready(fmt.Sprintf("10.0.%d.%d", 2+i/200, 1+i%200))))
		time.Sleep(100 * time.Microsecond)
	}
	s := f.until("the last one", func(s proxy.Snapshot) bool {
		return reflect.DeepEqual(addresses(s, "shop/cart:80"), []string{"10.0.3.200"})
	})
	if _, after := f.last(); after-before > changes/4 {
		t.Fatalf("%d changes were applied %d times", changes, after-before)
	}
	if !shared(first.Endpoints["shop/pay:80"], s.Endpoints["shop/pay:80"]) {
		t.Fatal("a Service that did not change was looked at again")
	}
}

func TestOutageOfTheAPIServer(t *testing.T) {
	a := newAPI(t)
	a.put("proxyconfigs", rootPart(t, 1, 1))
	a.put("proxyconfigs", chunkPart(t, 0, "shop/cart"))
	a.put("endpointslices", endpointSlice("shop/cart", "cart-1", nil, ready("10.0.0.1")))
	f := follow(t, a)
	f.until("first", func(s proxy.Snapshot) bool { return len(addresses(s, "shop/cart:80")) == 1 })
	_, n := f.last()
	a.mutex.Lock()
	for _, resource := range []string{"n/proxyconfigs", "shop/endpointslices"} {
		a.denied[resource] = true
	}
	a.mutex.Unlock()
	a.server.CloseClientConnections()
	f.never("what is known stays in force", n)
	a.mutex.Lock()
	clear(a.denied)
	a.mutex.Unlock()
	a.put("endpointslices", endpointSlice("shop/cart", "cart-1", nil, ready("10.0.0.2")))
	f.until("it catches up", func(s proxy.Snapshot) bool {
		return reflect.DeepEqual(addresses(s, "shop/cart:80"), []string{"10.0.0.2"})
	})
}

func TestCertificateForBackendsIsWatched(t *testing.T) {
	a := newAPI(t)
	root := config.Root{Version: 1, Gateway: "n/gw", BackendSecret: "n/own", Listeners: []config.Listener{{Name: "web", Port: 80, Protocol: config.HTTP}}}
	a.put("proxyconfigs", encoded(t, "gw", dataplanev1alpha1.PartRoot, 0, root))
	f := follow(t, a)
	f.until("a Secret that is missing holds nobody up", func(s proxy.Snapshot) bool { return len(s.Certificates) == 0 })
	a.put("secrets", secret(t, "own", "one", false))
	f.until("it is there", func(s proxy.Snapshot) bool { return s.Certificates["n/own"] != nil })
}

// TestServicesOfListenersAreWatched has a filter of a listener name a Service that no route does.
func TestServicesOfListenersAreWatched(t *testing.T) {
	root := func(generation int64, services ...string) *dataplanev1alpha1.ProxyConfig {
		made := config.Root{
			Version: 1, Gateway: "n/gw", Generation: generation, Chunks: 1,
			Listeners: []config.Listener{{Name: "web", Port: 80, Protocol: config.HTTP}},
		}
		for _, s := range services {
			namespace, name, _ := strings.Cut(s, "/")
			made.Pools = append(made.Pools, config.Pool{Key: s + ":80", Namespace: namespace, Service: name, Port: 80, PortName: "http"})
			made.Listeners[0].Filters = append(made.Listeners[0].Filters, config.ListenerFilter{Auth: &config.Auth{Pool: s + ":80"}})
		}
		return encoded(t, "gw", dataplanev1alpha1.PartRoot, 0, made)
	}
	a := newAPI(t)
	a.put("endpointslices", endpointSlice("auth/check", "check-1", nil, ready("10.0.0.1")))
	a.put("endpointslices", endpointSlice("n/other", "other-1", nil, ready("10.0.0.2")))
	a.put("proxyconfigs", root(1))
	a.put("proxyconfigs", chunkPart(t, 0, "n/other"))
	f := follow(t, a)
	f.until("routes alone", func(s proxy.Snapshot) bool { return len(s.Endpoints) == 1 })
	a.put("proxyconfigs", root(2, "auth/check"))
	got := f.until("with the filter", func(s proxy.Snapshot) bool { return s.Root.Generation == 2 })
	if len(got.Endpoints["auth/check:80"]) != 1 {
		t.Fatalf("the filter comes with its endpoints: got %v", got.Endpoints)
	}
	a.put("endpointslices", endpointSlice("auth/check", "check-1", nil, ready("10.0.0.1"), ready("10.0.0.3")))
	f.until("its endpoints follow", func(s proxy.Snapshot) bool { return len(s.Endpoints["auth/check:80"]) == 2 })
	a.put("proxyconfigs", root(3))
	f.until("without the filter", func(s proxy.Snapshot) bool { return s.Root.Generation == 3 && len(s.Endpoints) == 1 })
}
