package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/fleetgate/fleetgate/bench/measure"
)

// Process is a proxy that runs.
type Process struct {
	Kind    Kind
	Address netip.AddrPort
	// Started is how long it took until requests could be answered.
	Started time.Duration

	command *exec.Cmd
	input   io.WriteCloser
	output  *bufio.Scanner
	log     string
	// done is closed when the process has ended, as failed says.
	done   chan struct{}
	failed error
}

const (
	startTimeout = 2 * time.Minute
	stopTimeout  = 5 * time.Second
)

// Start writes a proxy's configuration, runs it, and waits until it can answer requests.
func (e *Environment) Start(ctx context.Context, kind Kind, setup Setup) (*Process, error) {
	dir, err := os.MkdirTemp(e.Dir, string(kind)+"-")
	if err != nil {
		return nil, err
	}
	p, err := e.plan(setup, dir)
	if err != nil {
		return nil, err
	}
	if setup.TLS {
		if err := writeCertificate(dir); err != nil {
			return nil, err
		}
	}
	arguments, err := e.command(kind, &p)
	if err != nil {
		return nil, err
	}
	process := &Process{Kind: kind, Address: p.Listen, log: filepath.Join(dir, "messages"), done: make(chan struct{})}
	start := time.Now()
	if err := process.run(Pinned(e.CPUs, arguments)); err != nil {
		return nil, err
	}
	if err := process.ready(ctx, &p); err != nil {
		process.Stop()
		return nil, err
	}
	process.Started = time.Since(start)
	return process, nil
}

// Pinned is a command that runs on some processors only; "" is all.
func Pinned(cpus string, arguments []string) []string {
	if cpus == "" {
		return arguments
	}
	return append([]string{"taskset", "-c", cpus}, arguments...)
}

func (p *Process) run(arguments []string) error {
	messages, err := os.Create(p.log)
	if err != nil {
		return err
	}
	defer messages.Close()
	p.command = exec.Command(arguments[0], arguments[1:]...) //nolint:noctx // Stop ends it, in its own way
	// A group of its own, so that an interrupt from the terminal is for the harness alone; and no
	// proxy outlives a harness that is killed.
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	p.command.Stderr = messages
	if p.Kind == Ours {
		if err := p.talk(); err != nil {
			return err
		}
	} else {
		p.command.Stdout = messages
	}
	if err := p.command.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.Kind, err)
	}
	go func() {
		defer close(p.done)
		p.failed = p.command.Wait()
	}()
	return nil
}

// talk connects the commands of ours and their answers.
func (p *Process) talk() (err error) {
	if p.input, err = p.command.StdinPipe(); err != nil {
		return err
	}
	output, err := p.command.StdoutPipe()
	p.output = bufio.NewScanner(output)
	return err
}

var errTimeout = errors.New("no connection within " + startTimeout.String())

// ready waits until requests can be answered.
func (p *Process) ready(ctx context.Context, configured *plan) error {
	if err := p.await(ctx); err != nil || p.Kind != Traefik {
		return err
	}
	host, path := configured.lastRoute()
	return p.awaitRoutes(ctx, host, path)
}

// await waits until connections are accepted.
func (p *Process) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, startTimeout, errTimeout)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp4", p.Address.String())
		if err == nil {
			conn.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", p.Kind, context.Cause(ctx))
		case <-p.done:
			return fmt.Errorf("%s ended: %w: %s", p.Kind, p.failed, p.Messages())
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Messages is what the proxy said on its standard error: the start of a crash, else the last of it.
func (p *Process) Messages() string {
	const most = 1500
	text, _ := os.ReadFile(p.log)
	for _, word := range []string{"panic: ", "fatal error: "} {
		if at := strings.Index(string(text), word); at >= 0 {
			return string(text[at:min(len(text), at+most)])
		}
	}
	return strings.TrimSpace(string(text[max(0, len(text)-most):]))
}

// Ended says whether the proxy runs no more.
func (p *Process) Ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Tree are the process and its children.
func (p *Process) Tree() ([]int, error) { return measure.Tree(p.command.Process.Pid) }

// Signal sends a signal to the process itself.
func (p *Process) Signal(signal syscall.Signal) error { return p.command.Process.Signal(signal) }

// Command has ours obey a command (see bench/cmd/fleetgate) and gives its answer.
func (p *Process) Command(line string) (string, error) {
	if _, err := fmt.Fprintln(p.input, line); err != nil {
		return "", err
	}
	if !p.output.Scan() {
		return "", fmt.Errorf("%s: no answer to %q: %s", p.Kind, line, p.Messages())
	}
	return p.output.Text(), nil
}

// Stop ends the proxy and its children.
func (p *Process) Stop() {
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(stopTimeout):
		_ = syscall.Kill(-p.command.Process.Pid, syscall.SIGKILL)
		<-p.done
	}
}
