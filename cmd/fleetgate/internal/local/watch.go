package local

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/fleetgate/fleetgate/cmd/fleetgate/internal/manifest"
)

// lookEvery is how often the folder is looked at. Asking for times and sizes works on every file system,
// network folders and editors that replace files included, and costs microseconds.
const lookEvery = 300 * time.Millisecond

// watch sends whenever the files of path are others than before, until ctx is done. before is the fingerprint of
// what was read.
func watch(ctx context.Context, path, before string, changed chan<- struct{}) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		if now := fingerprint(path); now != before {
			before = now
			select {
			case changed <- struct{}{}:
			default: // one is waiting already
			}
		}
	}
}

// fingerprint is names, times and sizes of the files.
func fingerprint(path string) string {
	files, err := manifest.Files(path)
	if err != nil {
		return err.Error()
	}
	var b strings.Builder
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			fmt.Fprintln(&b, f, err)
			continue
		}
		fmt.Fprintln(&b, f, info.ModTime().UnixNano(), info.Size())
	}
	return b.String()
}
