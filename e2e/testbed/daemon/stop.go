package daemon

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Stop sends the signal to the daemon and waits until it is gone; the record stays, so
// that Restart works. A daemon that does not run is left alone.
func (s *Set) Stop(ctx context.Context, name string, signal syscall.Signal) error {
	process, ok := s.Find(name)
	if !ok {
		return nil
	}
	if err := s.signal(process, signal); err != nil {
		return fmt.Errorf("stopping %s: %w", name, err)
	}
	return s.wait(ctx, func() bool { return !s.alive(process) }, process.PID, "stopping "+name)
}

// KillAll ends every recorded daemon and every process that carries the Set's mark, and
// waits until none is left. It is safe to call when nothing runs.
func (s *Set) KillAll(ctx context.Context) error {
	list, err := s.List()
	if err != nil {
		return err
	}
	for _, process := range list {
		if err := s.signal(process, syscall.SIGKILL); err != nil {
			return fmt.Errorf("stopping %s: %w", process.Name, err)
		}
	}
	for {
		marked := s.Marked()
		if len(marked) == 0 {
			return s.reapAll(ctx, list)
		}
		if err := kill(marked); err != nil {
			return err
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("waiting for processes %v to end: %w", marked, err)
		}
	}
}

// kill ends processes at once; one that ended by itself meanwhile is fine.
func kill(pids []int) error {
	for _, pid := range pids {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("killing process %d: %w", pid, err)
		}
	}
	return nil
}

func (s *Set) reapAll(ctx context.Context, list []Process) error {
	for _, process := range list {
		gone := func() bool { return !s.alive(process) }
		if err := s.wait(ctx, gone, process.PID, "waiting for the end of "+process.Name); err != nil {
			return err
		}
	}
	return nil
}

// Marked lists the live processes whose environment carries the Set's mark.
func (s *Set) Marked() []int {
	return marked(func(folder string) bool { return folder == s.dir })
}

// AnyMarked reports whether processes of any Set live on this machine.
func AnyMarked() bool {
	return len(marked(func(string) bool { return true })) > 0
}

// marked lists the live processes whose mark names a folder that is wanted.
func marked(wanted func(folder string) bool) []int {
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	var pids []int
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // it ended meanwhile
		}
		for variable := range strings.SplitSeq(string(data), "\x00") {
			folder, ok := strings.CutPrefix(variable, Mark+"=")
			if ok && wanted(folder) {
				pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
				pids = append(pids, pid)
				break
			}
		}
	}
	return pids
}

// signal reaches the very process that was recorded: the handle is taken first and the
// start time compared after, so a pid reused in between is not hit.
func (s *Set) signal(process Process, signal syscall.Signal) error {
	handle, err := os.FindProcess(process.PID)
	if err != nil {
		return err
	}
	defer func() { _ = handle.Release() }()
	if !s.alive(process) {
		return nil
	}
	if err := handle.Signal(signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

func (s *Set) wait(ctx context.Context, done func() bool, pid int, doing string) error {
	for !done() {
		reap(pid)
		if err := pause(ctx); err != nil {
			return fmt.Errorf("%s: %w", doing, err)
		}
	}
	reap(pid)
	return nil
}

// reap collects an ended child of this very process, so that no zombie is left; for a
// daemon that another program started it does nothing.
func reap(pid int) {
	var status syscall.WaitStatus
	_, _ = syscall.Wait4(pid, &status, syscall.WNOHANG, nil)
}

func pause(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pollInterval):
		return nil
	}
}
