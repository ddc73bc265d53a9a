// Package tool runs the programs that put load on a proxy, and reads what they say: wrk for
// HTTP/1.1, h2load for HTTP/2, our own (bench/cmd/load) for everything else.
package tool

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// Report is what came of a load.
type Report struct {
	// Done is how many requests or messages were answered as they must be.
	Done int64
	// Errors is how many were not; First says what went wrong, as far as the tool tells.
	Errors int64
	First  string
	// P50 and P99 are latencies, 0 if the tool does not tell.
	P50, P99 time.Duration
}

// Target is where a load goes.
type Target struct {
	Address    netip.AddrPort
	Host, Path string
}

// Tool is a way to put load on a proxy.
type Tool interface {
	// Command is the program that puts load on the target for a duration.
	Command(target Target, duration time.Duration) []string
	// Parse reads what the program printed.
	Parse(output string) (Report, error)
}

// Run is a program that was started.
type Run struct {
	tool    Tool
	command *exec.Cmd
	output  strings.Builder
}

var errOutput = errors.New("the output is not understood")

// Start runs a command of a tool; wrap puts something before it, such as taskset.
func Start(ctx context.Context, t Tool, arguments []string) (*Run, error) {
	r := &Run{tool: t, command: exec.CommandContext(ctx, arguments[0], arguments[1:]...)}
	r.command.Stdout, r.command.Stderr = &r.output, &r.output
	r.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := r.command.Start(); err != nil {
		return nil, fmt.Errorf("start the load: %w", err)
	}
	return r, nil
}

// Wait waits for the end and reads what was printed.
func (r *Run) Wait() (Report, error) {
	if err := r.command.Wait(); err != nil {
		return Report{}, fmt.Errorf("%s: %w: %.300s", r.command.Path, err, r.output.String())
	}
	report, err := r.tool.Parse(r.output.String())
	if err != nil {
		return report, fmt.Errorf("%s: %w: %.300s", r.command.Path, err, r.output.String())
	}
	return report, nil
}

// seconds is a duration in whole seconds, rounded up, as the tools want it.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
