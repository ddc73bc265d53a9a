package counter

import (
	"path/filepath"
	"testing"
)

func TestShared(t *testing.T) {
	path := filepath.Join(t.TempDir(), "counters")
	if _, err := Open(path); err == nil {
		t.Fatal("opened a file that is not there")
	}
	writer, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	writer.Requests.Add(3)
	writer.Messages.Add(1 << 40)
	if reader.Requests.Load() != 3 || reader.Messages.Load() != 1<<40 || reader.Connections.Load() != 0 {
		t.Errorf("read %d, %d", reader.Requests.Load(), reader.Messages.Load())
	}
}
