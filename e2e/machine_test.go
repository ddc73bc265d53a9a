package e2e

import (
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// testNetwork is what the tests' testbed takes its addresses from.
func testNetwork(t *testing.T) netip.Prefix {
	t.Helper()
	network, err := netip.ParsePrefix("10.214.0.0/16")
	if err != nil {
		t.Fatal(err)
	}
	return network
}

// nothingLeft looks for what a testbed of this prefix could leave behind on the machine.
func nothingLeft(t *testing.T, prefix string) {
	t.Helper()
	dir := filepath.Join("/var/lib/fleetgate-testbed", prefix)
	if _, err := os.Stat(dir); err == nil {
		t.Errorf("%s is still there", dir)
	}
	for _, look := range [][]string{{"ip", "-o", "link"}, {"ip", "route"}, {"iptables-save"}, {"cat", "/proc/self/mounts"}, {"ps", "ax", "-o", "pid,args"}} {
		out, err := exec.Command(look[0], look[1:]...).Output()
		if err != nil {
			t.Errorf("%s: %v", strings.Join(look, " "), err)
			continue
		}
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, dir) || strings.Contains(line, " "+prefix) {
				t.Errorf("left behind (%s): %s", look[0], strings.TrimSpace(line))
			}
		}
	}
}
