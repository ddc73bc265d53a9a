package golden

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1alpha1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"
	"sigs.k8s.io/yaml"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/world"
	"github.com/fleetgate/fleetgate/internal/world/worldtest"
)

// controller is the aws provider's; plain is one whose proxies end TLS themselves.
const (
	controller = "gateway.aws.company.com/controller"
	plain      = "gateway.company.com/service"
)

// options is options.yaml: what the World has besides the objects of in.yaml.
type options struct {
	// GatewayAPI is v1.7.0 unless set.
	GatewayAPI string `json:"gatewayAPI"`
	// Standard says that the CRDs are of the standard channel.
	Standard bool `json:"standard"`
	// AbsentKinds are kinds of Gateway API that are not installed.
	AbsentKinds []world.Kind `json:"absentKinds"`
	// Members are the one member hub unless set.
	Members map[string]member `json:"members"`
	// Services are "namespace/name:port" or "namespace/name:port/appProtocol", made in all members.
	Services []string `json:"services"`
	// Certificates are hostnames by Secret: each gets a certificate for them.
	Certificates map[string][]string `json:"certificates"`
	// Absent are Secrets that were looked for and not found, AbsentConfigMaps ConfigMaps, and AbsentTrustBundles ClusterTrustBundles.
	Absent             []string `json:"absent"`
	AbsentConfigMaps   []string `json:"absentConfigMaps"`
	AbsentTrustBundles []string `json:"absentTrustBundles"`
	// Authorities are ConfigMaps that get a CA certificate, TrustBundles ClusterTrustBundles that do.
	Authorities  []string `json:"authorities"`
	TrustBundles []string `json:"trustBundles"`
	// Fronts by Gateway.
	Fronts map[string]world.Front `json:"fronts"`
	// Mismatched are hostnames by Secret: each gets a certificate for them, and a key of another.
	Mismatched map[string][]string `json:"mismatched"`
	Cloud      cloudOptions        `json:"cloud"`
}

// member is a member of options.yaml.
type member struct {
	Labels      map[string]string        `json:"labels"`
	Unreachable string                   `json:"unreachable"`
	Without     []string                 `json:"without"`
	Services    []string                 `json:"services"`
	Proxies     map[string]world.Proxies `json:"proxies"`
}

// load reads a case into a World.
func load(t *testing.T, folder string) *world.World {
	t.Helper()
	given := readOptions(t, folder)
	w := &world.World{
		Hub:        "golden",
		GatewayAPI: "v1.7.0",
		Providers: map[string]world.Provider{
			controller: {
				Kind: "ALBConfig", Group: awsv1alpha1.GroupVersion.Group, EndsTLS: true,
				Protocols: []string{"HTTP", "HTTPS"}, RouteKinds: []string{"HTTPRoute"}, Features: []string{"Gateway", "HTTPRoute", "ReferenceGrant"},
			},
			plain: {
				Kind: "ServiceConfig", Group: gatewayv1alpha1.GroupVersion.Group, StaticAddresses: true,
				Features: []string{"Gateway", "HTTPRoute", "ReferenceGrant"},
			},
		},
		Classes:        map[string]*gatewayv1.GatewayClass{},
		ALBConfigs:     map[string]*awsv1alpha1.ALBConfig{},
		ServiceConfigs: map[string]*gatewayv1alpha1.ServiceConfig{},
		Gateways:       map[world.Name]*gatewayv1.Gateway{},
		BackendTLS:     map[world.Name]*gatewayv1.BackendTLSPolicy{},
		BackendTraffic: map[world.Name]*gatewayxv1alpha1.XBackendTrafficPolicy{},
		Grants:         map[world.Name]*gatewayv1.ReferenceGrant{},
		Namespaces:     map[string]*corev1.Namespace{},
		Secrets:        map[world.Name]*corev1.Secret{},
		ConfigMaps:     map[world.Name]*corev1.ConfigMap{},
		TrustBundles:   map[world.Name]*certificatesv1.ClusterTrustBundle{},
		Members:        map[string]*world.Member{},
		Fronts:         map[world.Name]world.Front{},
	}
	if given.GatewayAPI != "" {
		w.GatewayAPI = given.GatewayAPI
	}
	w.Absent, w.Experimental = given.AbsentKinds, !given.Standard
	services := map[world.Name]*corev1.Service{}
	addObjects(t, w, services, folder)
	for _, text := range given.Services {
		addService(t, services, text)
	}
	addMembers(t, w, services, given)
	addSecrets(t, w, given)
	addConfigMaps(w, given)
	addTrustBundles(w, given)
	for name, front := range given.Fronts {
		w.Fronts[named(name)] = front
	}
	return w
}

