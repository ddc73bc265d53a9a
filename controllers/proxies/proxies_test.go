package proxies

import (
	"reflect"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/world"
)

var gw = world.Name{Namespace: "shop", Name: "gw"}

func meantGateway(edit func(*ir.Gateway)) *ir.Gateway {
	out := &ir.Gateway{
		Namespace: "shop", Name: "gw", Serving: true, EndsTLS: true, Members: []ir.Member{{Name: "m"}},
		Listeners: []ir.Listener{
			{Name: "http", Port: 80, Serves: true},
			{Name: "https", Port: 443, Protocol: "HTTPS", Serves: true, Proxied: true, Secrets: []string{"shop/tls", "certs/wild"}},
			{Name: "broken", Port: 8443, Secrets: []string{"shop/broken"}},
		},
	}
	if edit != nil {
		edit(out)
	}
	return out
}

func TestWhatToDoAboutProxies(t *testing.T) {
	for _, c := range []struct {
		name, reason, member string
		finalizer, gone      bool
		missing              bool
		meant                *ir.Gateway
		want                 action
	}{
		{name: "serving and placed", reason: "it is wanted", member: "m", meant: meantGateway(nil), want: deploy},
		{name: "not placed", reason: "the member was unselected", member: "n", finalizer: true, meant: meantGateway(nil), want: remove},
		{
			name: "being deleted", reason: "the front still sends", member: "m", finalizer: true, want: keep,
			meant: meantGateway(func(g *ir.Gateway) { g.Deleting = true }),
		},
		{
			name: "its front is gone", reason: "nobody sends", member: "m", finalizer: true, gone: true, want: remove,
			meant: meantGateway(func(g *ir.Gateway) { g.Deleting = true }),
		},
		{
			name: "not serving, with a front", reason: "a broken class takes nothing down", member: "m", finalizer: true, want: keep,
			meant: meantGateway(func(g *ir.Gateway) { g.Serving = false }),
		},
		{
			name: "a Secret is unread", reason: "a listener is not taken away because nobody knows its certificate yet", member: "m", want: keep,
			meant: meantGateway(func(g *ir.Gateway) { g.Unread = true }),
		},
		{name: "class is missing", reason: "the front lives on", member: "m", finalizer: true, want: keep},
		{name: "not ours", reason: "no finalizer, no front", member: "m", want: remove},
		{name: "gone from the hub", reason: "a member that was away is cleaned up", member: "m", missing: true, want: remove},
	} {
		t.Run(c.name, func(t *testing.T) {
			gateway := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "gw"}}
			if c.finalizer {
				gateway.Finalizers = []string{FinalizerFront}
			}
			v := view{world: &world.World{Gateways: map[world.Name]*gatewayv1.Gateway{gw: gateway}}, gone: map[world.Name]string{}}
			if c.gone {
				v.gone[gw] = ""
			}
			if c.missing {
				v.world.Gateways = nil
			}
			if c.meant != nil {
				v.ir.Gateways = []*ir.Gateway{c.meant}
			}
			if got, _ := v.decide(c.member, "shop", compile.ProxyName(gw)); got != c.want {
				t.Errorf("got %d, want %d: %s", got, c.want, c.reason)
			}
		})
	}
}

func TestOnlyGatewaysWithAChangeAreTouched(t *testing.T) {
	one, two := meantGateway(nil), meantGateway(func(g *ir.Gateway) { g.Name = "other" })
	route := func(name, gateway string) *ir.Route {
		return &ir.Route{Namespace: "shop", Name: name, Gateways: []ir.RouteGateway{{Gateway: gateway}}}
	}
	a, b := route("a", "shop/gw"), route("b", "shop/other")
	other := route("a", "shop/gw")
	other.Gateways[0].Hosts = []ir.RouteHost{{Listener: "http"}}
	before := view{ir: ir.IR{Gateways: []*ir.Gateway{one, two}, Routes: ir.RoutesOf([]*ir.Route{a, b})}}
	for _, c := range []struct {
		name  string
		after ir.IR
		want  []string
	}{
		{"nothing", before.ir, nil},
		{"a route changed", ir.IR{Gateways: before.ir.Gateways, Routes: ir.RoutesOf([]*ir.Route{other, b})}, []string{"gw"}},
		{"a route was translated again, to the same", ir.IR{Gateways: before.ir.Gateways, Routes: ir.RoutesOf([]*ir.Route{route("a", "shop/gw"), b})}, nil},
		{"a route moved", ir.IR{Gateways: before.ir.Gateways, Routes: ir.RoutesOf([]*ir.Route{route("a", "shop/other"), b})}, []string{"gw", "other"}},
		{"a route went", ir.IR{Gateways: before.ir.Gateways, Routes: ir.RoutesOf([]*ir.Route{a})}, []string{"other"}},
		{"a route came", ir.IR{Gateways: before.ir.Gateways, Routes: ir.RoutesOf([]*ir.Route{a, route("aa", "shop/other"), b})}, []string{"other"}},
		{"a Gateway went", ir.IR{Gateways: []*ir.Gateway{one}, Routes: ir.RoutesOf([]*ir.Route{a, b})}, []string{"other"}},
	} {
		want := map[world.Name]bool{}
		for _, name := range c.want {
			want[world.Name{Namespace: "shop", Name: name}] = true
		}
		if got := touched(before, view{ir: c.after}); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %v, want %v", c.name, got, want)
		}
	}
}

