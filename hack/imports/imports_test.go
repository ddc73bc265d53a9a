package imports

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// listed is the part of `go list -json` that the laws are about.
type listed struct {
	ImportPath string
	Imports    []string
	GoFiles    []string
	Dir        string
}

// TestLaws holds the whole module against Laws.
func TestLaws(t *testing.T) {
	for _, pkg := range listModule(t) {
		for _, breach := range Check(pkg.ImportPath, pkg.Imports) {
			t.Error(breach)
		}
		for _, breach := range CheckCalls(pkg.ImportPath, pkg.Dir, pkg.GoFiles) {
			t.Error(breach)
		}
	}
}

func listModule(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports,GoFiles,Dir", Module+"/...")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pkgs []listed
	dec := json.NewDecoder(out)
	for {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("go list: %v", err)
	}
	if len(pkgs) < 5 {
		t.Fatalf("go list found %d packages: the law would hold of nothing", len(pkgs))
	}
	return pkgs
}

// TestPlantedViolations shows that each law catches what it forbids.
func TestPlantedViolations(t *testing.T) {
	cases := []struct {
		name, reason, pkg, imported string
		want                        bool
	}{
		{"apis to ours", "API types are a leaf", "apis/aws/v1alpha1", Module + "/internal/ir", true},
		{"apis to library", "libraries are allowed", "apis/aws/v1alpha1", "k8s.io/apimachinery/pkg/apis/meta/v1", false},
		{"wire format to library", "the wire format is standard library only", "dataplane/config", "sigs.k8s.io/yaml", true},
		{"wire format to standard", "the standard library is allowed", "dataplane/config", "encoding/json", false},
		{"core to context", "no context means no I/O", "internal/translate", "context", true},
		{"core to net/http", "the core does no I/O", "internal/translate", "net/http", true},
		{"core to os", "the core does no I/O", "internal/status", "os", true},
		{"core to a logger", "the core does not log", "internal/compile", "log/slog", true},
		{"core to logr", "the core does not log", "internal/compile", "github.com/go-logr/logr", true},
		{"core to client-go", "the core has no client", "internal/translate", "k8s.io/client-go/kubernetes", true},
		{"core to controller-runtime", "the core has no client", "internal/translate", "sigs.k8s.io/controller-runtime/pkg/client", true},
		{"core to SDK", "the core knows no cloud", "internal/plan", "github.com/aws/aws-sdk-go-v2/aws", true},
		{"core to data plane", "only its wire format is shared", "internal/compile", Module + "/dataplane/router", true},
		{"core to wire format", "compile makes it", "internal/compile", Module + "/dataplane/config", false},
		{"core to controllers", "dependencies point inwards", "internal/status", Module + "/controllers", true},
		{"data plane to core", "proxies know only their configuration", "dataplane/router", Module + "/internal/ir", true},
		{"data plane to controllers", "proxies know no operator", "dataplane/proxy", Module + "/controllers", true},
		{"router to client-go", "only source knows Kubernetes", "dataplane/router", "k8s.io/client-go/rest", true},
		{"source to client-go", "source is that room", "dataplane/source", "k8s.io/client-go/rest", false},
		{"source to core", "source is of the data plane, not of the operator", "dataplane/source", Module + "/internal/ir", true},
		{"source to SDK", "proxies know no cloud", "dataplane/source", "github.com/aws/aws-sdk-go-v2/aws", true},
		{"provider to client-go", "providers see no Kubernetes", "providers/aws", "k8s.io/client-go/rest", true},
		{"controllers to SDK", "clouds are behind the interface", "controllers/front", "github.com/aws/aws-sdk-go-v2/aws", true},
		{"controllers to data plane", "only the wire format is shared", "controllers", Module + "/dataplane/router", true},
		{"router to net/http", "only admin knows net/http", "dataplane/router", "net/http", true},
		{"proxy to net/http", "requests go through engines of our own", "dataplane/proxy", "net/http", true},
		{"engine to a tracer of net/http", "a part of it is it", "dataplane/http1", "net/http/httptrace", true},
		{"engine to another engine", "our own frame loop", "dataplane/http2", "golang.org/x/net/http2", true},
		{"engine to header compression", "x/net's decoder is used", "dataplane/http2", "golang.org/x/net/http2/hpack", false},
		{"admin to net/http", "its port is not the requests'", "dataplane/admin", "net/http", false},
		{"provider to controllers", "providers are driven, they do not drive", "providers/aws", Module + "/controllers", true},
		{"provider to translate", "providers see intent, not how it was found", "providers/aws", Module + "/internal/translate", true},
		{"provider to stack", "stack is its language", "providers/aws", Module + "/internal/stack", false},
		{"controllers to a provider", "providers are chosen in cmd", "controllers", Module + "/providers/aws", true},
		{"controllers to the interface", "the interface is what they drive", "controllers", Module + "/providers", false},
		{"cmd to anything", "wiring sees all", "cmd/operator", Module + "/providers/aws", false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := len(Check(Module+"/"+c.pkg, []string{c.imported})) > 0
			if got != c.want {
				t.Errorf("%s importing %s: refused=%v, want %v: %s", c.pkg, c.imported, got, c.want, c.reason)
			}
		})
	}
}

// TestPlantedClock shows that a call of time.Now in the core is caught although the import of time is allowed.
func TestPlantedClock(t *testing.T) {
	src := "package x\n\nimport \"time\"\n\nvar started = time.Now()\n"
	if len(clockCalls("x.go", src)) == 0 {
		t.Error("time.Now in the core was not caught")
	}
	if got := clockCalls("x.go", strings.ReplaceAll(src, "time.Now()", "time.Second")); len(got) != 0 {
		t.Errorf("time.Second was refused: %v", got)
	}
}
