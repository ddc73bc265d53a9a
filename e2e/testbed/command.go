package testbed

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
)

// programs are what the testbed runs besides its own, with the Debian package of each.
var programs = []struct{ name, pkg string }{
	{"containerd", "containerd"},
	{"ctr", "containerd"},
	{"runc", "runc"},
	{"iptables", "iptables"},
	{"conntrack", "conntrack"},
	{"ip", "iproute2"},
	{"nsenter", "util-linux"},
	{"mount", "mount"},
	{"sh", "dash"},
	{"sleep", "coreutils"},
}

// cniDir is where Debian's containernetworking-plugins puts the CNI plugins.
const cniDir = "/usr/lib/cni"

// CheckMachine tells everything that this machine lacks to run a testbed.
func CheckMachine() error {
	var faults []error
	if os.Geteuid() != 0 {
		faults = append(faults, errors.New("the testbed needs root: it makes network namespaces and mounts"))
	}
	for _, program := range programs {
		if _, err := exec.LookPath(program.name); err != nil {
			faults = append(faults, fmt.Errorf("program %s is missing: Debian package %s", program.name, program.pkg))
		}
	}
	for _, plugin := range []string{"bridge", "host-local", "portmap"} {
		if _, err := os.Stat(cniDir + "/" + plugin); err != nil {
			faults = append(faults, fmt.Errorf(
				"CNI plugin %s is missing in %s: Debian package containernetworking-plugins", plugin, cniDir))
		}
	}
	return errors.Join(faults...)
}

// run runs a program to its end and returns what it printed.
func run(ctx context.Context, name string, args ...string) (string, error) {
	output, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(output)))
	}
	return string(output), nil
}
