// Package manifest reads a folder of YAML into typed objects. A fault in one object is told with its place
// and hurts that object alone.
package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	gatewayxv1alpha1 "sigs.k8s.io/gateway-api/apisx/v1alpha1"

	awsv1alpha1 "github.com/fleetgate/fleetgate/apis/aws/v1alpha1"
	gatewayv1alpha1 "github.com/fleetgate/fleetgate/apis/gateway/v1alpha1"
	"github.com/fleetgate/fleetgate/internal/ir"
)

// Folder is what the files of a folder declare, in the order of the files.
type Folder struct {
	Namespaces     []*corev1.Namespace
	Classes        []*gatewayv1.GatewayClass
	ALBConfigs     []*awsv1alpha1.ALBConfig
	ServiceConfigs []*gatewayv1alpha1.ServiceConfig
	Gateways       []*gatewayv1.Gateway
	ListenerSets   []*gatewayv1.ListenerSet
	HTTPRoutes     []*gatewayv1.HTTPRoute
	GRPCRoutes     []*gatewayv1.GRPCRoute
	TLSRoutes      []*gatewayv1.TLSRoute
	TCPRoutes      []*gatewayv1.TCPRoute
	UDPRoutes      []*gatewayv1.UDPRoute
	BackendTLS     []*gatewayv1.BackendTLSPolicy
	BackendTraffic []*gatewayxv1alpha1.XBackendTrafficPolicy
	Grants         []*gatewayv1.ReferenceGrant
	Secrets        []*corev1.Secret
	ConfigMaps     []*corev1.ConfigMap
	TrustBundles   []*certificatesv1.ClusterTrustBundle
	Services       []*corev1.Service
	EndpointSlices []*discoveryv1.EndpointSlice
	Deployments    []*appsv1.Deployment

	Faults []Fault
}

// Fault is something in a file that does not mean what its author thinks.
type Fault struct {
	File string
	// Line is where the object begins.
	Line   int
	Object ir.Object
	// Message says what is wrong and what becomes of the object.
	Message string
}

// String is the fault with its place.
func (f Fault) String() string {
	where := fmt.Sprintf("%s:%d", f.File, f.Line)
	if f.Object.Kind == "" {
		return where + ": " + f.Message
	}
	return fmt.Sprintf("%s: %s: %s", where, name(f.Object), f.Message)
}

func name(o ir.Object) string {
	if o.Namespace == "" {
		return o.Kind + " " + o.Name
	}
	return o.Kind + " " + o.Namespace + "/" + o.Name
}

// Read reads a file, or the files of a folder that end in .yaml, .yml or .json, by name. The error is about
// files that cannot be read; faults in what they say are in the Folder.
func Read(path string) (Folder, error) {
	files, err := Files(path)
	if err != nil {
		return Folder{}, err
	}
	r := reader{seen: map[identity]bool{}}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return Folder{}, fmt.Errorf("reading manifests: %w", err)
		}
		for _, doc := range split(string(data)) {
			r.document(place{filepath.Base(file), doc.line}, doc.text)
		}
	}
	return r.folder, nil
}

// Files are the files that Read reads.
func Files(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading manifests: %w", err)
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("reading manifests: %w", err)
	}
	var files []string
	for _, e := range entries {
		if !e.IsDir() && slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(e.Name())) {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("reading manifests: %s has no .yaml, .yml or .json file", path)
	}
	return files, nil
}

// document is a part of a file, and the line where its content begins.
type document struct {
	text string
	line int
}

// split cuts YAML at its separators.
func split(text string) []document {
	var docs []document
	var lines []string
	start := 1
	flush := func(next int) {
		skip := 0
		for skip < len(lines) && blank(lines[skip]) {
			skip++
		}
		if skip < len(lines) {
			docs = append(docs, document{strings.Join(lines, "\n"), start + skip})
		}
		lines, start = nil, next
	}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if line == "---" || strings.HasPrefix(line, "--- ") {
			flush(number + 1)
			continue
		}
		lines = append(lines, line)
	}
	flush(0)
	return docs
}

func blank(line string) bool {
	line = strings.TrimSpace(line)
	return line == "" || strings.HasPrefix(line, "#")
}
