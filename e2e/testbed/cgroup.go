package testbed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Containers live in cgroups of ours, so that they are found and killed whatever became of
// the runtime that started them.

const cgroupRoot = "/sys/fs/cgroup"

func (o Options) cgroup() string { return "fleetgate-testbed-" + o.Prefix }

// cgroupTrees returns the folders of our cgroup in every hierarchy.
func cgroupTrees(name string) []string {
	var trees []string
	for _, hierarchy := range hierarchies() {
		if _, err := os.Stat(filepath.Join(hierarchy, name)); err == nil {
			trees = append(trees, filepath.Join(hierarchy, name))
		}
	}
	return trees
}

// makeCgroups makes the cluster's cgroup below ours, in every hierarchy.
func (o Options) makeCgroups(cluster string) error {
	for _, hierarchy := range hierarchies() {
		parent := hierarchy
		for _, name := range []string{o.cgroup(), cluster} {
			child := filepath.Join(parent, name)
			if err := os.Mkdir(child, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("making a cgroup: %w", err)
			}
			if err := inherit(parent, child); err != nil {
				return fmt.Errorf("making a cgroup: %w", err)
			}
			parent = child
		}
	}
	return nil
}

// hierarchies are the roots of all hierarchies: the one of cgroup v2, or those of v1, where
// v2 may stand beside them.
func hierarchies() []string {
	if isCgroup(cgroupRoot) {
		return []string{cgroupRoot}
	}
	var roots []string
	entries, _ := filepath.Glob(filepath.Join(cgroupRoot, "*"))
	for _, entry := range entries {
		// "cpu" is often a link to "cpu,cpuacct".
		if info, err := os.Lstat(entry); err == nil && info.IsDir() && isCgroup(entry) {
			roots = append(roots, entry)
		}
	}
	return roots
}

func isCgroup(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "cgroup.procs"))
	return err == nil
}

// inherit gives a new cgroup what a process or a child needs in it and the kernel does not
// hand down: with v1 the CPUs and memory nodes, with v2 the controllers.
func inherit(parent, child string) error {
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		have, err := os.ReadFile(filepath.Join(child, name))
		if err != nil || strings.TrimSpace(string(have)) != "" {
			continue
		}
		want, err := os.ReadFile(filepath.Join(parent, name))
		if err != nil || strings.TrimSpace(string(want)) == "" {
			continue // v2: empty means the parent's
		}
		if err := os.WriteFile(filepath.Join(child, name), want, 0o644); err != nil { //nolint:gosec // a folder that we made
			return err
		}
	}
	controllers, err := os.ReadFile(filepath.Join(child, "cgroup.controllers"))
	if err != nil {
		return nil // v1
	}
	for name := range strings.FieldsSeq(string(controllers)) {
		// Not every controller can be handed on everywhere; the kubelet asks for those it needs.
		_ = os.WriteFile(filepath.Join(child, "cgroup.subtree_control"), []byte("+"+name), 0o644)
	}
	return nil
}

// killCgroup kills every process in our cgroups, and removes them.
func killCgroup(ctx context.Context, name string) error {
	for {
		left := 0
		for _, tree := range cgroupTrees(name) {
			stayed, err := clearTree(tree)
			if err != nil {
				return err
			}
			left += stayed
		}
		if left == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("removing cgroup %s: %w", name, ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// clearTree kills what is in one tree and removes its folders; it says how many stayed, since the kernel
// lets go of a folder only after its last process is gone.
func clearTree(tree string) (int, error) {
	pids, dirs, err := walkCgroup(tree)
	if err != nil {
		return 0, err
	}
	for _, pid := range pids {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	stayed := 0
	slices.Reverse(dirs) // children first
	for _, dir := range dirs {
		if err := syscall.Rmdir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
			stayed++
		}
	}
	return stayed, nil
}

// walkCgroup returns the processes in a cgroup and below, and the folders, parents first.
func walkCgroup(tree string) (pids []int, dirs []string, err error) {
	err = filepath.WalkDir(tree, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil || !entry.IsDir() {
			return err
		}
		dirs = append(dirs, path)
		data, err := os.ReadFile(filepath.Join(path, "cgroup.procs"))
		if err != nil {
			return nil
		}
		for field := range strings.FieldsSeq(string(data)) {
			if pid, err := strconv.Atoi(field); err == nil && pid > 0 {
				pids = append(pids, pid)
			}
		}
		return nil
	})
	return pids, dirs, err
}
