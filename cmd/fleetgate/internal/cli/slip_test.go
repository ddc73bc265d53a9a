package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// slip is one line of the seed as the article has it.
type slip struct {
	name, file, before, after string
	// want is in what `fleetgate status` says.
	want []string
}

var slips = []slip{
	{
		"a deadline as a filter", "50-payments.yaml", "      timeouts:\n        request: 10s\n",
		"      filters:\n        - type: RequestTimeout\n          requestTimeout:\n            duration: 10s\n",
		[]string{
			"50-payments.yaml:2: HTTPRoute payments-team/payment-service: unknown field spec.rules[0].filters[0].requestTimeout",
			"there is no filter RequestTimeout in Gateway API: use rules[].timeouts.request",
		},
	},
	{
		"retries as a filter", "50-payments.yaml", "      timeouts:\n        request: 10s\n",
		"      filters:\n        - type: RequestRetry\n          requestRetry:\n            count: 3\n",
		[]string{"there is no filter RequestRetry in Gateway API: use rules[].retry"},
	},
	{
		"a regular expression in an exact match", "30-shop.yaml", "type: RegularExpression", "type: Exact",
		[]string{"header User-Agent is matched exactly against a value that looks like a regular expression: set type: RegularExpression"},
	},
	{
		"a hostname that no listener has", "60-frontend.yaml", "app.company.com", "nobody.company.com",
		[]string{"NoMatchingListenerHostname", "no listener has nobody.company.com"},
	},
	{
		"another team's backend without a grant", "60-frontend.yaml", "namespace: frontend-team\n  to:", "namespace: somebody-else\n  to:",
		[]string{"RefNotPermitted", "create a ReferenceGrant in namespace backend-team"},
	},
	{
		"a namespace without the labels", "00-namespaces.yaml", "    network-access: \"true\"\n    environment: production\n    team: users\n", "    team: users\n",
		[]string{"NotAllowedByListeners", "namespace user-team lacks labels"},
	},
	{
		"a certificate that does not exist", "20-gateways.yaml", "self-signed: \"true\"", "self-signed: \"false\"",
		[]string{"InvalidCertificateRef", "Secret gateway-infra/api-tls-cert does not exist"},
	},
}

func TestSlipsOfTheArticleAreAnsweredWithWhatToWrite(t *testing.T) {
	for _, s := range slips {
		t.Run(s.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(seed)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, s.file)
			data, err := os.ReadFile(path)
			if err != nil || !strings.Contains(string(data), s.before) {
				t.Fatalf("%s has no %q: %v", s.file, s.before, err)
			}
			if err := os.WriteFile(path, []byte(strings.Replace(string(data), s.before, s.after, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			stdout, stderr, err := fleetgate(t, "status", "-f", dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range s.want {
				if !strings.Contains(stderr+stdout, want) {
					t.Errorf("no %q in\n%s%s", want, stderr, stdout)
				}
			}
			const neighbour = "HTTPRoute vault-team/card-vault "
			if !strings.Contains(stdout, neighbour) {
				t.Errorf("the neighbour is missing in\n%s", stdout)
			}
		})
	}
}
