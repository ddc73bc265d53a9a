package socket_test

import (
	"errors"
	"net"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/fleetgate/fleetgate/dataplane/socket"
)

// option is one of a socket, as setsockopt takes it.
type option struct {
	level, name uintptr
	value       unsafe.Pointer
	size        uintptr
}

func setOption(t *testing.T, conn *net.TCPConn, o option) {
	t.Helper()
	raw, err := conn.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var errno syscall.Errno
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall6(syscall.SYS_SETSOCKOPT, fd, o.level, o.name, uintptr(o.value), o.size, 0)
	})
	if err != nil || errno != 0 {
		t.Fatal(err, errno)
	}
}

// deafen makes a socket drop whatever comes to it, as if its machine was gone.
func deafen(t *testing.T, conn *net.TCPConn) {
	t.Helper()
	nothing := syscall.SockFilter{Code: syscall.BPF_RET | syscall.BPF_K}
	program := syscall.SockFprog{Len: 1, Filter: &nothing}
	setOption(t, conn, option{syscall.SOL_SOCKET, syscall.SO_ATTACH_FILTER, unsafe.Pointer(&program), unsafe.Sizeof(program)})
}

func TestWhoTakesNoMoreIsThere(t *testing.T) {
	near, _ := pair(t)
	_ = near.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
	for {
		if _, err := near.Write(make([]byte, 1<<20)); err != nil {
			break
		}
	}
	if got := near.Unheard(); got != 0 {
		t.Fatalf("got %d", got)
	}
}

func TestUnheard(t *testing.T) {
	near, far := pair(t)
	deafen(t, far)
	if _, err := near.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); near.Unheard() < 2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nobody hears it")
		}
	}
}

// TestVanishedIsNoTimeout keeps that what the system gives up is not taken for a deadline.
func TestVanishedIsNoTimeout(t *testing.T) {
	near, far := pair(t)
	deafen(t, far)
	const userTimeout = 18 // TCP_USER_TIMEOUT
	limit := int32(300)
	setOption(t, near.Conn.(*net.TCPConn), option{syscall.IPPROTO_TCP, userTimeout, unsafe.Pointer(&limit), unsafe.Sizeof(limit)})
	if _, err := near.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	_, err := near.Read(make([]byte, 1))
	var timeout interface{ Timeout() bool }
	if !errors.Is(err, socket.ErrVanished) || errors.As(err, &timeout) {
		t.Fatalf("got %v", err)
	}
}
