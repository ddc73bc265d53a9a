package testbed

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fleetgate/fleetgate/e2e/testbed/image"
	"github.com/fleetgate/fleetgate/e2e/testbed/kubebin"
)

const (
	// upTimeout is for machines much slower than those we know.
	upTimeout = 5 * time.Minute
	// downTimeout bounds the clean-up after a failed or cancelled Up.
	downTimeout = time.Minute

	pauseImage = "fleetgate/pause:testbed"
)

// Up brings a testbed up and returns when all nodes are ready. A whole one that was made
// with the same options is taken over as it is; anything else in its place is removed
// first. If Up fails nothing is left running, and Dir keeps the logs.
func Up(ctx context.Context, options Options) (*Fleet, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	if err := CheckMachine(); err != nil {
		return nil, err
	}
	bin, err := kubebin.Kube(ctx, options.CacheDir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(options.Dir, 0o755); err != nil {
		return nil, err
	}
	unlock, err := lock(options.Dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if f, ok := whole(options); ok {
		return f, nil
	}
	if err := tearDown(ctx, options.Dir, keepNothing); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, upTimeout)
	defer cancel()
	f := newFleet(options)
	if err := f.start(ctx, bin); err != nil {
		return nil, f.abandon(ctx, err)
	}
	return f, nil
}

// abandon removes a testbed that did not come up, and adds to the error what is known.
func (f *Fleet) abandon(ctx context.Context, cause error) error {
	var logs strings.Builder
	list, _ := f.daemons.List()
	for _, process := range list {
		if !f.daemons.Alive(process.Name) {
			fmt.Fprintf(&logs, "\n%s ended by itself; its last words:\n%s", process.Name, f.daemons.Tail(process.Name))
		}
	}
	// The caller's context may be what ended Up; cleaning up must happen nevertheless.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), downTimeout)
	defer cancel()
	err := tearDown(ctx, f.options.Dir, keepLogs)
	return errors.Join(fmt.Errorf("bringing the testbed up (logs in %s): %w%s",
		filepath.Join(f.options.Dir, "logs"), cause, &logs), err)
}

func (f *Fleet) start(ctx context.Context, bin string) error {
	f.journal = &journal{Options: f.options, Boot: bootID(), Cgroup: f.options.cgroup()}
	if err := f.journal.write(); err != nil {
		return err
	}
	if err := f.claimSharedDirs(); err != nil {
		return err
	}
	if err := f.makeBridge(ctx); err != nil {
		return err
	}
	pause, err := f.buildOwn(ctx)
	if err != nil {
		return err
	}
	if err := f.startEtcd(ctx, bin); err != nil {
		return err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	for _, c := range f.Clusters() {
		group.Go(func() error {
			if err := f.startCluster(groupCtx, c, bin, pause); err != nil {
				return fmt.Errorf("cluster %s: %w", c.Name, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	if err := f.startBinder(); err != nil {
		return err
	}
	if err := f.startBalancer(); err != nil {
		return err
	}
	f.journal.Ready = time.Now().UTC()
	return f.journal.write()
}

// buildOwn compiles the testbed's own program and the pause image, whose tar it returns.
func (f *Fleet) buildOwn(ctx context.Context) (string, error) {
	binary := filepath.Join(f.options.Dir, "bin", "pause")
	if err := kubebin.Build(ctx, "e2e/testbed/pause", binary); err != nil {
		return "", err
	}
	if err := kubebin.Build(ctx, "e2e/testbed/cmd/testbed", f.ownProgram()); err != nil {
		return "", err
	}
	tar := filepath.Join(f.options.Dir, "bin", "pause.tar")
	return tar, image.Build(tar, image.Spec{Name: pauseImage, Binary: binary, User: "65535:65535"})
}

func (f *Fleet) ownProgram() string { return filepath.Join(f.options.Dir, "bin", "testbed") }

// startCluster starts control plane and node side by side: neither needs the other until
// the kubelet starts.
func (f *Fleet) startCluster(ctx context.Context, c *Cluster, bin, pause string) error {
	if err := c.writeCredentials(f.HostIP); err != nil {
		return err
	}
	if err := f.options.makeCgroups(c.Name); err != nil {
		return err
	}
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return f.startControlPlane(groupCtx, c, bin) })
	group.Go(func() error { return f.startRuntime(groupCtx, c, pause) })
	if err := group.Wait(); err != nil {
		return err
	}
	if err := f.startNode(c, bin); err != nil {
		return err
	}
	return c.waitReady(ctx)
}

// lock keeps two programs from working on one testbed at a time.
func lock(dir string) (unlock func(), err error) {
	file, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fmt.Errorf("locking %s: another program is at work on this testbed: %w", dir, err)
	}
	return func() { file.Close() }, nil
}

// bootID tells one boot of the machine from the next.
func bootID() string {
	data, _ := os.ReadFile("/proc/sys/kernel/random/boot_id")
	return strings.TrimSpace(string(data))
}
