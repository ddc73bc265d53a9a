// Package slack lets the kernel wake a program's threads a little late.
//
// A thread of Go's runtime (sysmon) looks around every 20 µs for as long as anything runs, and so in each of the short bursts of work
// that an event brings. The kernel rounds its sleep up by the timer slack of the thread, 50 µs by default. See ADR 24.
package slack

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
)

// taken marks a program that was started anew, in case that a sandbox's kernel forgets the slack meanwhile.
const taken = "FLEETGATE_TIMER_SLACK"

// Take gives all threads of this program a timer slack (prctl(2), PR_SET_TIMERSLACK), after which sleeps and time-outs may end
// so much later. Threads that are there keep theirs, so the program starts anew, in place, with its arguments: Take is to be called
// first in main. It returns where the slack is as large already, and with an error where it cannot be had; then nothing has changed.
func Take(slack time.Duration) error {
	if os.Getenv(taken) != "" {
		return os.Unsetenv(taken)
	}
	runtime.LockOSThread() // the slack is the thread's that sets it
	defer runtime.UnlockOSThread()
	have, err := get()
	if err != nil || have >= slack {
		return err
	}
	program, err := os.Executable() // by its name, which ps shows
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	if err := set(slack); err != nil {
		return err
	}
	err = syscall.Exec(program, os.Args, append(os.Environ(), taken+"=1")) //nolint:gosec // this program itself
	return errors.Join(fmt.Errorf("start anew: %w", err), set(have))
}

// Numbers of prctl(2).
const setSlack, getSlack = 29, 30

// get reads the slack of the calling thread.
func get() (time.Duration, error) {
	slack, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, getSlack, 0, 0)
	if errno != 0 {
		return 0, fmt.Errorf("read the timer slack: %w", errno)
	}
	return time.Duration(slack), nil
}

func set(slack time.Duration) error {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, setSlack, uintptr(slack), 0); errno != 0 {
		return fmt.Errorf("set the timer slack: %w", errno)
	}
	return nil
}
