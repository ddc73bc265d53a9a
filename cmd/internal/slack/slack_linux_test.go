package slack

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"
)

const want = 500 * time.Microsecond

// TestMain is the program that Take starts anew, when the tests below run it.
func TestMain(m *testing.M) {
	if os.Getenv("SLACK_TAKE") == "" {
		os.Exit(m.Run())
	}
	if err := Take(want); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	name, _ := os.ReadFile("/proc/self/comm")
	fmt.Println(slackOfNewThread(), os.Getenv(taken), strings.Join(os.Args[1:], " "), os.Getpid(), strings.TrimSpace(string(name)))
}

// slackOfNewThread is that of a thread which the runtime made.
func slackOfNewThread() time.Duration {
	told := make(chan time.Duration)
	runtime.LockOSThread() // so that the goroutine has another one
	defer runtime.UnlockOSThread()
	go func() {
		have, _ := get()
		told <- have
	}()
	return <-told
}

func TestTake(t *testing.T) {
	for name, env := range map[string][]string{
		"by default":                        nil,
		"where the kernel forgot the slack": {taken + "=1"},
	} {
		t.Run(name, func(t *testing.T) {
			program := exec.CommandContext(t.Context(), os.Args[0], "one", "two words")
			program.Env = append(os.Environ(), append(env, "SLACK_TAKE=1")...)
			out, err := program.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			slack := want
			if env != nil {
				slack = slackOfNewThread() // its own: it must not start anew for ever
			}
			if want := fmt.Sprintf("%v  one two words %d slack.test\n", slack, program.Process.Pid); string(out) != want {
				t.Errorf("%q, want %q: the slack of all threads, no mark left, the same arguments, process and name", out, want)
			}
		})
	}
}
