// Package imports is the import law of the house as code: who may import whom.
package imports

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// Module is the path of this module.
const Module = "github.com/fleetgate/fleetgate"

// law is what the packages below a folder may not import.
type law struct {
	// folder that the law is about, and folders below it that it leaves out.
	folder string
	except []string
	// ours are the only folders of ours that may be imported; nil forbids all.
	ours []string
	// forbidden are prefixes of import paths outside the module; one that ends in "!" means itself alone.
	forbidden []string
	// standardOnly forbids everything but the standard library.
	standardOnly bool
	reason       string
}

var clients = []string{
	"k8s.io/client-go", "sigs.k8s.io/controller-runtime", "github.com/aws/",
}

var loggers = []string{"log", "log/slog", "github.com/go-logr", "k8s.io/klog", "go.uber.org/zap"}

var laws = []law{
	{folder: "apis", reason: "API types import nothing of ours"},
	{folder: "dataplane/config", standardOnly: true, reason: "the wire format imports the standard library alone"},
	{
		folder: "internal", ours: []string{"apis", "internal", "dataplane/config"},
		forbidden: append(append([]string{"context", "net/http", "os"}, clients...), loggers...),
		reason:    "the core is pure: no context, no I/O, no logger, no client, no SDK",
	},
	{
		folder: "dataplane", except: []string{"dataplane/source"}, ours: []string{"dataplane"},
		forbidden: append([]string{"k8s.io/"}, clients...),
		reason:    "the data plane imports the data plane; only source knows Kubernetes",
	},
	{
		folder: "dataplane/source", ours: []string{"dataplane", "apis"},
		forbidden: []string{"github.com/aws/"},
		reason:    "source knows Kubernetes and the data plane, not the operator",
	},
	{
		folder: "dataplane", except: []string{"dataplane/admin"}, ours: []string{"dataplane", "apis"},
		forbidden: []string{"net/http", "golang.org/x/net/http2!"},
		reason:    "requests go through engines of our own; only the admin port is served by net/http",
	},
	{
		folder: "providers", ours: []string{"providers", "internal/ir", "internal/stack", "internal/plan", "apis"},
		forbidden: []string{"k8s.io/client-go", "sigs.k8s.io/controller-runtime"},
		reason:    "providers see intent and cloud state, never controllers or Kubernetes clients",
	},
	{
		folder: "controllers", ours: []string{"controllers", "providers!", "internal", "apis", "dataplane/config"},
		forbidden: []string{"github.com/aws/"},
		reason:    "controllers drive the provider interface, never a provider",
	},
}

// Check holds one package's direct imports against the laws and returns a sentence for each breach.
func Check(pkg string, imports []string) []string {
	folder := strings.TrimPrefix(strings.TrimPrefix(pkg, Module), "/")
	var breaches []string
	for _, l := range laws {
		if !below(folder, l.folder) || belowAny(folder, l.except) {
			continue
		}
		for _, imported := range imports {
			if l.forbids(imported) {
				breaches = append(breaches, fmt.Sprintf("%s imports %s: %s", folder, imported, l.reason))
			}
		}
	}
	return breaches
}

func (l law) forbids(imported string) bool {
	if rest, ok := strings.CutPrefix(imported, Module+"/"); ok {
		return l.standardOnly || !belowAny(rest, l.ours)
	}
	if l.standardOnly && strings.Contains(strings.SplitN(imported, "/", 2)[0], ".") {
		return true
	}
	for _, f := range l.forbidden {
		if exact, only := strings.CutSuffix(f, "!"); only && imported == exact {
			return true
		} else if !only && (imported == f || strings.HasPrefix(imported, strings.TrimSuffix(f, "/")+"/")) {
			return true
		}
	}
	return false
}

// below tells whether folder is root or under it. A root that ends in "!" means itself alone.
func below(folder, root string) bool {
	if exact, ok := strings.CutSuffix(root, "!"); ok {
		return folder == exact
	}
	return folder == root || strings.HasPrefix(folder, root+"/")
}

func belowAny(folder string, roots []string) bool {
	for _, r := range roots {
		if below(folder, r) {
			return true
		}
	}
	return false
}

// CheckCalls finds calls of the clock in the core, where the import of time alone is allowed.
func CheckCalls(pkg, dir string, files []string) []string {
	if !below(strings.TrimPrefix(strings.TrimPrefix(pkg, Module), "/"), "internal") {
		return nil
	}
	var breaches []string
	for _, f := range files {
		src, err := os.ReadFile(filepath.Join(dir, f))
		if err != nil {
			return append(breaches, err.Error())
		}
		breaches = append(breaches, clockCalls(filepath.Join(dir, f), string(src))...)
	}
	return breaches
}

// clockCalls returns a sentence for each use of time.Now, time.Since or time.Until in src.
func clockCalls(name, src string) []string {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, 0)
	if err != nil {
		return []string{err.Error()}
	}
	var breaches []string
	ast.Inspect(file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		if x, ok := sel.X.(*ast.Ident); ok && x.Name == "time" && (sel.Sel.Name == "Now" || sel.Sel.Name == "Since" || sel.Sel.Name == "Until") {
			breaches = append(breaches, fmt.Sprintf("%s: time.%s: the core has no clock, take the time as a value", fset.Position(sel.Pos()), sel.Sel.Name))
		}
		return true
	})
	return breaches
}
