package testbed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/fleetgate/fleetgate/e2e/testbed/daemon"
)

// sharedDirs are paths that runtime, runc, CNI library and kubelet use whatever they are
// configured to. In a node's mount namespace each is a folder of the node's own; the host
// needs no more than a mount point there.
var sharedDirs = []string{"/run/containerd", "/var/lib/cni", "/var/lib/kubelet", "/var/log/containers"}

// sharedMark is a file that tells a mount point which some testbed made.
const sharedMark = ".fleetgate-testbed"

// claimSharedDirs makes those of the shared paths that the host lacks.
func (f *Fleet) claimSharedDirs() error {
	for _, dir := range sharedDirs {
		mark := filepath.Join(dir, sharedMark)
		_, missing := os.Stat(dir)
		_, foreign := os.Stat(mark)
		if missing == nil && foreign != nil {
			continue // the host's own
		}
		if err := f.journal.enterDir(dir); err != nil {
			return err
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("making a mount point: %w", err)
		}
		if err := os.WriteFile(mark, nil, 0o644); err != nil {
			return fmt.Errorf("making a mount point: %w", err)
		}
	}
	return nil
}

// removeSharedDirs removes the mount points in the journal that hold nothing, unless
// another testbed runs: removing a mount point in one mount namespace undoes the mount in
// all others. The last testbed to go removes them.
func (j *journal) removeSharedDirs() error {
	if daemon.AnyMarked() {
		return nil
	}
	for _, dir := range j.Dirs {
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if len(entries) > 1 || len(entries) == 1 && entries[0].Name() != sharedMark {
			continue // somebody else has come to use it
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// mountShared gives the node, whose process is given, folders of its own at the shared paths.
func (c *Cluster) mountShared(ctx context.Context, pid int) error {
	var script []string
	for _, target := range sharedDirs {
		source := filepath.Join(c.dir, "root", target)
		if err := os.MkdirAll(source, 0o755); err != nil {
			return err
		}
		script = append(script, fmt.Sprintf("mount --bind '%s' '%s'", source, target))
	}
	_, err := run(ctx, "nsenter", "--target", strconv.Itoa(pid), "--mount", "--", "sh", "-ec", strings.Join(script, "\n"))
	if err != nil {
		return fmt.Errorf("mounting folders of node %s: %w", c.NodeName, err)
	}
	return nil
}
