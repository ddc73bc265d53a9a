package testbed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/fleetgate/fleetgate/e2e/testbed/daemon"
)

// Down ends the testbed of these options, whole or not, and removes everything it made.
// Only Dir or Prefix of the options matter. No testbed there is no error.
func Down(ctx context.Context, options Options) error {
	options, err := options.withDefaults()
	if err != nil {
		return err
	}
	unlock, err := lock(options.Dir)
	if err != nil {
		return err
	}
	defer unlock()
	if err := tearDown(ctx, options.Dir, keepNothing); err != nil {
		return err
	}
	if err := os.Remove(options.Dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	// The folder of all testbeds, if this was the last.
	_ = os.Remove(defaultRoot)
	return nil
}

type keep bool

const (
	keepNothing keep = false
	keepLogs    keep = true
)

// tearDown removes the testbed in a folder, as far as there is one, but not the folder, on
// which the caller's lock is.
func tearDown(ctx context.Context, dir string, keep keep) error {
	j, err := readJournal(dir)
	if errors.Is(err, errNoTestbed) {
		return clearLogs(dir)
	}
	if err != nil {
		return err
	}
	// First whoever could start or mount something, then what was started.
	if err := daemon.NewSet(dir).KillAll(ctx); err != nil {
		return err
	}
	if err := killCgroup(ctx, j.Cgroup); err != nil {
		return err
	}
	if err := j.removeLinks(ctx); err != nil {
		return err
	}
	if err := j.removeRules(ctx); err != nil {
		return err
	}
	if err := unmountBelow(dir); err != nil {
		return err
	}
	if err := j.removeSharedDirs(); err != nil {
		return err
	}
	return removeDir(dir, keep)
}

// removeDir empties a testbed's folder. The journal goes last: while it is there, another
// attempt finds what is left.
func removeDir(dir string, keep keep) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if name := entry.Name(); name != journalName && (name != "logs" || keep == keepNothing) {
			if err := os.RemoveAll(filepath.Join(dir, name)); err != nil {
				return err
			}
		}
	}
	return os.Remove(filepath.Join(dir, journalName))
}

// clearLogs empties the folder that a failed Up left: logs and nothing else. A folder with
// anything else in it is not a testbed's.
func clearLogs(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() != "logs" {
			return fmt.Errorf("%s holds no testbed, but it has %s: choose another folder", dir, entry.Name())
		}
	}
	return os.RemoveAll(filepath.Join(dir, "logs"))
}

// unmountBelow unmounts what is mounted below a folder in the host's namespace. A node's
// mounts are in a namespace of its own and gone by now; this is for what was mounted by hand
// or leaked, since removing the folder would empty it.
func unmountBelow(dir string) error {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return err
	}
	for _, point := range slices.Backward(mountPoints(string(data))) {
		if !strings.HasPrefix(point, dir+"/") {
			continue
		}
		if err := syscall.Unmount(point, syscall.MNT_DETACH); err != nil {
			return fmt.Errorf("unmounting %s: %w", point, err)
		}
	}
	return nil
}

// mountPoints reads the fifth field of proc_pid_mountinfo(5), in the order of mounting.
func mountPoints(mountinfo string) []string {
	const field = 4
	// Blanks and backslashes in paths are written in octal.
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	var points []string
	for line := range strings.Lines(mountinfo) {
		if fields := strings.Fields(line); len(fields) > field {
			points = append(points, unescape.Replace(fields[field]))
		}
	}
	return points
}
