package suite

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/fleetgate/fleetgate/bench/load"
	"github.com/fleetgate/fleetgate/bench/measure"
	"github.com/fleetgate/fleetgate/bench/peer"
)

const idleConnections = 10_000

// connections measures the memory of proxies that hold many idle connections of clients.
func connections(ctx context.Context, b *Bench) ([]Row, error) {
	contenders := b.contenders(&comparison{
		path: "/1k", size: size("1k"), tool: own(load.Options{Kind: load.Idle, Connections: idleConnections}),
	}, everyone)
	stop, err := b.start(ctx, contenders)
	defer stop()
	if err != nil {
		return nil, err
	}
	shared := Row{Title: "10,000 idle keep-alive connections: memory (PSS)", Unit: "MB", Values: map[peer.Kind]float64{}}
	resident := Row{Title: "10,000 idle keep-alive connections: memory (RSS, all processes)", Unit: "MB", Values: map[peer.Kind]float64{}}
	for _, c := range contenders {
		memory, err := b.hold(ctx, c)
		if err != nil {
			shared.Notes = append(shared.Notes, fmt.Sprintf("%s: %v", c.label, err))
		}
		shared.Values[c.kind], resident.Values[c.kind] = megabytes(memory.PSS, err), megabytes(memory.RSS, err)
		b.sayf("  %-22s %6.1f MB (before: %.1f MB)", c.label, shared.Values[c.kind], megabytes(c.before.PSS, nil))
	}
	shared.ratioTo([]float64{shared.Values[peer.Ours]}, []float64{shared.Values[peer.Nginx]}, "nginx")
	shared.atMost(2.0)
	return []Row{shared, resident}, nil
}

// hold opens idle connections, and measures the proxy while they are there.
func (b *Bench) hold(ctx context.Context, c *contender) (memory measure.Memory, err error) {
	const most, settle = 30 * time.Second, 3 * time.Second
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	arguments := peer.Pinned(b.LoadCPUs, c.tool.Command(c.target, 2*most))
	command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	command.Stderr = os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	output, err := command.StdoutPipe()
	if err != nil {
		return memory, err
	}
	if err := command.Start(); err != nil {
		return memory, err
	}
	defer func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	}()
	line, err := bufio.NewReader(output).ReadString('\n')
	if ctx.Err() != nil {
		return memory, fmt.Errorf("%w: not every connection was answered within %v", errLoad, most)
	}
	if err != nil || line != "ready\n" {
		return memory, fmt.Errorf("%w: %s", errLoad, line)
	}
	pause(ctx, settle)
	return measure.MemoryOf(c.tree...)
}
