package proxies

import (
	"slices"

	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	dataplanev1alpha1 "github.com/fleetgate/fleetgate/apis/dataplane/v1alpha1"
)

const rbacVersion = "rbac.authorization.k8s.io/v1"

var reading = []string{"get", "list", "watch"}

// access is what the proxies' ServiceAccount may do: read the ProxyConfigs of the Gateway's namespace, tell
// in the root's status what is in force, read its own TLS Secrets by name, and read the EndpointSlices of that
// namespace and of those that its routes name. Nothing else.
func (d deployment) access() []client.Object {
	rules := []rbacv1.PolicyRule{
		{APIGroups: []string{dataplanev1alpha1.GroupVersion.Group}, Resources: []string{"proxyconfigs"}, Verbs: reading},
		{
			APIGroups: []string{dataplanev1alpha1.GroupVersion.Group}, Resources: []string{"proxyconfigs/status"},
			ResourceNames: []string{d.name}, Verbs: []string{"get", "patch", "update"},
		},
		endpointRule(),
	}
	if len(d.secrets) > 0 {
		rules = append(rules, d.secretRule())
	}
	out := d.grant(d.gateway.Namespace, d.name, rules)
	for _, namespace := range d.elsewhere() {
		out = append(out, d.grant(namespace, accessName(d.gateway), []rbacv1.PolicyRule{endpointRule()})...)
	}
	return out
}

// elsewhere are the namespaces of backends but for the Gateway's own.
func (d deployment) elsewhere() []string {
	return slices.DeleteFunc(slices.Clone(d.namespaces), func(name string) bool { return name == d.gateway.Namespace })
}

func endpointRule() rbacv1.PolicyRule {
	return rbacv1.PolicyRule{APIGroups: []string{"discovery.k8s.io"}, Resources: []string{"endpointslices"}, Verbs: reading}
}

// secretRule lets the proxies read the Secrets that were copied for them, each by name.
func (d deployment) secretRule() rbacv1.PolicyRule {
	names := make([]string, 0, len(d.secrets))
	for _, secret := range d.secrets {
		names = append(names, secret.name)
	}
	return rbacv1.PolicyRule{APIGroups: []string{""}, Resources: []string{"secrets"}, ResourceNames: names, Verbs: reading}
}

// grant is a Role and its binding to the proxies' ServiceAccount.
func (d deployment) grant(namespace, name string, rules []rbacv1.PolicyRule) []client.Object {
	meta := d.meta(name)
	meta.Namespace = namespace
	return []client.Object{
		&rbacv1.Role{TypeMeta: metav1.TypeMeta{APIVersion: rbacVersion, Kind: "Role"}, ObjectMeta: meta, Rules: rules},
		&rbacv1.RoleBinding{
			TypeMeta: metav1.TypeMeta{APIVersion: rbacVersion, Kind: "RoleBinding"}, ObjectMeta: meta,
			RoleRef:  rbacv1.RoleRef{APIGroup: "rbac.authorization.k8s.io", Kind: "Role", Name: name},
			Subjects: []rbacv1.Subject{{Kind: "ServiceAccount", Namespace: d.gateway.Namespace, Name: d.name}},
		},
	}
}
