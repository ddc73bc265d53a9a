package kubebin

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestIdentify(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module x\n\nrequire (\n\tk8s.io/kubernetes v1.37.2\n)\n")
	write("go.sum", "")
	write("main.go", "package main\n")
	version, before, err := identify(dir)
	if err != nil || version != "v1.37.2" {
		t.Fatalf("got %q, %v", version, err)
	}
	write("extra.go", "package main\n")
	if _, after, err := identify(dir); err != nil || after == before {
		t.Errorf("another source file gives the same key %q (%v)", after, err)
	}
	write("go.mod", "module x\n")
	if _, _, err := identify(dir); err == nil {
		t.Error("no error where Kubernetes is not required")
	}
}

func TestVersionFlags(t *testing.T) {
	flags := versionFlags("v1.37.2")
	for _, want := range []string{
		"-X k8s.io/component-base/version.gitVersion=v1.37.2",
		"-X k8s.io/client-go/pkg/version.gitMajor=1",
		"-X k8s.io/client-go/pkg/version.gitMinor=37",
	} {
		if !strings.Contains(flags, want) {
			t.Errorf("%q is not in %q", want, flags)
		}
	}
}
