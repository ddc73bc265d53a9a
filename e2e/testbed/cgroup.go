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

// cgroupTrees returns the folders of our cgroup in every hierarchy: one with cgroup v2, one
// per controller with v1.
func cgroupTrees(name string) []string {
	trees, _ := filepath.Glob(filepath.Join(cgroupRoot, "*", name))
	if _, err := os.Stat(filepath.Join(cgroupRoot, name)); err == nil {
		trees = append(trees, filepath.Join(cgroupRoot, name))
	}
	return trees
}

// killCgroup kills every process in our cgroups, and removes them.
func killCgroup(ctx context.Context, name string) error {
	for {
		left := 0
		for _, tree := range cgroupTrees(name) {
			pids, dirs, err := walkCgroup(tree)
			if err != nil {
				return err
			}
			for _, pid := range pids {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
			slices.Reverse(dirs) // children first
			for _, dir := range dirs {
				if err := syscall.Rmdir(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
					left++
				}
			}
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
