// Package suite is the benchmark: its cases, the rounds in which proxies take turns, and the table
// of what came out.
package suite

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/fleetgate/fleetgate/bench/counter"
	"github.com/fleetgate/fleetgate/bench/peer"
)

// Options are what a run of the benchmark is like.
type Options struct {
	// Programs is the folder of our own programs.
	Programs string
	// ProxyCPUs and LoadCPUs are processors as taskset(1) takes them: of proxies, and of load and backend.
	ProxyCPUs, LoadCPUs string
	// Window is how long a proxy is measured in a round, Rounds how often.
	Window time.Duration
	Rounds int
	// Cases are the names of cases to run; none for all.
	Cases []string
	// Profile, if not "", is where ours writes a profile of the processor.
	Profile string
	// Progress gets a line for each round.
	Progress io.Writer
}

// Bench is a run of the benchmark.
type Bench struct {
	Options

	peers    peer.Environment
	counters *counter.Counters
	backend  *exec.Cmd
}

// warmup is what a proxy gets of a load before it is measured.
const warmup = 500 * time.Millisecond

// Open starts the backend. Close must be called.
func Open(options Options) (*Bench, error) {
	dir, err := os.MkdirTemp(memoryDir(), "fleetgate-bench-")
	if err != nil {
		return nil, err
	}
	b := &Bench{Options: options}
	b.peers = peer.Environment{Programs: options.Programs, CPUs: options.ProxyCPUs, Dir: dir, Profile: options.Profile}
	if err := b.open(); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func (b *Bench) open() (err error) {
	raiseFiles()
	if err := os.WriteFile(filepath.Join(b.peers.Dir, callFile), CallMessage(64), 0o600); err != nil {
		return err
	}
	file := filepath.Join(b.peers.Dir, "counters")
	if b.counters, err = counter.Create(file); err != nil {
		return err
	}
	arguments := peer.Pinned(b.LoadCPUs, []string{filepath.Join(b.Programs, "backend"), "-counters", file})
	b.backend = exec.Command(arguments[0], arguments[1:]...) //nolint:noctx // Close ends it
	b.backend.Stderr = os.Stderr
	b.backend.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	output, err := b.backend.StdoutPipe()
	if err != nil {
		return err
	}
	if err := b.backend.Start(); err != nil {
		return fmt.Errorf("start the backend: %w", err)
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return fmt.Errorf("the backend's addresses: %w", err)
	}
	http, grpc, _ := strings.Cut(strings.TrimSpace(line), " ")
	if b.peers.HTTP, err = netip.ParseAddrPort(http); err != nil {
		return err
	}
	b.peers.GRPC, err = netip.ParseAddrPort(grpc)
	return err
}

// Close ends the backend and removes all files.
func (b *Bench) Close() {
	if b.backend != nil && b.backend.Process != nil {
		_ = b.backend.Process.Kill()
		_ = b.backend.Wait()
	}
	_ = os.RemoveAll(b.peers.Dir)
}

// memoryDir is a folder in memory if there is one, so that no disk is measured.
func memoryDir() string {
	const shared = "/dev/shm"
	if info, err := os.Stat(shared); err == nil && info.IsDir() {
		return shared
	}
	return os.TempDir()
}

// raiseFiles allows many open files, also to the programs that are started.
func raiseFiles() {
	const many = 65536
	limit := syscall.Rlimit{Cur: many, Max: many}
	if syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		return
	}
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		limit.Cur = limit.Max
		_ = syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) // what there is has to do
	}
}

var errNoCase = errors.New("no such case")

// Run runs the cases that were asked for and gives their rows. When the context ends, or a case
// cannot be run, the rows so far come with the error.
func (b *Bench) Run(ctx context.Context) (rows []Row, err error) {
	selected, err := choose(b.Cases)
	if err != nil {
		return nil, err
	}
	var faults []error
	for _, c := range selected {
		if ctx.Err() != nil {
			return rows, ctx.Err()
		}
		b.sayf("%s", c.name)
		some, err := c.run(ctx, b)
		if err != nil {
			b.sayf("%s: %v", c.name, err)
			faults = append(faults, fmt.Errorf("%s: %w", c.name, err))
		}
		for i := range some {
			some[i].Case = c.name
		}
		rows = append(rows, some...)
	}
	return rows, errors.Join(faults...)
}

func (b *Bench) sayf(format string, arguments ...any) {
	fmt.Fprintf(b.Progress, format+"\n", arguments...)
}
