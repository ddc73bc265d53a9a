package manifest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/manifest"
)

func read(t *testing.T, yaml string) manifest.Folder {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	folder, err := manifest.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

const good = `
apiVersion: v1
kind: Service
metadata: {name: healthy, namespace: a}
spec: {ports: [{port: 80}]}
`

func TestFaultsAreToldAndNeighboursGoOn(t *testing.T) {
	for _, c := range []struct {
		name, yaml, want string
	}{
		{"no YAML", "a: [", "in.yaml:1: this is no YAML"},
		{"a second key of one name", "kind: X\nkind: Y\n", "already set"},
		{"no kind", "apiVersion: v1\nmetadata: {name: x}\n", "apiVersion and kind are needed"},
		{"no name", "apiVersion: v1\nkind: Service\n", "metadata.name is needed"},
		{"an unknown version", "apiVersion: v2\nkind: Service\nmetadata: {name: x}\n", "write v1"},
		{"a kind of the API that is not read", "apiVersion: gateway.networking.k8s.io/v1\nkind: XMesh\nmetadata: {name: x}\n", "XMesh of gateway.networking.k8s.io/v1 is not supported"},
		{"a wrong type", "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {ports: [{port: http}]}\n", "the object is left out"},
		{"an unknown field", "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {prots: []}\n", "unknown field spec.prots, which is ignored"},
		{"a second object of one name", good + "---" + good, "declared a second time"},
		{
			"a filter of the article", `
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: x}
spec: {rules: [{filters: [{type: RequestTimeout, requestTimeout: {duration: 10s}}]}]}
`, "HTTPRoute default/x: unknown field spec.rules[0].filters[0].requestTimeout, which is ignored: there is no RequestTimeout filter: set rules[].timeouts.request",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			folder := read(t, c.yaml+"\n---\n"+strings.Replace(good, "healthy", "neighbour", 1))
			if len(folder.Faults) != 1 || !strings.Contains(folder.Faults[0].String(), c.want) {
				t.Errorf("faults: %v\nwant one with %q", folder.Faults, c.want)
			}
			if last := folder.Services[len(folder.Services)-1]; last.Name != "neighbour" {
				t.Errorf("the neighbour is not there: %s", last.Name)
			}
		})
	}
}

func TestFaultsNameTheLine(t *testing.T) {
	folder := read(t, good+"---\n# a remark\n\napiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {what: 1}\n")
	if len(folder.Faults) != 1 || folder.Faults[0].Line != 9 {
		t.Errorf("faults: %v, want one in line 9", folder.Faults)
	}
}

func TestListsAreTakenApart(t *testing.T) {
	folder := read(t, "apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Service, metadata: {name: a}}\n- {apiVersion: v1, kind: Namespace, metadata: {name: b}}\n")
	if len(folder.Services) != 1 || len(folder.Namespaces) != 1 || folder.Services[0].Namespace != "default" {
		t.Errorf("%+v", folder)
	}
}

func TestTheSeedHasNoFaults(t *testing.T) {
	folder, err := manifest.Read("../../../../examples/seed")
	if err != nil {
		t.Fatal(err)
	}
	if len(folder.Faults) > 0 || len(folder.HTTPRoutes) != 6 || len(folder.Services) != 10 {
		t.Errorf("faults %v, %d routes, %d services", folder.Faults, len(folder.HTTPRoutes), len(folder.Services))
	}
}
