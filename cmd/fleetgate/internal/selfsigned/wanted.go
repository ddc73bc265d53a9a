package selfsigned

import (
	"maps"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/manifest"
	"github.com/fleetgate/fleetgate/cmd/internal/classes"
	"github.com/fleetgate/fleetgate/internal/world"
)

// Annotation on a Gateway, with value "true", asks for certificates of its listeners to be made here. A
// cluster ignores it.
const Annotation = "demo.gateway.company.com/self-signed"

// Secret is a TLS Secret that a listener names and the folder lacks.
type Secret struct {
	Name world.Name
	// Hostnames of the listeners that name it, sorted.
	Hostnames []string
}

// Wanted are the Secrets that Gateways with the Annotation name and the folder lacks, by name.
func Wanted(folder manifest.Folder) []Secret {
	hostnames := map[world.Name]map[string]bool{}
	for _, g := range marked(folder) {
		for _, l := range g.Spec.Listeners {
			for _, name := range secrets(g, l) {
				if hostnames[name] == nil {
					hostnames[name] = map[string]bool{}
				}
				hostnames[name][hostname(l)] = true
			}
		}
	}
	for _, s := range folder.Secrets {
		delete(hostnames, world.Name{Namespace: s.Namespace, Name: s.Name})
	}
	wanted := make([]Secret, 0, len(hostnames))
	for _, name := range slices.SortedFunc(maps.Keys(hostnames), world.Name.Compare) {
		wanted = append(wanted, Secret{name, slices.Sorted(maps.Keys(hostnames[name]))})
	}
	return wanted
}

// Unnamed are the hostnames of HTTPS listeners that name no certificate, of Gateways with the Annotation whose class is
// AWS's: the cloud is expected to have one. Sorted.
func Unnamed(folder manifest.Folder) []string {
	found := map[string]bool{}
	for _, g := range clouded(folder) {
		for _, l := range g.Spec.Listeners {
			if unnamed(l) && l.Hostname != nil {
				found[string(*l.Hostname)] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// NameUnnamed gives the listeners that Unnamed is about a reference to a Secret, for fronts that cannot find
// certificates themselves. It writes to the folder.
func NameUnnamed(folder manifest.Folder) {
	for _, g := range clouded(folder) {
		for i := range g.Spec.Listeners {
			l := &g.Spec.Listeners[i]
			if !unnamed(*l) {
				continue
			}
			if l.TLS == nil {
				l.TLS = &gatewayv1.ListenerTLSConfig{}
			}
			l.TLS.CertificateRefs = []gatewayv1.SecretObjectReference{{Name: gatewayv1.ObjectName(g.Name + "-" + string(l.Name) + "-self-signed")}}
		}
	}
}

func marked(folder manifest.Folder) []*gatewayv1.Gateway {
	var out []*gatewayv1.Gateway
	for _, g := range folder.Gateways {
		if g.Annotations[Annotation] == "true" {
			out = append(out, g)
		}
	}
	return out
}

// clouded are the marked Gateways whose fronts can find certificates themselves.
func clouded(folder manifest.Folder) []*gatewayv1.Gateway {
	return slices.DeleteFunc(marked(folder), func(g *gatewayv1.Gateway) bool {
		return !slices.ContainsFunc(folder.Classes, func(c *gatewayv1.GatewayClass) bool {
			return c.Name == string(g.Spec.GatewayClassName) && c.Spec.ControllerName == classes.AWS
		})
	})
}

func unnamed(l gatewayv1.Listener) bool {
	return l.Protocol == gatewayv1.HTTPSProtocolType && (l.TLS == nil || len(l.TLS.CertificateRefs) == 0)
}

// hostname is the listener's, or a name that a certificate can carry.
func hostname(l gatewayv1.Listener) string {
	if l.Hostname == nil || *l.Hostname == "" {
		return "localhost"
	}
	return string(*l.Hostname)
}

// secrets are the names of the Secrets that a listener refers to.
func secrets(g *gatewayv1.Gateway, l gatewayv1.Listener) []world.Name {
	if l.TLS == nil {
		return nil
	}
	var out []world.Name
	for _, ref := range l.TLS.CertificateRefs {
		if ref.Group != nil && *ref.Group != "" || ref.Kind != nil && *ref.Kind != "Secret" {
			continue
		}
		name := world.Name{Namespace: g.Namespace, Name: string(ref.Name)}
		if ref.Namespace != nil {
			name.Namespace = string(*ref.Namespace)
		}
		out = append(out, name)
	}
	return out
}
