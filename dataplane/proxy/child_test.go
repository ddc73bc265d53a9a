package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// TestMain is also the other process of tests whose clients would need as many descriptors again: the
// test binary starts itself with crowdEnv set.
func TestMain(m *testing.M) {
	if order := os.Getenv(crowdEnv); order != "" {
		if err := crowd(order, os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

const crowdEnv = "FLEETGATE_TEST_CROWD"

// perSource is how many connections come from one address, so that ports do not run out.
const perSource = 20000

// crowd opens connections to an address, says so, and keeps them until its input ends. The order is the
// address, their number, and what each one says, quoted.
func crowd(order string, in io.Reader, out io.Writer) error {
	parts := strings.SplitN(order, " ", 3)
	n, err := strconv.Atoi(parts[1])
	if err != nil {
		return err
	}
	says, err := strconv.Unquote(parts[2])
	if err != nil {
		return err
	}
	conns := make([]net.Conn, 0, n)
	for i := range n {
		dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(1+i/perSource))}, KeepAlive: -1}
		conn, err := dialer.Dial("tcp", parts[0])
		if err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
		conns = append(conns, conn)
		if _, err := io.WriteString(conn, says); err != nil {
			return fmt.Errorf("connection %d: %w", i, err)
		}
	}
	if _, err := fmt.Fprintln(out, "open"); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, in) // until the test has seen enough
	for _, conn := range conns {
		conn.Close()
	}
	return nil
}

// crowd starts another process that opens so many connections to the proxy and says something on each.
// They are there when it returns, and stay until disperse is called.
func (b *bed) crowd(n int, says string) (disperse func()) {
	b.t.Helper()
	command := exec.CommandContext(b.t.Context(), os.Args[0])
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d %q", crowdEnv, b.addr(80), n, says))
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		b.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		b.t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "open\n" {
		in.Close()
		b.t.Fatalf("the other process: %q, %v, %v", line, err, command.Wait())
	}
	return func() {
		in.Close()
		if err := command.Wait(); err != nil {
			b.t.Errorf("the other process: %v", err)
		}
	}
}

// descriptors is how many files this process may have open; it may have as many as it can have from now on.
func descriptors(t *testing.T) int {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	limit.Cur = limit.Max
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	return int(min(limit.Cur, 1<<30))
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}
