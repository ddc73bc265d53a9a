package podlog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fleetgate/fleetgate/cmd/leaks"
)

func TestFaults(t *testing.T) {
	end := leaks.None + "\n"
	for name, c := range map[string]struct {
		reason string
		text   string
		log    Log
		want   string
	}{
		"clean":          {"a whole log with nothing in it is no fault", "{}\n" + end, Log{Ready: true}, ""},
		"race":           {"races are told at once, wherever", "{}\nWARNING: DATA RACE\nRead at\n" + end, Log{Ready: true}, "Read at"},
		"leak":           {"the stacks are shown", leaks.Found + "\ngoroutine 7\n", Log{Ready: true}, "goroutine 7"},
		"panic":          {"a program that ends so is wrong", "panic: nil map\n", Log{}, "panic: nil map"},
		"fatal":          {"the runtime ends programs too", "fatal error: concurrent map writes\n", Log{}, "concurrent map"},
		"survived":       {"the proxy survives panics and logs them", `{"level":"ERROR","msg":"panic","stack":"x"}` + "\n" + end, Log{Ready: true}, `"stack":"x"`},
		"reconciler":     {"controller-runtime survives them too", `{"msg":"Reconciler error","error":"panic: nil [recovered]"}` + "\n" + end, Log{Ready: true}, "recovered"},
		"no verdict":     {"a log that was cut off may have lost its report", "{}\n", Log{Ready: true}, "ends without"},
		"never ready":    {"a pod may be told to stop before its program listens to signals", "{}\n", Log{}, ""},
		"restart":        {"a container that restarts is wrong, whatever its log says", end, Log{Ready: true, Restarts: 2}, "restarted 2 times"},
		"word in a path": {"what clients send is no fault", `{"msg":"request","path":"/panic: no"}` + "\n" + end, Log{Ready: true}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.log.File = filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(c.log.File, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			err := c.log.Faults()
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: got %v, want %q", c.reason, err, c.want)
			}
		})
	}
}
