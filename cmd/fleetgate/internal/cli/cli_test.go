package cli_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/cli"
)

const (
	seed    = "../../../../examples/seed"
	service = "../../../../examples/service"
)

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
			"the plan of a front of Services, one in each member",
			[]string{"plan", "-f", service, "--members", "east,west"},
			[]string{"Gateway echo/edge\n", "create Service east/edge-", "create Service west/edge-", "2 to create"},
		},
		{
			"that plan as data",
			[]string{"plan", "-f", service, "-o", "yaml"},
			[]string{"type: LoadBalancer", "externalTrafficPolicy: Local", "name: p9000-udp", "protocol: UDP"},
		},
		{
			"lines of routes of each kind",
			[]string{"demo-lines", "-f", service, "--address", "10.0.0.1"},
			[]string{"--resolve www.echo.example.com:8443:10.0.0.1 ", "--http2 ", "-connect 10.0.0.1:8883 ", "nc -w 2 10.0.0.1 9000\n", "nc -u -w 2 10.0.0.1 9000\n"},
		},
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

const strangers = `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: theirs}
spec: {controllerName: example.com/other}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: lost, namespace: a}
spec:
  gatewayClassName: nowhere
  listeners: [{name: http, port: 80, protocol: HTTP}]
`

func TestClassesThatNobodyAnswersForAreTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "in.yaml")
	if err := os.WriteFile(path, []byte(strangers), 0o600); err != nil {
		t.Fatal(err)
	}
	const which = "gateway.aws.company.com/controller or gateway.company.com/service\n"
	const want = `GatewayClass theirs: nobody here answers for controllerName "example.com/other", its Gateways are passed over: write ` + which +
		`Gateway a/lost: there is no GatewayClass "nowhere" in the folder: add it, with controllerName ` + which
	for _, command := range []string{"plan", "status"} {
		if _, stderr, err := fleetgate(t, command, "-f", path); err != nil || stderr != want {
			t.Errorf("%s: %v, said\n%swant\n%s", command, err, stderr, want)
		}
	}
}