func readOptions(t *testing.T, folder string) options {
	t.Helper()
	var given options
	text, err := os.ReadFile(filepath.Join(folder, "options.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(text, &given); err != nil {
		t.Fatalf("%s/options.yaml: %v", folder, err)
	}
	if len(given.Members) == 0 {
		given.Members = map[string]member{"hub": {}}
	}
	return given
}

func addObjects(t *testing.T, w *world.World, services map[world.Name]*corev1.Service, folder string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "in.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for document := range bytes.SplitSeq(text, []byte("\n---\n")) {
		var head struct {
			metav1.TypeMeta `json:",inline"`
			Metadata        metav1.ObjectMeta `json:"metadata"`
		}
		if err := yaml.Unmarshal(document, &head); err != nil {
			t.Fatalf("%s: %v", folder, err)
		}
		name := world.Name{Namespace: head.Metadata.Namespace, Name: head.Metadata.Name}
		if head.Kind == "" {
			continue
		}
		if head.Kind == "Service" {
			services[name] = read[corev1.Service](t, document)
			continue
		}
		add, known := kinds[head.Kind]
		if !known {
			t.Fatalf("%s: what is a %s?", folder, head.Kind)
		}
		add(t, w, name, document)
	}
}

// kinds are what in.yaml may have, and where in the World it goes.
var kinds = map[string]func(*testing.T, *world.World, world.Name, []byte){
	"GatewayClass":          global(func(w *world.World) map[string]*gatewayv1.GatewayClass { return w.Classes }),
	"ALBConfig":             global(func(w *world.World) map[string]*awsv1alpha1.ALBConfig { return w.ALBConfigs }),
	"ServiceConfig":         global(func(w *world.World) map[string]*gatewayv1alpha1.ServiceConfig { return w.ServiceConfigs }),
	"Namespace":             global(func(w *world.World) map[string]*corev1.Namespace { return w.Namespaces }),
	"Gateway":               local(func(w *world.World) map[world.Name]*gatewayv1.Gateway { return w.Gateways }),
	"ListenerSet":           many(func(w *world.World) *world.Objects[*gatewayv1.ListenerSet] { return &w.ListenerSets }),
	"HTTPRoute":             many(func(w *world.World) *world.Objects[*gatewayv1.HTTPRoute] { return &w.HTTPRoutes }),
	"GRPCRoute":             many(func(w *world.World) *world.Objects[*gatewayv1.GRPCRoute] { return &w.GRPCRoutes }),
	"TLSRoute":              many(func(w *world.World) *world.Objects[*gatewayv1.TLSRoute] { return &w.TLSRoutes }),
	"TCPRoute":              many(func(w *world.World) *world.Objects[*gatewayv1.TCPRoute] { return &w.TCPRoutes }),
	"UDPRoute":              many(func(w *world.World) *world.Objects[*gatewayv1.UDPRoute] { return &w.UDPRoutes }),
	"XBackendTrafficPolicy": local(func(w *world.World) map[world.Name]*gatewayxv1alpha1.XBackendTrafficPolicy { return w.BackendTraffic }),
	"BackendTLSPolicy":      local(func(w *world.World) map[world.Name]*gatewayv1.BackendTLSPolicy { return w.BackendTLS }),
	"ReferenceGrant":        local(func(w *world.World) map[world.Name]*gatewayv1.ReferenceGrant { return w.Grants }),
	"ClusterTrustBundle":    local(func(w *world.World) map[world.Name]*certificatesv1.ClusterTrustBundle { return w.TrustBundles }),
	"Secret":                local(func(w *world.World) map[world.Name]*corev1.Secret { return w.Secrets }),
	"ConfigMap":             local(func(w *world.World) map[world.Name]*corev1.ConfigMap { return w.ConfigMaps }),
}

func global[T any](in func(*world.World) map[string]*T) func(*testing.T, *world.World, world.Name, []byte) {
	return func(t *testing.T, w *world.World, name world.Name, document []byte) {
		t.Helper()
		in(w)[name.Name] = read[T](t, document)
	}
}

