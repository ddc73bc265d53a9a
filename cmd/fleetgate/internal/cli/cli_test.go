package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/cli"
)

const seed = "../../../../examples/seed"

func fleetgate(t *testing.T, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errs bytes.Buffer
	root := cli.Root("v1.2.3")
	root.SetArgs(args)
	root.SetOut(&out)
	root.SetErr(&errs)
	err = root.ExecuteContext(t.Context())
	return out.String(), errs.String(), err
}

func TestCommandsOnTheSeed(t *testing.T) {
	ca := filepath.Join(t.TempDir(), "ca.pem")
	for _, c := range []struct {
		name string
		args []string
		want []string
	}{
		{"version", []string{"version"}, []string{"v1.2.3\n"}},
		{
			"the plan has each resource",
			[]string{"plan", "-f", seed},
			[]string{"Gateway gateway-infra/production-gateway\n", "create LoadBalancer", "create TargetGroup", "create WebACL", "create Certificate payments-team/payments-tls-cert"},
		},
		{"the plan as data", []string{"plan", "-f", seed, "-o", "yaml"}, []string{"- gateway: gateway-infra/production-gateway\n", "op: create"}},
		{
			"secrets that the seed lacks",
			[]string{"demo-secrets", "-f", seed, "--ca-out", ca},
			[]string{"name: wildcard-tls-cert\n  namespace: gateway-infra\n", "name: payments-tls-cert\n  namespace: payments-team\n", "type: kubernetes.io/tls"},
		},
		{
			"lines by Gateway",
			[]string{"demo-lines", "-f", seed, "--address", "10.0.0.1,gateway-infra/restricted-gateway=10.0.0.2", "--ca", "ca.pem"},
			[]string{"--resolve shop.apps.company.com:443:10.0.0.1 ", "--resolve vault.secured.company.com:443:10.0.0.2 ", "--cacert ca.pem"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			stdout, stderr, err := fleetgate(t, c.args...)
			if err != nil || stderr != "" {
				t.Fatalf("error %v, %s", err, stderr)
			}
			for _, want := range c.want {
				if !strings.Contains(stdout, want) {
					t.Errorf("no %q in\n%s", want, stdout)
				}
			}
		})
	}
	if data, err := os.ReadFile(ca); err != nil || !strings.Contains(string(data), "BEGIN CERTIFICATE") || strings.Contains(string(data), "PRIVATE") {
		t.Errorf("%s holds %q, %v", ca, data, err)
	}
}

func TestThePlanNeverShowsKeys(t *testing.T) {
	stdout, _, err := fleetgate(t, "plan", "-f", seed, "-o", "json")
	if err != nil || strings.Contains(stdout, "PRIVATE KEY") || strings.Contains(stdout, "UFJJVkFURSBLRVk") {
		t.Errorf("error %v, or a key in the output", err)
	}
}

func TestWrongFlagsAreRefused(t *testing.T) {
	for _, args := range [][]string{
		{"plan"}, {"plan", "-f", seed, "--cloud", "moon"}, {"plan", "-f", seed, "-o", "xml"}, {"run", "-f", seed, "--listen", "here"}, {"demo-lines", "-f", seed},
	} {
		if _, _, err := fleetgate(t, args...); err == nil {
			t.Errorf("%v was taken", args)
		}
	}
}
