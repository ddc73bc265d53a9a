package golden

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/fleetgate/fleetgate/dataplane/config"
	"github.com/fleetgate/fleetgate/internal/compile"
	"github.com/fleetgate/fleetgate/internal/ir"
	"github.com/fleetgate/fleetgate/internal/status"
	"github.com/fleetgate/fleetgate/internal/translate"
	"github.com/fleetgate/fleetgate/internal/world"
)

var update = flag.Bool("update", false, "rewrite the generated files of all golden cases")

func TestCases(t *testing.T) {
	folders, err := filepath.Glob("cases/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, folder := range folders {
		t.Run(filepath.Base(folder), func(t *testing.T) { runCase(t, folder) })
	}
}

func runCase(t *testing.T, folder string) {
	t.Helper()
	w := load(t, folder)
	meant := translate.All(w)
	report(w, meant)
	compare(t, folder, "ir.yaml", meant)
	compare(t, folder, "status.yaml", status.Of(w, meant))
	compare(t, folder, "proxyconfig.yaml", proxyConfigs(t, meant))
	states, plans := cloud(t, folder, meant)
	compare(t, folder, "stack.yaml", states)
	compare(t, folder, "plan.yaml", plans)
}

// report puts the revision of the root of now where options.yaml has the word "now".
func report(w *world.World, meant ir.IR) {
	for _, member := range w.Members {
		for name, proxies := range member.Proxies {
			for i, revision := range proxies.Revisions {
				if revision == "now" {
					proxies.Revisions[i] = meant.Gateway(name.Namespace, name.Name).Revision
				}
			}
		}
	}
}

// compiled is what one member gets of one Gateway, readable.
type compiled struct {
	Gateway string         `json:"gateway"`
	Member  string         `json:"member"`
	Names   []string       `json:"names"`
	Root    config.Root    `json:"root"`
	Chunks  []config.Chunk `json:"chunks"`
}

func proxyConfigs(t *testing.T, meant ir.IR) []compiled {
	t.Helper()
	var out []compiled
	for _, gateway := range meant.Gateways {
		name := world.Name(gateway.Key())
		for _, member := range gateway.Members {
			objects, err := compile.ProxyConfigs(meant, name, member.Name)
			if err != nil {
				t.Fatal(err)
			}
			if len(objects) == 0 {
				continue
			}
			one := compiled{Gateway: gateway.Key().String(), Member: member.Name}
			for i, object := range objects {
				one.Names = append(one.Names, object.Name)
				if i == 0 {
					one.Root = decode[config.Root](t, object.Spec.Data, object.Spec.Checksum)
					one.Root.Revision = "" // a hash of what is there to read
					continue
				}
				one.Chunks = append(one.Chunks, decode[config.Chunk](t, object.Spec.Data, object.Spec.Checksum))
			}
			out = append(out, one)
		}
	}
	return out
}

func decode[T config.Root | config.Chunk](t *testing.T, data []byte, checksum string) T {
	t.Helper()
	part, err := config.Decode[T](data, checksum)
	if err != nil {
		t.Fatal(err)
	}
	return part
}

// compare checks one generated file, or rewrites it.
func compare(t *testing.T, folder, name string, value any) {
	t.Helper()
	plain, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	got, err := yaml.JSONToYAML(plain)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run go test ./internal/golden -update, and read what it wrote", err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what comes out now: run go test ./internal/golden -update, and read the difference.\n%s", path, firstDifference(want, got))
	}
}

// firstDifference shows the first line that differs.
func firstDifference(want, got []byte) string {
	wants, gots := bytes.Split(want, []byte("\n")), bytes.Split(got, []byte("\n"))
	for i := range min(len(wants), len(gots)) {
		if !bytes.Equal(wants[i], gots[i]) {
			return "want " + string(wants[i]) + "\ngot  " + string(gots[i])
		}
	}
	return "one is longer than the other"
}