func local[T any](in func(*world.World) map[world.Name]*T) func(*testing.T, *world.World, world.Name, []byte) {
	return func(t *testing.T, w *world.World, name world.Name, document []byte) {
		t.Helper()
		in(w)[name] = read[T](t, document)
	}
}

func many[T any](in func(*world.World) *world.Objects[*T]) func(*testing.T, *world.World, world.Name, []byte) {
	return func(t *testing.T, w *world.World, name world.Name, document []byte) {
		t.Helper()
		objects := in(w)
		*objects = objects.With(name, read[T](t, document))
	}
}

func read[T any](t *testing.T, document []byte) *T {
	t.Helper()
	object := new(T)
	if err := yaml.Unmarshal(document, object); err != nil {
		t.Fatal(err)
	}
	return object
}

func addService(t *testing.T, services map[world.Name]*corev1.Service, text string) {
	t.Helper()
	full, port, found := strings.Cut(text, ":")
	if !found {
		t.Fatalf("service %q has no port", text)
	}
	port, protocol, has := strings.Cut(port, "/")
	number, err := strconv.ParseInt(port, 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	name := named(full)
	service := services[name]
	if service == nil {
		service = &corev1.Service{ObjectMeta: metav1.ObjectMeta{Namespace: name.Namespace, Name: name.Name}}
		services[name] = service
	}
	made := corev1.ServicePort{Name: "p" + port, Port: int32(number)}
	if has {
		made.AppProtocol = &protocol
	}
	service.Spec.Ports = append(service.Spec.Ports, made)
}

func addMembers(t *testing.T, w *world.World, services map[world.Name]*corev1.Service, given options) {
	t.Helper()
	for name, spec := range given.Members {
		own := maps.Clone(services)
		for _, missing := range spec.Without {
			delete(own, named(missing))
		}
		for _, text := range spec.Services {
			full, _, _ := strings.Cut(text, ":")
			delete(own, named(full))
			addService(t, own, text)
		}
		made := &world.Member{
			Name: name, Labels: spec.Labels, Unreachable: spec.Unreachable,
			Services: world.ObjectsOf(own), Proxies: map[world.Name]world.Proxies{},
		}
		for gateway, proxies := range spec.Proxies {
			made.Proxies[named(gateway)] = proxies
		}
		w.Members[name] = made
	}
}

func addSecrets(t *testing.T, w *world.World, given options) {
	t.Helper()
	for _, name := range given.Absent {
		w.Secrets[named(name)] = nil
	}
	for _, name := range slices.Sorted(maps.Keys(given.Certificates)) {
		at := named(name)
		chain, key := worldtest.Certificate(given.Certificates[name]...)
		w.Secrets[at] = &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: at.Namespace, Name: at.Name},
			Type:       corev1.SecretTypeTLS,
			Data:       map[string][]byte{corev1.TLSCertKey: chain, corev1.TLSPrivateKeyKey: key},
		}
	}
	for name, hostnames := range given.Mismatched {
		at := named(name)
		chain, _ := worldtest.Certificate(hostnames...)
		_, key := worldtest.Certificate("another.example.com")
		w.Secrets[at] = &corev1.Secret{Data: map[string][]byte{corev1.TLSCertKey: chain, corev1.TLSPrivateKeyKey: key}}
	}
}

func addConfigMaps(w *world.World, given options) {
	for _, name := range given.AbsentConfigMaps {
		w.ConfigMaps[named(name)] = nil
	}
	for _, name := range given.Authorities {
		at := named(name)
		chain, _ := worldtest.Certificate(at.Name)
		w.ConfigMaps[at] = &corev1.ConfigMap{
			ObjectMeta: metav1.ObjectMeta{Namespace: at.Namespace, Name: at.Name},
			Data:       map[string]string{"ca.crt": string(chain)},
		}
	}
}

func addTrustBundles(w *world.World, given options) {
	for _, name := range given.AbsentTrustBundles {
		w.TrustBundles[named(name)] = nil
	}
	for _, name := range given.TrustBundles {
		chain, _ := worldtest.Certificate(name)
		w.TrustBundles[named(name)] = &certificatesv1.ClusterTrustBundle{
			ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: certificatesv1.ClusterTrustBundleSpec{TrustBundle: string(chain)},
		}
	}
}

func named(text string) world.Name {
	namespace, name, found := strings.Cut(text, "/")
	if !found {
		return world.Name{Name: text}
	}
	return world.Name{Namespace: namespace, Name: name}
}
