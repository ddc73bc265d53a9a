// Package counter is numbers in a file that processes share: the backend counts what it has served,
// and the harness reads at the very moments at which it reads the clocks.
package counter

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Counters are what a backend has served so far.
type Counters struct {
	// Requests are requests that were answered, streams of gRPC included.
	Requests atomic.Int64
	// Messages are messages of WebSocket and gRPC that were sent back.
	Messages atomic.Int64
	// Connections are connections that were accepted.
	Connections atomic.Int64
}

const size = int(unsafe.Sizeof(Counters{}))

// Create makes the file anew, or empties it, and maps it.
func Create(path string) (*Counters, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if err := file.Truncate(int64(size)); err != nil {
		return nil, err
	}
	return attach(file)
}

// Open maps a file that Create made.
func Open(path string) (*Counters, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return attach(file)
}

// attach maps the file for as long as the process lives.
func attach(file *os.File) (*Counters, error) {
	memory, err := syscall.Mmap(int(file.Fd()), 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", file.Name(), err)
	}
	return (*Counters)(unsafe.Pointer(unsafe.SliceData(memory))), nil //nolint:gosec // the mapping is as large and stays
}