func TestProxiesMayReadWhatTheyNeedAndNothingElse(t *testing.T) {
	behind := deploymentOf(meantGateway(nil), []string{"api", "shop"}, DefaultSettings())
	ending := meantGateway(func(g *ir.Gateway) { g.EndsTLS = false })
	alone := deploymentOf(ending, []string{"api"}, DefaultSettings())
	alone.secrets = secretsOf(&world.World{Secrets: map[world.Name]*corev1.Secret{
		{Namespace: "shop", Name: "tls"}: {}, {Namespace: "certs", Name: "wild"}: {},
	}}, ending)
	copies := compile.Copies(ending)
	for _, c := range []struct {
		name string
		have deployment
		want []string
	}{
		{"behind a front that ends TLS", behind, []string{
			"shop: get,list,watch proxyconfigs []", "shop: get,patch,update proxyconfigs/status [" + behind.name + "]",
			"shop: get,list,watch endpointslices []", "api: get,list,watch endpointslices []",
		}},
		{"that end TLS themselves", alone, []string{
			"shop: get,list,watch proxyconfigs []", "shop: get,patch,update proxyconfigs/status [" + alone.name + "]", "shop: get,list,watch endpointslices []",
			"shop: get,list,watch secrets [" + copies[0].Name + "," + copies[1].Name + "]", "api: get,list,watch endpointslices []",
		}},
	} {
		var got []string
		for _, object := range c.have.access() {
			role, ok := object.(*rbacv1.Role)
			if !ok {
				continue
			}
			for _, rule := range role.Rules {
				got = append(got, role.Namespace+": "+strings.Join(rule.Verbs, ",")+" "+strings.Join(rule.Resources, ",")+" ["+strings.Join(rule.ResourceNames, ",")+"]")
			}
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got\n%s\nwant\n%s", c.name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}

func TestGrantsOfEqualNamesInSeveralNamespacesDiffer(t *testing.T) {
	if accessName(gw) == accessName(world.Name{Namespace: "other", Name: "gw"}) {
		t.Error("two Gateways share a grant in a backend's namespace")
	}
}

func TestPodsAreRestricted(t *testing.T) {
	settings := DefaultSettings()
	made, ok := deploymentOf(meantGateway(nil), nil, settings).pods().(*appsv1.Deployment)
	if !ok {
		t.Fatal("not a Deployment")
	}
	spec := made.Spec.Template.Spec
	inside := spec.Containers[0].SecurityContext
	if !*spec.SecurityContext.RunAsNonRoot || spec.SecurityContext.SeccompProfile.Type != "RuntimeDefault" ||
		!*inside.ReadOnlyRootFilesystem || *inside.AllowPrivilegeEscalation || inside.Capabilities.Drop[0] != "ALL" {
		t.Errorf("got %+v and %+v", spec.SecurityContext, inside)
	}
	if grace := *spec.TerminationGracePeriodSeconds; float64(grace) <= (settings.DrainWait + settings.DrainTimeout).Seconds() {
		t.Errorf("a pod is killed after %d s, before it is drained", grace)
	}
	if made.Spec.Strategy.RollingUpdate.MaxUnavailable.IntValue() != 0 {
		t.Error("a rollout takes proxies away before new ones are there")
	}
}

func TestANewListenerRestartsNoProxy(t *testing.T) {
	before := deploymentOf(meantGateway(nil), nil, DefaultSettings())
	after := deploymentOf(meantGateway(func(g *ir.Gateway) {
		g.Listeners = append(g.Listeners, ir.Listener{Name: "more", Port: 8080, Serves: true})
	}), []string{"api"}, DefaultSettings())
	if !reflect.DeepEqual(before.pods(), after.pods()) {
		t.Error("the Deployment depends on listeners")
	}
	if reflect.DeepEqual(before.around(), after.around()) {
		t.Error("the Service does not")
	}
}

func TestOnlyWhatProxiesNeedOfASecretIsCopied(t *testing.T) {
	ending := meantGateway(func(g *ir.Gateway) { g.EndsTLS = false })
	made := deploymentOf(ending, nil, DefaultSettings())
	source := pair(t)
	want := map[string][]byte{"tls.crt": source.Data["tls.crt"], "tls.key": source.Data["tls.key"]}
	source.Data["ca.crt"], source.Data["password"] = []byte("private authority"), []byte("x")
	made.secrets = secretsOf(&world.World{Secrets: map[world.Name]*corev1.Secret{{Namespace: "certs", Name: "wild"}: source}}, ending)
	objects := made.secretObjects()
	if len(objects) != 1 {
		t.Fatalf("got %d copies of the one Secret that is there", len(objects))
	}
	copied, ok := objects[0].(*corev1.Secret)
	if !ok || copied.Namespace != "shop" || copied.Type != corev1.SecretTypeTLS || copied.Annotations[annotationSource] != "certs/wild" {
		t.Errorf("got %+v", objects[0].GetAnnotations())
	}
	if !reflect.DeepEqual(copied.Data, want) {
		t.Errorf("got the keys of %v", copied.Data)
	}
	behind := meantGateway(nil)
	if got := compile.Copies(behind); got != nil {
		t.Errorf("a front that ends TLS needs no copies, got %v", got)
	}
}
