//go:build !race

package proxy

import (
	"io"
	"testing"
)

func TestALineIsNotAllocated(t *testing.T) {
	l := newAccessLog(io.Discard, ignore)
	defer l.close()
	record := sampleRecord()
	for range 2000 {
		l.write(record)
	}
	if n := testing.AllocsPerRun(5000, func() { l.write(record) }); n != 0 {
		t.Errorf("%v allocations a line", n)
	}
}
