package fleet

import (
	"strings"
	"testing"
)

const goodKubeconfig = `
apiVersion: v1
kind: Config
current-context: x
contexts: [{name: x, context: {cluster: c, user: u}}]
clusters: [{name: c, cluster: {server: "https://10.0.0.1:6443"}}]
users: [{name: u, user: {token: t}}]
`

func TestKubeconfigsThatMustNotBeUsed(t *testing.T) {
	for _, c := range []struct{ name, from, to, want string }{
		{"nothing", goodKubeconfig, "", "empty"},
		{"not YAML", goodKubeconfig, "]]: nope", "not a valid kubeconfig"},
		{"a program", "{token: t}", "{exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/sh, interactiveMode: Never}}", "exec credential plugins are refused"},
		{"an auth provider", "{token: t}", "{auth-provider: {name: gcp}}", "auth providers are refused"},
		{"a token file", "{token: t}", "{tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token}", "references to files"},
		{"a key file", "{token: t}", "{client-certificate: /etc/passwd, client-key: /etc/shadow}", "references to files"},
		{"a CA file", `"https://10.0.0.1:6443"`, `"https://10.0.0.1:6443", certificate-authority: /etc/passwd`, "references to files"},
		{"no TLS", "https://", "http://", "https URL"},
		{"no verification", `"https://10.0.0.1:6443"`, `"https://10.0.0.1:6443", insecure-skip-tls-verify: true`, "insecure-skip-tls-verify"},
		{"no server", `server: "https://10.0.0.1:6443"`, "", "https URL"},
		{"no such context", "current-context: x", "current-context: other", `no context "other"`},
		{"a context that names nothing", "cluster: c, user: u", "cluster: c, user: v", "does not have"},
		{"a program of a user that is not current", "users: [", "users: [{name: w, user: {exec: {apiVersion: client.authentication.k8s.io/v1, command: x, interactiveMode: Never}}}, ", "exec"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := parseKubeconfig([]byte(strings.Replace(goodKubeconfig, c.from, c.to, 1)))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func TestAKubeconfigWithATokenIsGood(t *testing.T) {
	config, err := parseKubeconfig([]byte(goodKubeconfig))
	if err != nil || config.Host != "https://10.0.0.1:6443" || config.BearerToken != "t" {
		t.Errorf("got %+v, %v", config, err)
	}
}

func TestAnErrorNeverRepeatsTheKubeconfig(t *testing.T) {
	_, err := parseKubeconfig([]byte("token: s3cr3t\n]]"))
	if err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("got %v", err)
	}
}
