// Package image assembles container images of one static binary, without a container
// engine: a tar in docker-archive form, as "docker save" writes, which containerd imports.
//
// The same input gives the same bytes.
package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Spec describes an image.
type Spec struct {
	// Name is the image's name with its tag, as it stands in the pod spec.
	Name string
	// Binary is the static program's path on this machine. It becomes /<base name> in the
	// image, and its entrypoint.
	Binary string
	// User is "uid" or "uid:gid"; empty is root.
	User string
	// Env has entries of the form NAME=value.
	Env []string
	// Args follow the entrypoint where the pod gives none.
	Args []string
}

// epoch stands for all times in the image, so that equal input gives an equal digest.
var epoch = time.Unix(0, 0).UTC()

// Build writes the image to the file out, replacing what is there.
func Build(out string, spec Spec) error {
	binary, err := os.ReadFile(spec.Binary)
	if err != nil {
		return fmt.Errorf("building image %s: %w", spec.Name, err)
	}
	var archive bytes.Buffer
	if err := write(&archive, spec, binary); err != nil {
		return fmt.Errorf("building image %s: %w", spec.Name, err)
	}
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return fmt.Errorf("building image %s: %w", spec.Name, err)
	}
	// Renamed into place, so that a reader never finds half an image.
	if err := os.WriteFile(out+".new", archive.Bytes(), 0o644); err != nil {
		return fmt.Errorf("building image %s: %w", spec.Name, err)
	}
	return os.Rename(out+".new", out)
}

type file struct {
	name string
	mode int64
	data []byte
}

func write(w io.Writer, spec Spec, binary []byte) error {
	entrypoint := "/" + filepath.Base(spec.Binary)
	var layer bytes.Buffer
	if err := writeTar(&layer, []file{{name: entrypoint[1:], mode: 0o755, data: binary}}); err != nil {
		return err
	}
	config, err := json.Marshal(newConfig(spec, entrypoint, digest(layer.Bytes())))
	if err != nil {
		return err
	}
	configName := digest(config) + ".json"
	layerName := digest(layer.Bytes()) + "/layer.tar"
	manifest, err := json.Marshal([]manifestEntry{{
		Config:   configName,
		RepoTags: []string{spec.Name},
		Layers:   []string{layerName},
	}})
	if err != nil {
		return err
	}
	return writeTar(w, []file{
		{name: configName, mode: 0o644, data: config},
		{name: layerName, mode: 0o644, data: layer.Bytes()},
		{name: "manifest.json", mode: 0o644, data: manifest},
	})
}

func writeTar(w io.Writer, files []file) error {
	archive := tar.NewWriter(w)
	for _, f := range files {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: f.name, Mode: f.mode, Size: int64(len(f.data)), ModTime: epoch,
		}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		if _, err := archive.Write(f.data); err != nil {
			return err
		}
	}
	return archive.Close()
}

type manifestEntry struct {
	Config   string   `json:"Config"`
	RepoTags []string `json:"RepoTags"`
	Layers   []string `json:"Layers"`
}

// imageConfig is the part of the image format's configuration that we need.
type imageConfig struct {
	Created      time.Time `json:"created"`
	Architecture string    `json:"architecture"`
	OS           string    `json:"os"`
	Config       runConfig `json:"config"`
	RootFS       rootFS    `json:"rootfs"`
}

type runConfig struct {
	User       string   `json:"User,omitempty"`
	Env        []string `json:"Env,omitempty"`
	Entrypoint []string `json:"Entrypoint"`
	Cmd        []string `json:"Cmd,omitempty"`
}

type rootFS struct {
	Type    string   `json:"type"`
	DiffIDs []string `json:"diff_ids"`
}

func newConfig(spec Spec, entrypoint, layer string) imageConfig {
	return imageConfig{
		Created:      epoch,
		Architecture: runtime.GOARCH,
		OS:           "linux",
		Config:       runConfig{User: spec.User, Env: spec.Env, Entrypoint: []string{entrypoint}, Cmd: spec.Args},
		RootFS:       rootFS{Type: "layers", DiffIDs: []string{"sha256:" + layer}},
	}
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
