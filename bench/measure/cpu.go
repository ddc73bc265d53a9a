package measure

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"
)

// cpuClock makes the identifier of the clock that counts a process's time on processors: user and
// system, of all its threads, those that have ended included (clock_getcpuclockid(3)).
func cpuClock(pid int) uintptr { return uintptr(^pid<<3 | 2) }

// CPU is the user and system time that processes have used so far, in nanoseconds: the same sum as
// utime and stime of /proc/PID/stat, without its granularity of 10 ms.
func CPU(pids ...int) (total time.Duration, err error) {
	for _, pid := range pids {
		var spent syscall.Timespec
		//nolint:gosec // memory for the kernel to fill
		_, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, cpuClock(pid), uintptr(unsafe.Pointer(&spent)), 0)
		if errno != 0 {
			return 0, fmt.Errorf("processor time of process %d: %w", pid, errno)
		}
		total += time.Duration(spent.Nano())
	}
	return total, nil
}

// Monotonic is the machine's monotonic clock, which all processes share. Linux always has it.
func Monotonic() time.Duration {
	const clockMonotonic = 1
	var now syscall.Timespec
	//nolint:gosec // memory for the kernel to fill
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&now)), 0); errno != 0 {
		panic(errno)
	}
	return time.Duration(now.Nano())
}
