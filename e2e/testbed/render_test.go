package testbed

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestTemplatesRender(t *testing.T) {
	options, err := Options{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	f := newFleet(options)
	settings := f.Members[1].nodeSettings(options.cgroup(), "overlayfs")
	wants := map[string][]string{
		"containerd.toml": {`sandbox_image = "fleetgate/pause:testbed"`, `snapshotter = "overlayfs"`, "member-b/containerd.sock"},
		"cni.conflist":    {`"subnet": "10.213.12.0/22"`},
		"kubelet.yaml":    {"cgroupRoot: \"/fleetgate-testbed-fg/member-b\"", "unix:///var/lib/fleetgate-testbed/fg/member-b/containerd.sock"},
		"kube-proxy.yaml": {`clusterCIDR: "10.213.12.0/22"`, `hostnameOverride: "member-b-node"`},
	}
	for name, want := range wants {
		data, err := render(name, settings)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range want {
			if !strings.Contains(string(data), text) {
				t.Errorf("%s lacks %q:\n%s", name, text, data)
			}
		}
		if strings.HasSuffix(name, ".yaml") {
			if err := yaml.Unmarshal(data, &map[string]any{}); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if strings.HasSuffix(name, ".conflist") && !json.Valid(data) {
			t.Errorf("%s is not JSON:\n%s", name, data)
		}
	}
}

func TestNodeRoutes(t *testing.T) {
	tests := []struct {
		name, want string
		separate   bool
	}{
		{"joined clusters route to each other's pods", "ip route add 10.213.8.0/22 via 10.213.0.11", false},
		{"separate clusters refuse each other's pods", "ip route add unreachable 10.213.8.0/22", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			options, err := Options{Separate: test.separate}.withDefaults()
			if err != nil {
				t.Fatal(err)
			}
			f := newFleet(options)
			if got := f.nodeNetwork(f.Hub); !slices.Contains(got, test.want) {
				t.Errorf("got %q, want %q in it", got, test.want)
			}
		})
	}
}

func TestMountPoints(t *testing.T) {
	text := "22 1 8:1 / / rw - ext4 /dev/x rw\n23 22 0:5 / /a\\040b rw shared:1 - tmpfs t rw\n"
	if got := mountPoints(text); !slices.Equal(got, []string{"/", "/a b"}) {
		t.Errorf("got %q", got)
	}
}

func TestClusterDefinitionDecodes(t *testing.T) {
	objects, err := decode(clusterDefinition)
	if err != nil || len(objects) != 1 || objects[0].GetName() != "clusters.cluster.x-k8s.io" {
		t.Errorf("got %v, %v", objects, err)
	}
}
