// Package daemon starts long-running programs, remembers which they are, and ends exactly
// those: across the life of the program that started them, and after it crashed.
//
// Two marks make a process ours. A record on disk names its pid together with its start
// time, so that a reused pid is never taken for it. And its environment carries Mark with
// the set's folder, which children inherit: this finds what was started but not yet
// recorded when the machine or the caller went down, and the shims that containerd leaves.
package daemon

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Mark is the environment variable that every process of a Set carries; its value is the
// Set's folder.
const Mark = "FLEETGATE_TESTBED"

// Spec says how to start a daemon.
type Spec struct {
	// Name identifies the daemon in its Set; its record and log are named after it.
	Name string `json:"name"`
	// Path is the program, Args its arguments without the program's name.
	Path string   `json:"path"`
	Args []string `json:"args,omitempty"`
	// Env is added to a small environment of ours; the caller's is not passed on.
	Env []string `json:"env,omitempty"`
	// Join names a daemon whose network and mount namespaces this one is started in.
	Join string `json:"join,omitempty"`
	// Isolate starts the daemon in a network and a mount namespace of its own.
	Isolate bool `json:"isolate,omitempty"`
}

// Process is a started daemon, as recorded.
type Process struct {
	Spec
	PID   int    `json:"pid"`
	Start uint64 `json:"startTime"`
}

// Set is the daemons whose records and logs live in one folder.
type Set struct {
	dir string
}

// NewSet returns the daemons of dir, an absolute path. Records are kept in dir/run and
// logs in dir/logs.
func NewSet(dir string) *Set {
	return &Set{dir: dir}
}

// Start starts the daemon and records it. It does not wait until the daemon serves.
func (s *Set) Start(spec Spec) error {
	if s.Alive(spec.Name) {
		return fmt.Errorf("starting %s: it runs already", spec.Name)
	}
	for _, dir := range []string{s.runDir(), s.logDir()} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return fmt.Errorf("starting %s: %w", spec.Name, err)
		}
	}
	cmd, err := s.command(spec)
	if err != nil {
		return fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	log, err := os.OpenFile(s.LogFile(spec.Name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	stat, err := readStat(cmd.Process.Pid)
	if err != nil {
		return fmt.Errorf("starting %s: %w", spec.Name, err)
	}
	return s.record(Process{Spec: spec, PID: cmd.Process.Pid, Start: stat.start})
}

// command prepares the process: detached from our session, so that an interrupt typed at
// the caller's terminal does not reach it, and inside the namespaces the spec asks for.
func (s *Set) command(spec Spec) (*exec.Cmd, error) {
	path, args := spec.Path, spec.Args
	if spec.Join != "" {
		host, ok := s.Find(spec.Join)
		if !ok {
			return nil, fmt.Errorf("%s, whose namespaces it joins, does not run", spec.Join)
		}
		nsenter := Enter(host.PID, path, args...)
		path, args = nsenter[0], nsenter[1:]
	}
	cmd := exec.Command(path, args...) //nolint:noctx // a daemon outlives the context that starts it
	cmd.Dir = s.dir
	cmd.Env = append([]string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
		"HOME=/root",
		Mark + "=" + s.dir,
	}, spec.Env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if spec.Isolate {
		cmd.SysProcAttr.Unshareflags = syscall.CLONE_NEWNET | syscall.CLONE_NEWNS
	}
	return cmd, nil
}

// Enter is the command line that runs a program in the network and mount namespaces of a
// process. It is nsenter and not "ip netns exec", which mounts a new /sys and so hides the
// cgroup mounts from the kubelet.
func Enter(pid int, path string, args ...string) []string {
	return append([]string{"nsenter", "--target", strconv.Itoa(pid), "--net", "--mount", "--", path}, args...)
}

// Restart starts a daemon again that was stopped, with what it was started with.
func (s *Set) Restart(name string) error {
	process, err := s.read(name)
	if err != nil {
		return fmt.Errorf("starting %s again: %w", name, err)
	}
	if s.alive(process) {
		return nil
	}
	return s.Start(process.Spec)
}

// Find returns the daemon if it runs.
func (s *Set) Find(name string) (Process, bool) {
	process, err := s.read(name)
	if err != nil || !s.alive(process) {
		return Process{}, false
	}
	return process, true
}

// Alive reports whether the daemon runs.
func (s *Set) Alive(name string) bool {
	_, ok := s.Find(name)
	return ok
}

// List returns all recorded daemons, running or not, in the order of their names.
func (s *Set) List() ([]Process, error) {
	files, err := filepath.Glob(filepath.Join(s.runDir(), "*.json"))
	if err != nil {
		return nil, err
	}
	list := make([]Process, 0, len(files))
	for _, file := range files {
		process, err := s.read(strings.TrimSuffix(filepath.Base(file), ".json"))
		if err != nil {
			return nil, err
		}
		list = append(list, process)
	}
	return list, nil
}

// LogFile is the file that the daemon's output is appended to.
func (s *Set) LogFile(name string) string {
	return filepath.Join(s.logDir(), name+".log")
}

// Tail returns the last bytes of the daemon's log, for an error message.
func (s *Set) Tail(name string) string {
	const size = 2000
	data, err := os.ReadFile(s.LogFile(name))
	if err != nil {
		return ""
	}
	return string(data[max(0, len(data)-size):])
}

func (s *Set) runDir() string { return filepath.Join(s.dir, "run") }
func (s *Set) logDir() string { return filepath.Join(s.dir, "logs") }

func (s *Set) record(process Process) error {
	data, err := json.MarshalIndent(process, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(s.runDir(), process.Name+".json")
	if err := os.WriteFile(file+".new", append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("recording %s: %w", process.Name, err)
	}
	return os.Rename(file+".new", file)
}

func (s *Set) read(name string) (Process, error) {
	var process Process
	data, err := os.ReadFile(filepath.Join(s.runDir(), name+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return process, fmt.Errorf("%s was never started here", name)
	}
	if err != nil {
		return process, err
	}
	return process, json.Unmarshal(data, &process)
}

func (s *Set) alive(process Process) bool {
	stat, err := readStat(process.PID)
	return err == nil && stat.start == process.Start && stat.state != zombie
}

// pollInterval is how often waiting functions of this package look again.
const pollInterval = 20 * time.Millisecond
