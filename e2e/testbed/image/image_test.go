package image

import (
	"archive/tar"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestBuild(t *testing.T) {
	dir := t.TempDir()
	binary := filepath.Join(dir, "server")
	if err := os.WriteFile(binary, []byte("program"), 0o755); err != nil {
		t.Fatal(err)
	}
	spec := Spec{Name: "fleetgate/server:test", Binary: binary, User: "65532:65532", Args: []string{"--help"}}
	first, second := filepath.Join(dir, "a", "1.tar"), filepath.Join(dir, "2.tar")
	for _, out := range []string{first, second} {
		if err := Build(out, spec); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(read(t, first), read(t, second)) {
		t.Error("the same input gave different bytes")
	}

	files := untar(t, read(t, first))
	var manifest []manifestEntry
	if err := json.Unmarshal(files["manifest.json"], &manifest); err != nil {
		t.Fatal(err)
	}
	if len(manifest) != 1 || manifest[0].RepoTags[0] != spec.Name {
		t.Fatalf("manifest: %+v", manifest)
	}
	var config imageConfig
	if err := json.Unmarshal(files[manifest[0].Config], &config); err != nil {
		t.Fatal(err)
	}
	layer := files[manifest[0].Layers[0]]
	if got, want := config.RootFS.DiffIDs[0], "sha256:"+digest(layer); got != want {
		t.Errorf("diff id: got %s, want %s", got, want)
	}
	if config.Config.User != spec.User || config.Config.Entrypoint[0] != "/server" || config.Config.Cmd[0] != "--help" {
		t.Errorf("config: %+v", config.Config)
	}
	if got := untar(t, layer)["server"]; string(got) != "program" {
		t.Errorf("binary in the layer: %q", got)
	}
}

func TestBuildWithoutBinary(t *testing.T) {
	out := filepath.Join(t.TempDir(), "image.tar")
	if err := Build(out, Spec{Name: "x", Binary: "/does/not/exist"}); err == nil {
		t.Error("no error for a missing binary")
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("a failed build left a file")
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func untar(t *testing.T, data []byte) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	archive := tar.NewReader(bytes.NewReader(data))
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		if files[header.Name], err = io.ReadAll(archive); err != nil {
			t.Fatal(err)
		}
	}
}
