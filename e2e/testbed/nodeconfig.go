package testbed

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"text/template"
)

//go:embed templates
var templateFiles embed.FS

var templates = template.Must(template.New("").Option("missingkey=error").ParseFS(templateFiles, "templates/*"))

// nodeSettings is what the templates are filled with.
type nodeSettings struct {
	Dir, Socket, NodeName, PodCIDR           string
	PauseImage, CNIDir, Snapshotter          string
	AuthorityCert, ServingCert, ServingKey   string
	ProxyKubeconfig, ResolvConf, CgroupRoot  string
	KubeletHealth, ProxyHealth, ProxyMetrics int
}

func (c *Cluster) nodeSettings(cgroup, snapshotter string) nodeSettings {
	return nodeSettings{
		Dir:             c.dir,
		Socket:          c.runtimeSocket(),
		NodeName:        c.NodeName,
		PodCIDR:         c.PodCIDR.String(),
		PauseImage:      pauseImage,
		CNIDir:          cniDir,
		Snapshotter:     snapshotter,
		AuthorityCert:   c.cert(authorityName),
		ServingCert:     c.cert(kubeletServingCert),
		ServingKey:      c.key(kubeletServingCert),
		ProxyKubeconfig: c.proxyKubeconfig(),
		ResolvConf:      c.file("resolv.conf"),
		CgroupRoot:      "/" + cgroup + "/" + c.Name,
		KubeletHealth:   kubeletHealth,
		ProxyHealth:     proxyHealth,
		ProxyMetrics:    proxyMetrics,
	}
}

// render fills in a template.
func render(name string, settings nodeSettings) ([]byte, error) {
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, name, settings); err != nil {
		return nil, fmt.Errorf("rendering %s: %w", name, err)
	}
	return out.Bytes(), nil
}

func (c *Cluster) writeRuntimeConfig() error {
	return c.writeConfigs(c.nodeSettings("", c.snapshotter()), map[string]string{
		"containerd.toml": c.file("containerd.toml"),
		"cni.conflist":    c.file("cni/10-pods.conflist"),
	})
}

func (c *Cluster) writeNodeConfigs(options Options) error {
	settings := c.nodeSettings(options.cgroup(), "")
	if err := os.WriteFile(settings.ResolvConf, nil, 0o644); err != nil {
		return err
	}
	return c.writeConfigs(settings, map[string]string{
		"kubelet.yaml":    c.file("kubelet.yaml"),
		"kube-proxy.yaml": c.file("kube-proxy.yaml"),
	})
}

func (c *Cluster) writeConfigs(settings nodeSettings, files map[string]string) error {
	for name, file := range files {
		data, err := render(name, settings)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// snapshotter is overlayfs, except where the folder itself lies on one (in a container):
// the kernel does not stack them.
func (c *Cluster) snapshotter() string {
	const overlay = 0x794c7630 // statfs(2): OVERLAYFS_SUPER_MAGIC
	var stat syscall.Statfs_t
	if err := syscall.Statfs(c.dir, &stat); err == nil && stat.Type == overlay {
		return "native"
	}
	return "overlayfs"
}
