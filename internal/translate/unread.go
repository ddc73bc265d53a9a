package translate

import (
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/fleetgate/fleetgate/internal/world"
)

// unread says whether a Secret or ConfigMap that the Gateway or one of its ListenerSets names has not been looked for yet. Until it was,
// nobody can tell what the listeners need, and what serves must not be taken away for that.
func (t *translator) unread(c *gatewayContext) bool {
	secrets, out := wantedSecrets{}, false
	for i := range c.declared {
		secrets.listener(c.declared[i].in.Namespace, c.declared[i].spec)
	}
	secrets.backend(c.name.Namespace, c.object)
	for name := range secrets {
		if _, looked := t.w.Secrets[name]; !looked {
			c.deps.on(world.KindSecret, name.Namespace, name.Name)
			out = true
		}
	}
	if c.provider.EndsTLS {
		return out
	}
	clientAuthorities(c.name.Namespace, c.object, func(namespace string, ref *gatewayv1.ObjectReference) {
		name, ofConfigMap := configMapOf(namespace, ref)
		if _, looked := t.w.ConfigMaps[name]; ofConfigMap && !looked {
			c.deps.on(world.KindConfigMap, name.Namespace, name.Name)
			out = true
		}
	})
	return out
}
