// Package kubebin builds the programs that the testbed runs and keeps them in a cache
// folder outside the source tree: Kubernetes once per version, our own small ones each time.
package kubebin

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// module is where the sources are found; the caller's working directory must be inside it.
const module = "github.com/fleetgate/fleetgate"

// components are the names under which the one binary of e2e/testbed/kube is linked.
var components = []string{
	"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl",
}

// DefaultCache is the cache folder where none is named: fleetgate under the user's.
func DefaultCache() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder: %w", err)
	}
	return filepath.Join(dir, "fleetgate"), nil
}

// Kube returns the folder with the Kubernetes programs, building them first if this
// version is not in the cache: some 16 CPU minutes when nothing of it was ever compiled.
// The folder also serves as KUBEBUILDER_ASSETS.
func Kube(ctx context.Context, cache string) (string, error) {
	source, err := Source(ctx)
	if err != nil {
		return "", err
	}
	source = filepath.Join(source, "e2e", "testbed", "kube")
	version, key, err := identify(source)
	if err != nil {
		return "", fmt.Errorf("identifying the Kubernetes build: %w", err)
	}
	dir := filepath.Join(cache, "kube", version+"-"+key)
	if _, err := os.Stat(filepath.Join(dir, "kube")); err == nil {
		return dir, nil
	}
	return dir, buildKube(ctx, source, dir, version)
}

// buildKube fills a folder beside the wanted one and renames it, so that an interrupted
// build is never taken for a whole one, and of two builds at once either may win.
func buildKube(ctx context.Context, source, dir, version string) error {
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), ".building-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	err = build{dir: source, pkg: ".", out: filepath.Join(work, "kube"), flags: []string{"-trimpath", "-ldflags=" + versionFlags(version)}}.run(ctx)
	if err != nil {
		return err
	}
	for _, name := range components {
		if err := os.Symlink("kube", filepath.Join(work, name)); err != nil {
			return err
		}
	}
	if err := os.Chmod(work, 0o755); err != nil {
		return err
	}
	err = os.Rename(work, dir)
	if _, statErr := os.Stat(filepath.Join(dir, "kube")); statErr == nil {
		return nil
	}
	return err
}

// Build compiles a package, given by its path below the module's root, to the file out, by the
// go.mod that is nearest to it: static, so that it runs in an image from scratch. No other flag differs from
// a plain build: with CGO_ENABLED=0 in the environment, all builds and tests share one cache.
func Build(ctx context.Context, pkg, out string) error {
	return ours(ctx, build{pkg: pkg, out: out, flags: []string{"-ldflags=-s -w"}})
}

// BuildChecked is Build with the race detector and with the tag leakcheck, by which our programs look for goroutines
// that they leave behind. It needs a C compiler and the static C library.
func BuildChecked(ctx context.Context, pkg, out string) error {
	return ours(ctx, build{
		pkg: pkg, out: out, cgo: true,
		flags: []string{"-race", "-tags=leakcheck", "-ldflags=-s -w -linkmode external -extldflags -static"},
	})
}

func ours(ctx context.Context, b build) error {
	source, err := Source(ctx)
	if err != nil {
		return err
	}
	b.dir, b.pkg = filepath.Join(source, b.pkg), "."
	return b.run(ctx)
}

// Source is the folder of the module's sources.
func Source(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("finding the sources of %s (run this inside its tree): %w: %s",
			module, err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// build is one call of the compiler, in a folder of a module.
type build struct {
	dir, pkg, out string
	cgo           bool
	flags         []string
}

func (b build) run(ctx context.Context) error {
	args := append([]string{"build", "-o", b.out}, b.flags...)
	cmd := exec.CommandContext(ctx, "go", append(args, b.pkg)...)
	cmd.Dir = b.dir
	cgo := "CGO_ENABLED=0"
	if b.cgo {
		cgo = "CGO_ENABLED=1"
	}
	cmd.Env = append(os.Environ(), cgo, "GOFLAGS=", "GOWORK=off")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("building %s in %s: %w\n%s", b.pkg, b.dir, err, output)
	}
	return nil
}

var kubernetesVersion = regexp.MustCompile(`(?m)^\s*k8s\.io/kubernetes (v\d+\.\d+\.\d+\S*)$`)

// identify returns the Kubernetes version that a source folder links, and a short hash of
// everything in it.
func identify(source string) (version, key string, err error) {
	goMod, err := os.ReadFile(filepath.Join(source, "go.mod"))
	if err != nil {
		return "", "", err
	}
	match := kubernetesVersion.FindSubmatch(goMod)
	if match == nil {
		return "", "", fmt.Errorf("%s/go.mod does not require k8s.io/kubernetes", source)
	}
	files, err := filepath.Glob(filepath.Join(source, "*.go"))
	if err != nil {
		return "", "", err
	}
	hash := sha256.New()
	for _, file := range append(files, filepath.Join(source, "go.mod"), filepath.Join(source, "go.sum")) {
		data, err := os.ReadFile(file)
		if err != nil {
			return "", "", err
		}
		fmt.Fprintf(hash, "%s %d\n", filepath.Base(file), len(data))
		hash.Write(data)
	}
	return string(match[1]), hex.EncodeToString(hash.Sum(nil))[:10], nil
}

// versionFlags makes the programs report their version, as a release's do; without it
// clients see v0.0.0-master and refuse some features.
func versionFlags(version string) string {
	flags := []string{"-s", "-w"}
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	for _, pkg := range []string{"k8s.io/component-base/version", "k8s.io/client-go/pkg/version"} {
		flags = append(flags,
			"-X "+pkg+".gitVersion="+version,
			"-X "+pkg+".gitMajor="+parts[0],
			"-X "+pkg+".gitMinor="+parts[1])
	}
	return strings.Join(flags, " ")
}
