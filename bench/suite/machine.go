package suite

import (
	"context"
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/fleetgate/fleetgate/bench/peer"
)

// Describe says in a few lines of Markdown on what machine, of what programs and how the figures were got.
func (o *Options) Describe(ctx context.Context) string {
	lines := []string{
		fmt.Sprintf("%s, Linux %s, %d processors (proxy on %s, load and backend on %s)", processor(), release(), runtime.NumCPU(), o.ProxyCPUs, o.LoadCPUs),
		fmt.Sprintf("%s; nginx %s, HAProxy %s, Traefik %s",
			runtime.Version(), version(ctx, "nginx", "-v"), version(ctx, "haproxy", "-v"), built(filepath.Join(o.Programs, string(peer.Traefik)))),
		fmt.Sprintf("median of %d rounds of %v each, %s", o.Rounds, o.Window, time.Now().UTC().Format(time.DateOnly)),
	}
	return "- " + strings.Join(lines, "\n- ") + "\n"
}

var modelName = regexp.MustCompile(`(?m)^model name\s*: (.*)$`)

func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	if found := modelName.FindSubmatch(text); found != nil {
		return string(found[1])
	}
	return runtime.GOARCH
}

func release() string {
	var name syscall.Utsname
	if syscall.Uname(&name) != nil {
		return "of an unknown release"
	}
	var text strings.Builder
	for _, c := range name.Release {
		if c == 0 || c == '-' {
			break
		}
		text.WriteByte(byte(c))
	}
	return text.String()
}

var versionNumber = regexp.MustCompile(`\d+\.\d+\.\d+`)

const notThere = "(not there)"

// version is the version that a program tells.
func version(ctx context.Context, program, flag string) string {
	text, _ := exec.CommandContext(ctx, program, flag).CombinedOutput()
	if found := versionNumber.Find(text); found != nil {
		return string(found)
	}
	return notThere
}

// built is the version of the module that a program of Go was built from.
func built(program string) string {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return notThere
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}
