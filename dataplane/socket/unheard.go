package socket

import (
	"errors"
	"syscall"
	"unsafe"
)

// ErrVanished says that the other end did not acknowledge anything for so long that the system gave
// the connection up. It is no timeout of a deadline, after which one could go on.
var ErrVanished = errors.New("the other end of the connection has vanished")

// failed is the error for a system call that failed.
func failed(errno syscall.Errno) error {
	if errno == syscall.ETIMEDOUT {
		return ErrVanished
	}
	return errno
}

// Unheard is how many times in a row the system has sent the same bytes again, since the other end
// has not acknowledged them: 0 as long as it does, be it by saying that it takes no more for now.
// The waits in between double; four of them are 3 seconds and more. It is 0 for what is no TCP socket.
func (c *Conn) Unheard() int {
	if c.below != nil {
		return c.below.Unheard()
	}
	if c.raw == nil {
		return 0
	}
	// The beginning of struct tcp_info: state, ca_state, retransmits.
	var info [8]byte
	const retransmits = 2
	size := uint32(len(info))
	err := c.raw.Control(func(fd uintptr) {
		_, _, errno := syscall.RawSyscall6(syscall.SYS_GETSOCKOPT, fd, syscall.IPPROTO_TCP, syscall.TCP_INFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
		if errno != 0 {
			info[retransmits] = 0
		}
	})
	if err != nil {
		return 0
	}
	return int(info[retransmits])
}
